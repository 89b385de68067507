"""The doors of the brain, and what comes out of them over a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.events import (
    ActiveChanged,
    HostHealthChanged,
    HostProblem,
    HostRoleChanged,
    StateChanged,
)
from failoverkit.failover import brain
from failoverkit.failover.effects import Discard, Drain, Route, Suspend
from failoverkit.failover.signals import Raised
from failoverkit.failover.states import Signal
from failoverkit.failover.topology import begin
from failoverkit.model import ErrorKind, Health, Host, Observation, Report, Role, Source, State
from failoverkit.settings import FailoverSettings

Make = Callable[..., Any]


def test_nothing_is_routed_before_every_host_was_heard(watch: Make) -> None:
    cluster = watch("abc")
    cluster.says("a", "primary", 1)
    cluster.says("b", "standby", 1)
    assert (cluster.active, cluster.effects) == (None, [])
    cluster.says("c", "standby", 1)
    assert (cluster.active, cluster.effects, cluster.state) == ("a", [Route("a")], State.HEALTHY)


@pytest.mark.parametrize("kind", list(ErrorKind))
@pytest.mark.parametrize("source", list(Source))
def test_evidence_of_any_kind_lets_the_first_route_be_chosen(watch: Make, source: Source, kind: ErrorKind) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary", 1)
    cluster.fails("b", kind, source=source)
    assert cluster.active == "a"
    assert cluster.state is State.DEGRADED


def test_a_stale_primary_that_answers_first_is_not_taken(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary", 1)
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b")]
    assert cluster.state is State.FAILED_OVER


def test_a_crash_and_the_promotion_after_it(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.fails("a", detail="connection refused")
    assert (cluster.state, cluster.active) == (State.DEGRADED, None)
    assert cluster.effects == [Suspend(), Discard("a", 1)]
    cluster.says("b", "primary", 2)
    assert (cluster.state, cluster.active, cluster.effects) == (State.FAILED_OVER, "b", [Route("b")])


def test_a_frozen_primary_is_left_when_another_has_a_newer_epoch(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a", ErrorKind.TIMEOUT)
    assert (cluster.active, cluster.effects) == ("a", [])
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b"), Discard("a", 1)]


def test_an_old_primary_that_is_well_is_left_too_and_must_not_write(replicated: Make) -> None:
    cluster = replicated("ab", on_loss="drain")
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b"), Discard("a", 1)]


def test_a_planned_switchover_drains(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("a", "standby", 1)
    assert cluster.effects == [Suspend(), Drain("a", 1, 10.0)]
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b")]
    assert cluster.told(StateChanged)[0].signal == "role-moved"


def test_a_restart_of_the_same_primary_suspends_and_resumes(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    cluster.says("a", "primary", 1)
    assert (cluster.view("a").health, cluster.active) == (Health.RECOVERING, None)
    cluster.says("a", "primary", 1)
    assert (cluster.effects, cluster.state) == ([Route("a")], State.HEALTHY)


def test_a_late_message_changes_nothing(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    late = Observation("a", 0, Source.PROBE, Report(Role.PRIMARY, 9, "L"))
    step = brain.observe(cluster.topology, late, cluster.policy, 1.0)
    assert step.topology is cluster.topology
    assert (step.effects, step.events) == ((), ())


def test_evidence_of_a_host_that_is_not_there_changes_nothing(replicated: Make) -> None:
    cluster = replicated("ab")
    step = brain.observe(cluster.topology, Observation("z", 0, Source.PROBE, Report()), cluster.policy, 1.0)
    assert step.topology is cluster.topology


def test_evidence_that_says_nothing_new_changes_nothing(replicated: Make) -> None:
    cluster = replicated("ab")
    before = cluster.topology
    cluster.fails("a", ErrorKind.OTHER, source=Source.CALLER)
    assert cluster.topology is before


def test_a_tick_that_has_nothing_to_do_changes_nothing(replicated: Make) -> None:
    cluster = replicated("ab")
    before = cluster.topology
    assert brain.next_tick_at(before, cluster.policy) is None
    assert cluster.tick(at=1e9).topology is before


def test_what_observers_hear_of_a_host(watch: Make) -> None:
    cluster = watch("a")
    cluster.says("a", "primary", 1, at=5.0, detail="in sync")
    assert cluster.told(HostHealthChanged) == [
        HostHealthChanged("default", 5.0, "a", Health.UNKNOWN, Health.UP, "in sync")
    ]
    assert cluster.told(HostRoleChanged) == [HostRoleChanged("default", 5.0, "a", Role.UNKNOWN, Role.PRIMARY, 1)]
    cluster.says("a", "primary", 2)
    assert cluster.told(HostRoleChanged) == [HostRoleChanged("default", 5.0, "a", Role.PRIMARY, Role.PRIMARY, 2)]
    cluster.says("a", "primary", 2)
    assert cluster.step.events == ()


def test_what_observers_hear_of_a_move(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a", detail="connection refused", at=3.0)
    assert cluster.told(ActiveChanged) == [ActiveChanged("default", 3.0, "a", None, "a: down: connection refused")]
    assert cluster.told(StateChanged) == [
        StateChanged("default", 3.0, State.HEALTHY, State.DEGRADED, "no-host-left", "a: down: connection refused")
    ]


def test_a_problem_is_told_once_per_change_of_its_words(replicated: Make) -> None:
    cluster = replicated("ab")
    told = []
    for words in ("password refused", "password refused", "no such database"):
        cluster.fails("b", ErrorKind.REFUSED, detail=words)
        told += [event.reason for event in cluster.told(HostProblem)]
    assert told == ["password refused", "no such database"]
    assert cluster.state is State.HEALTHY


def test_the_same_timeline_gives_the_same_steps(replicated: Make) -> None:
    def run() -> list[brain.Step]:
        cluster = replicated("abc")
        return [
            cluster.step,
            cluster.fails("a", ErrorKind.TIMEOUT, at=1.0),
            cluster.says("b", "primary", 2, at=2.0),
            cluster.says("a", "primary", 1, at=3.0),
            cluster.tick(at=4.0),
        ]

    assert run() == run()


def test_a_table_that_never_rests_does_not_hold_up_the_pool(replicated: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = replicated("ab")
    restless = {State.HEALTHY: Signal.HOST_IMPAIRED, State.DEGRADED: Signal.ALL_HOSTS_UP}
    monkeypatch.setattr(brain, "raised", lambda topology, *_: [Raised(restless[topology.state])])
    assert len(cluster.tick(at=1.0).events) == brain.MOST_MOVES


def test_one_host_alone() -> None:
    policy = FailoverSettings(up_after=1)
    step = brain.Step(begin([Host("a", "a")]))
    actives = []
    for error in (None, ErrorKind.HOST_UNREACHABLE, None):
        report = Report(Role.PRIMARY, 1, "L") if error is None else None
        generation = step.topology.hosts["a"].generation
        observation = Observation("a", generation, Source.PROBE, report, error)
        step = brain.observe(step.topology, observation, policy, 1.0)
        actives.append(step.topology.active)
    assert actives == ["a", None, "a"]
