"""The fixtures that everybody's tests get by installing failoverkit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from failoverkit.errors import PluginError
from failoverkit.model import State
from failoverkit.testing import FakeClock, FakeError, find_cluster, pytest_plugin
from failoverkit.testing.fake_cluster import local_fake_cluster


def test_clock(fake_clock):
    assert isinstance(fake_clock, FakeClock)


def test_cluster_and_pool_belong_together(fake_cluster, fake_pool):
    with fake_pool.connection() as connection:
        connection.cursor().execute("write x")
    assert fake_cluster.values == ["x"]
    assert fake_pool.status().state is State.HEALTHY


def test_local_clusters_are_started_once_each(local_cluster):
    cluster = local_cluster("fake", standbys=1)
    assert [host.name for host in cluster.hosts] == ["host1", "host2"]
    assert local_cluster("fake") is cluster


@pytest.fixture
def first(shared_cluster):
    return shared_cluster("fake")


def test_shared_cluster_is_one_for_all_who_ask(first, shared_cluster, local_cluster):
    assert shared_cluster("fake") is first
    assert local_cluster("fake") is not first


def test_clusters_are_stopped_in_the_end():
    fixture = pytest_plugin.cluster_starter()
    cluster = next(fixture)("fake")
    assert not cluster[cluster.primary].connect(1.0).closed
    assert next(fixture, "stopped") == "stopped"
    with pytest.raises(FakeError, match="refuses connections"):
        cluster[cluster.primary].connect(1.0)


def test_cluster_factories_are_found_by_name():
    assert find_cluster("fake") is local_fake_cluster
    with pytest.raises(PluginError, match="no cluster named 'oracle'"):
        find_cluster("oracle")


def test_missing_cluster_of_ours_says_what_to_install(nothing_of_ours):
    with pytest.raises(PluginError, match="pip install failoverkit-mysql"):
        find_cluster("mysql")


def test_loading_the_plugin_imports_no_suite_and_no_proxy():
    loaded = "import sys, failoverkit.testing.pytest_plugin; print([m for m in sys.modules if m.startswith({!r})])"
    done = subprocess.run(
        [sys.executable, "-c", loaded.format("failoverkit.testing.")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['failoverkit.testing.pytest_plugin']"
