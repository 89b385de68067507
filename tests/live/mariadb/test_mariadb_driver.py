"""The driver's hooks on real MariaDB servers; no pool, no monitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pymysql.err
import pytest
from failoverkit_mysql import hooks
from failoverkit_mysql.testing import MariaDBCluster
from pymysql.cursors import DictCursor, SSCursor

from failoverkit.model import ErrorKind, Host, Role
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing import Background, Direction, FaultProxy
from failoverkit.testing.servers.waiting import wait_until

Open = Callable[..., Any]
A_MOMENT = 0.2
HANG = 20.0
"""Far longer than any deadline here, and shorter than the faults last."""


@pytest.fixture
def proxy(primary: Host) -> Iterator[FaultProxy]:
    with FaultProxy(primary.address, primary.port or 0) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(proxy: FaultProxy) -> Host:
    return Host("proxied", proxy.host, proxy.port)


@pytest.fixture
def stock(servers: MariaDBCluster, primary: Host) -> None:
    servers.node(primary.name).query("CREATE OR REPLACE TABLE stock (id int PRIMARY KEY, n int)")
    servers.node(primary.name).query("INSERT INTO stock VALUES (1, 10)")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], list[int]]:
    """Note every command that a connection sends from now on."""

    def listen(connection: Any) -> list[int]:
        commands: list[int] = []
        execute = connection._execute_command

        def note(command: int, argument: Any) -> None:
            commands.append(command)
            execute(command, argument)

        monkeypatch.setattr(connection, "_execute_command", note)
        return commands

    return listen


def run(connection: Any, statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def failure(host: Host, settings: Settings, timeout: float = HANG) -> BaseException:
    return Background(lambda: hooks.failoverkit_connect(host, settings, timeout)).error(HANG)


def kind_of_failure(host: Host, settings: Settings, timeout: float = HANG) -> ErrorKind | None:
    return hooks.failoverkit_classify_error(failure(host, settings, timeout))


# Connecting


@pytest.mark.parametrize("fault", ["deaf", "stall", "unanswered"])
def test_the_deadline_of_a_connect_holds(fault: str, proxy: FaultProxy, behind_proxy: Host, settings: Settings) -> None:
    getattr(proxy, fault)()
    assert kind_of_failure(behind_proxy, settings, A_MOMENT) is ErrorKind.TIMEOUT


def test_the_deadline_holds_in_the_middle_of_the_login(
    proxy: FaultProxy, behind_proxy: Host, settings: Settings
) -> None:
    """The server greets, and then nothing more comes."""
    proxy.cut_after(1, Direction.TO_SERVER)
    assert kind_of_failure(behind_proxy, settings) is ErrorKind.CONNECTION_LOST
    proxy.delay(A_MOMENT / 2)
    assert kind_of_failure(behind_proxy, settings, A_MOMENT) is ErrorKind.TIMEOUT, "each packet came in time"


def test_what_is_left_behind_at_the_deadline_ends(proxy: FaultProxy, behind_proxy: Host, settings: Settings) -> None:
    proxy.stall()
    assert kind_of_failure(behind_proxy, settings, A_MOMENT) is ErrorKind.TIMEOUT
    proxy.forward()
    wait_until(lambda: proxy.open == 0, "the connection that nobody waits for to be closed")


def test_an_honest_long_query_is_not_cut(connect: Open, primary: Host) -> None:
    connection = connect(primary, timeout=0.5)
    assert run(connection, "SELECT SLEEP(1)") == ((0,),)


def test_refused_and_lost_while_connecting(proxy: FaultProxy, behind_proxy: Host, settings: Settings) -> None:
    proxy.cut_after(0)
    assert kind_of_failure(behind_proxy, settings) is ErrorKind.CONNECTION_LOST
    proxy.refuse()
    assert kind_of_failure(behind_proxy, settings) is ErrorKind.HOST_UNREACHABLE


@pytest.mark.parametrize(
    "changes", [{"password": Secret("wrong")}, {"user": "nobody"}, {"database": "nowhere"}], ids=lambda c: next(iter(c))
)
def test_who_is_refused(changes: dict[str, Any], primary: Host, settings: Settings) -> None:
    error = failure(primary, replace(settings, **changes))
    assert hooks.failoverkit_classify_error(error) is ErrorKind.REFUSED
    assert "wrong" not in str(error)


def test_a_unix_socket(servers: MariaDBCluster, connect: Open, primary: Host) -> None:
    path = str(servers.node(primary.name).home / "socket")
    for host in (
        replace(primary, address=path),
        replace(primary, options={"unix_socket": path}),
    ):
        assert run(connect(host), "SELECT SUBSTRING_INDEX(host, ':', 1) FROM information_schema.processlist"
                   " WHERE id = CONNECTION_ID()") == (("localhost",),)  # fmt: skip


def test_a_new_connection_is_in_no_mode_but_the_drivers_own(connect: Open, primary: Host) -> None:
    connection = connect(primary)
    assert run(connection, "SELECT @@autocommit, @@character_set_client") == ((0, "utf8mb4"),)


# Probing


def test_roles_lag_and_position(servers: MariaDBCluster, connect: Open, primary: Host, standby: Host) -> None:
    servers.wait_replicating()
    reports = [hooks.failoverkit_probe(connect(host)) for host in (primary, standby)]
    assert [report.role for report in reports] == [Role.PRIMARY, Role.STANDBY]
    assert [report.lag for report in reports] == [0.0, 0.0]
    assert [report.epoch for report in reports] == [None, None]
    assert all(report.fit for report in reports)


def test_position_grows(connect: Open, primary: Host, stock: None) -> None:
    connection = connect(primary)
    before = hooks.failoverkit_probe(connection).position
    run(connection, "INSERT INTO stock VALUES (2, 1)")
    connection.commit()
    after = hooks.failoverkit_probe(connection).position
    assert before is not None
    assert after is not None
    assert int(after.rsplit("-", 1)[1]) == int(before.rsplit("-", 1)[1]) + 1


@pytest.mark.parametrize("thread", ["SQL_THREAD", "IO_THREAD", ""], ids=["sql", "io", "both"])
def test_lag_is_unknown_while_a_thread_stands_still(
    cluster: MariaDBCluster, connect: Open, standby: Host, thread: str
) -> None:
    cluster.node(standby.name).query(f"STOP SLAVE {thread}")
    report = hooks.failoverkit_probe(connect(standby))
    assert (report.role, report.lag) == (Role.STANDBY, None)


def test_a_writable_server_that_follows_another_is_no_primary(
    cluster: MariaDBCluster, connect: Open, standby: Host
) -> None:
    cluster.node(standby.name).query("SET GLOBAL read_only = OFF")
    assert hooks.failoverkit_probe(connect(standby)).role is Role.STANDBY
    assert hooks.failoverkit_probe(connect(standby, multi_writer="true")).role is Role.PRIMARY


def test_without_the_privilege_to_monitor_roles_are_known_and_lag_is_not(
    cluster: MariaDBCluster, connect: Open, standby: Host, primary: Host
) -> None:
    cluster.node(primary.name).query("REVOKE SLAVE MONITOR ON *.* FROM app")
    cluster.wait_replicating()
    connection = connect(standby)
    for _ in range(2):
        report = hooks.failoverkit_probe(connection)
        assert (report.role, report.lag) == (Role.STANDBY, None)
    assert len(connection.withheld) == 1
    assert hooks.failoverkit_probe(connect(primary)).role is Role.PRIMARY
    cluster.node(standby.name).query("SET GLOBAL read_only = OFF")
    assert hooks.failoverkit_probe(connection).role is Role.STANDBY, "its threads are counted in the open"


def test_a_promotion_is_seen_on_the_same_connection(cluster: MariaDBCluster, connect: Open, standby: Host) -> None:
    connection = connect(standby)
    cluster.crash(cluster.primary)
    cluster.promote(standby.name)
    assert hooks.failoverkit_probe(connection).role is Role.PRIMARY


def test_a_probe_asks_twice_and_begins_no_transaction(
    connect: Open, primary: Host, asked: Callable[[Any], list[int]]
) -> None:
    connection = connect(primary)
    commands = asked(connection)
    hooks.failoverkit_probe(connection)
    assert len(commands) == 2
    assert hooks.failoverkit_reset(connection) is True
    assert len(commands) == 2, "there is nothing to undo"
    assert run(connection, "SELECT @@in_transaction") == ((0,),)


# Between two borrowers


def in_transaction_at_the_server(connection: Any) -> bool:
    return bool(run(connection, "SELECT @@in_transaction")[0][0])


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda c: run(c, "SELECT * FROM stock"), id="a query"),
        pytest.param(lambda c: run(c, "UPDATE stock SET n = 0"), id="a write"),
        pytest.param(lambda c: _fail(c, "INSERT INTO stock VALUES (1, 1)"), id="a failed write"),
        pytest.param(lambda c: run(c, "START TRANSACTION READ ONLY"), id="a read-only transaction"),
        pytest.param(lambda c: c.autocommit(True), id="autocommit"),
        pytest.param(lambda c: setattr(c, "cursorclass", DictCursor), id="a cursor class"),
    ],
)
def test_reset_leaves_nothing_of_the_transaction(
    connect: Open, primary: Host, stock: None, leave: Callable[[Any], object]
) -> None:
    connection = connect(primary)
    leave(connection)
    assert hooks.failoverkit_reset(connection) is True
    assert not in_transaction_at_the_server(connection)
    assert run(connection, "SELECT @@autocommit") == ((0,),)
    other = connect(primary)
    run(other, "SET innodb_lock_wait_timeout = 1")
    run(other, "UPDATE stock SET n = n + 1")
    other.commit()


def _fail(connection: Any, statement: str) -> None:
    with pytest.raises(pymysql.err.IntegrityError):
        run(connection, statement)


def test_reset_of_a_clean_connection_asks_nothing(
    proxy: FaultProxy, behind_proxy: Host, connect: Open, stock: None
) -> None:
    connection = connect(behind_proxy)
    run(connection, "UPDATE stock SET n = 3")
    connection.commit()
    proxy.stall()
    assert Background(lambda: hooks.failoverkit_reset(connection)).result(HANG) is True


def test_rows_that_nobody_read_end_the_connection(connect: Open, primary: Host) -> None:
    connection = connect(primary)
    cursor = connection.cursor(SSCursor)
    cursor.execute("SELECT seq FROM seq_1_to_100000")
    assert hooks.failoverkit_reset(connection) is False
    hooks.failoverkit_close(connection)


def test_an_interrupted_call_ends_the_connection(connect: Open, primary: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between question and answer came Ctrl-C: the answer would be taken for that of the next question."""
    connection = connect(primary)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pymysql.connections.MySQLResult.read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(connection, "SELECT 1")
    assert hooks.failoverkit_reset(connection) is False


def test_a_lock_wait_timeout_undoes_the_statement_alone_and_reset_the_rest(
    connect: Open, primary: Host, stock: None
) -> None:
    holder, waiter = connect(primary), connect(primary)
    run(holder, "UPDATE stock SET n = 0 WHERE id = 1")
    run(waiter, "SET innodb_lock_wait_timeout = 1")
    run(waiter, "INSERT INTO stock VALUES (7, 7)")
    with pytest.raises(pymysql.err.OperationalError) as caught:
        run(waiter, "UPDATE stock SET n = 1 WHERE id = 1")
    assert caught.value.args[0] == 1205
    assert hooks.failoverkit_classify_error(caught.value) is ErrorKind.RETRYABLE
    assert in_transaction_at_the_server(waiter), "the first statement still stands"
    assert hooks.failoverkit_reset(waiter) is True
    waiter.commit()
    assert run(connect(primary), "SELECT count(*) FROM stock WHERE id = 7") == ((0,),)


def test_a_read_only_transaction_of_ones_own_is_no_change_of_role(connect: Open, primary: Host, stock: None) -> None:
    connection = connect(primary)
    run(connection, "START TRANSACTION READ ONLY")
    with pytest.raises(pymysql.err.Error) as caught:
        run(connection, "UPDATE stock SET n = 1")
    assert caught.value.args[0] == 1792
    assert hooks.failoverkit_classify_error(caught.value) is ErrorKind.OTHER


def test_a_write_on_a_standby_is_a_change_of_role(connect: Open, standby: Host) -> None:
    with pytest.raises(pymysql.err.Error) as caught:
        run(connect(standby), "CREATE TABLE nothing (n int)")
    assert caught.value.args[0] == 1290
    assert hooks.failoverkit_classify_error(caught.value) is ErrorKind.ROLE_CHANGED


def test_a_session_that_was_killed_is_found_without_asking(
    servers: MariaDBCluster, connect: Open, primary: Host, asked: Callable[[Any], list[int]]
) -> None:
    connection = connect(primary)
    commands = asked(connection)
    servers.node(primary.name).query(f"KILL {connection.thread_id()}")
    wait_until(connection.endpoint.is_hung_up, "the server to hang up")
    assert hooks.failoverkit_check(connection) is False
    assert commands == []


def test_check_is_freed_by_abort(proxy: FaultProxy, behind_proxy: Host, connect: Open) -> None:
    connection = connect(behind_proxy)
    proxy.stall()
    checking = Background(lambda: hooks.failoverkit_check(connection))
    assert checking.running
    hooks.failoverkit_abort(connection)
    assert checking.result(HANG) is False


def test_the_server_is_told_of_a_close(servers: MariaDBCluster, connect: Open, primary: Host) -> None:
    node = servers.node(primary.name)
    aborted = "SHOW GLOBAL STATUS LIKE 'Aborted_clients'"
    before = node.query(aborted)
    connection = connect(primary)
    number = connection.thread_id()
    run(connection, "SELECT 1")
    hooks.failoverkit_close(connection)
    wait_until(
        lambda: not node.query("SELECT 1 FROM information_schema.processlist WHERE id = %s", number),
        "the session to end",
    )
    assert node.query(aborted) == before


def test_close_frees_a_thread_that_waits(servers: MariaDBCluster, connect: Open, primary: Host) -> None:
    connection = connect(primary)
    number = connection.thread_id()
    statement = Background(lambda: run(connection, "SELECT SLEEP(60)"))
    at_work = "SELECT 1 FROM information_schema.processlist WHERE id = %s AND state = 'User sleep'"
    wait_until(lambda: bool(servers.node(primary.name).query(at_work, number)), "the statement to begin")
    Background(lambda: hooks.failoverkit_close(connection)).result(HANG)
    assert hooks.failoverkit_classify_error(statement.error(HANG)) is ErrorKind.CONNECTION_LOST
