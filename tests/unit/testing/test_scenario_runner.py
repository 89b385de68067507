"""What the runner says of files that are wrong, and of timelines that go otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from failoverkit.testing.scenarios import EXPECT_KEYS, SCENARIO_KEYS, STEP_KEYS, Outcome, ScenarioError, load, run

HEAD = 'name = "n"\nhosts = ["a", "b"]\n'
FIRST = '[[step]]\nat = 0\nsee = { a = "primary@1", b = "standby@1" }\n'
DOCS = Path(__file__).parents[3] / "docs" / "scenarios.md"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.toml"
    path.write_text(text)
    return path


def problem(tmp_path: Path, text: str) -> str:
    path = written(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        run(load(path))
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "FILE: Invalid value (at end of document)"),
        ('name = "n"\n', "FILE: missing: hosts, step"),
        (HEAD + "color = 1\n" + FIRST, "FILE: unknown: color; there are"),
        (HEAD + "policy = { patience = 3 }\n" + FIRST, "FILE: policy: unknown: patience; there are"),
        (HEAD + "[[step]]\n", "FILE: step 1: missing: at"),
        (HEAD + "[[step]]\nat = 0\nsay = 1\n", "FILE: step 1: unknown: say; there are"),
        (HEAD + "[[step]]\nat = 0\nexpect = { mood = 1 }\n", "FILE: step 1: expect: unknown: mood; there are"),
        (HEAD + '[[step]]\nat = 0\nsee = { z = "up" }\n', "FILE: step 1: see: unknown: z; there are a, b"),
        (HEAD + "[[step]]\nat = 0\nsee = { a = 7 }\n", "FILE: step 1 (at 0): 7 is neither words nor a table"),
        (
            HEAD + '[[step]]\nat = 0\nsee = { a = "king@1" }\n',
            "FILE: step 1 (at 0): 'king' is no role or error; there are primary, standby, up",
        ),
        (HEAD + '[[step]]\nat = 0\nsee = { a = "up@x" }\n', "FILE: step 1 (at 0): 'up@x': the epoch is no number"),
        (
            HEAD + '[[step]]\nat = 0\nsee = { a = { error = "oops" } }\n',
            "FILE: step 1 (at 0): 'oops' is no error; there are",
        ),
        (
            HEAD + '[[step]]\nat = 0\nsee = { a = { role = "up", mood = 1 } }\n',
            "FILE: step 1 (at 0): unknown words: mood",
        ),
        (HEAD + '[[step]]\nat = 0\ncommand = "dance"\n', "FILE: step 1 (at 0): 'dance' is no command; there are"),
        (
            HEAD + '[[step]]\nat = 0\ncommand = "kill a"\n',
            "FILE: step 1 (at 0): 'kill' is no command about a host; there are",
        ),
        (
            HEAD + '[[step]]\nat = 0\nborrow = { w = "king" }\n',
            "FILE: step 1 (at 0): 'king' is no target; there are primary, standby, prefer-standby, any",
        ),
        (HEAD + '[[step]]\nat = 0\ngive_back = ["w"]\n', "FILE: step 1 (at 0): w has borrowed nothing"),
        (HEAD + FIRST + "[[step]]\nat = -1\n", "FILE: step 2 (at -1): time goes back from 0"),
        (
            HEAD + FIRST + "expect = { health = { z = 'up' } }\n",
            "FILE: step 1 (at 0): expect.health: 'z'",
        ),
        (
            HEAD + FIRST + "expect = { targets = { king = [] } }\n",
            "FILE: step 1 (at 0): expect.targets: 'king' is no target",
        ),
    ],
)
def test_files_that_cannot_be_understood(tmp_path: Path, text: str, said: str) -> None:
    assert problem(tmp_path, text).startswith(said)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.toml: .*No such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ('state = "degraded"', "state: expected 'degraded', found 'healthy'"),
        ('active = "b"', "active: expected 'b', found 'a'"),
        ("paused = true", "paused: expected True, found False"),
        ("effects = []", "effects: expected [], found ['route a']"),
        ("events = { ActiveChanged = 2 }", "events: expected {'ActiveChanged': 2}, found {'ActiveChanged': 1}"),
        ('targets = { primary = ["b"] }', "targets: expected {'primary': ['b']}, found {'primary': ['a']}"),
        ("warm = []", "warm: expected [], found ['b']"),
        ('suspect = ["a"]', "suspect: expected ['a'], found []"),
        ('reasons = { b = "" }', "reasons: expected {'b': ''}, found {'b': 'is a standby'}"),
        ('health = { a = "down" }', "health: expected {'a': 'down'}, found {'a': 'up'}"),
        ("generations = { a = 1 }", "generations: expected {'a': 1}, found {'a': 0}"),
        ('refused = "no"', "refused: expected 'no', found None"),
    ],
)
def test_timelines_that_go_otherwise(tmp_path: Path, expect: str, said: str) -> None:
    assert problem(tmp_path, HEAD + FIRST + f"expect = {{ {expect} }}\n") == f"FILE: step 1 (at 0): {said}"


def test_a_borrower_with_another_fate(tmp_path: Path) -> None:
    text = HEAD + FIRST + '[[step]]\nat = 1\nborrow = { w = "primary" }\nexpect = { borrowers = { w = "waiting" } }\n'
    assert problem(tmp_path, text).endswith("borrowers: expected {'w': 'waiting'}, found {'w': 'on a'}")


def test_a_refusal_that_was_not_expected(tmp_path: Path) -> None:
    text = HEAD + FIRST + '[[step]]\nat = 1\ncommand = "fail-over a"\n'
    assert problem(tmp_path, text) == "FILE: step 2 (at 1): the command was refused: a is active already"


def test_outcomes_are_for_people_to_read(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, HEAD + FIRST + '[[step]]\nat = 3\nsee = { a = "connection-lost" }\n'))
    assert run(scenario) == [
        Outcome(0.0, "healthy", "a", ("route a",)),
        Outcome(3.0, "degraded", None, ("suspend", "discard a")),
    ]


def test_a_broken_property_is_told_with_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("failoverkit.failover.standing.is_behind", lambda *_: False)
    text = HEAD + FIRST + '[[step]]\nat = 1\nsee = { b = "primary@2" }\n'
    assert "FILE: step 2 (at 1): writes are routed to a" in problem(tmp_path, text)


@pytest.mark.parametrize("key", sorted(SCENARIO_KEYS | STEP_KEYS | EXPECT_KEYS))
def test_every_key_is_documented(key: str) -> None:
    cells = [line.split("|")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    assert any(f"`{key}`" in cell for cell in cells)
