"""Real MariaDB servers. Where there is no ``mariadbd`` these tests are skipped, but never in CI."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from failoverkit_mysql import hooks
from failoverkit_mysql.testing import MariaDBCluster
from failoverkit_mysql.testing.binaries import find_binaries

from failoverkit.model import Host
from failoverkit.settings import Settings

Open = Callable[..., Any]


@pytest.fixture(scope="session", autouse=True)
def _need_mariadb() -> None:
    if find_binaries() is None:
        reason = "no mariadbd on this machine (Debian, Ubuntu: apt-get install mariadb-server-core)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def servers() -> Iterator[MariaDBCluster]:
    """One primary and two standbys, semi-synchronous, which a module's tests leave as they are."""
    with MariaDBCluster(synchronous=True) as cluster:
        yield cluster


@pytest.fixture
def cluster(servers: MariaDBCluster) -> Iterator[MariaDBCluster]:
    """The same, to be harmed; made anew after the test."""
    yield servers
    servers.restore()


@pytest.fixture
def settings(servers: MariaDBCluster) -> Settings:
    return servers.settings


@pytest.fixture
def primary(servers: MariaDBCluster) -> Host:
    """The host that is the primary of a new cluster."""
    return servers.hosts[0]


@pytest.fixture
def standby(servers: MariaDBCluster) -> Host:
    """The first of its standbys."""
    return servers.hosts[1]


@pytest.fixture
def connect(settings: Settings) -> Iterator[Open]:
    """Open connections with the driver: ``connect(host, charset="latin1")``; closed after the test."""
    with ExitStack() as stack:

        def open_one(host: Host, *, timeout: float = 10.0, user: str | None = None, **options: str) -> Any:
            chosen = dataclasses.replace(settings, options=options, user=user or settings.user)
            connection = hooks.failoverkit_connect(host, chosen, timeout)
            stack.callback(hooks.failoverkit_close, connection)
            return connection

        yield open_one
