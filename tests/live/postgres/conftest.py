"""Real PostgreSQL servers under the driver's hooks alone; no pool, no monitor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from failoverkit_postgres import hooks
from failoverkit_postgres.testing import PostgresCluster

from failoverkit.model import Host
from failoverkit.settings import Settings
from failoverkit.testing import FaultProxy

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def servers() -> Iterator[PostgresCluster]:
    """One primary and two standbys, which a module's tests leave as they are."""
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(servers: PostgresCluster) -> Iterator[PostgresCluster]:
    """The same, to be harmed; made anew after the test."""
    yield servers
    servers.restore()


@pytest.fixture
def settings(servers: PostgresCluster) -> Settings:
    return servers.settings


@pytest.fixture
def primary(servers: PostgresCluster) -> Host:
    """The host that is the primary when the test begins."""
    return servers.hosts[0]


@pytest.fixture
def standby(servers: PostgresCluster) -> Host:
    """The first of the standbys."""
    return servers.hosts[1]


@pytest.fixture
def connect(settings: Settings) -> Iterator[Open]:
    """Open connections with the driver: ``connect(host, sslmode="disable")``; closed after the test."""
    with ExitStack() as stack:

        def open_one(host: Host, *, timeout: float = 10.0, user: str | None = None, **options: str) -> Any:
            chosen = dataclasses.replace(settings, options=options, user=user or settings.user)
            connection = hooks.failoverkit_connect(host, chosen, timeout)
            stack.callback(hooks.failoverkit_close, connection)
            return connection

        yield open_one


@pytest.fixture
def proxy(primary: Host) -> Iterator[FaultProxy]:
    """A proxy before the primary."""
    assert primary.port
    with FaultProxy(primary.address, primary.port) as proxy:
        yield proxy


@pytest.fixture
def proxied(primary: Host, proxy: FaultProxy) -> Host:
    """The primary as it is reached through the proxy."""
    return dataclasses.replace(primary, name="proxied", address=proxy.host, port=proxy.port)


def run(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(name="run")
def _run() -> Callable[[Any, str], list[tuple[Any, ...]]]:
    return run
