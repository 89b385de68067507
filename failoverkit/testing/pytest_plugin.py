"""Fixtures for everybody's tests; pytest finds them when failoverkit is installed.

Nothing is imported before a fixture asks for it: this module is loaded in every pytest run on the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from failoverkit import FailoverPool
    from failoverkit.testing import FakeClock, FakeCluster, LocalCluster

ClusterStarter: TypeAlias = "Callable[..., LocalCluster]"

pytest.register_assert_rewrite("failoverkit.testing.contract", "failoverkit.testing.conformance")


@pytest.fixture
def fake_clock() -> FakeClock:
    """A clock that stands still until it is advanced."""
    from failoverkit.testing import FakeClock

    return FakeClock()


@pytest.fixture
def fake_cluster() -> FakeCluster:
    """Three in-memory hosts ``a``, ``b`` and ``c``; ``a`` is the primary."""
    from failoverkit.testing import FakeCluster

    return FakeCluster(["a", "b", "c"])


@pytest.fixture
def fake_pool(fake_cluster: FakeCluster) -> Iterator[FailoverPool]:
    """A pool over ``fake_cluster`` that is ready for work; closed after the test."""
    from failoverkit import FailoverPool

    with FailoverPool(fake_cluster.url) as pool:
        pool.wait_until_ready(10.0)
        yield pool


@pytest.fixture
def local_cluster() -> Iterator[ClusterStarter]:
    """Start a cluster by name: ``local_cluster("postgresql", standbys=1)``; stopped after the test."""
    yield from cluster_starter()


@pytest.fixture(scope="class")
def shared_cluster() -> Iterator[ClusterStarter]:
    """The same, but one cluster of a name serves every test of a class."""
    yield from cluster_starter()


def cluster_starter() -> Iterator[ClusterStarter]:
    """Yield a function that starts clusters by name, each name once; then stop them."""
    from failoverkit.testing import find_cluster

    started: dict[str, LocalCluster] = {}

    def start(name: str, *, standbys: int = 2) -> LocalCluster:
        if name not in started:
            started[name] = find_cluster(name)(standbys=standbys)
            started[name].start()
        return started[name]

    yield start
    for cluster in started.values():
        cluster.stop()
