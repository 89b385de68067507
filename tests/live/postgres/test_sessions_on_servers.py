"""Connections between two borrowers: reset, check, abort, close."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import psycopg2
import psycopg2.extras
import pytest
from failoverkit_postgres import hooks
from failoverkit_postgres.testing import PostgresCluster
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from failoverkit.model import ErrorKind, Host
from failoverkit.testing import Background, FaultProxy
from failoverkit.testing.servers.waiting import wait_until

HANG = 20.0

Open = Callable[..., Any]
Run = Callable[[Any, str], list[tuple[Any, ...]]]


def _nothing(connection: Any, run: Run) -> None:
    pass


def _transaction(connection: Any, run: Run) -> None:
    run(connection, "CREATE TEMPORARY TABLE left_behind (n int)")


def _failed_transaction(connection: Any, run: Run) -> None:
    with pytest.raises(psycopg2.errors.DivisionByZero):
        run(connection, "SELECT 1/0")


def _commit_as_statement(connection: Any, run: Run) -> None:
    run(connection, "SELECT 1")
    run(connection, "COMMIT")


def _begin_as_statement(connection: Any, run: Run) -> None:
    connection.autocommit = True
    run(connection, "BEGIN")
    run(connection, "CREATE TEMPORARY TABLE left_behind (n int)")


def _autocommit(connection: Any, run: Run) -> None:
    connection.autocommit = True
    run(connection, "SELECT 1")


def _read_only(connection: Any, run: Run) -> None:
    connection.readonly = True
    run(connection, "SELECT 1")


def _read_only_for_the_session(connection: Any, run: Run) -> None:
    connection.set_session(autocommit=True, readonly=True, isolation_level="SERIALIZABLE", deferrable=True)
    run(connection, "SELECT 1")


def _isolation(connection: Any, run: Run) -> None:
    connection.set_session(isolation_level="SERIALIZABLE", deferrable=True)


def _cursor_factory(connection: Any, run: Run) -> None:
    connection.cursor_factory = psycopg2.extras.RealDictCursor
    assert run(connection, "SELECT 1 AS n") == [{"n": 1}]  # type: ignore[comparison-overlap]
    connection.rollback()


DEEDS = [
    _nothing,
    _transaction,
    _failed_transaction,
    _commit_as_statement,
    _begin_as_statement,
    _autocommit,
    _read_only,
    _read_only_for_the_session,
    _isolation,
    _cursor_factory,
]


@pytest.mark.parametrize("deed", DEEDS)
def test_the_next_borrower_sees_nothing_of_it(
    deed: Callable[[Any, Run], None], primary: Host, connect: Open, run: Run
) -> None:
    connection = connect(primary)
    deed(connection, run)
    assert hooks.failoverkit_reset(connection) is True
    assert connection.get_transaction_status() == TRANSACTION_STATUS_IDLE

    modes = "SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')"
    assert run(connection, modes) == [("off", "read committed")]
    assert run(connection, "SELECT to_regclass('left_behind')") == [(None,)]
    run(connection, "CREATE TEMPORARY TABLE mine (n int)")
    connection.rollback()
    assert run(connection, "SELECT to_regclass('mine')") == [(None,)], "the transaction was not one"


def test_a_clean_connection_costs_no_round_trip(proxied: Host, proxy: FaultProxy, connect: Open, run: Run) -> None:
    connection = connect(proxied)
    run(connection, "SELECT 1")
    connection.commit()
    proxy.stall()
    assert Background(lambda: hooks.failoverkit_reset(connection)).result(HANG) is True


def test_a_connection_in_the_middle_of_a_copy_is_given_up(primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary)

    class Interrupted(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            assert hooks.failoverkit_reset(connection) is False
            return ""

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copied (n int)")
        cursor.copy_expert("COPY copied FROM STDIN", Interrupted())


def test_a_prepared_transaction_is_given_up(primary: Host, connect: Open) -> None:
    connection = connect(primary)
    connection.tpc_begin("failoverkit-test")
    with pytest.raises(psycopg2.Error):
        connection.tpc_prepare()  # max_prepared_transactions is 0, so the server refuses
    assert hooks.failoverkit_reset(connection) in {True, False}
    assert connection.closed or connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


def test_a_lost_connection_is_given_up(servers: PostgresCluster, primary: Host, connect: Open, run: Run) -> None:
    connection = connect(primary)
    run(connection, "SELECT 1")
    _terminate(servers, connection)
    assert hooks.failoverkit_reset(connection) is False


def test_a_terminated_session_is_found_out_without_asking(
    servers: PostgresCluster, proxied: Host, proxy: FaultProxy, connect: Open
) -> None:
    connection = connect(proxied)
    _terminate(servers, connection)
    # Whoever asked now would wait.
    proxy.stall()
    assert Background(lambda: hooks.failoverkit_check(connection)).result(HANG) is False


def test_a_notification_is_no_reason_to_fail_the_check(
    servers: PostgresCluster, primary: Host, connect: Open, run: Run
) -> None:
    connection = connect(primary)
    run(connection, "LISTEN news")
    connection.commit()
    servers.node(primary.name).query("NOTIFY news, 'good'")
    assert hooks.failoverkit_check(connection) is True
    assert [note.payload for note in connection.notifies] == ["good"]


@pytest.mark.parametrize("autocommit", [False, True])
def test_the_check_leaves_the_session_as_it_was(autocommit: bool, primary: Host, connect: Open) -> None:
    connection = connect(primary)
    connection.autocommit = autocommit
    assert hooks.failoverkit_check(connection) is True
    assert connection.autocommit is autocommit
    assert connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


@pytest.mark.parametrize("fault", ["freeze", "stall"])
def test_abort_frees_a_call_that_hangs(
    fault: str, cluster: PostgresCluster, proxied: Host, proxy: FaultProxy, primary: Host, connect: Open, run: Run
) -> None:
    connection = connect(proxied if fault == "stall" else primary)
    if fault == "stall":
        proxy.stall()
    else:
        cluster.freeze(primary.name)
    hanging = Background(lambda: run(connection, "SELECT 1"))
    assert Background(lambda: hooks.failoverkit_abort(connection)).result(HANG) is True
    assert hooks.failoverkit_classify_error(hanging.error(HANG)) is ErrorKind.CONNECTION_LOST
    assert hooks.failoverkit_reset(connection) is False


def test_abort_frees_a_check_and_a_probe(cluster: PostgresCluster, primary: Host, connect: Open) -> None:
    checked, probed = connect(primary), connect(primary)
    cluster.freeze(primary.name)
    checking = Background(lambda: hooks.failoverkit_check(checked))
    probing = Background(lambda: hooks.failoverkit_probe(probed))
    for connection in (checked, probed):
        hooks.failoverkit_abort(connection)
    assert checking.result(HANG) is False
    assert hooks.failoverkit_classify_error(probing.error(HANG)) is ErrorKind.CONNECTION_LOST


def test_abort_harms_no_other_connection(primary: Host, connect: Open, run: Run) -> None:
    first = connect(primary)
    hooks.failoverkit_close(first)
    second = connect(primary)
    assert hooks.failoverkit_abort(first) is True
    assert run(second, "SELECT 1") == [(1,)]


def test_close_does_not_wait_for_a_call_on_another_thread(
    cluster: PostgresCluster, primary: Host, connect: Open, run: Run
) -> None:
    connection = connect(primary)
    cluster.freeze(primary.name)
    hanging = Background(lambda: run(connection, "SELECT 1"))
    wait_until(lambda: connection.get_transaction_status() != TRANSACTION_STATUS_IDLE, "the statement to be sent")
    assert Background(lambda: hooks.failoverkit_close(connection)).result(HANG) is True
    assert hooks.failoverkit_classify_error(hanging.error(HANG)) is ErrorKind.CONNECTION_LOST


def test_close_tells_the_server(servers: PostgresCluster, primary: Host, connect: Open) -> None:
    connection = connect(primary, application_name="leaver")
    hooks.failoverkit_close(connection)
    hooks.failoverkit_close(connection)
    left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaver'"
    wait_until(lambda: servers.node(primary.name).query(left) == [(0,)], "the session to end")
    assert connection.closed


def _terminate(servers: PostgresCluster, connection: Any) -> None:
    """End a session as an administrator does, and wait until its socket knows."""
    backend = connection.info.backend_pid
    servers.node(servers.primary).query("SELECT pg_terminate_backend(%s, 10000)", backend)
    wait_until(connection.endpoint.is_hung_up, "the socket to hang up")
