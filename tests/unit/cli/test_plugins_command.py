"""The command line: how it starts, and ``failoverkit plugins``."""

from __future__ import annotations

import json
import sys
from importlib import metadata

import pytest
from click.testing import CliRunner

from failoverkit import cli, plugins
from failoverkit.cli.app import app
from failoverkit.plugins import PluginInfo

VERSION = metadata.version("failoverkit")


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[PluginInfo]:
    infos = [
        PluginInfo("driver", "acme", "acme-driver", "3.2", ("failoverkit_connect", "failoverkit_classify_error")),
        PluginInfo("strategy", "nearest", "acme-nearest", "1.0", ("failoverkit_rank_hosts",)),
    ]
    monkeypatch.setattr(plugins, "installed", lambda: infos)
    return infos


def test_version():
    assert run("--version") == f"failoverkit, version {VERSION}\n"


def test_help_names_every_command():
    text = run("--help")
    assert [command for command in app.commands if f"  {command} " not in text] == []


def test_table_has_a_row_for_each_plugin(installed):
    lines = [line.split() for line in run("plugins").splitlines()]
    assert lines == [
        ["Kind", "Name", "Version", "Package", "Hooks"],
        ["driver", "acme", "3.2", "acme-driver", "connect,", "classify_error"],
        ["strategy", "nearest", "1.0", "acme-nearest", "rank_hosts"],
    ]


def test_json_has_every_field(installed):
    assert json.loads(run("plugins", "--json"))[0] == {
        "kind": "driver",
        "name": "acme",
        "package": "acme-driver",
        "version": "3.2",
        "hooks": ["failoverkit_connect", "failoverkit_classify_error"],
        "problem": "",
    }


def test_real_list_holds_the_built_in_strategies():
    strategies = {info["name"] for info in json.loads(run("plugins", "--json")) if info["kind"] == "strategy"}
    assert strategies >= {"priority", "round-robin", "latency"}


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "--json"]])
def test_broken_plugin_is_shown_and_fails_the_command(installed, arguments):
    installed.append(PluginInfo("driver", "broken", "acme-broken", "1.0", (), "no module named acmelib"))
    assert "no module named acmelib" in run(*arguments, status=1)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_says_what_to_install(monkeypatch, missing):
    for module in [name for name in sys.modules if name.startswith(("failoverkit.cli.", "rich"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == "The failoverkit command needs click and rich: pip install 'failoverkit[cli]'"


def test_other_import_errors_are_not_hidden(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("failoverkit.cli.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "failoverkit.plugins", None)
    with pytest.raises(ModuleNotFoundError, match="failoverkit"):
        cli.main()
