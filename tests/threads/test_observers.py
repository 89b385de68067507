"""Observers may be slow, wrong or curious: the pool goes its way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from failoverkit import FailoverPool
from failoverkit.events import ActiveChanged, ConnectionsAborted, Event, Paused, Resumed
from failoverkit.hookspecs import hookimpl
from failoverkit.testing import Background, FakeCluster


class Observer:
    """Does something when it is told of one kind of event."""

    def __init__(self, kind: type[Event], act: Callable[[Event], object]) -> None:
        self._kind = kind
        self._act = act

    @hookimpl
    def failoverkit_on_event(self, event: Event) -> None:
        if isinstance(event, self._kind):
            self._act(event)


def write(pool: FailoverPool, value: str) -> str:
    with pool.connection(timeout=60.0) as connection:
        connection.cursor().execute(f"write {value}")
        return pool.host_of(connection)


def test_a_raising_observer_is_logged_and_harms_nobody(
    open_pool, cluster: FakeCluster, told, caplog: pytest.LogCaptureFixture, until
) -> None:
    def fail(event: Event) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "failoverkit.plugins"):
        pool = open_pool(Observer(Event, fail))
        cluster.crash("a")
        cluster.promote("b")
        told.wait_for(ActiveChanged, active="b")
        assert write(pool, "x") == "b"
        until(lambda: "failoverkit_on_event raised" in caplog.messages)


def test_an_observer_may_ask_and_wish(open_pool, told) -> None:
    def resume(event: Event) -> None:
        assert pool.status().paused
        pool.stats()
        pool.resume()

    pool = open_pool(Observer(Paused, resume))
    pool.pause()
    told.wait_for(Resumed)
    assert write(pool, "x") == "a"


def test_an_observer_may_borrow(open_pool, cluster: FakeCluster, told, until) -> None:
    def write_it_down(event: Event) -> None:
        if isinstance(event, ActiveChanged) and event.active == "b":
            write(pool, "moved")

    pool = open_pool(Observer(ActiveChanged, write_it_down))
    cluster.crash("a")
    cluster.promote("b")
    until(lambda: cluster.values == ["moved"])


@pytest.mark.parametrize("kind", [ActiveChanged, ConnectionsAborted])
def test_a_slow_observer_holds_up_no_borrower(open_pool, cluster: FakeCluster, kind: type[Event]) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def be_slow(event: Event) -> None:
        if isinstance(event, ConnectionsAborted) or getattr(event, "active", "a") != "a":
            arrived.set()
            assert go_on.wait(30.0)

    pool = open_pool(Observer(kind, be_slow))
    held = pool.getconn()
    cluster.crash("a")
    assert arrived.wait(10.0)
    cluster.promote("b")
    writer = Background(lambda: write(pool, "x"))
    assert writer.result() == "b"
    go_on.set()
    pool.putconn(held)
