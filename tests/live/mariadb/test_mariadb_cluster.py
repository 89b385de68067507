"""The local cluster itself: what its verbs do to real servers, and that nothing is left of it."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest
from failoverkit_mysql.testing import MariaDBCluster, binaries

from failoverkit.testing import find_cluster
from failoverkit.testing.clusters import ClusterFactory
from failoverkit.testing.servers.guardian import is_alive
from failoverkit.testing.servers.waiting import wait_until


@pytest.fixture(autouse=True)
def kept(servers: MariaDBCluster) -> None:
    """A table that every host has."""
    servers.node(servers.primary).query("CREATE OR REPLACE TABLE kept (n int)")
    servers.wait_replicating()


def write(cluster: MariaDBCluster, host: str, number: int) -> None:
    cluster.node(host).query("INSERT INTO kept VALUES (%s)", number)


def read(cluster: MariaDBCluster, host: str) -> list[int]:
    return [row[0] for row in cluster.node(host).query("SELECT n FROM kept ORDER BY n")]


def test_is_what_drills_and_conformance_ask_for() -> None:
    factory: ClusterFactory = MariaDBCluster
    assert find_cluster("mariadb") is factory


def test_one_primary_replicates_to_its_standbys(servers: MariaDBCluster) -> None:
    write(servers, servers.primary, 1)
    servers.wait_replicating()
    assert [read(servers, host.name) for host in servers.hosts] == [[1], [1], [1]]
    flags = [servers.node(host.name).query("SELECT @@read_only")[0][0] for host in servers.hosts]
    assert flags == [0, 1, 1]


def test_a_promotion_loses_nothing_and_the_others_follow(cluster: MariaDBCluster) -> None:
    old = cluster.primary
    write(cluster, old, 1)
    cluster.crash(old)
    new = cluster.most_advanced()
    cluster.promote(new)
    assert cluster.primary == new
    write(cluster, new, 2)
    cluster.wait_replicating()
    (other,) = [name for name in cluster.standbys if name != old]
    assert read(cluster, new) == read(cluster, other) == [1, 2]


def test_a_former_primary_forgets_what_nobody_saw(cluster: MariaDBCluster) -> None:
    old = cluster.primary
    new = cluster.standbys[0]
    cluster.promote(new)
    cluster.node(old).query("SET GLOBAL rpl_semi_sync_master_enabled = OFF")
    write(cluster, old, 99)
    write(cluster, new, 1)
    cluster.rejoin(old)
    assert read(cluster, old) == [1]
    assert cluster.node(old).query("SELECT @@read_only") == [(1,)]


def test_a_switchover_keeps_everything_and_stops_nobody(cluster: MariaDBCluster) -> None:
    old, new = cluster.primary, cluster.standbys[0]
    pids = [cluster.node(host.name).live.pid for host in cluster.hosts]
    write(cluster, old, 1)
    cluster.switch_over(new)
    write(cluster, new, 2)
    cluster.wait_replicating()
    assert [read(cluster, host.name) for host in cluster.hosts] == [[1, 2]] * 3
    assert [cluster.node(host.name).live.pid for host in cluster.hosts] == pids


def test_a_standby_crashes_and_comes_back(cluster: MariaDBCluster) -> None:
    standby = cluster.standbys[0]
    cluster.crash(standby)
    write(cluster, cluster.primary, 1)
    cluster.rejoin(standby)
    assert read(cluster, standby) == [1]


def test_a_restart_keeps_role_and_data(cluster: MariaDBCluster) -> None:
    write(cluster, cluster.primary, 1)
    cluster.wait_replicating()
    for host in cluster.hosts:
        cluster.restart(host.name)
    cluster.wait_replicating()
    assert [read(cluster, host.name) for host in cluster.hosts] == [[1], [1], [1]]


def test_without_a_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_binaries", lambda: None)
    with pytest.raises(RuntimeError, match="mariadb-server-core"):
        binaries.binaries()


ABANDON = """
import os, signal
from failoverkit_mysql.testing import MariaDBCluster
cluster = MariaDBCluster(standbys=1)
cluster.start()
cluster.freeze(cluster.primary)
print(*(cluster.node(host.name).live.pid for host in cluster.hosts), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_servers_of_a_killed_test_process_end() -> None:
    done = subprocess.run([sys.executable, "-c", ABANDON], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for pid in map(int, done.stdout.split()):
        wait_until(lambda pid=pid: not psutil.pid_exists(pid) or not is_alive(psutil.Process(pid)), "the server to end")
