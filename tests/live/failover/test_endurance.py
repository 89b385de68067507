"""Two hundred failovers in one process: nothing grows."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from failoverkit_postgres.testing import PostgresCluster

from failoverkit import FailoverPool

FAILOVERS = 200
SETTLED = 40
"""Failovers after which caches and buffers have their size."""
ROOM = 8 * 1024 * 1024
"""What memory may grow by in the other 160: less than 52 kB for each."""


def _threads() -> int:
    return threading.active_count()


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only, no paths


def _memory() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts descriptors and memory in Linux's /proc")
def test_two_hundred_failovers_leave_nothing_behind(wait_until: Any) -> None:
    threads, descriptors = _threads(), _descriptors()
    with PostgresCluster(standbys=1) as cluster, FailoverPool(cluster.url) as pool:
        pool.wait_until_ready(20.0)
        settled = (0, 0, 0)
        for number in range(1, FAILOVERS + 1):
            old = cluster.primary
            (new,) = cluster.standbys
            cluster.crash(old)
            cluster.promote(new)
            wait_until(lambda new=new: pool.status().active == new, "the pool to follow")
            with pool.connection() as connection:
                connection.cursor().execute("CREATE TEMPORARY TABLE proof (n int)")
                assert pool.host_of(connection) == new
            cluster.rejoin(old)
            if number in {SETTLED, FAILOVERS}:
                wait_until(lambda: all(host.opening == 0 for host in pool.status().hosts), "openings to end")
                gc.collect()
                now = (_threads(), _descriptors(), _memory())
                if number == SETTLED:
                    settled = now
        assert now[0] <= settled[0]
        assert now[1] <= settled[1] + 2
        assert now[2] <= settled[2] + ROOM
    assert _threads() == threads
    assert _descriptors() <= descriptors + 1
