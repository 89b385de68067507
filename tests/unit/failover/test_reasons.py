"""Why the cluster moved, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failoverkit.events import StateChanged
from failoverkit.failover.commands import FailBack, FailOver, Warmed
from failoverkit.model import ErrorKind

Make = Callable[..., Any]


def reasons(cluster: Any) -> list[str]:
    return [event.reason for event in cluster.told(StateChanged)]


def test_words_for_losing_and_finding_a_host(replicated: Make) -> None:
    cluster = replicated("ab")
    assert reasons(cluster) == ["all hosts are up"]
    cluster.fails("b", ErrorKind.TIMEOUT, detail="no answer in 0.5 s")
    assert reasons(cluster) == ["b: suspect: no answer in 0.5 s"]
    cluster.says("b", "standby", 1)
    cluster.fails("a", detail="connection refused")
    assert reasons(cluster) == ["a: down: connection refused"]
    cluster.says("b", "primary", 2)
    assert reasons(cluster) == ["a: down: connection refused; b: is primary, epoch 2"]


def test_words_for_a_split_brain(unordered: Make) -> None:
    cluster = unordered("ab", split_brain="suspend")
    cluster.says("b", "primary")
    assert reasons(cluster) == ["all of them say that they are primary: a, b"]


def test_words_for_an_operators_moves(roleless: Make) -> None:
    cluster = roleless("ab")
    cluster.wish(FailOver("b"))
    assert reasons(cluster) == ["an operator failed over by hand"]
    cluster.wish(FailBack())
    assert reasons(cluster) == ["an operator fails back by hand"]
    cluster.wish(Warmed("a"))
    assert reasons(cluster) == ["connections are ready"]


def test_words_for_going_home(roleless: Make) -> None:
    cluster = roleless("ab", hold=0.0, up_after=1)
    cluster.fails("a")
    cluster.says("a")
    assert reasons(cluster) == ["a better host was fit for the whole hold time"]
    cluster.fails("a", detail="connection refused")
    assert reasons(cluster) == ["b: is up; a: down: connection refused"]
