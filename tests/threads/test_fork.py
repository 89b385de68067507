"""The child of a fork starts empty: it neither shares, uses nor closes what its parent has open.

Each case is a program of its own, because a fork copies whatever threads and locks a test run has.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")

PLENTY = 30
BEGIN = """
import os, sys, threading, warnings
# From Python 3.12 on a fork beside threads warns, and rightly: here it is the point of the test.
warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
from failoverkit import FailoverPool
from failoverkit.testing import FakeCluster

cluster = FakeCluster(["a", "b"])
pool = FailoverPool(cluster.url, acquire_timeout=10.0)

def names():
    return sorted(
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith(("failoverkit-probe", "failoverkit-scheduler"))
    )

def child(work):
    # Returns what the child's work returned; the child ends without cleaning up, as a worker that is killed does.
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(BEGIN) + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=PLENTY,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_child_starts_empty_and_its_own_monitor_on_first_use() -> None:
    told = run("""
        pool.wait_until_ready()
        before = names()
        assert before

        def work():
            assert names() == []
            assert pool.stats()["a"]["opened"] == 0
            with pool.connection() as connection:
                connection.cursor().execute("write child")
            assert "failoverkit-scheduler" in names()
            return pool.stats()["a"]["lendings"] == 1

        print(child(work))
        with pool.connection() as connection:
            connection.cursor().execute("write parent")
        assert set(before) <= set(names())
        pool.close()
        print(cluster.values, names())
    """)
    assert told.splitlines() == ["0", "['parent'] []"]


def test_the_child_neither_closes_nor_uses_the_parents_connections() -> None:
    told = run("""
        pool.wait_until_ready()
        touched = []
        from failoverkit.testing.fake_connection import FakeConnection
        for name in ("close", "abort", "commit", "rollback", "call"):
            original = getattr(FakeConnection, name)
            def watch(self, *arguments, name=name, original=original):
                if id(self) in parents:
                    touched.append(name)
                return original(self, *arguments)
            setattr(FakeConnection, name, watch)
        held = pool.getconn()
        host_pools = pool._assembly._host_pools.values()
        parents = {id(pooled.connection) for one in host_pools for pooled in one.everything()}
        assert id(held) in parents

        def work():
            import gc
            for _ in range(3):
                with pool.connection() as connection:
                    assert id(connection) not in parents
                    connection.cursor().execute("write child")
            pool.putconn(held)
            pool.close()
            gc.collect()
            return touched == []

        print(child(work))
        held.cursor().execute("ping")
        pool.putconn(held)
        pool.close()
    """)
    assert told == "0"


def test_a_block_that_was_open_at_the_fork_is_the_parents_alone() -> None:
    told = run("""
        def work():
            return True

        with pool.connection() as connection:
            connection.cursor().execute("write once")
            pid = os.fork()
            if pid == 0:
                connection.commit = None  # whoever commits here fails
        if pid == 0:
            os._exit(0 if cluster.values == [] else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), cluster.values)
        pool.close()
    """)
    assert told == "0 ['once']"


def test_a_fork_beside_busy_threads_leaves_no_lock_held() -> None:
    told = run("""
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                with pool.connection():
                    pass

        crowd = [threading.Thread(target=busy) for _ in range(8)]
        for one in crowd:
            one.start()

        def work():
            with pool.connection() as connection:
                connection.cursor().execute("ping")
            return True

        codes = [child(work) for _ in range(20)]
        stop.set()
        for one in crowd:
            one.join()
        pool.close()
        print(set(codes))
    """)
    assert told == "{0}"


def test_a_closed_pool_stays_closed_in_the_child() -> None:
    told = run("""
        from failoverkit import PoolClosed
        pool.wait_until_ready()
        pool.close()

        def work():
            try:
                pool.getconn()
            except PoolClosed:
                return True

        print(child(work))
    """)
    assert told == "0"


def test_an_unused_pool_has_no_thread_to_fork_beside() -> None:
    assert run("print(names())") == "[]"


def test_the_interpreter_ends_although_a_host_hangs() -> None:
    told = run("""
        pool.wait_until_ready()
        cluster.freeze("a")
        cluster.freeze("b")
        thread = threading.Thread(target=lambda: pool.getconn(timeout=60.0), daemon=True)
        thread.start()
        print("end")
    """)
    assert told == "end"
