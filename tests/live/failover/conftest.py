"""Real PostgreSQL clusters under a FailoverPool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from failoverkit_postgres.testing import PostgresCluster


@pytest.fixture(scope="session")
def servers() -> Iterator[PostgresCluster]:
    """One primary and two standbys, synchronous: promoting the most advanced standby loses nothing."""
    with PostgresCluster(synchronous=True) as cluster:
        yield cluster


@pytest.fixture
def cluster(servers: PostgresCluster) -> PostgresCluster:
    """The servers as new."""
    servers.restore()
    return servers
