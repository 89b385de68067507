"""Ten thousand random fault schedules, and bugs planted to show that a witness who sees none is not blind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from failoverkit.failover import brain, moves, release, signals, standing
from failoverkit.failover.brain import Step
from failoverkit.failover.topology import Topology
from failoverkit.model import Observation
from failoverkit.pool.slots import Pooled, Slots
from failoverkit.testing.simulator import ScheduleFailed, simulate

SCHEDULES = 10_000
BATCH = 500
ENOUGH_TO_CATCH = 500
"""A planted bug must show within so many schedules."""


@pytest.mark.parametrize("first", range(0, SCHEDULES, BATCH))
def test_no_schedule_breaks_a_property(first: int) -> None:
    steps = sum(len(simulate(seed)) for seed in range(first, first + BATCH))
    assert steps > BATCH


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_replays_exactly(seed: int) -> None:
    moves_told: list[list[str]] = [[], []]
    first, second = (simulate(seed, told.append) for told in moves_told)
    assert first == second
    assert moves_told[0] == moves_told[1] != []


def forget_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stale primary counts as good as any."""
    monkeypatch.setattr(standing, "is_behind", lambda *_: False)


def forget_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that was left while it was primary is trusted when it returns."""
    monkeypatch.setattr(moves, "quarantine", lambda *_: None)


def believe_late_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generations of observations are not looked at."""
    observe = brain.observe

    def gullible(topology: Topology, observation: Observation, *rest: Any) -> Step:
        return observe(topology, replace(observation, generation=10**6), *rest)

    monkeypatch.setattr(brain, "observe", gullible)


def forget_hold_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traffic goes home as soon as it can."""
    monkeypatch.setattr(signals, "_may_go_home", lambda *_: True)


def forget_to_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs on a silent host is left there."""
    monkeypatch.setattr(release, "drain", lambda *_: None)


def lend_old_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections survive the end of their generation in the books."""

    def lend_anything(slots: Slots) -> Pooled | None:
        if not slots.idle:
            return None
        pooled = slots.idle.pop()
        slots.lent[pooled.connection] = pooled
        return pooled

    monkeypatch.setattr(Slots, "_is_keepable", lambda *_: True)
    monkeypatch.setattr(Slots, "_empty_idle", lambda _: [])
    monkeypatch.setattr(Slots, "_lend_idle", lend_anything)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (forget_epochs, "writes are routed to"),
        (forget_quarantine, "writes are routed to"),
        (believe_late_messages, "a late message changed something"),
        (forget_hold_time, "went from"),
        (forget_to_drain, "which is lost"),
        (lend_old_connections, "got a connection of generation"),
    ],
)
def test_a_planted_bug_is_caught_and_its_seed_replays(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], said: str
) -> None:
    plant(monkeypatch)
    seed, message = first_failure()
    assert said in message
    assert f"simulator {seed})" in message
    with pytest.raises(ScheduleFailed) as again:
        simulate(seed)
    assert str(again.value) == message
    monkeypatch.undo()
    assert simulate(seed)


def first_failure() -> tuple[int, str]:
    for seed in range(ENOUGH_TO_CATCH):
        try:
            simulate(seed)
        except ScheduleFailed as error:
            return seed, str(error)
    pytest.fail(f"nothing was noticed in {ENOUGH_TO_CATCH} schedules")
