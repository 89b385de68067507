"""The fake driver proves itself by the suites that every driver is given."""

from __future__ import annotations

import pytest

from failoverkit.model import ErrorKind, Host
from failoverkit.settings import Settings
from failoverkit.testing import DriverConformance, DriverContract, FakeCluster, FakeError


class TestContract(DriverContract):
    @pytest.fixture
    def _cluster(self):
        cluster = FakeCluster(["closed", "deaf"])
        cluster.crash("closed")
        cluster.freeze("deaf")
        return cluster

    @pytest.fixture
    def driver(self) -> str:
        return "fake"

    @pytest.fixture
    def settings(self, _cluster: FakeCluster) -> Settings:
        return _cluster.settings

    @pytest.fixture
    def closed_host(self, _cluster: FakeCluster) -> Host:
        return _cluster.hosts[0]

    @pytest.fixture
    def deaf_host(self, _cluster: FakeCluster) -> Host:
        return _cluster.hosts[1]

    @pytest.fixture
    def bad_options(self):
        return {"sslmode": "require"}

    @pytest.fixture
    def sample_errors(self):
        return {kind: [FakeError(kind, "sample")] for kind in ErrorKind}


class TestConformance(DriverConformance):
    @pytest.fixture
    def driver(self) -> str:
        return "fake"

    @pytest.fixture
    def cluster(self, shared_cluster):
        cluster = shared_cluster("fake", standbys=1)
        cluster.password = "conformance-secret"
        return cluster

    @pytest.fixture
    def prepare(self):
        return ()

    @pytest.fixture
    def ping(self) -> str:
        return "ping"

    @pytest.fixture
    def write(self) -> str:
        return "write x"

    @pytest.fixture
    def count(self) -> str:
        return "count"

    @pytest.fixture
    def refused_on_standby(self) -> str:
        return "write x"

    @pytest.fixture
    def in_transaction(self):
        return lambda connection: connection.in_transaction
