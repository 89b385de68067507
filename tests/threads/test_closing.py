"""The end of a pool: nobody is left waiting, no thread and no connection stays."""

from __future__ import annotations

import threading

import pytest

from failoverkit import PoolClosed
from failoverkit.clock import monotonic
from failoverkit.events import Event, HostHealthChanged, Paused
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Health
from failoverkit.testing import Background, FakeCluster, FakeError

PLENTY = 60.0


def threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return sorted(name for name in names if name.startswith("failoverkit-") and name != "failoverkit-test")


def open_connections(cluster: FakeCluster) -> list[int]:
    return [cluster[host.name].open_connections for host in cluster.hosts]


def test_nothing_is_left_of_a_pool_at_rest(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(min_size=3)
    assert threads()
    pool.close(PLENTY)
    assert (threads(), open_connections(cluster)) == ([], [0, 0, 0])


def test_a_pool_that_was_never_used_has_nothing_to_close(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(ready=False)
    assert (threads(), open_connections(cluster)) == ([], [0, 0, 0])
    pool.close()
    with pytest.raises(PoolClosed):
        pool.start()
    with pytest.raises(PoolClosed):
        pool.getconn()
    assert threads() == []


def test_closing_twice_is_closing_once(open_pool) -> None:
    pool = open_pool()
    pool.close()
    pool.close()
    with pytest.raises(PoolClosed, match="pool 'default' is closed"):
        pool.getconn()


def test_whoever_waits_is_turned_away(open_pool, cluster: FakeCluster, standing) -> None:
    pool = open_pool(max_size=1)
    held = pool.getconn()
    in_line = Background(lambda: pool.getconn(timeout=PLENTY))
    standing(1)
    pool.pause()
    parked = Background(lambda: pool.getconn(timeout=PLENTY))
    standing(2)
    pool.close()
    assert [type(caller.error()) for caller in (in_line, parked)] == [PoolClosed, PoolClosed]
    pool.putconn(held)
    assert open_connections(cluster) == [0, 0, 0]


def test_what_is_lent_is_closed_when_it_comes_back(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool()
    held = pool.getconn()
    with pool.connection() as connection:
        connection.cursor().execute("write x")
        pool.close()
        connection.cursor().execute("write y")
    assert connection.closed
    assert cluster.values == ["x", "y"], "a block may finish"
    assert not held.closed
    pool.putconn(held)
    assert open_connections(cluster) == [0, 0, 0]


@pytest.mark.parametrize("operation", ["connect", "probe"])
def test_a_host_that_hangs_holds_up_nothing_for_long(open_pool, cluster: FakeCluster, until, operation: str) -> None:
    pool = open_pool(probe_timeout=3600.0, probe_interval=0.01, warm_standby=0)
    if operation == "connect":
        cluster.cut("c")
    cluster.hold("c", operation)
    cluster.wait_until_blocked("c", operation)
    began = monotonic()
    pool.close(0.05)
    assert monotonic() - began < 10.0
    if operation == "connect":
        until(lambda: threads() == ["failoverkit-probe-c"])  # it ends with its connect
    cluster.release("c", operation)
    until(lambda: threads() == [])
    assert open_connections(cluster) == [0, 0, 0]


def test_an_opening_that_hangs_ends_later_and_leaves_nothing(open_pool, cluster: FakeCluster, until) -> None:
    pool = open_pool(connect_timeout=3600.0)
    held = pool.getconn()
    cluster.hold("a", "connect")
    waiting = Background(lambda: pool.getconn(timeout=PLENTY))
    cluster.wait_until_blocked("a", "connect")
    pool.close(0.01)
    assert isinstance(waiting.error(), PoolClosed)
    until(lambda: threads() == ["failoverkit-open-a"])
    cluster.release("a", "connect")
    until(lambda: threads() == [])
    pool.putconn(held)
    assert open_connections(cluster) == [0, 0, 0]


def test_a_borrower_in_a_check_that_hangs_comes_free(open_pool, cluster: FakeCluster) -> None:
    class Deaf:
        @hookimpl
        def failoverkit_check(self, connection) -> bool:
            try:
                connection.call("check")
            except FakeError:
                return False
            return True

    pool = open_pool(Deaf(), check_idle_after=0.0, check_timeout=3600.0)
    cluster.hold("a", "check")
    checking = Background(lambda: pool.getconn(timeout=3600.0))
    cluster.wait_until_blocked("a", "check")
    pool.close()
    assert isinstance(checking.error(), PoolClosed)
    assert open_connections(cluster) == [0, 0, 0]


def test_an_observer_may_close_the_pool(open_pool, cluster: FakeCluster, until) -> None:
    class Closer:
        @hookimpl
        def failoverkit_on_event(self, event: Event) -> None:
            if isinstance(event, HostHealthChanged) and event.health is Health.DOWN:
                pool.close(0.1)

    pool = open_pool(Closer())
    cluster.crash("c")
    until(lambda: threads() == [])
    assert open_connections(cluster) == [0, 0, 0]


def test_a_probe_aborted_by_the_close_moves_nothing(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(probe_timeout=3600.0, probe_interval=0.01)
    cluster.hold("a", "probe", "connect")
    cluster.wait_until_blocked("a", "probe")
    pool.close()
    assert all(event.health is Health.UP for event in told.of(HostHealthChanged))
    assert cluster["a"].open_connections == 0
    cluster.release("a", "probe", "connect")


def test_a_closed_pool_still_answers_questions(open_pool) -> None:
    pool = open_pool()
    pool.close()
    assert pool.status().active == "a"
    assert pool.stats()["a"]["lendings"] == 1
    assert "default" in repr(pool)
    pool.pause()


def test_the_context_manager_closes(open_pool, cluster: FakeCluster, told) -> None:
    with open_pool() as pool:
        assert threads()
    assert (threads(), open_connections(cluster)) == ([], [0, 0, 0])
    assert told.of(Paused) == []
    with pytest.raises(PoolClosed):
        pool.getconn()


def test_many_borrowers_and_a_close_in_the_middle(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(max_size=4)
    started = threading.Barrier(9)

    def borrow() -> str:
        started.wait(10.0)
        try:
            while True:
                with pool.connection(timeout=PLENTY) as connection:
                    connection.cursor().execute("ping")
        except PoolClosed:
            return "closed"

    callers = [Background(borrow) for _ in range(8)]
    started.wait(10.0)
    pool.close(PLENTY)
    assert [caller.result() for caller in callers] == ["closed"] * 8
    assert (threads(), open_connections(cluster)) == ([], [0, 0, 0])
