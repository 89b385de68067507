"""Who may serve what, and why the others may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from failoverkit.failover.commands import FailOver, Pause
from failoverkit.failover.routing import route
from failoverkit.model import Candidate, ErrorKind, Role, State, Target

Make = Callable[..., Any]


def served(cluster: Any) -> dict[str, list[str]]:
    return {target.value: cluster.targets(target) for target in Target}


def test_a_replicated_cluster(replicated: Make) -> None:
    cluster = replicated("abc")
    assert served(cluster) == {
        "primary": ["a"],
        "standby": ["b", "c"],
        "prefer-standby": ["b", "c"],
        "any": ["a", "b", "c"],
    }
    assert (cluster.routing.state, cluster.routing.active, cluster.routing.paused) == (State.HEALTHY, "a", False)
    assert cluster.routing.warm == ("b", "c")
    assert cluster.routing.suspect == frozenset()
    assert cluster.routing.reasons == {"b": "is a standby", "c": "is a standby"}


def test_a_cluster_without_roles(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 0, "c": 1})
    assert served(cluster) == {
        "primary": ["a", "b"],
        "standby": [],
        "prefer-standby": ["a", "b"],
        "any": ["a", "b", "c"],
    }
    assert cluster.routing.warm == ("c",)
    assert cluster.routing.reasons == {"c": "is up, but a is active"}


def test_candidates_carry_what_strategies_rank_by(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("b", "standby", 1, lag=0.25)
    assert cluster.routing.targets[Target.STANDBY] == (
        Candidate("b", Role.STANDBY, priority=1, index=1, latency=0.002, lag=0.25),
    )


def test_standbys_serve_while_no_primary_does(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a", detail="connection refused")
    assert served(cluster) == {"primary": [], "standby": ["b"], "prefer-standby": ["b"], "any": ["b"]}
    assert cluster.routing.reasons["a"] == "down: connection refused"


def test_the_primary_serves_readers_while_no_standby_does(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("b")
    assert served(cluster) == {"primary": ["a"], "standby": [], "prefer-standby": ["a"], "any": ["a"]}


@pytest.mark.parametrize(
    ("max_lag", "lag", "used"),
    [(None, None, True), (None, 99.0, True), (1.0, 1.0, True), (1.0, 1.1, False), (1.0, None, False)],
)
def test_standbys_too_far_behind_are_not_used(
    replicated: Make, max_lag: float | None, lag: float | None, used: bool
) -> None:
    cluster = replicated("ab", max_lag=max_lag)
    cluster.says("b", "standby", 1, lag=lag)
    assert cluster.targets(Target.STANDBY) == (["b"] if used else [])
    assert cluster.targets(Target.PREFER_STANDBY) == (["b"] if used else ["a"])
    assert cluster.routing.warm == ("b",)


def test_suspect_hosts_serve_but_are_not_kept_warm(replicated: Make) -> None:
    cluster = replicated("ab")
    for host in "ab":
        cluster.fails(host, ErrorKind.TIMEOUT)
    assert served(cluster) == {"primary": ["a"], "standby": ["b"], "prefer-standby": ["b"], "any": ["a", "b"]}
    assert cluster.routing.suspect == {"a", "b"}
    assert cluster.routing.warm == ()


def test_a_standby_that_has_not_followed_yet_serves_readers_but_is_not_kept_warm(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.says("b", "primary", 2)
    assert cluster.targets(Target.STANDBY) == ["c"]
    assert cluster.routing.warm == ()
    cluster.says("c", "standby", 2)
    assert cluster.routing.warm == ("c",)


def test_nothing_is_served_while_paused(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.wish(Pause())
    assert served(cluster) == {"primary": [], "standby": [], "prefer-standby": [], "any": []}
    assert cluster.routing.paused
    assert cluster.routing.reasons == {"a": "paused by an operator", "b": "paused by an operator"}


def test_a_second_primary_serves_nobody(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("b", "primary", 1)
    assert cluster.targets(Target.ANY) == ["a"]
    assert cluster.routing.reasons == {"b": "is primary, epoch 1, but a is active"}


def test_two_primaries_while_suspended(replicated: Make) -> None:
    cluster = replicated("ab", split_brain="suspend")
    cluster.says("b", "primary", 1)
    expected = "all of them say that they are primary: a, b"
    assert cluster.routing.reasons == {"a": expected, "b": expected}


def test_reasons_before_the_first_route(watch: Make) -> None:
    cluster = watch("abc")
    cluster.says("a", "primary")
    cluster.fails("b", ErrorKind.REFUSED, detail="password refused")
    assert cluster.routing.reasons == {
        "a": "waiting for the first word of c",
        "b": "not known yet: password refused",
        "c": "not yet probed",
    }


def test_reasons_of_hosts_in_every_kind_of_trouble(replicated: Make) -> None:
    cluster = replicated("abcdefg")
    cluster.says("b", "primary", 2)
    cluster.fails("c")
    cluster.says("c", "standby", 2)
    cluster.says("d", "standby", 1, lineage="other")
    cluster.says("e", "standby", 2, fit=False, detail="not synced")
    cluster.says("f", "standby", 2, fit=False)
    cluster.says("g", "unknown")
    assert cluster.routing.reasons == {
        "a": "stale primary: epoch 1, newest is 2",
        "c": "recovering: good probes in a row: 1",
        "d": "another cluster: lineage other, expected L",
        "e": "not fit: not synced",
        "f": "not fit to be used",
        "g": "says no role, although the cluster has roles",
    }
    assert cluster.targets(Target.ANY) == ["b"]
    assert cluster.routing.warm == ()


@pytest.mark.parametrize(
    ("epoch", "words"), [(None, "and says it still is, without an epoch"), (1, "and says it still is, with epoch 1")]
)
def test_the_reason_of_a_quarantined_host(watch: Make, epoch: int | None, words: str) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary", epoch)
    cluster.says("b", "primary", epoch)
    cluster.wish(FailOver("b"))
    assert cluster.routing.reasons == {"a": f"quarantined: it was left while it was primary, {words}"}


def test_the_reason_of_a_suspect_host_that_is_not_used(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("b", ErrorKind.TIMEOUT, detail="no answer in 0.5 s")
    assert cluster.routing.reasons == {"b": "suspect: no answer in 0.5 s"}


def test_routing_is_a_function_of_the_topology(replicated: Make) -> None:
    cluster = replicated("ab")
    assert route(cluster.topology, cluster.policy) == route(replace(cluster.topology), cluster.policy)


def test_waiting_is_hopeless_only_while_every_host_refuses(watch: Make) -> None:
    cluster = watch("ab")
    cluster.fails("a", ErrorKind.REFUSED, detail="wrong password")
    assert not cluster.routing.hopeless, "b was not heard"
    cluster.fails("b", ErrorKind.REFUSED, detail="wrong password")
    assert cluster.routing.hopeless
    cluster.fails("b", ErrorKind.BUSY, detail="too many clients")
    assert not cluster.routing.hopeless
    cluster.fails("b", ErrorKind.REFUSED, detail="wrong password")
    cluster.fails("b", ErrorKind.HOST_UNREACHABLE, detail="connection refused")
    assert not cluster.routing.hopeless, "b may come back with another mind"
    cluster.fails("b", ErrorKind.REFUSED, detail="wrong password")
    cluster.says("b", "primary", 1)
    assert not cluster.routing.hopeless
