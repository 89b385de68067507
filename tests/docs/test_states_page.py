"""docs/states.md shows the table as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from failoverkit.cli.states import as_mermaid, as_text, states
from failoverkit.failover.states import TABLE, Action, Signal, is_stay
from failoverkit.model import State

PAGE = Path(__file__).parents[2] / "docs" / "states.md"


@pytest.mark.parametrize(("style", "render"), [("mermaid", as_mermaid), ("text", as_text)])
def test_the_page_shows_the_table(style: str, render: Callable[[], str]) -> None:
    command = f"failoverkit states --format {style}"
    pattern = rf"<!-- begin: {command} -->\n```{style}\n(.*?)```\n<!-- end -->"
    found = re.search(pattern, PAGE.read_text(), re.DOTALL)
    assert found is not None, f"no block for: {command}"
    assert found[1] == render(), f"paste the output of this into docs/states.md: {command}"


@pytest.mark.parametrize(("style", "render"), [("mermaid", as_mermaid), ("text", as_text)])
def test_the_command_prints_the_table(style: str, render: Callable[[], str]) -> None:
    result = CliRunner().invoke(states, ["--format", style])
    assert (result.exit_code, result.output) == (0, render())


def test_the_diagram_has_an_arrow_for_each_move() -> None:
    arrows = {line.strip() for line in as_mermaid().splitlines()}
    for (state, signal), move in TABLE.items():
        start = f"{state.value} --> {move.next_state.value}: ".replace("failed-over", "failed_over")
        start = start.replace("failing-back", "failing_back")
        drawn = any(arrow.startswith(start) and signal.value in arrow[len(start) :].split("<br>") for arrow in arrows)
        assert drawn is not is_stay(state, move)


def test_the_text_explains_everything() -> None:
    text = as_text()
    for signal in Signal:
        assert f"{signal.value}: {signal.meaning}\n  healthy" in text
    for action in Action:
        assert action.meaning in text
    assert text.count("\n  failing-back ") == len(TABLE) / len(State)
