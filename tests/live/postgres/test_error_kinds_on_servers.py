"""The kinds of errors that real servers raise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from failoverkit_postgres import hooks
from failoverkit_postgres.testing import PostgresCluster

from failoverkit.model import ErrorKind, Host
from failoverkit.testing import Background, FaultProxy, Moment
from failoverkit.testing.servers.waiting import wait_until

HANG = 20.0

Open = Callable[..., Any]
Run = Callable[[Any, str], list[tuple[Any, ...]]]


def kind_of(work: Callable[[], Any]) -> ErrorKind | None:
    return hooks.failoverkit_classify_error(Background(work).error(HANG))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE refused (n int)",
        "CREATE TEMPORARY TABLE refused (n int)",
        "NOTIFY news",
        "SET TRANSACTION READ WRITE",
        "SELECT pg_current_wal_lsn()",
    ],
)
def test_standby_refuses(statement: str, standby: Host, connect: Open, run: Run) -> None:
    connection = connect(standby)
    assert kind_of(lambda: run(connection, statement)) is ErrorKind.ROLE_CHANGED


@pytest.mark.parametrize("how", ["psycopg2", "statement", "option"])
def test_read_only_by_ones_own_wish_is_no_change_of_role(how: str, primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary, **({"options": "-c default_transaction_read_only=on"} if how == "option" else {}))
    if how == "psycopg2":
        connection.readonly = True
    elif how == "statement":
        run(connection, "SET TRANSACTION READ ONLY")
    assert kind_of(lambda: run(connection, "CREATE TABLE refused (n int)")) is ErrorKind.OTHER


def test_deadlock(primary: Host, connect: Open, run: Run) -> None:
    both_locked = threading.Barrier(2)

    def lock(first: int, second: int) -> Any:
        connection = connect(primary)
        run(connection, f"SELECT pg_advisory_xact_lock({first})")
        both_locked.wait(HANG)
        run(connection, f"SELECT pg_advisory_xact_lock({second})")
        connection.rollback()

    workers = [Background(lambda: lock(1, 2)), Background(lambda: lock(2, 1))]
    kinds = []
    for worker in workers:
        try:
            worker.result(HANG)
        except psycopg2.Error as error:
            kinds.append(hooks.failoverkit_classify_error(error))
    assert kinds == [ErrorKind.RETRYABLE]


def test_serialization_failure(servers: PostgresCluster, primary: Host, connect: Open, run: Run) -> None:
    servers.node(primary.name).query("CREATE TABLE IF NOT EXISTS counted (n int)")
    servers.node(primary.name).query("INSERT INTO counted VALUES (1)")
    servers.node(primary.name).query("GRANT ALL ON counted TO app")
    first, second = connect(primary), connect(primary)
    for connection in (first, second):
        connection.set_session(isolation_level="REPEATABLE READ")
        run(connection, "SELECT n FROM counted")
    run(first, "UPDATE counted SET n = n + 1")
    first.commit()
    assert kind_of(lambda: run(second, "UPDATE counted SET n = n + 1")) is ErrorKind.RETRYABLE


def test_terminated_session(servers: PostgresCluster, primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary)
    servers.node(primary.name).query("SELECT pg_terminate_backend(%s, 10000)", connection.info.backend_pid)
    assert kind_of(lambda: run(connection, "SELECT 1")) is ErrorKind.CONNECTION_LOST
    assert kind_of(lambda: run(connection, "SELECT 1")) is ErrorKind.CONNECTION_LOST


def test_session_that_was_idle_too_long(primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary, options="-c idle_in_transaction_session_timeout=1")
    run(connection, "SELECT 1")
    wait_until(connection.endpoint.is_hung_up, "the session to be ended")
    assert kind_of(lambda: run(connection, "SELECT 1")) is ErrorKind.CONNECTION_LOST


@pytest.mark.parametrize("stop", ["crash", "stop_fast", "stop_immediate"])
def test_server_that_goes_away(stop: str, cluster: PostgresCluster, primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary)
    sleeping = Background(lambda: run(connection, "SELECT pg_sleep(60)"))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    wait_until(lambda: cluster.node(primary.name).query(waits) == [(1,)], "the statement to run")
    getattr(cluster, stop)(primary.name)
    assert hooks.failoverkit_classify_error(sleeping.error(HANG)) is ErrorKind.CONNECTION_LOST


@pytest.mark.parametrize("moment", Moment)
def test_connection_cut_at_commit(
    moment: Moment, proxy: FaultProxy, proxied: Host, connect: Open, run: Run, servers: PostgresCluster
) -> None:
    """Before: the server never saw the COMMIT. After: it committed, and nobody heard. The error is the same."""
    node = servers.node(servers.primary)
    node.query("DROP TABLE IF EXISTS cut")
    node.query("CREATE TABLE cut (n int)")
    node.query("GRANT ALL ON cut TO app")
    connection = connect(proxied)
    run(connection, "INSERT INTO cut VALUES (1)")
    proxy.cut_at(b"COMMIT", moment)
    assert kind_of(connection.commit) is ErrorKind.CONNECTION_LOST
    ended = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'idle in transaction'"
    wait_until(lambda: node.query(ended) == [(0,)], "the server to end the session")
    assert node.query("SELECT count(*) FROM cut") == [(1 if moment is Moment.AFTER else 0,)]


def test_reset_by_the_network(proxy: FaultProxy, proxied: Host, connect: Open, run: Run) -> None:
    connection = connect(proxied)
    proxy.reset()
    assert kind_of(lambda: run(connection, "SELECT 1")) is ErrorKind.CONNECTION_LOST


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT 1/0", ErrorKind.OTHER),
        ("SELECT * FROM no_such_table", ErrorKind.OTHER),
        ("nonsense", ErrorKind.OTHER),
        ("COPY pg_class TO '/no/such/file'", ErrorKind.REFUSED),
        ("SELECT * FROM pg_authid", ErrorKind.REFUSED),
        ("SET statement_timeout = 1; SELECT pg_sleep(60)", ErrorKind.OTHER),
    ],
)
def test_what_a_statement_did_wrong(statement: str, kind: ErrorKind, primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary)
    assert kind_of(lambda: run(connection, statement)) is kind
