"""The local cluster itself: what its verbs do to real servers, and that nothing is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest
from failoverkit_postgres.testing import PostgresCluster
from failoverkit_postgres.testing.binaries import binaries

from failoverkit import config
from failoverkit.testing import Background, find_cluster
from failoverkit.testing.clusters import ClusterFactory
from failoverkit.testing.servers.guardian import is_alive
from failoverkit.testing.servers.waiting import wait_until
from failoverkit.testing.servers.workspace import Workspace, workspace

HANG = 20.0


@pytest.fixture
def table(cluster: PostgresCluster) -> str:
    """A table that every host has."""
    cluster.node(cluster.primary).query("CREATE TABLE kept (n int)")
    cluster.wait_replicating()
    return "kept"


def write(cluster: PostgresCluster, host: str, number: int) -> None:
    cluster.node(host).query("INSERT INTO kept VALUES (%s)", number)


def read(cluster: PostgresCluster, host: str) -> list[int]:
    return [row[0] for row in cluster.node(host).query("SELECT n FROM kept ORDER BY n")]


def is_standby(cluster: PostgresCluster, host: str) -> bool:
    return bool(cluster.node(host).query("SELECT pg_is_in_recovery()")[0][0])


def wait_for_rows(cluster: PostgresCluster, host: str, rows: list[int]) -> None:
    wait_until(lambda: read(cluster, host) == rows, f"{rows} to arrive on {host}")


def test_is_what_drills_and_conformance_ask_for() -> None:
    factory: ClusterFactory = PostgresCluster
    assert find_cluster("postgres") is factory


def test_one_primary_replicates_to_its_standbys(cluster: PostgresCluster, table: str) -> None:
    write(cluster, cluster.primary, 1)
    for host in cluster.standbys:
        wait_for_rows(cluster, host, [1])
    assert [is_standby(cluster, host.name) for host in cluster.hosts] == [False, True, True]


def test_url_and_settings_say_the_same(servers: PostgresCluster) -> None:
    loaded, given = config.load(servers.url), servers.settings
    assert [(host.name, host.address, host.port) for host in loaded.hosts] == [
        (host.name, host.address, host.port) for host in given.hosts
    ]
    assert (loaded.user, loaded.password, loaded.database) == (given.user, given.password, given.database)


def test_admin_is_another_user(servers: PostgresCluster) -> None:
    assert config.load(servers.admin_url).user == "postgres"
    assert config.load(servers.admin_url).password != servers.settings.password


def test_ports_are_not_those_of_clients(servers: PostgresCluster) -> None:
    ports = [host.port for host in servers.hosts]
    assert len(set(ports)) == 3
    assert all(port is not None and port < 32768 for port in ports)


def test_servers_never_run_as_root(servers: PostgresCluster) -> None:
    for host in servers.hosts:
        process = servers.node(host.name).process
        assert process
        assert psutil.Process(process.pid).uids().effective != 0


def test_crash_leaves_no_process_and_harms_no_other(cluster: PostgresCluster, table: str) -> None:
    family = _family(cluster, cluster.primary)
    cluster.crash(cluster.primary)
    assert not any(is_alive(process) for process in family)
    assert [read(cluster, host) for host in cluster.standbys] == [[], []]
    cluster.crash(cluster.primary)


def test_crash_of_a_frozen_host(cluster: PostgresCluster) -> None:
    family = _family(cluster, cluster.primary)
    cluster.freeze(cluster.primary)
    cluster.crash(cluster.primary)
    assert not any(is_alive(process) for process in family)


def test_restart_after_a_crash_keeps_what_was_committed(cluster: PostgresCluster, table: str) -> None:
    write(cluster, cluster.primary, 1)
    cluster.crash(cluster.primary)
    cluster.restart(cluster.primary)
    assert read(cluster, cluster.primary) == [1]
    cluster.wait_replicating()


@pytest.mark.parametrize("place", [0, 1])
def test_restart_keeps_the_role(cluster: PostgresCluster, place: int) -> None:
    host = cluster.hosts[place].name
    before = is_standby(cluster, host)
    cluster.restart(host)
    assert is_standby(cluster, host) is before


def test_a_frozen_host_says_nothing_until_it_is_resumed(cluster: PostgresCluster, table: str) -> None:
    cluster.freeze(cluster.primary)
    writing = Background(lambda: write(cluster, cluster.primary, 1))
    standby = cluster.node(cluster.standbys[0])
    # The standbys live on, which is the one thing that can be waited for here.
    assert standby.query("SELECT 1") == [(1,)]
    assert writing.running
    cluster.resume(cluster.primary)
    writing.result(HANG)
    assert read(cluster, cluster.primary) == [1]


def test_the_other_standby_follows_the_promoted_one(cluster: PostgresCluster, table: str) -> None:
    cluster.crash(cluster.primary)
    new = cluster.most_advanced()
    cluster.promote(new)
    write(cluster, new, 1)
    assert cluster.primary == new
    (follower,) = [host for host in cluster.standbys if host != cluster.hosts[0].name]
    wait_for_rows(cluster, follower, [1])


def test_rewind_throws_away_what_the_new_primary_never_saw(cluster: PostgresCluster, table: str) -> None:
    old, new = cluster.primary, cluster.standbys[0]
    write(cluster, old, 1)
    cluster.wait_replicating()
    cluster.freeze(old)
    cluster.promote(new)
    cluster.resume(old)
    write(cluster, old, 666)
    assert read(cluster, old) == [1, 666]
    write(cluster, new, 2)
    cluster.rewind(old)
    cluster.rejoin(old)
    wait_for_rows(cluster, old, [1, 2])
    assert is_standby(cluster, old)


@pytest.mark.parametrize("state", ["crashed", "frozen", "stopped", "stale"])
def test_rejoin_whatever_became_of_the_old_primary(cluster: PostgresCluster, table: str, state: str) -> None:
    old, new = cluster.primary, cluster.standbys[0]
    if state == "crashed":
        cluster.crash(old)
    elif state == "stopped":
        cluster.stop_fast(old)
    else:
        cluster.freeze(old)
    cluster.promote(new)
    if state == "stale":
        cluster.resume(old)
        write(cluster, old, 666)
    write(cluster, new, 1)
    cluster.rejoin(old)
    wait_for_rows(cluster, old, [1])


def test_a_crashed_standby_rejoins(cluster: PostgresCluster, table: str) -> None:
    standby = cluster.standbys[0]
    cluster.crash(standby)
    write(cluster, cluster.primary, 1)
    cluster.rejoin(standby)
    wait_for_rows(cluster, standby, [1])


def test_switch_over_loses_nothing(cluster: PostgresCluster, table: str) -> None:
    old, new = cluster.primary, cluster.standbys[1]
    write(cluster, old, 1)
    cluster.switch_over(new)
    assert read(cluster, new) == [1]
    assert (is_standby(cluster, old), is_standby(cluster, new)) == (True, False)
    cluster.switch_over(old)
    assert read(cluster, old) == [1]
    assert cluster.primary == old


def test_most_advanced_is_the_one_that_received_more(cluster: PostgresCluster, table: str) -> None:
    behind, ahead = cluster.standbys
    cluster.freeze(behind)
    # More than the kernel keeps for a reader that does not read.
    bulk = "CREATE TABLE bulk AS SELECT n FROM generate_series(1, 600000) AS numbers (n)"
    cluster.node(cluster.primary).query(bulk)
    written = cluster.node(cluster.primary).written()
    wait_until(lambda: cluster.node(ahead).has_replayed(written), "one standby to receive it")
    cluster.crash(cluster.primary)
    cluster.resume(behind)
    assert cluster.most_advanced() == ahead


def test_restore_makes_everything_new(cluster: PostgresCluster, table: str) -> None:
    cluster.crash(cluster.primary)
    cluster.promote(cluster.standbys[0])
    cluster.freeze(cluster.standbys[1])
    cluster.restore()
    assert cluster.primary == cluster.hosts[0].name
    assert [is_standby(cluster, host.name) for host in cluster.hosts] == [False, True, True]
    assert cluster.node(cluster.primary).query("SELECT to_regclass('kept')") == [(None,)]


def test_stop_leaves_nothing_and_start_begins_anew() -> None:
    cluster = PostgresCluster(standbys=1)
    cluster.start()
    families = [process for host in cluster.hosts for process in _family(cluster, host.name)]
    home = cluster.node(cluster.primary).home
    cluster.freeze(cluster.standbys[0])
    cluster.stop()
    cluster.stop()
    assert not any(is_alive(process) for process in families)
    assert not (home / "data").exists()
    cluster.start()
    assert cluster.node(cluster.standbys[0]).query("SELECT 1") == [(1,)]
    cluster.stop()


def test_a_synchronous_commit_waits_for_a_standby() -> None:
    with PostgresCluster(standbys=1, synchronous=True) as cluster:
        primary = cluster.node(cluster.primary)
        primary.query("CREATE TABLE kept (n int)")
        cluster.freeze(cluster.standbys[0])
        writing = Background(lambda: write(cluster, cluster.primary, 1))
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with closing(primary.connect()) as connection, connection.cursor() as cursor:

            def someone_waits() -> bool:
                cursor.execute(waits)
                return bool(cursor.fetchone() == (1,))

            wait_until(someone_waits, "the commit to wait")
        assert writing.running
        cluster.resume(cluster.standbys[0])
        writing.result(HANG)


def test_verbs_say_what_is_wrong(cluster: PostgresCluster) -> None:
    with pytest.raises(KeyError):
        cluster.crash("no-such-host")
    cluster.crash(cluster.primary)
    for verb in (cluster.freeze, cluster.resume):
        with pytest.raises(RuntimeError, match="does not run"):
            verb(cluster.primary)
    for host in cluster.standbys:
        cluster.crash(host)
    with pytest.raises(RuntimeError, match="no standby runs"):
        cluster.most_advanced()


def test_a_primary_cannot_be_promoted(servers: PostgresCluster) -> None:
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        servers.promote(servers.primary)


def test_a_server_that_does_not_start_tells_its_last_words() -> None:
    cluster = PostgresCluster(standbys=0, configuration={"no_such_setting": "1"})
    with pytest.raises(RuntimeError, match="no_such_setting"):
        cluster.start()
    cluster.stop()


def test_unknown_version() -> None:
    with pytest.raises(RuntimeError, match="no PostgreSQL 9 here, but 16, 18"):
        PostgresCluster(version=9)


def test_programs_out_of_the_servers_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "can_run", lambda self, program: False)
        copied = binaries.__wrapped__(16)
    assert workspace().programs in copied.path.parents
    assert workspace().can_run(copied["postgres"])


ORPHAN = """
import signal, sys, threading
from failoverkit_postgres.testing import PostgresCluster
cluster = PostgresCluster(standbys=1)
cluster.start()
cluster.freeze(cluster.standbys[0])
print(cluster.node(cluster.primary).home, *[cluster.node(host.name).process.pid for host in cluster.hosts], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[str]]:
    """Another process that has a cluster and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("death", ["killed", "ended"])
def test_servers_die_with_the_process_that_started_them(orphan: subprocess.Popen[str], death: str) -> None:
    assert orphan.stdout
    assert orphan.stdin
    home, *numbers = orphan.stdout.readline().split()
    families = [process for number in numbers for process in _with_children(int(number))]
    assert len(families) > len(numbers)
    if death == "killed":
        os.kill(orphan.pid, signal.SIGKILL)
    else:
        orphan.stdin.close()
    orphan.wait(HANG)
    wait_until(lambda: not any(is_alive(process) for process in families), "the servers to end")
    wait_until(lambda: not Path(home).exists(), "their files to be removed")


def _family(cluster: PostgresCluster, host: str) -> list[psutil.Process]:
    process = cluster.node(host).process
    assert process
    return _with_children(process.pid)


def _with_children(number: int) -> list[psutil.Process]:
    process = psutil.Process(number)
    return [process, *process.children(recursive=True)]
