"""The primary dies, stops, freezes or is cut off, under load and with default settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from failoverkit import Health, State
from failoverkit.clock import monotonic
from failoverkit.events import ActiveChanged, ConnectionsAborted, HostHealthChanged, StalePrimary


def assert_nothing_lost(verdict: Any) -> None:
    assert verdict.acknowledged > 0
    assert (verdict.lost, verdict.doubled, verdict.phantom) == (0, 0, 0)
    assert verdict.found == verdict.acknowledged + verdict.unknown_found


def host_status(pool: Any, name: str) -> Any:
    return next(host for host in pool.status().hosts if host.name == name)


def test_sigkill(cluster: Any, pool: Any, load: Any) -> None:
    old = cluster.primary
    cluster.crash(old)
    new = cluster.most_advanced()
    cluster.promote(new)
    load.wait_until_all_write(on=new)
    assert pool.status().active == new
    assert pool.status().state is State.FAILED_OVER
    failed = [attempt.worker for attempt in load.workload.writes.since(0.0) if attempt.error]
    assert len(failed) == len(set(failed)), "at most one error per writer"
    assert_nothing_lost(load.finish())


@pytest.mark.parametrize("how", ["stop_fast", "stop_immediate"])
def test_an_orderly_stop(cluster: Any, pool: Any, load: Any, how: str) -> None:
    old = cluster.primary
    getattr(cluster, how)(old)
    new = cluster.most_advanced()
    cluster.promote(new)
    load.wait_until_all_write(on=new)
    assert pool.status().active == new
    assert_nothing_lost(load.finish())


def test_sigstop_frees_the_callers_and_the_woken_primary_gets_no_write(
    cluster: Any, pool: Any, load: Any, events: Any
) -> None:
    old = cluster.primary
    cluster.freeze(old)
    frozen_at = monotonic()
    new = cluster.most_advanced()
    cluster.promote(new)
    load.wait_until_all_write(on=new)
    events.wait_for(ConnectionsAborted, host=old)
    assert load.workload.writes.under_way_since_before(frozen_at) == []

    woken_at = monotonic()
    cluster.resume(old)
    events.wait_for(StalePrimary, host=old)
    events.wait_for(HostHealthChanged, host=old, health=Health.UP)
    load.wait_until_all_write(on=new)
    assert [a for a in load.workload.writes.since(woken_at) if a.host == old] == []
    assert host_status(pool, old).stale
    rows_there = set(cluster.node(old).query("SELECT writer, number FROM workload"))
    assert_nothing_lost(load.finish())
    assert rows_there <= set(cluster.node(new).query("SELECT writer, number FROM workload"))


def test_a_stalled_network_is_survived(
    proxied: Any, open_pool: Callable[..., Any], running_load: Any, events: Any
) -> None:
    pool = open_pool(proxied.settings)
    with running_load(pool) as load:
        proxied.proxies["n1"].stall()
        new = proxied.cluster.most_advanced()
        proxied.cluster.promote(new)
        name = next(n for n, real in proxied.real_names.items() if real == new)
        load.wait_until_all_write(on=name)
        events.wait_for(ConnectionsAborted, host="n1")
        proxied.proxies["n1"].forward()
        events.wait_for(StalePrimary, host="n1")
        verdict = load.finish()
    # What was in the stalled pipe may have reached the old primary, but never the new one.
    assert_nothing_lost(verdict)


def test_a_reset_network_is_no_reason_to_leave(proxied: Any, open_pool: Callable[..., Any], running_load: Any) -> None:
    pool = open_pool(proxied.settings)
    with running_load(pool) as load:
        proxied.proxies["n1"].reset()
        load.wait_until_all_write(on="n1")
        assert any(attempt.error for attempt in load.workload.writes.since(0.0))
        assert pool.status().active == "n1"
        assert_nothing_lost(load.finish())


def test_a_refused_port_is_survived(
    proxied: Any, open_pool: Callable[..., Any], running_load: Any, events: Any
) -> None:
    pool = open_pool(proxied.settings)
    with running_load(pool) as load:
        proxied.proxies["n1"].refuse()
        proxied.proxies["n1"].reset()
        events.wait_for(HostHealthChanged, host="n1", health=Health.DOWN)
        proxied.cluster.promote(new := proxied.cluster.most_advanced())
        load.wait_until_all_write(on=next(n for n, real in proxied.real_names.items() if real == new))
        assert_nothing_lost(load.finish())


def test_a_restart_of_the_same_primary(cluster: Any, pool: Any, load: Any, events: Any) -> None:
    primary = cluster.primary
    cluster.restart(primary)
    load.wait_until_all_write(on=primary)
    assert pool.status().active == primary
    assert {event.active for event in events.of(ActiveChanged)} <= {primary, None}
    assert_nothing_lost(load.finish())


def test_one_terminated_session_is_no_failover(cluster: Any, pool: Any, events: Any) -> None:
    with pytest.raises(psycopg2.OperationalError) as caught, pool.connection() as connection:  # noqa: PT012
        cursor = connection.cursor()
        cursor.execute("SELECT pg_backend_pid()")
        cluster.node(cluster.primary).query("SELECT pg_terminate_backend(%s)", cursor.fetchone()[0])
        cursor.execute("SELECT 1")
    assert any(cluster.primary in note for note in caught.value.__notes__)
    with pool.connection() as connection:
        connection.cursor().execute("SELECT 1")
    events.wait_for(HostHealthChanged, host=cluster.primary, previous=Health.SUSPECT, health=Health.UP)
    assert [event.active for event in events.of(ActiveChanged)] == [cluster.primary]


PROBE_SESSION = (
    "SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND query ILIKE '%pg_is_in_recovery%'"
    " AND pid <> pg_backend_pid()"
)


def test_a_terminated_probe_session_is_no_evidence(cluster: Any, pool: Any, events: Any, wait_until: Any) -> None:
    node = cluster.node(cluster.primary)
    for _ in range(3):
        ((pid,),) = node.query(PROBE_SESSION)
        node.query("SELECT pg_terminate_backend(%s)", pid)
        wait_until(lambda pid=pid: node.query(PROBE_SESSION) not in ([], [(pid,)]), "the next probe's session")
    assert pool.status().state is State.HEALTHY
    assert events.of(HostHealthChanged, previous=Health.UP) == []


def test_a_planned_switchover(cluster: Any, pool: Any, load: Any, wait_until: Any) -> None:
    new = cluster.standbys[0]
    cluster.switch_over(new)
    load.wait_until_all_write(on=new)
    assert pool.status().active == new
    wait_until(lambda: all(host.health is Health.UP for host in pool.status().hosts), "all hosts to be up")
    assert_nothing_lost(load.finish())


def test_a_hung_probe_alone_costs_nobody_a_connection(cluster: Any, pool: Any, events: Any, wait_until: Any) -> None:
    """The backend that serves the monitor freezes; the server is well."""
    ((pid,),) = cluster.node(cluster.primary).query(PROBE_SESSION)
    os.kill(pid, signal.SIGSTOP)
    try:
        events.wait_for(HostHealthChanged, host=cluster.primary, previous=Health.UP, health=Health.SUSPECT)
        events.wait_for(HostHealthChanged, host=cluster.primary, previous=Health.SUSPECT, health=Health.UP)
        with pool.connection() as connection:
            connection.cursor().execute("SELECT 1")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [event.active for event in events.of(ActiveChanged)] == [cluster.primary]
    assert events.of(ConnectionsAborted) == []
