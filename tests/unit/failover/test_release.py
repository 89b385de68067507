"""Whose connections are given up, how, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failoverkit.failover.effects import Discard, Drain, Route, Suspend
from failoverkit.model import ErrorKind

Make = Callable[..., Any]


def silence(cluster: Any, host: str) -> None:
    cluster.fails(host, ErrorKind.TIMEOUT)
    cluster.fails(host, ErrorKind.TIMEOUT)


def test_a_silent_host_is_drained_while_there_is_nowhere_to_go(replicated: Make) -> None:
    cluster = replicated("ab", drain=7.0)
    silence(cluster, "a")
    assert cluster.effects == [Suspend(), Drain("a", 1, 7.0)]


def test_and_discarded_once_there_is(replicated: Make) -> None:
    cluster = replicated("ab")
    silence(cluster, "a")
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b"), Discard("a", 2)]


def test_and_discarded_once_it_is_surely_dead(replicated: Make) -> None:
    cluster = replicated("ab")
    silence(cluster, "a")
    cluster.fails("a", ErrorKind.HOST_UNREACHABLE)
    assert cluster.effects == [Discard("a", 2)]
    cluster.fails("a", ErrorKind.HOST_UNREACHABLE)
    assert cluster.effects == []


def test_a_silent_host_that_serves_again_is_routed_to(replicated: Make) -> None:
    cluster = replicated("ab", up_after=1)
    silence(cluster, "a")
    cluster.says("a", "primary", 1)
    assert cluster.effects == [Route("a")]
    silence(cluster, "a")
    assert cluster.effects == [Suspend(), Drain("a", 2, 10.0)]


def test_a_host_discarded_once_is_not_discarded_again(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b")]
    cluster.says("a", "primary", 1)
    cluster.says("a", "primary", 1)
    assert cluster.view("a").stale
    assert cluster.effects == []


def test_on_loss_drain_discards_nothing_that_is_lost(replicated: Make) -> None:
    cluster = replicated("abc", on_loss="drain")
    cluster.fails("a")
    assert cluster.effects == [Suspend(), Drain("a", 1, 10.0)]
    cluster.says("b", "primary", 2)
    assert cluster.effects == [Route("b")]
    cluster.fails("c")
    assert cluster.effects == [Drain("c", 1, 10.0)]


def test_on_loss_drain_does_not_let_a_stale_primary_go_on(replicated: Make) -> None:
    cluster = replicated("ab", on_loss="drain", up_after=1)
    cluster.fails("a")
    cluster.says("b", "primary", 2)
    cluster.says("a", "primary", 1)
    assert cluster.effects == [Discard("a", 2)]


def test_a_drained_host_that_dies_is_not_drained_twice(replicated: Make) -> None:
    cluster = replicated("ab", on_loss="drain")
    silence(cluster, "a")
    cluster.fails("a")
    assert cluster.effects == []


def test_readers_of_a_dead_standby_are_freed(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.fails("b")
    assert cluster.effects == [Discard("b", 1)]
    silence(cluster, "c")
    assert cluster.effects == [Drain("c", 1, 10.0)]


def test_a_standby_that_came_back_may_be_lost_again(replicated: Make) -> None:
    cluster = replicated("ab", up_after=1)
    cluster.fails("b")
    cluster.says("b", "standby", 1)
    cluster.fails("b")
    assert cluster.effects == [Discard("b", 2)]


def test_a_host_that_never_served_has_nothing_to_give_up(watch: Make) -> None:
    cluster = watch("ab")
    cluster.fails("b")
    assert cluster.effects == []
    cluster.says("a", "primary", 1)
    assert cluster.effects == [Route("a")]


def test_a_silent_sharer_is_discarded_while_another_serves(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 0})
    silence(cluster, "b")
    assert cluster.effects == [Discard("b", 1)]


def test_a_silent_sharer_is_drained_when_nothing_else_serves(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 0})
    cluster.fails("a")
    assert cluster.effects == [Route("b"), Discard("a", 1)]
    silence(cluster, "b")
    assert cluster.effects == [Suspend(), Drain("b", 1, 10.0)]


def test_a_host_of_another_cluster_gets_no_more_work(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("a", "primary", 1, lineage="other")
    assert cluster.effects == [Suspend(), Discard("a", 1)]


def test_an_unfit_host_may_finish_what_it_has(roleless: Make) -> None:
    cluster = roleless("a")
    cluster.says("a", fit=False, detail="not synced")
    assert cluster.effects == [Suspend(), Drain("a", 1, 10.0)]
