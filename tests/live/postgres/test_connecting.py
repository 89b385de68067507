"""Connecting: who we are, how long it may take, and why it failed."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from failoverkit_postgres import hooks
from failoverkit_postgres.testing import PostgresCluster

from failoverkit.model import ErrorKind, Host
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing import Background, FaultProxy
from failoverkit.testing.servers.waiting import wait_until

A_MOMENT = 0.2
HANG = 20.0
"""Far longer than any deadline here, and shorter than the faults last."""


def failure(host: Host, settings: Settings, timeout: float = HANG) -> BaseException:
    return Background(lambda: hooks.failoverkit_connect(host, settings, timeout)).error(HANG)


def kind_of_failure(host: Host, settings: Settings, timeout: float = HANG) -> ErrorKind | None:
    return hooks.failoverkit_classify_error(failure(host, settings, timeout))


def assert_given_up(error: BaseException) -> None:
    assert hooks.failoverkit_classify_error(error) is ErrorKind.TIMEOUT
    assert f"after {A_MOMENT} s" in str(error), "libpq's own timeout, of whole seconds, was first"


@pytest.mark.parametrize("fault", ["deaf", "stall", "unanswered"])
def test_deadline_holds_against(fault: str, proxy: FaultProxy, proxied: Host, settings: Settings) -> None:
    getattr(proxy, fault)()
    assert_given_up(failure(proxied, settings, A_MOMENT))


def test_deadline_holds_against_a_frozen_server(cluster: PostgresCluster, primary: Host, settings: Settings) -> None:
    cluster.freeze(primary.name)
    assert_given_up(failure(primary, settings, A_MOMENT))


def test_what_is_left_behind_at_the_deadline_ends(
    proxy: FaultProxy, proxied: Host, settings: Settings, servers: PostgresCluster
) -> None:
    """The session of a connection that came too late is closed, not kept by nobody."""
    late = dataclasses.replace(settings, options={"application_name": "came-late"})
    proxy.stall()
    assert kind_of_failure(proxied, late, A_MOMENT) is ErrorKind.TIMEOUT
    proxy.forward()
    wait_until(lambda: proxy.open == 0, "the late connection to be closed")
    assert _sessions(servers, "came-late") == 0


def test_refused(proxy: FaultProxy, proxied: Host, settings: Settings) -> None:
    proxy.refuse()
    assert kind_of_failure(proxied, settings) is ErrorKind.HOST_UNREACHABLE


def test_reset_while_connecting(proxy: FaultProxy, proxied: Host, settings: Settings) -> None:
    proxy.cut_after(0)
    assert kind_of_failure(proxied, settings) is ErrorKind.CONNECTION_LOST


def test_no_such_name(primary: Host, settings: Settings) -> None:
    nowhere = dataclasses.replace(primary, address="no-such-host.invalid")
    assert kind_of_failure(nowhere, settings) in {ErrorKind.HOST_UNREACHABLE, ErrorKind.TIMEOUT}


@pytest.mark.parametrize(
    "wrong", [{"password": Secret("wrong-password")}, {"user": "nobody-known"}, {"database": "no_such_database"}]
)
def test_refused_by_the_server(wrong: dict[str, Any], primary: Host, settings: Settings) -> None:
    error = failure(primary, dataclasses.replace(settings, **wrong))
    assert hooks.failoverkit_classify_error(error) is ErrorKind.REFUSED
    assert "wrong-password" not in f"{error!r} {error}"
    assert settings.password is not None
    assert settings.password.reveal() not in f"{error!r} {error}"


@pytest.fixture
def limited_user(servers: PostgresCluster) -> Iterator[None]:
    servers.node(servers.primary).query("ALTER ROLE app CONNECTION LIMIT 0")
    yield
    servers.node(servers.primary).query("ALTER ROLE app CONNECTION LIMIT -1")


@pytest.mark.usefixtures("limited_user")
def test_too_many_connections_of_one_user(primary: Host, settings: Settings) -> None:
    assert kind_of_failure(primary, settings) is ErrorKind.BUSY


def test_too_many_connections_of_all(settings: Settings) -> None:
    with PostgresCluster(standbys=0, max_connections=5) as small:
        host = small.hosts[0]
        # The other three places are kept for superusers.
        kept = [hooks.failoverkit_connect(host, small.settings, HANG) for _ in range(2)]
        assert kind_of_failure(host, small.settings) is ErrorKind.BUSY
        for connection in kept:
            hooks.failoverkit_close(connection)


def test_server_that_shuts_down(
    cluster: PostgresCluster, primary: Host, settings: Settings, connect: Callable[..., Any]
) -> None:
    """A session that is open keeps a smart shutdown from ending."""
    connect(primary)
    process = cluster.node(primary.name).process
    assert process
    process.send(signal.SIGTERM)

    def says_so() -> bool:
        error = failure(primary, settings)
        return "shutting down" in str(error) and _is_unreachable(error)

    wait_until(says_so, "the server to say that it shuts down")


def test_standby_that_lets_nobody_in(cluster: PostgresCluster, standby: Host, settings: Settings) -> None:
    """As a standby does until it is consistent."""
    node = cluster.node(standby.name)
    cluster.stop_fast(standby.name)
    closed = {**node.configuration, "hot_standby": "off"}
    node.configuration, before = closed, node.configuration
    try:
        node.launch()

        def says_so() -> bool:
            error = failure(standby, settings)
            return "the database system is" in str(error) and _is_unreachable(error)

        wait_until(says_so, "the server to say that it lets nobody in")
    finally:
        node.configuration = before


def test_the_server_knows_us_by_name(primary: Host, connect: Callable[..., Any], run: Callable[..., Any]) -> None:
    assert run(connect(primary), "SHOW application_name") == [("failoverkit",)]
    assert run(connect(primary, application_name="shop"), "SHOW application_name") == [("shop",)]


def test_options_reach_the_server(primary: Host, connect: Callable[..., Any], run: Callable[..., Any]) -> None:
    connection = connect(primary, options="-c statement_timeout=4321")
    assert run(connection, "SHOW statement_timeout") == [("4321ms",)]


def test_a_unix_socket(
    servers: PostgresCluster, primary: Host, connect: Callable[..., Any], run: Callable[..., Any]
) -> None:
    local = dataclasses.replace(primary, address=str(servers.node(primary.name).home))
    connection = connect(local)
    assert hooks.failoverkit_check(connection)
    sleeping = Background(lambda: run(connection, "SELECT pg_sleep(60)"))
    wait_until(lambda: _sleepers(servers) == 1, "the statement to run")
    assert hooks.failoverkit_abort(connection)
    assert hooks.failoverkit_classify_error(sleeping.error(HANG)) is ErrorKind.CONNECTION_LOST


def _is_unreachable(error: BaseException) -> bool:
    return hooks.failoverkit_classify_error(error) is ErrorKind.HOST_UNREACHABLE


def _sessions(servers: PostgresCluster, application: str) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
    return int(servers.node(servers.primary).query(statement, application)[0][0])


def _sleepers(servers: PostgresCluster) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    return int(servers.node(servers.primary).query(statement)[0][0])
