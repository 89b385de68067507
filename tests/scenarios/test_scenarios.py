"""Every scenario file, played to its end; and what the runner says of files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from failoverkit.testing.scenarios import load, run

FILES = sorted(Path(__file__).parent.glob("*.toml"))


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 32


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_scenario(path: Path) -> None:
    scenario = load(path)
    assert len(run(scenario)) == len(scenario.steps)
    assert any("expect" in step for step in scenario.steps)
