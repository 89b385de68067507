"""What is installed, for ``failoverkit plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.metadata import EntryPoint

from failoverkit import dbapi
from failoverkit.errors import PluginError
from failoverkit.hookspecs import PROJECT
from failoverkit.plugins.checks import hooks_of
from failoverkit.plugins.entry_points import GROUPS, entries, import_plugin, package_of, version_of


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin. ``problem`` says why it could not be imported; empty when it could."""

    kind: str
    name: str
    package: str
    version: str
    hooks: tuple[str, ...]
    problem: str = ""


def installed() -> list[PluginInfo]:
    """Return every installed plugin of every kind and the built-in defaults, importing each.

    Raises nothing: a plugin that cannot be imported carries its problem.
    """
    return [_defaults(), *(_info(kind, entry) for kind, entry in _everything())]


def _everything() -> Iterator[tuple[str, EntryPoint]]:
    for kind in GROUPS:
        for entry in entries(kind):
            yield kind, entry


def _defaults() -> PluginInfo:
    return PluginInfo("default", "dbapi", PROJECT, metadata.version(PROJECT), tuple(hooks_of(dbapi)))


def _info(kind: str, entry: EntryPoint) -> PluginInfo:
    hooks: tuple[str, ...] = ()
    problem = ""
    try:
        hooks = tuple(hooks_of(import_plugin(kind, entry)))
    except PluginError as error:
        problem = str(error)
    return PluginInfo(kind, entry.name, package_of(entry), version_of(entry), hooks, problem)
