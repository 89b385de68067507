"""Which host should be active, and when traffic goes home."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.events import StateChanged
from failoverkit.failover.commands import ClearQuarantine, FailBack, FailOver, Warmed
from failoverkit.failover.effects import CancelWarm, Discard, Drain, Route, Suspend, Warm
from failoverkit.failover.signals import Raised, raised
from failoverkit.failover.states import Signal
from failoverkit.model import ErrorKind, Source, State

Make = Callable[..., Any]


def signals(cluster: Any) -> list[Raised]:
    return list(raised(cluster.topology, cluster.policy, cluster.now))


def well_until(cluster: Any, end: float, *hosts: str) -> list[Any]:
    """Let the hosts answer each second until ``end``; return all effects on the way."""
    effects = []
    while cluster.now < end:
        cluster.now += 1.0
        for host in hosts:
            effects += cluster.says(host).effects
    return effects


@pytest.fixture
def away(roleless: Make) -> Any:
    """Return a cluster without roles that failed over from a to b, where a is back since second 0."""
    cluster = roleless("ab", hold=10.0, hold_limit=1000.0)
    cluster.fails("a")
    assert (cluster.active, cluster.state) == ("b", State.FAILED_OVER)
    cluster.says("a")
    cluster.says("a")
    return cluster


def test_a_stable_preferred_host_is_prepared_and_taken(away: Any) -> None:
    assert well_until(away, 9.0, "a", "b") == []
    assert well_until(away, 10.0, "a", "b") == [Warm("a")]
    assert away.state is State.FAILING_BACK
    assert well_until(away, 12.0, "a", "b") == []
    away.wish(Warmed("a"))
    assert away.effects == [Route("a"), Drain("b", 1, 10.0)]
    assert away.state is State.HEALTHY


def test_home_with_a_host_missing_is_degraded(roleless: Make) -> None:
    cluster = roleless("abc", hold=1.0)
    cluster.fails("a")
    cluster.fails("c")
    cluster.says("a")
    cluster.says("a")
    well_until(cluster, 3.0, "a", "b")
    cluster.wish(Warmed("a"))
    assert cluster.state is State.DEGRADED
    assert [event.signal for event in cluster.told(StateChanged)] == ["preferred-warm", "host-impaired"]


def test_faltering_while_it_is_prepared_cancels(away: Any) -> None:
    well_until(away, 10.0, "a", "b")
    away.fails("a", ErrorKind.TIMEOUT)
    assert away.effects == [CancelWarm("a")]
    assert away.state is State.FAILED_OVER
    away.says("a")
    assert well_until(away, 19.0, "a", "b") == []
    assert well_until(away, 20.0, "a", "b") == [Warm("a")]


def test_a_callers_failed_work_on_it_cancels_too(away: Any) -> None:
    well_until(away, 10.0, "a", "b")
    away.fails("a", ErrorKind.CONNECTION_LOST, source=Source.CALLER)
    assert away.effects == [CancelWarm("a")]


def test_losing_the_active_host_while_going_home_takes_the_preferred_one(away: Any) -> None:
    well_until(away, 10.0, "a", "b")
    away.fails("b")
    assert away.effects == [Route("a"), Discard("b", 1)]
    assert away.topology.warming is None


def test_losing_both_while_going_home(away: Any) -> None:
    well_until(away, 10.0, "a", "b")
    away.fails("a")
    away.fails("b")
    assert (away.state, away.active) == (State.FAILED_OVER, None)
    assert away.effects == [Suspend(), Discard("b", 1)]


def test_losing_the_active_host_to_a_worse_one_cancels(roleless: Make) -> None:
    cluster = roleless("abc", hold=2.0)
    cluster.fails("a")
    cluster.says("a")
    cluster.says("a")
    well_until(cluster, 2.0, "a", "b")
    assert cluster.state is State.FAILING_BACK
    cluster.wish(FailOver("c"))
    assert cluster.effects == [CancelWarm("a"), Route("c"), Drain("b", 1, 10.0)]


def test_each_flap_doubles_the_wait(away: Any) -> None:
    well_until(away, 10.0, "a", "b")
    away.fails("a")
    away.says("a")
    away.says("a")
    assert well_until(away, 29.0, "a", "b") == []
    assert well_until(away, 30.0, "a", "b") == [Warm("a")]


@pytest.mark.parametrize("failback", ["manual", "never"])
def test_home_only_when_told_to(roleless: Make, failback: str) -> None:
    cluster = roleless("ab", hold=1.0, failback=failback)
    cluster.fails("a")
    cluster.says("a")
    cluster.says("a")
    assert well_until(cluster, 100.0, "a", "b") == []


def test_a_host_chosen_by_hand_is_kept(roleless: Make) -> None:
    cluster = roleless("ab", hold=1.0)
    cluster.wish(FailOver("b"))
    assert well_until(cluster, 100.0, "a", "b") == []
    cluster.wish(FailBack())
    assert cluster.effects == [Warm("a")]


def test_a_host_chosen_by_hand_is_kept_until_it_is_lost(roleless: Make) -> None:
    cluster = roleless("ab", hold=5.0)
    cluster.wish(FailOver("b"))
    cluster.fails("b")
    assert (cluster.active, cluster.topology.pinned) == ("a", None)


def test_traffic_rests_for_the_hold_time_between_two_moves(roleless: Make) -> None:
    cluster = roleless("abc", hold=10.0, up_after=1)
    for host in "ab":
        cluster.fails(host)
    cluster.says("b")
    well_until(cluster, 5.0, "b", "c")
    cluster.says("a")
    assert well_until(cluster, 10.0, "a", "b", "c") == [Warm("b")]
    cluster.wish(Warmed("b"))
    # At 15 the best host has been fit for long enough; but b has only just taken over.
    assert well_until(cluster, 19.0, "a", "b", "c") == []
    assert cluster.view("a").fit_for > 10.0
    assert well_until(cluster, 20.0, "a", "b", "c") == [Warm("a")]


def test_a_better_host_that_is_not_the_best_is_worth_a_move(roleless: Make) -> None:
    cluster = roleless("abc", hold=2.0)
    for host in "ab":
        cluster.fails(host)
    cluster.says("b")
    cluster.says("b")
    assert well_until(cluster, 2.0, "b", "c") == [Warm("b")]
    cluster.wish(Warmed("b"))
    assert (cluster.state, cluster.active) == (State.FAILED_OVER, "b")
    assert cluster.effects == [Route("b"), Drain("c", 1, 10.0)]


def test_where_there_are_roles_time_moves_nothing(replicated: Make) -> None:
    cluster = replicated("ab", hold=1.0)
    cluster.fails("a")
    cluster.says("b", "primary", 1)
    assert cluster.active == "b"
    cluster.wish(ClearQuarantine("a"))
    for second in range(10):
        cluster.says("a", "primary", 1, at=float(second))
        assert cluster.says("b", "primary", 1).effects == ()
    assert cluster.view("a").fit_for > cluster.policy.hold


def test_equal_hosts_share_and_the_first_of_them_is_active(roleless: Make) -> None:
    cluster = roleless({"a": 1, "b": 0, "c": 0})
    assert cluster.active == "b"
    cluster.fails("b")
    assert (cluster.active, cluster.state) == ("c", State.DEGRADED)
    assert cluster.effects == [Route("c"), Discard("b", 1)]
    cluster.says("b")
    cluster.says("b")
    assert (cluster.active, cluster.state) == ("c", State.HEALTHY)


def test_going_home_leaves_all_who_shared_the_work(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 1, "c": 1}, hold=1.0)
    cluster.fails("a")
    cluster.says("a")
    cluster.says("a")
    well_until(cluster, 2.0, "a", "b", "c")
    cluster.wish(Warmed("a"))
    assert cluster.effects == [Route("a"), Drain("b", 1, 10.0), Drain("c", 1, 10.0)]


def test_a_preferred_host_takes_over_from_all_who_shared_the_work(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 1, "c": 1}, hold=50.0)
    cluster.fails("a")
    cluster.says("a")
    cluster.says("a")
    cluster.fails("b")
    assert cluster.effects == [Route("a"), Discard("b", 1), Drain("c", 1, 10.0)]


def test_a_suspect_host_is_taken_only_where_no_better_one_is(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 0, "c": 0, "d": 1})
    for host in "bc":
        cluster.fails(host, ErrorKind.TIMEOUT)
    cluster.says("c")
    cluster.fails("a")
    assert cluster.active == "c"
    cluster.fails("c")
    assert cluster.active == "b"


def test_split_brain_stays_with_the_active_host(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("b", "primary", 1)
    assert (cluster.active, cluster.state) == ("a", State.DEGRADED)
    cluster.fails("a")
    assert cluster.active == "b"


def test_split_brain_may_suspend(replicated: Make) -> None:
    cluster = replicated("ab", split_brain="suspend")
    cluster.says("b", "primary", 1)
    assert cluster.effects == [Suspend(), Drain("a", 1, 10.0)]
    assert cluster.told(StateChanged)[0].signal == "split-brain"
    assert cluster.says("a", "primary", 1).effects == ()
    cluster.says("b", "standby", 1)
    assert cluster.effects == [Route("a")]


def test_an_operator_settles_a_split_brain(replicated: Make) -> None:
    cluster = replicated("ab", split_brain="suspend")
    cluster.says("b", "primary", 1)
    cluster.wish(FailOver("b"))
    assert cluster.active == "b"
    cluster.says("a", "primary", 1)
    assert cluster.active == "b"


def test_a_quarantined_claimant_does_not_suspend(unordered: Make) -> None:
    cluster = unordered("ab", split_brain="suspend", up_after=1)
    cluster.fails("a")
    cluster.says("b", "primary")
    cluster.says("a", "primary")
    assert cluster.active == "b"


@pytest.mark.parametrize(("healthy", "signal"), [(True, Signal.ALL_HOSTS_UP), (False, Signal.HOST_IMPAIRED)])
def test_while_all_is_served(replicated: Make, healthy: bool, signal: Signal) -> None:
    cluster = replicated("ab")
    if not healthy:
        cluster.fails("b")
    assert signals(cluster) == [Raised(signal)]


def test_away_from_home_and_all_well_there_is_nothing_to_say(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("a", "standby", 1)
    cluster.says("b", "primary", 2)
    assert signals(cluster) == []


@pytest.mark.parametrize(("split_brain", "taken"), [("stay", "a"), ("suspend", None)])
@pytest.mark.parametrize("epoch", [None, 1])
def test_two_primaries_at_the_start(watch: Make, epoch: int | None, split_brain: str, taken: str | None) -> None:
    cluster = watch("ab", split_brain=split_brain)
    cluster.says("b", "primary", epoch)
    cluster.says("a", "primary", epoch)
    assert cluster.active == taken
