"""``failoverkit demo`` from beginning to end, on a cluster in memory and in no time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from failoverkit.cli.app import app
from failoverkit.cli.demo import is_clean
from failoverkit.testing import rehearsal
from failoverkit.testing.rehearsal import FaultResult, Rehearsal
from failoverkit.testing.verdict import Verdict

RESULT = FaultResult(
    "sigkill", 1.0, 0.1, 1.1, 0.2, errors=1, errors_per_writer=1, unknown=0, stuck=0, stale=0, kinds={}
)
VERDICT = Verdict(acknowledged=9, found=9, unknown=0, unknown_found=0, lost=0, doubled=0, phantom=0)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "UNTIL_PROMOTION", 0.05)
    monkeypatch.setattr(rehearsal, "FREED_WITHIN", 1.5)
    run_for = Rehearsal.run_for
    monkeypatch.setattr(Rehearsal, "run_for", lambda self, seconds: run_for(self, seconds / 20))


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["demo", "--embedded", "fake", *arguments])


def test_it_tells_a_story_and_counts_the_rows(hurried: None, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = demo("--json", str(file))
    assert done.exit_code == 0, done.output
    for told in ["SIGKILL kills the primary host1", "ActiveChanged", "SIGSTOP freezes", "the rows are counted"]:
        assert told in done.output
    figures = json.loads(file.read_text())
    assert [fault["name"] for fault in figures["faults"]] == ["sigkill", "switchover", "sigstop"]
    assert all(fault["gap_s"] is not None and fault["stuck"] == 0 for fault in figures["faults"])
    assert figures["acknowledged"] == figures["found"] - figures["unknown_found"] > 0
    assert (figures["lost"], figures["doubled"], figures["stale"]) == (0, 0, 0)


def test_it_fails_when_something_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failoverkit.cli.demo._rehearse", lambda *_: ([RESULT], replace(VERDICT, lost=3)))
    done = demo()
    assert done.exit_code == 1
    assert "lost" in done.output


@pytest.mark.parametrize("trouble", ["lost", "doubled", "phantom"])
def test_rows_that_are_not_as_told_are_not_clean(trouble: str) -> None:
    assert is_clean([RESULT], VERDICT)
    assert not is_clean([RESULT], replace(VERDICT, **{trouble: 1}))


@pytest.mark.parametrize("trouble", ["stale", "stuck"])
def test_faults_with_casualties_are_not_clean(trouble: str) -> None:
    assert not is_clean([RESULT, replace(RESULT, **{trouble: 1})], VERDICT)


def test_an_unknown_cluster_is_named_with_those_there_are() -> None:
    done = CliRunner().invoke(app, ["demo", "--embedded", "nowhere"])
    assert done.exit_code != 0
    assert "fake" in f"{done.output} {done.exception}"
