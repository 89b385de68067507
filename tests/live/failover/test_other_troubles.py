"""Hosts that refuse, are full, are all gone, or are not what a connection was made for."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from failoverkit import Health, NoHostAvailable, PoolTimeout, Secret, State
from failoverkit.clock import monotonic
from failoverkit.events import ActiveChanged, HostHealthChanged, HostProblem
from failoverkit.testing import find_cluster

PLENTY = 20.0


def test_all_hosts_down_then_one_back_serves_waiters_in_order(
    cluster: Any, open_pool: Callable[..., Any], events: Any, wait_until: Any
) -> None:
    pool = open_pool(cluster.url, max_size=1, min_size=1, acquire_timeout=PLENTY)
    first = cluster.primary
    for host in cluster.hosts:
        cluster.crash(host.name)
    events.wait_for(ActiveChanged, active=None)

    served: list[int] = []

    def borrow(number: int) -> None:
        with pool.connection() as connection:
            connection.cursor().execute("SELECT 1")
            served.append(number)

    callers = []
    for number in range(6):
        caller = threading.Thread(target=borrow, args=(number,))
        caller.start()
        callers.append(caller)
        wait_until(lambda: pool.status().waiting == len(callers), "the caller to wait")
    assert served == []
    cluster.restart(first)
    for caller in callers:
        caller.join(PLENTY)
    assert served == [0, 1, 2, 3, 4, 5]


def test_nobody_there_is_explained_host_by_host(cluster: Any, pool: Any, events: Any) -> None:
    for host in cluster.hosts:
        cluster.crash(host.name)
    events.wait_for(ActiveChanged, active=None)
    with pytest.raises(NoHostAvailable) as caught, pool.connection(timeout=0.2):
        pytest.fail("nothing could be lent")
    assert set(caught.value.reasons) == {host.name for host in cluster.hosts}
    assert all("refused" in reason for reason in caught.value.reasons.values())


def test_a_wrong_password_is_the_callers_to_see(
    cluster: Any, open_pool: Callable[..., Any], events: Any, wait_until: Any
) -> None:
    settings = dataclasses.replace(cluster.settings, password=Secret("wrong-and-secret"))
    pool = open_pool(settings, ready=False)
    began = monotonic()
    with pytest.raises(NoHostAvailable) as caught, pool.connection(timeout=3 * PLENTY):
        pytest.fail("nothing could be lent")
    assert monotonic() - began < PLENTY, "every host refuses: nobody waits for the deadline"
    assert all("password authentication failed" in reason for reason in caught.value.reasons.values())
    assert "wrong-and-secret" not in str(caught.value)
    wait_until(lambda: len(events.of(HostProblem)) == 3, "observers to hear of every host")
    assert events.of(HostHealthChanged) == []


def test_a_password_changed_under_a_running_pool_moves_nothing(
    cluster: Any, open_pool: Callable[..., Any], events: Any
) -> None:
    pool = open_pool(cluster.url, max_size=2)
    cluster.node(cluster.primary).query("ALTER USER app PASSWORD 'another'")
    with pool.connection() as kept:
        kept.cursor().execute("SELECT 1")
        with (
            pytest.raises(psycopg2.OperationalError, match="password authentication failed") as caught,
            pool.connection(),
        ):
            pytest.fail("the second connection cannot be opened")
    assert any("refused" in note for note in caught.value.__notes__)
    assert pool.status().active == cluster.primary
    assert [event.active for event in events.of(ActiveChanged)] == [cluster.primary]


def test_a_missing_database(cluster: Any, open_pool: Callable[..., Any], events: Any) -> None:
    pool = open_pool(dataclasses.replace(cluster.settings, database="nowhere"), ready=False)
    with pytest.raises(NoHostAvailable, match='"nowhere" does not exist'), pool.connection(timeout=3 * PLENTY):
        pytest.fail("nothing could be lent")
    assert events.of(HostHealthChanged) == []


def test_max_connections_reached_waits_and_fails_nothing_over(open_pool: Callable[..., Any], events: Any) -> None:
    cluster = find_cluster("postgres")(standbys=1, max_connections=12)  # type: ignore[call-arg]  # PostgreSQL's own
    with cluster as servers:
        pool = open_pool(servers.url, max_size=8)
        hoard = [servers.node(servers.primary).connect() for _ in range(3)]
        others = []
        with pytest.raises(psycopg2.OperationalError, match=r"too many|reserved"):  # noqa: PT012 - as many as it takes
            while True:
                others.append(psycopg2.connect(_dsn(servers)))
        with pool.connection(), pytest.raises(PoolTimeout) as caught, pool.connection(timeout=1.0):
            pytest.fail("the server was full")
        assert caught.value.stage == "connect"
        assert isinstance(caught.value.__cause__, psycopg2.OperationalError)
        assert pool.status().active == servers.primary
        assert events.of(HostHealthChanged, health=Health.SUSPECT) == []
        for connection in [*hoard, *others]:
            connection.close()
        with pool.connection(), pool.connection(timeout=PLENTY) as second:
            second.cursor().execute("SELECT 1")


def _dsn(servers: Any) -> str:
    settings = servers.settings
    host = settings.hosts[0]
    password = settings.password.reveal()
    return f"host={host.address} port={host.port} dbname={settings.database} user={settings.user} password={password}"


def test_a_held_connection_to_a_demoted_primary_is_not_written_through(
    cluster: Any, pool: Any, events: Any, wait_until: Any
) -> None:
    """A session that was borrowed on a standby after a switchover says 25006 and does not come back."""
    old = cluster.primary
    with pool.connection() as connection:
        connection.cursor().execute("CREATE TABLE held (n int)")
    new = cluster.standbys[0]
    held = pool.getconn()
    cluster.switch_over(new)
    with pytest.raises(psycopg2.Error):
        held.cursor().execute("INSERT INTO held VALUES (1)")
    pool.putconn(held)
    wait_until(lambda: pool.status().active == new, "the pool to follow")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction) as caught, pool.connection("standby") as standby:
        standby.cursor().execute("INSERT INTO held VALUES (2)")
    assert any("role-changed" in note for note in caught.value.__notes__)
    with pool.connection() as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO held VALUES (3)")
        cursor.execute("SELECT n FROM held")
        assert cursor.fetchall() == [(3,)]
    assert pool.status().active == new != old


def test_warm_connections_are_used_after_a_promotion(
    cluster: Any, open_pool: Callable[..., Any], wait_until: Any
) -> None:
    pool = open_pool(cluster.url, warm_standby=2)
    new = cluster.standbys[0]
    wait_until(lambda: _idle(pool, new) == 2, "two warm connections")
    before = pool.stats()[new]["opened"]
    pids = _pool_sessions(cluster, new)
    cluster.crash(cluster.primary)
    cluster.promote(new)
    wait_until(lambda: pool.status().active == new, "the pool to follow")
    with pool.connection() as first, pool.connection() as second:
        used = set()
        for connection in (first, second):
            cursor = connection.cursor()
            cursor.execute("CREATE TEMPORARY TABLE proof (n int)")
            cursor.execute("SELECT pg_backend_pid()")
            used.add(cursor.fetchone()[0])
        assert pool.stats()[new]["opened"] == before
    assert used <= pids


def _idle(pool: Any, name: str) -> int:
    return next(host.idle for host in pool.status().hosts if host.name == name)


def _pool_sessions(cluster: Any, host: str) -> set[int]:
    return {pid for (pid,) in cluster.node(host).query("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")}


def test_standbys_serve_reads_and_the_primary_when_there_is_none(cluster: Any, pool: Any, wait_until: Any) -> None:
    with pool.connection("standby") as connection:
        assert pool.host_of(connection) in cluster.standbys
    for standby in cluster.standbys:
        cluster.crash(standby)
    wait_until(lambda: pool.status().state is State.DEGRADED, "the standbys to be missed")
    wait_until(
        lambda: all(host.health is Health.DOWN for host in pool.status().hosts if not host.active), "both to be down"
    )
    with pool.connection("prefer-standby") as connection:
        assert pool.host_of(connection) == cluster.primary
    with pytest.raises(NoHostAvailable), pool.connection("standby", timeout=0.1):
        pytest.fail("there is no standby")
