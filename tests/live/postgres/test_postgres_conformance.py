"""The conformance suite that every driver of failoverkit passes, on each PostgreSQL there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from failoverkit_postgres.testing import PostgresCluster

from failoverkit.testing import DriverConformance, LocalCluster


@pytest.fixture(scope="module")
def newest() -> Iterator[LocalCluster]:
    with PostgresCluster(standbys=1, version=18) as cluster:
        yield cluster


class TestPostgresConformance(DriverConformance):
    @pytest.fixture
    def driver(self) -> str:
        return "postgresql"

    @pytest.fixture
    def cluster_name(self) -> str:
        return "postgres"


class TestNewestPostgresConformance(DriverConformance):
    @pytest.fixture
    def driver(self) -> str:
        return "postgresql"

    @pytest.fixture
    def cluster(self, newest: LocalCluster) -> LocalCluster:
        return newest
