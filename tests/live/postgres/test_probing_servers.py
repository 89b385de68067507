"""What probes report of real servers: role, timeline, lag, position; with privileges and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from failoverkit_postgres import hooks
from failoverkit_postgres.probing import STATEMENT
from failoverkit_postgres.testing import PostgresCluster

from failoverkit.model import Host, Report, Role
from failoverkit.testing import Direction, FaultProxy
from failoverkit.testing.servers.waiting import wait_until

Open = Callable[..., Any]
Run = Callable[[Any, str], list[tuple[Any, ...]]]


def probe(connection: Any) -> Report:
    return hooks.failoverkit_probe(connection)


@pytest.fixture
def monitoring_user(servers: PostgresCluster) -> Iterator[None]:
    """The user may read statistics."""
    primary = servers.node(servers.primary)
    primary.query("GRANT pg_monitor TO app")
    servers.wait_replicating()
    yield
    servers.node(servers.primary).query("REVOKE pg_monitor FROM app")


def test_one_lineage_and_timeline(servers: PostgresCluster, connect: Open) -> None:
    reports = [probe(connect(host)) for host in servers.hosts]
    (identifier,) = servers.node(servers.primary).query("SELECT system_identifier::text FROM pg_control_system()")[0]
    assert [report.role for report in reports] == [Role.PRIMARY, Role.STANDBY, Role.STANDBY]
    assert {(report.epoch, report.lineage) for report in reports} == {(1, identifier)}


def test_a_standby_that_has_all_has_no_lag(servers: PostgresCluster, standby: Host, connect: Open) -> None:
    servers.node(servers.primary).query("SELECT txid_current()")
    servers.wait_replicating()
    report = probe(connect(standby))
    assert (report.lag, report.lag_bytes) == (0.0, 0)


def test_positions_grow_with_the_log(servers: PostgresCluster, primary: Host, standby: Host, connect: Open) -> None:
    writer = connect(primary)
    before = probe(writer).position
    servers.node(primary.name).query("CREATE TABLE IF NOT EXISTS grown (n int)")
    servers.node(primary.name).query("INSERT INTO grown VALUES (1)")
    servers.wait_replicating()
    written, replayed = probe(writer).position, probe(connect(standby)).position
    assert None not in {before, written, replayed}
    compare = "SELECT %s::pg_lsn < %s::pg_lsn, %s::pg_lsn <= %s::pg_lsn"
    assert servers.node(primary.name).query(compare, before, written, written, replayed) == [(True, True)]


def test_a_standby_that_does_not_replay_lags(servers: PostgresCluster, standby: Host, connect: Open) -> None:
    node = servers.node(standby.name)
    node.query("SELECT pg_wal_replay_pause()")
    try:
        wait_until(lambda: node.query("SELECT pg_get_wal_replay_pause_state()") == [("paused",)], "the pause")
        servers.node(servers.primary).query("CREATE TABLE IF NOT EXISTS lagging (n int)")
        servers.node(servers.primary).query("INSERT INTO lagging VALUES (1)")
        connection = connect(standby)
        wait_until(lambda: (probe(connection).lag_bytes or 0) > 0, "the standby to receive what it does not replay")
        report = probe(connection)
        assert report.lag is None or report.lag >= 0.0
        assert report.lag != 0.0
    finally:
        node.query("SELECT pg_wal_replay_resume()")


def test_a_standby_without_a_sender_does_not_know_its_lag(
    cluster: PostgresCluster, standby: Host, connect: Open
) -> None:
    connection = connect(standby)
    assert probe(connection).lag == 0.0
    cluster.crash(cluster.primary)
    wait_until(lambda: probe(connection).lag is None, "the standby to notice")
    report = probe(connection)
    assert (report.role, report.lag_bytes, report.epoch) == (Role.STANDBY, None, 1)


def test_a_promotion_is_seen_on_the_same_connection(cluster: PostgresCluster, standby: Host, connect: Open) -> None:
    connection = connect(standby)
    before = probe(connection)
    cluster.crash(cluster.primary)
    cluster.promote(standby.name)
    assert hooks.failoverkit_role(connection) is Role.STANDBY, "nothing was asked yet"
    after = probe(connection)
    assert (before.role, after.role) == (Role.STANDBY, Role.PRIMARY)
    assert (before.epoch, after.epoch) == (1, 2)
    assert before.lineage == after.lineage
    assert hooks.failoverkit_role(connection) is Role.PRIMARY, "the answer brought the news"


def test_each_promotion_is_a_new_epoch(cluster: PostgresCluster, connect: Open) -> None:
    for expected in (2, 3, 4):
        cluster.switch_over(cluster.standbys[0])
        host = next(host for host in cluster.hosts if host.name == cluster.primary)
        assert probe(connect(host)).epoch == expected


def test_a_resumed_primary_shows_its_old_epoch(
    cluster: PostgresCluster, primary: Host, standby: Host, connect: Open
) -> None:
    connection = connect(primary)
    cluster.freeze(primary.name)
    cluster.promote(standby.name)
    cluster.resume(primary.name)
    stale, fresh = probe(connection), probe(connect(standby))
    assert (stale.role, fresh.role) == (Role.PRIMARY, Role.PRIMARY)
    assert stale.epoch is not None
    assert fresh.epoch is not None
    assert stale.epoch < fresh.epoch


@pytest.mark.usefixtures("monitoring_user")
def test_a_standby_tells_whom_it_follows_to_those_who_may_know(cluster: PostgresCluster, connect: Open) -> None:
    cluster.switch_over(cluster.standbys[0])
    cluster.wait_replicating()
    reports = [probe(connect(host)) for host in cluster.hosts]
    assert {report.epoch for report in reports} == {2}


RESTRICTED = {
    "FUNCTION pg_control_system()": "lineage",
    "FUNCTION pg_current_wal_lsn()": "epoch",
    "FUNCTION pg_walfile_name(pg_lsn)": "epoch",
}


@pytest.mark.parametrize(("revoked", "unknown"), RESTRICTED.items())
def test_a_missing_privilege_costs_its_field_alone(
    revoked: str, unknown: str, cluster: PostgresCluster, primary: Host, connect: Open
) -> None:
    privilege = "EXECUTE ON " + revoked
    cluster.node(primary.name).query(f"REVOKE {privilege} FROM PUBLIC")
    report = probe(connect(primary))
    known = {name for name in ("epoch", "lineage", "lag") if getattr(report, name) is not None}
    assert report.role is Role.PRIMARY
    assert known == {"epoch", "lineage", "lag"} - {unknown}


def test_a_missing_privilege_is_asked_about_once(
    cluster: PostgresCluster, primary: Host, connect: Open, run: Run
) -> None:
    cluster.node(primary.name).query("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    log = cluster.node(primary.name).home / "log"
    before = log.read_text().count("permission denied")
    connection = connect(primary)
    assert probe(connection) == probe(connection)
    assert log.read_text().count("permission denied") == before + 1


def test_a_standby_without_the_statistics_view(cluster: PostgresCluster, standby: Host, connect: Open) -> None:
    cluster.node(cluster.primary).query("REVOKE SELECT ON pg_stat_wal_receiver FROM PUBLIC")
    cluster.wait_replicating()
    report = probe(connect(standby))
    assert (report.role, report.epoch, report.lag) == (Role.STANDBY, 1, None)
    assert report.position is not None


def test_a_primary_that_an_administrator_made_read_only_is_a_primary(primary: Host, connect: Open) -> None:
    connection = connect(primary, options="-c default_transaction_read_only=on")
    assert probe(connection).role is Role.PRIMARY
    assert hooks.failoverkit_role(connection) is Role.PRIMARY


def test_a_probe_takes_one_round_trip(proxied: Host, connect: Open, proxy: FaultProxy) -> None:
    """psycopg2 sends each statement as a message of its own: the second would be the one that is cut."""
    connection = connect(proxied)
    probe(connection)
    proxy.cut_after(len(b"Q") + 4 + len(STATEMENT) + 1 + 1, Direction.TO_SERVER)
    assert probe(connection).role is Role.PRIMARY
    with pytest.raises(psycopg2.OperationalError):
        probe(connection)
