"""Scenarios: timelines in TOML files. What was seen at second t, and what must be true after.

.. code-block:: toml

    name  = "the preferred host dies, and another is promoted"
    hosts = ["a", "b"]
    policy = { down_after = 2 }

    [[step]]
    at = 0
    see = { a = "primary@1", b = "standby@1" }
    expect = { state = "healthy", active = "a", effects = ["route a"] }

``docs/scenarios.md`` lists every key. Between two steps the runner does what is due, when it is due. After every step a
witness checks what must always be true.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from failoverkit.errors import FailoverkitError, OperatorError
from failoverkit.failover.brain import Step
from failoverkit.model import Host, Source
from failoverkit.settings import FailoverSettings
from failoverkit.testing.dry_run import DryRun
from failoverkit.testing.scenario_language import Unclear, read_evidence, read_target, read_wish, say_effect
from failoverkit.testing.witness import PropertyBroken

SCENARIO_KEYS = {"name", "hosts", "priorities", "policy", "acquire_timeout", "step"}
STEP_KEYS = {
    "at", "every", "until", "late", "see", "work", "command", "borrow", "give_back", "expect", "note",
}  # fmt: skip
EXPECT_KEYS = {
    "state", "active", "paused", "effects", "events", "targets", "warm", "suspect", "reasons", "health", "generations",
    "refused", "borrowers",
}  # fmt: skip


class ScenarioError(FailoverkitError):
    """A scenario file that cannot be understood, or whose expectation was not met. Names file and step."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One timeline. ``steps`` are as the file has them, in order of time."""

    path: Path
    name: str
    hosts: tuple[Host, ...]
    policy: FailoverSettings
    acquire_timeout: float
    steps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step of a scenario led to: for people to read."""

    at: float
    state: str
    active: str | None
    effects: tuple[str, ...]


def load(path: Path) -> Scenario:
    """Read a scenario from a file; ``ScenarioError`` says what is wrong with it and where."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path}: {error}") from error
    _only(text, SCENARIO_KEYS, f"{path}")
    missing = {"name", "hosts", "step"} - set(text)
    if missing:
        raise ScenarioError(f"{path}: missing: {', '.join(sorted(missing))}")
    names = text["hosts"]
    priorities = text.get("priorities", {name: index for index, name in enumerate(names)})
    for number, step in enumerate(text["step"], 1):
        _check_step(step, names, f"{path}: step {number}")
    return Scenario(
        path=path,
        name=text["name"],
        hosts=tuple(Host(name, name, priority=priorities[name]) for name in names),
        policy=_policy(text.get("policy", {}), path),
        acquire_timeout=float(text.get("acquire_timeout", 5.0)),
        steps=tuple(text["step"]),
    )


def run(scenario: Scenario) -> list[Outcome]:
    """Play the timeline; ``ScenarioError`` names the step and the difference when an expectation is not met."""
    return list(_Player(scenario).play())


class _Player:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._dry_run = DryRun(scenario.hosts, scenario.policy, answers=self._answers)
        self._silent: set[str] = set()
        self._refused: str | None = None

    def _answers(self, host: str) -> bool:
        return host not in self._silent

    def play(self) -> Iterator[Outcome]:
        for number, step in enumerate(self._scenario.steps, 1):
            where = f"{self._scenario.path}: step {number} (at {step['at']:g})"
            begun = len(self._dry_run.steps)
            try:
                self._play_step(step)
            except (Unclear, PropertyBroken) as error:
                raise ScenarioError(f"{where}: {error}") from error
            steps = self._dry_run.steps[begun:]
            self._compare(step.get("expect", {}), steps, where)
            topology = self._dry_run.topology
            yield Outcome(self._dry_run.now, topology.state.value, topology.active, tuple(_effects(steps)))

    def _play_step(self, step: Mapping[str, Any]) -> None:
        self._refused = None
        for turn, at in enumerate(_times(step)):
            if at < self._dry_run.now:
                raise Unclear(f"time goes back from {self._dry_run.now:g}")
            self._dry_run.advance(at)
            self._give_evidence(step.get("late", {}), Source.PROBE, turn, age=1)
            self._give_evidence(step.get("see", {}), Source.PROBE, turn)
            self._give_evidence(step.get("work", {}), Source.CALLER, turn)
            if "command" in step:
                self._command(step["command"])
            self._lend(step)
            self._dry_run.pool.pass_time(at)

    def _give_evidence(self, said: Mapping[str, Any], source: Source, turn: int, age: int = 0) -> None:
        for host, words in said.items():
            chosen = words[turn % len(words)] if isinstance(words, list) else words
            generation = self._dry_run.topology.hosts[host].generation - age
            observation = read_evidence(chosen, host, generation, source)
            if source is Source.PROBE and not age:
                (self._silent.add if observation.report is None else self._silent.discard)(host)
            self._dry_run.observe(observation)

    def _command(self, words: str) -> None:
        try:
            self._dry_run.command(read_wish(words))
        except OperatorError as error:
            self._refused = str(error)

    def _lend(self, step: Mapping[str, Any]) -> None:
        for name in step.get("give_back", ()):
            if name not in self._dry_run.pool.borrowers:
                raise Unclear(f"{name} has borrowed nothing")
            self._dry_run.pool.give_back(name, self._dry_run.now)
        for name, words in step.get("borrow", {}).items():
            self._dry_run.borrow(name, read_target(words), self._scenario.acquire_timeout)

    # -- comparing --------------------------------------------------------------------------------------------------

    def _compare(self, expected: Mapping[str, Any], steps: list[Step], where: str) -> None:
        if self._refused is not None and "refused" not in expected:
            raise ScenarioError(f"{where}: the command was refused: {self._refused}")
        for key, wanted in expected.items():
            try:
                found = _LOOK[key](self._dry_run, steps, wanted) if key in _LOOK else self._refused
            except (KeyError, ValueError) as error:
                raise ScenarioError(f"{where}: expect.{key}: {error}") from error
            if found != wanted:
                raise ScenarioError(f"{where}: {key}: expected {wanted!r}, found {found!r}")


Look = Callable[[DryRun, list[Step], Any], Any]


def _effects(steps: list[Step]) -> list[str]:
    return [say_effect(effect) for step in steps for effect in step.effects]


def _count_events(_: DryRun, steps: list[Step], wanted: Mapping[str, int]) -> dict[str, int]:
    counts = Counter(event.name for step in steps for event in step.events)
    return {name: counts[name] for name in wanted}


def _targets(run: DryRun, _: list[Step], wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [candidate.name for candidate in run.routing.targets[read_target(name)]] for name in wanted}


# What is asked for by name is looked up by name, so that a file says only what it is about. An empty ``active`` is
# "none", for TOML has no word for that.
_LOOK: Mapping[str, Look] = {
    "state": lambda run, _, __: run.topology.state.value,
    "active": lambda run, _, __: run.topology.active or "",
    "paused": lambda run, _, __: run.topology.paused,
    "effects": lambda _, steps, __: _effects(steps),
    "events": _count_events,
    "targets": _targets,
    "warm": lambda run, _, __: list(run.routing.warm),
    "suspect": lambda run, _, __: sorted(run.routing.suspect),
    "reasons": lambda run, _, wanted: {name: run.routing.reasons.get(name, "") for name in wanted},
    "health": lambda run, _, wanted: {name: run.topology.hosts[name].health.value for name in wanted},
    "generations": lambda run, _, wanted: {name: run.topology.hosts[name].generation for name in wanted},
    "borrowers": lambda run, _, wanted: {name: run.pool.borrowers[name].fate for name in wanted},
}


# -- reading --------------------------------------------------------------------------------------------------------


def _times(step: Mapping[str, Any]) -> Iterator[float]:
    at, every, until = float(step["at"]), step.get("every"), float(step.get("until", step["at"]))
    yield at
    while every is not None and at + every <= until:
        at += every
        yield at


def _check_step(step: Mapping[str, Any], hosts: list[str], where: str) -> None:
    _only(step, STEP_KEYS, where)
    _only(step.get("expect", {}), EXPECT_KEYS, f"{where}: expect")
    if "at" not in step:
        raise ScenarioError(f"{where}: missing: at")
    for key in ("late", "see", "work"):
        _only(step.get(key, {}), set(hosts), f"{where}: {key}")


def _policy(text: Mapping[str, Any], path: Path) -> FailoverSettings:
    _only(text, {field.name for field in fields(FailoverSettings)}, f"{path}: policy")
    return FailoverSettings(**text)


def _only(text: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = [key for key in text if key not in known]
    if unknown:
        raise ScenarioError(f"{where}: unknown: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
