"""Writers and readers, and the ledger of what they were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from failoverkit import FailoverPool
from failoverkit.model import ErrorKind
from failoverkit.testing import FakeCluster
from failoverkit.testing.workload import Attempt, Ledger, Workload


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(["a", "b"])


@pytest.fixture
def workload(cluster: FakeCluster) -> Iterator[Workload]:
    with FailoverPool(cluster.url, probe_interval=0.02, quick_interval=0.005) as pool:
        pool.wait_until_ready(10.0)
        workload = Workload(pool, table="t", writers=1, readers=1)
        yield workload
        workload.stop()
        cluster.stop()


def commits(workload: Workload) -> list[Attempt]:
    return [attempt for attempt in workload.writes.since(0.0) if not attempt.error]


def test_every_commit_is_in_the_ledger_and_in_the_table(
    workload: Workload, cluster: FakeCluster, until: Callable[..., None]
) -> None:
    workload.prepare()
    workload.start()
    until(lambda: len(commits(workload)) >= 5 and len(workload.reads.since(0.0)) >= 5)
    assert workload.stop() == []
    done = [(attempt.worker, attempt.number) for attempt in commits(workload)]
    assert done == [("writer-1", number) for number in range(1, len(done) + 1)]
    assert workload.rows(workload._pool) == Counter(done)
    assert {attempt.host for attempt in commits(workload)} == {"a"}
    assert {attempt.host for attempt in workload.reads.since(0.0)} == {"b"}


def test_a_number_that_failed_is_tried_again(
    workload: Workload, cluster: FakeCluster, until: Callable[..., None]
) -> None:
    cluster.hold("a", "execute")
    workload.start()
    cluster.wait_until_blocked("a", "execute")
    cluster.cut("a")
    cluster.release("a", "execute")
    until(lambda: len(commits(workload)) >= 2)
    workload.stop()
    first, second, *_ = workload.writes.since(0.0)
    assert (first.number, first.error.partition(":")[0], first.unknown) == (1, "FakeError", False)
    assert (second.number, second.error) == (1, "")


def test_one_whose_outcome_is_unknown_is_not(
    workload: Workload, cluster: FakeCluster, until: Callable[..., None]
) -> None:
    cluster.hold("a", "commit-answer")
    workload.start()
    cluster.wait_until_blocked("a", "commit-answer")
    cluster.cut("a")
    cluster.release("a", "commit-answer")
    until(lambda: len(commits(workload)) >= 2)
    workload.stop()
    first, second, *_ = workload.writes.since(0.0)
    assert (first.number, first.unknown) == (1, True)
    assert second.number == 2
    assert workload.rows(workload._pool)["writer-1", 1] == 1, "this time it was there"


def test_a_worker_that_hangs_is_named(workload: Workload, cluster: FakeCluster) -> None:
    cluster.hold("a", "execute")
    workload.start()
    cluster.wait_until_blocked("a", "execute")
    assert workload.stop(0.0) != []
    cluster.release("a", "execute")
    assert workload.stop() == []


def test_a_worker_that_can_only_fail_ends_all_the_same(workload: Workload, cluster: FakeCluster, until) -> None:
    cluster.refuse("a", ErrorKind.REFUSED)
    cluster.cut("a")
    workload.start()
    until(lambda: len(workload.writes.since(0.0)) >= 1)
    assert workload.stop() == []


def test_the_ledger_knows_who_is_at_it() -> None:
    ledger = Ledger()
    ledger.begin("w1", 1.0)
    ledger.begin("w2", 2.0)
    assert ledger.under_way_since_before(2.0) == ["w1"]
    ledger.end(Attempt("w1", 1, "a", 1.0, 3.0))
    assert ledger.under_way_since_before(9.0) == ["w2"]
    assert [attempt.worker for attempt in ledger.since(3.0)] == ["w1"]
    assert ledger.since(3.1) == []
