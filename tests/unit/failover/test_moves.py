"""Carrying out cells where there is less to do than usual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.failover.draft import Draft
from failoverkit.failover.effects import Route, Suspend
from failoverkit.failover.moves import move
from failoverkit.failover.signals import Raised
from failoverkit.failover.states import Signal

Make = Callable[..., Any]


def effects_of(cluster: Any, signal: Signal, host: str = "") -> list[Any]:
    draft = Draft(cluster.topology, cluster.policy, 1.0)
    move(draft, Raised(signal, host))
    return draft.effects


def test_with_nothing_active_there_is_nothing_to_abandon(watch: Make) -> None:
    assert effects_of(watch("ab"), Signal.NO_HOST_LEFT) == [Suspend()]


@pytest.mark.parametrize("signal", [Signal.ACTIVE_LOST, Signal.ROLE_MOVED, Signal.PREFERRED_TOOK_OVER])
def test_with_nothing_active_there_is_nothing_to_leave(watch: Make, signal: Signal) -> None:
    assert effects_of(watch("ab"), signal, "b") == [Route("b")]


def test_the_host_that_is_routed_to_again_is_not_left(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    assert effects_of(cluster, Signal.PREFERRED_BACK, "a") == [Route("a")]
    assert effects_of(cluster, Signal.ACTIVE_LOST, "a") == [Route("a")]


def test_the_warm_up_of_the_host_that_is_routed_to_is_not_cancelled(roleless: Make) -> None:
    cluster = roleless("ab", hold=0.0, up_after=1)
    cluster.fails("a")
    cluster.says("a")
    assert cluster.topology.warming == "a"
    cluster.fails("b")
    assert cluster.effects[0] == Route("a")
    assert cluster.topology.warming is None
