"""Limits, queues, checks, leaks and errors, as the borrowers of a whole pool meet them."""

from __future__ import annotations

import logging
import threading

import pytest

from failoverkit import ConfigError, FailoverkitError, FailoverPool, OutcomeUnknown, PoolTimeout, TooManyWaiting
from failoverkit.events import ActiveChanged, ConnectionLeaked, HostHealthChanged
from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Health
from failoverkit.testing import Background, FakeCluster, FakeError

MONITORS_OWN = 1
"""The monitor has a connection of its own to every host."""


def host_of(pool: FailoverPool, name: str = "a"):
    return next(host for host in pool.status().hosts if host.name == name)


# -- sizes -----------------------------------------------------------------------------------------------------------


def test_max_size_is_never_exceeded_at_the_server(open_pool, cluster: FakeCluster) -> None:
    # Lifetimes so short that connections are replaced all the time.
    pool = open_pool(max_size=3, max_connecting=3, max_lifetime=1e-6, acquire_timeout=30.0)
    barrier = threading.Barrier(16)

    def borrow(number: int) -> int:
        barrier.wait(10.0)
        for turn in range(60):
            try:
                with pool.connection() as connection:
                    connection.cursor().execute("ping")
                    if (number + turn) % 7 == 0:
                        raise ValueError(turn)
            except ValueError:
                pass
        return 60

    assert sum(caller.result(60.0) for caller in [Background(lambda n=n: borrow(n)) for n in range(16)]) == 960
    assert cluster["a"].most_connections <= 3 + MONITORS_OWN
    assert cluster["a"].connects > 100, "they were replaced"
    assert host_of(pool).lent == 0


def test_min_size_is_kept_open(open_pool, cluster: FakeCluster, until) -> None:
    pool = open_pool(min_size=3, warm_standby=0)
    until(lambda: host_of(pool).idle == 3)
    assert cluster["b"].open_connections <= MONITORS_OWN


def test_idle_connections_are_kept_alive_and_replaced_when_dead(open_pool, cluster: FakeCluster, until) -> None:
    pool = open_pool(keepalive=0.05, min_size=2)
    until(lambda: host_of(pool).idle == 2)
    cluster.cut("a")
    until(lambda: pool.stats()["a"]["dead_idle"] == 2)
    until(lambda: host_of(pool).idle == 2 and cluster["a"].open_connections == 2 + MONITORS_OWN)


def test_idle_connections_above_the_minimum_are_closed(open_pool, until) -> None:
    pool = open_pool(idle_timeout=0.05)
    for connection in [pool.getconn() for _ in range(4)]:
        pool.putconn(connection)
    until(lambda: host_of(pool).idle == 1)


# -- queues ----------------------------------------------------------------------------------------------------------


def test_first_come_first_served(open_pool, standing) -> None:
    pool = open_pool(max_size=1)
    held = pool.getconn()
    callers = []
    for count in range(1, 6):
        callers.append(Background(lambda: pool.getconn(timeout=60.0)))
        standing(count)
    pool.putconn(held)
    for done, caller in enumerate(callers, start=1):
        connection = caller.result()
        assert [one.running for one in callers] == [False] * done + [True] * (5 - done)
        pool.putconn(connection)


def test_nobody_overtakes_the_queue(open_pool, standing) -> None:
    pool = open_pool(max_size=1)
    held = pool.getconn()
    first = Background(lambda: pool.getconn(timeout=60.0))
    standing(1)
    pool.putconn(held)
    with pytest.raises(PoolTimeout):
        pool.getconn(timeout=0.0)
    pool.putconn(first.result())


def test_too_many_waiting_are_turned_away(open_pool, standing) -> None:
    pool = open_pool(max_size=1, max_waiting=1)
    held = pool.getconn()
    first = Background(lambda: pool.getconn(timeout=60.0))
    standing(1)
    with pytest.raises(TooManyWaiting):
        pool.getconn(timeout=60.0)
    pool.putconn(held)
    pool.putconn(first.result())


def test_one_deadline_covers_waiting_and_hosts(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(max_size=1)
    held = pool.getconn("primary")
    with pytest.raises(PoolTimeout) as caught:
        pool.getconn(timeout=0.02)
    assert caught.value.stage == "wait"
    assert caught.value.counts["lent"] == 1
    assert isinstance(caught.value, TimeoutError)
    pool.putconn(held)


# -- checks before lending -------------------------------------------------------------------------------------------


class Deaf:
    """A driver whose check knows no deadline: only an abort ends it."""

    @hookimpl
    def failoverkit_check(self, connection) -> bool:
        try:
            connection.call("check")
        except FakeError:
            return False
        return True


def test_a_dead_idle_connection_is_not_lent(open_pool, cluster: FakeCluster, until) -> None:
    pool = open_pool(check_idle_after=0.0, min_size=2)
    until(lambda: host_of(pool).idle == 2)
    cluster.cut("a")
    with pool.connection() as connection:
        connection.cursor().execute("ping")


def test_a_frozen_idle_connection_costs_its_check_and_no_more(open_pool, cluster: FakeCluster, told, until) -> None:
    pool = open_pool(Deaf(), check_idle_after=0.0, check_timeout=0.02)
    cluster.hold("a", "check")
    caller = Background(lambda: pool.getconn(timeout=3600.0))
    until(lambda: pool.stats()["a"]["dead_idle"] > 0)
    told.wait_for(HostHealthChanged, host="a", health=Health.SUSPECT)
    cluster.release("a", "check")
    pool.putconn(caller.result())


def test_a_check_ends_with_its_borrowers_deadline(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(Deaf(), check_idle_after=0.0, check_timeout=3600.0)
    cluster.hold("a", "check", "connect")
    error = Background(lambda: pool.getconn(timeout=0.02)).error()
    assert isinstance(error, PoolTimeout)
    assert error.stage == "check"
    assert pool.status().active == "a", "a borrower in a hurry is no evidence"
    cluster.release("a", "check", "connect")


# -- leaks -----------------------------------------------------------------------------------------------------------


def test_a_leak_is_told_and_logged_with_the_borrowers_stack(
    open_pool, told, caplog: pytest.LogCaptureFixture, until
) -> None:
    pool = open_pool(leak_after=0.02)

    def forgetful_function():
        return pool.getconn()

    with caplog.at_level(logging.WARNING, "failoverkit.events"):
        held = forgetful_function()
        leaked = told.wait_for(ConnectionLeaked, host="a")
        until(lambda: [record for record in caplog.records if "ConnectionLeaked" in record.getMessage()])
    assert "forgetful_function" in leaked.stack
    assert leaked.lent_for >= 0.02
    (record,) = [record for record in caplog.records if "ConnectionLeaked" in record.getMessage()]
    assert record.levelno == logging.WARNING
    assert "forgetful_function" in record.getMessage()
    pool.putconn(held)


# -- errors ----------------------------------------------------------------------------------------------------------


def test_a_busy_host_is_waited_for_and_then_named_as_the_cause(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool()
    held = pool.getconn()
    cluster.refuse("a", ErrorKind.BUSY)
    with pytest.raises(PoolTimeout) as caught:
        pool.getconn(timeout=0.05)
    assert isinstance(caught.value.__cause__, FakeError)
    assert caught.value.__cause__.kind is ErrorKind.BUSY
    assert caught.value.stage == "connect"
    assert pool.status().active == "a"
    assert {event.active for event in told.of(ActiveChanged)} <= {"a"}
    assert cluster["a"].connects < 50, "it backs off"
    pool.putconn(held)


def test_a_refusal_reaches_the_caller_as_the_driver_said_it(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool()
    held = pool.getconn()
    cluster.refuse("a", ErrorKind.REFUSED)
    with pytest.raises(FakeError) as caught:
        pool.getconn(timeout=30.0)
    assert caught.value.kind is ErrorKind.REFUSED
    assert "not a failure of the host" in caught.value.__notes__[0]
    assert pool.status().active == "a"
    pool.putconn(held)


def test_a_loss_during_commit(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool()
    cluster.hold("a", "commit-answer")

    def write() -> None:
        with pool.connection() as connection:
            connection.cursor().execute("write x")

    writer = Background(write)
    cluster.wait_until_blocked("a", "commit-answer")
    cluster.crash("a")
    error = writer.error()
    assert isinstance(error, OutcomeUnknown)
    assert isinstance(error.__cause__, FakeError)
    assert cluster.values == ["x"], "this time it was there"


def test_the_applications_own_timeout_does_not_make_the_host_suspect(open_pool, told) -> None:
    pool = open_pool()
    with pytest.raises(TimeoutError, match="another service"), pool.connection():
        raise TimeoutError("another service did not answer")
    assert all(host.health is Health.UP for host in pool.status().hosts if host.name == "a")
    assert [event for event in told.of(HostHealthChanged) if event.health is Health.SUSPECT] == []


def test_giving_back_what_is_not_lent(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool()
    connection = pool.getconn()
    assert pool.host_of(connection) == "a"
    pool.putconn(connection)
    foreign = cluster["a"].connect(1.0)
    for unknown in (connection, foreign, object()):
        with pytest.raises(FailoverkitError, match="not lent by this pool"):
            pool.putconn(unknown)
        with pytest.raises(FailoverkitError, match="not lent by this pool"):
            pool.putconn(unknown, close=True)
        with pytest.raises(FailoverkitError, match="not lent by this pool"):
            pool.host_of(unknown)
    foreign.close()


def test_giving_back_for_good(open_pool) -> None:
    pool = open_pool()
    connection = pool.getconn()
    pool.putconn(connection, close=True)
    assert connection.closed


def test_an_unknown_target_is_named_with_those_there_are(open_pool) -> None:
    pool = open_pool()
    with pytest.raises(ConfigError, match="'master' is not one of primary, standby, prefer-standby, any"):
        pool.connection("master")


@pytest.mark.parametrize(("target", "hosts"), [("standby", "bc"), ("prefer-standby", "bc"), ("any", "abc")])
def test_targets(open_pool, target: str, hosts: str) -> None:
    pool = open_pool()
    with pool.connection(target, timeout=30.0) as connection:
        assert connection.host in hosts
