"""``failoverkit plugins``: what is installed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable

import click
from rich.console import Console
from rich.table import Table

from failoverkit import plugins as found
from failoverkit.hookspecs import PROJECT
from failoverkit.plugins import PluginInfo


@click.command
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def plugins(as_json: bool) -> None:
    """List every installed plugin with its version, package and hooks.

    Ends with status 1 when one of them cannot be imported. Clusters are excepted: they are for tests, and what they
    need is brought by the [testing] extra of their package.
    """
    infos = found.installed()
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(info) for info in infos], indent=2))
    else:
        _print_table(infos)
    if any(info.problem and info.kind != "cluster" for info in infos):
        raise SystemExit(1)


def _print_table(infos: Iterable[PluginInfo]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("Kind", "Name", "Version", "Package"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Hooks")
    for info in infos:
        table.add_row(info.kind, info.name, info.version, info.package, info.problem or _short(info.hooks))
    Console().print(table)


def _short(hooks: Iterable[str]) -> str:
    return ", ".join(hook.removeprefix(f"{PROJECT}_") for hook in hooks)
