"""Sixteen borrowers and seeded chaos: whatever order things happen in, nothing is lost, doubled or left behind.

The sequence of faults follows from a seed, which a failure shows. Each fault waits for work to go on, not for time.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from failoverkit import FailoverPool, OutcomeUnknown
from failoverkit.testing import FakeCluster

BORROWERS = 16
FAULTS = 100
WORK_BETWEEN = 20
MAX_SIZE = 4
MONITORS_OWN = 1
PLENTY = 60.0


class Crowd:
    """Borrowers that write one value after the other, and what they were told."""

    def __init__(self, pool: FailoverPool) -> None:
        self._pool = pool
        self._stop = threading.Event()
        self._progress = threading.Condition()
        self._done = 0
        self.acknowledged: list[str] = []
        self.unknown: list[str] = []
        self.failed: list[str] = []
        self.threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(BORROWERS)]

    def _work(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            value = f"{number}-{turn}"
            self._told(value).append(value)
            with self._progress:
                self._done += 1
                self._progress.notify_all()

    def _told(self, value: str) -> list[str]:
        try:
            with self._pool.connection() as connection:
                connection.cursor().execute(f"write {value}")
                if value.endswith("7"):
                    raise ValueError(value)
        except OutcomeUnknown:
            return self.unknown
        except Exception:  # noqa: BLE001 - whatever a borrower may see
            return self.failed
        return self.acknowledged

    def wait_for_work(self, count: int) -> None:
        """Return when so many more attempts have ended."""
        with self._progress:
            goal = self._done + count
            assert self._progress.wait_for(lambda: self._done >= goal, PLENTY), "the borrowers are stuck"

    def finish(self) -> None:
        """Stop all borrowers; none may be stuck."""
        self._stop.set()
        for thread in self.threads:
            thread.join(PLENTY)
        assert not [thread for thread in self.threads if thread.is_alive()]


def strike(cluster: FakeCluster, dice: random.Random) -> Callable[[], object]:
    """Do one thing to the cluster; return what ends it."""
    old = cluster.primary
    others = [host.name for host in cluster.hosts if host.name != old]
    new = dice.choice(others)
    fault = dice.choice(["crash", "freeze", "cut", "cut a standby", "restart", "switch over"])
    if fault == "crash":
        cluster.crash(old)
        cluster.promote(new)
        return lambda: cluster.rejoin(old)
    if fault == "freeze":
        cluster.freeze(old)
        cluster.promote(new)

        def wake() -> None:
            # A host that wakes up before its lent connections are cut takes what they send: no pool can prevent that.
            cluster.wait_until(lambda: cluster[old].open_connections == 0, PLENTY)
            cluster.resume(old)
            cluster.rejoin(old)

        return wake
    if fault == "cut":
        cluster.cut(old)
    elif fault == "cut a standby":
        cluster.cut(new)
    elif fault == "restart":
        cluster.restart(old)
    else:
        cluster.switch_over(new)
    return lambda: None


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_lost_doubled_or_left_behind(seed: int, until: Callable[..., None]) -> None:
    dice = random.Random(seed)
    threads = threading.active_count()
    cluster = FakeCluster(["a", "b", "c"])
    pool = FailoverPool(
        cluster.url,
        max_size=MAX_SIZE,
        acquire_timeout=30.0,
        probe_interval=0.05,
        probe_timeout=0.05,
        quick_interval=0.005,
    )
    crowd = Crowd(pool)
    with pool:
        for thread in crowd.threads:
            thread.start()
        for _ in range(FAULTS):
            end = strike(cluster, dice)
            crowd.wait_for_work(WORK_BETWEEN)
            end()
            crowd.wait_for_work(dice.randrange(WORK_BETWEEN))
        crowd.finish()

        found = Counter(cluster.values)
        assert [value for value, count in found.items() if count > 1] == [], "doubled"
        assert set(crowd.acknowledged) - set(found) == set(), "lost"
        assert set(found) & set(crowd.failed) == set(), "said to have failed, yet there"
        assert set(found) <= {*crowd.acknowledged, *crowd.unknown}
        epochs = [written.epoch for written in cluster.log]
        assert epochs == sorted(epochs), "written to a host whose time was over"
        assert len(crowd.acknowledged) > FAULTS * WORK_BETWEEN / 4, "there was hardly any work"

        assert pool.status().waiting == 0
        for host in pool.status().hosts:
            assert host.lent == 0, host
            assert host.idle <= MAX_SIZE, host
            assert cluster[host.name].most_connections <= MAX_SIZE + MONITORS_OWN, host
        with pool.connection(timeout=PLENTY) as connection:
            connection.cursor().execute("write last")
    until(lambda: threading.active_count() == threads)
    assert {host.name: cluster[host.name].open_connections for host in cluster.hosts} == {"a": 0, "b": 0, "c": 0}
