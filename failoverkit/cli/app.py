"""The commands of ``failoverkit``, one module each."""

from __future__ import annotations

import click

from failoverkit.cli.demo import demo
from failoverkit.cli.plugins import plugins
from failoverkit.cli.states import states


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="failoverkit", prog_name="failoverkit")
def app() -> None:
    """Connection pools that keep working when a replicated database fails over."""


app.add_command(demo)
app.add_command(plugins)
app.add_command(states)
