"""A FailoverPool over MariaDB with default settings, under load, and what becomes of its primary."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pymysql
import pymysql.err
import pytest
from failoverkit_mysql.testing import MariaDBCluster

from failoverkit import Health, NoHostAvailable, OutcomeUnknown, PoolTimeout, Secret, State
from failoverkit.clock import monotonic
from failoverkit.events import ActiveChanged, ConnectionsAborted, HostHealthChanged, HostProblem, HostQuarantined
from failoverkit.testing import Background

PLENTY = 20.0


def assert_nothing_lost(verdict: Any) -> None:
    assert verdict.acknowledged > 0
    assert (verdict.lost, verdict.doubled, verdict.phantom) == (0, 0, 0)
    assert verdict.found == verdict.acknowledged + verdict.unknown_found


def host_status(pool: Any, name: str) -> Any:
    return next(host for host in pool.status().hosts if host.name == name)


def name_of(proxied: Any, real: str) -> str:
    return next(name for name, known in proxied.real_names.items() if known == real)


def test_sigkill(cluster: Any, pool: Any, load: Any) -> None:
    old = cluster.primary
    cluster.crash(old)
    new = cluster.most_advanced()
    cluster.promote(new)
    load.wait_until_all_write(on=new)
    assert (pool.status().active, pool.status().state) == (new, State.FAILED_OVER)
    failed = [attempt.worker for attempt in load.workload.writes.since(0.0) if attempt.error]
    assert len(failed) == len(set(failed)), "at most one error per writer"
    assert_nothing_lost(load.finish())


def test_an_orderly_stop(cluster: Any, pool: Any, load: Any) -> None:
    old = cluster.primary
    cluster.stop_fast(old)
    new = cluster.most_advanced()
    cluster.promote(new)
    load.wait_until_all_write(on=new)
    assert pool.status().active == new
    assert_nothing_lost(load.finish())


def test_sigstop_frees_the_callers_and_the_woken_primary_gets_no_write(
    cluster: Any, pool: Any, load: Any, events: Any
) -> None:
    """There is no epoch: the old primary is under quarantine because the pool left it while it was one."""
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
    events.wait_for(HostHealthChanged, host=old, health=Health.UP)
    load.wait_until_all_write(on=new)
    assert [attempt for attempt in load.workload.writes.since(woken_at) if attempt.host == old] == []
    assert events.of(HostQuarantined, host=old)
    assert host_status(pool, old).quarantined
    assert pool.status().active == new
    assert_nothing_lost(load.finish())


def test_a_former_primary_that_comes_back_as_a_standby_is_let_out(
    cluster: Any, pool: Any, load: Any, wait_until: Any
) -> None:
    old = cluster.primary
    cluster.freeze(old)
    cluster.promote(new := cluster.most_advanced())
    load.wait_until_all_write(on=new)
    cluster.rejoin(old)
    wait_until(lambda: host_status(pool, old).health is Health.UP, "the host to be back")
    wait_until(lambda: not host_status(pool, old).quarantined, "the quarantine to end")
    assert pool.status().active == new
    assert_nothing_lost(load.finish())


def test_a_planned_switchover(cluster: Any, pool: Any, load: Any, wait_until: Any) -> None:
    """The sessions live on and find their host read-only: 1290, which is no loss."""
    new = cluster.standbys[0]
    cluster.switch_over(new)
    load.wait_until_all_write(on=new)
    assert pool.status().active == new
    wait_until(lambda: all(host.health is Health.UP for host in pool.status().hosts), "all hosts to be up")
    assert_nothing_lost(load.finish())


def test_a_restart_of_the_same_primary(cluster: Any, pool: Any, load: Any, events: Any) -> None:
    primary = cluster.primary
    cluster.restart(primary)
    load.wait_until_all_write(on=primary)
    assert {event.active for event in events.of(ActiveChanged)} <= {primary, None}
    assert_nothing_lost(load.finish())


def test_a_stalled_network_is_survived(
    proxied: Any, open_pool: Callable[..., Any], running_load: Any, events: Any
) -> None:
    pool = open_pool(proxied.settings)
    with running_load(pool) as load:
        proxied.proxies["n1"].stall()
        proxied.cluster.promote(new := proxied.cluster.most_advanced())
        load.wait_until_all_write(on=name_of(proxied, new))
        events.wait_for(ConnectionsAborted, host="n1")
        back_at = monotonic()
        proxied.proxies["n1"].forward()
        events.wait_for(HostHealthChanged, host="n1", health=Health.UP)
        load.wait_until_all_write(on=name_of(proxied, new))
        assert [attempt for attempt in load.workload.writes.since(back_at) if attempt.host == "n1"] == []
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
        load.wait_until_all_write(on=name_of(proxied, new))
        assert_nothing_lost(load.finish())


def test_a_reset_network_is_no_reason_to_leave(proxied: Any, open_pool: Callable[..., Any], running_load: Any) -> None:
    pool = open_pool(proxied.settings)
    with running_load(pool) as load:
        proxied.proxies["n1"].reset()
        load.wait_until_all_write(on="n1")
        assert any(attempt.error for attempt in load.workload.writes.since(0.0))
        assert pool.status().active == "n1"
        assert_nothing_lost(load.finish())


def test_a_wrong_password_is_the_callers_to_see(
    cluster: Any, open_pool: Callable[..., Any], events: Any, wait_until: Any
) -> None:
    pool = open_pool(dataclasses.replace(cluster.settings, password=Secret("wrong-and-secret")), ready=False)
    began = monotonic()
    with pytest.raises(NoHostAvailable) as caught, pool.connection(timeout=3 * PLENTY):
        pytest.fail("nothing could be lent")
    assert monotonic() - began < PLENTY, "every host refuses: nobody waits for the deadline"
    assert all("Access denied" in reason for reason in caught.value.reasons.values())
    assert "wrong-and-secret" not in str(caught.value)
    wait_until(lambda: len(events.of(HostProblem)) == 3, "observers to hear of every host")
    assert events.of(HostHealthChanged) == []


def test_too_many_connections_waits_and_fails_nothing_over(open_pool: Callable[..., Any], events: Any) -> None:
    with MariaDBCluster(standbys=1, max_connections=10) as servers:
        pool = open_pool(servers.url, max_size=8)
        others = []
        with pytest.raises(pymysql.err.OperationalError, match="Too many connections"):  # noqa: PT012 - as many as fit
            while True:
                others.append(_connect(servers))
        with pool.connection(), pytest.raises(PoolTimeout) as caught, pool.connection(timeout=1.0):
            pytest.fail("the server was full")
        assert caught.value.stage == "connect"
        assert caught.value.__cause__.args[0] == 1040  # type: ignore[union-attr]
        assert pool.status().active == servers.primary
        assert events.of(HostHealthChanged, health=Health.SUSPECT) == []
        for connection in others:
            connection.close()
        with pool.connection(), pool.connection(timeout=PLENTY) as second:
            second.cursor().execute("SELECT 1")


def _connect(servers: Any) -> Any:
    settings = servers.settings
    host = settings.hosts[0]
    return pymysql.connect(
        host=host.address, port=host.port, user=settings.user, password=settings.password.reveal(), ssl_disabled=True
    )


def test_a_fresh_semi_synchronous_primary_that_nobody_follows(open_pool: Callable[..., Any], wait_until: Any) -> None:
    """Its first commit waits 10 s for a standby's word. The caller waits with it; nothing is written twice."""
    with MariaDBCluster(standbys=1, synchronous=True) as servers:
        pool = open_pool(servers.url)
        with pool.connection() as connection:
            connection.cursor().execute("CREATE TABLE paid (n int)")
        servers.crash(servers.primary)
        servers.promote(new := servers.standbys[0])
        wait_until(lambda: pool.status().active == new, "the pool to follow")
        began = monotonic()
        with pool.connection() as connection:
            connection.cursor().execute("INSERT INTO paid VALUES (1)")
        assert monotonic() - began > 5.0, "there was no stall to survive"
        assert pool.status().active == new
        assert servers.node(new).query("SELECT n FROM paid") == [(1,)]


def test_the_primary_dies_while_a_commit_waits_for_a_standby(open_pool: Callable[..., Any], wait_until: Any) -> None:
    """Whether the row is there nobody knows, and the caller is told so."""
    with MariaDBCluster(standbys=1, synchronous=True) as servers:
        pool = open_pool(servers.url)
        with pool.connection() as connection:
            connection.cursor().execute("CREATE TABLE paid (n int)")
        primary, standby = servers.node(servers.primary), servers.node(servers.standbys[0])
        standby.freeze()

        def pay() -> None:
            with pool.connection() as connection:
                connection.cursor().execute("INSERT INTO paid VALUES (1)")

        payment = Background(pay)
        waiting = "SELECT count(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for semi-sync%%'"
        wait_until(lambda: primary.query(waiting) == [(1,)], "the commit to wait")
        primary.kill()
        assert isinstance(payment.error(PLENTY), OutcomeUnknown)
        standby.resume()
