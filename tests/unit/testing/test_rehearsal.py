"""How faults are measured: from a ledger written by hand, and on a cluster in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from failoverkit import FailoverPool
from failoverkit.testing import FakeCluster, rehearsal
from failoverkit.testing.rehearsal import FREED_WITHIN, FaultResult, Rehearsal
from failoverkit.testing.workload import Attempt, Ledger, Workload

FAULT, PROMOTED = 10.0, 11.0


class Books:
    """What workers were told, written by hand; the old primary is ``a``, the new one ``b``."""

    def __init__(self) -> None:
        self.writers = ("writer-1", "writer-2")
        self.writes = Ledger()
        self.reads = Ledger()

    def wrote(
        self, writer: int, began: float, ended: float, host: str = "b", error: str = "", *, unknown: bool = False
    ) -> None:
        self.writes.end(Attempt(f"writer-{writer}", int(ended * 100), host, began, ended, error, unknown))

    def result(self) -> FaultResult:
        workload: Any = SimpleNamespace(writers=self.writers, writes=self.writes, reads=self.reads)
        nobody: Any = None
        measured = Rehearsal(nobody, nobody, workload, lambda _: None)
        return measured._result("sigkill", "a", fault=FAULT, promoted=PROMOTED)


@pytest.fixture
def books() -> Books:
    return Books()


def test_gaps_are_counted_to_the_first_commit_elsewhere(books: Books) -> None:
    books.wrote(1, 9.0, 9.5, host="a")
    books.wrote(1, 9.9, 10.05, host="a")
    books.wrote(2, 11.1, 11.2)
    books.wrote(1, 11.1, 11.5)
    books.wrote(2, 11.3, 11.9)
    found = books.result()
    assert (found.gap_s, found.gap_after_promotion_s, found.all_writing_s) == (1.2, 0.2, 1.5)
    assert (found.errors, found.stuck, found.stale, found.unknown) == (0, 0, 0, 0)


def test_a_writer_that_never_writes_again_is_seen(books: Books) -> None:
    books.wrote(1, 11.1, 11.2)
    assert books.result().all_writing_s is None


def test_no_commit_at_all_is_no_gap_of_zero(books: Books) -> None:
    found = books.result()
    assert (found.gap_s, found.gap_after_promotion_s) == (None, None)


def test_errors_are_counted_by_writer_and_by_kind(books: Books) -> None:
    books.wrote(1, 9.0, 9.1, error="FakeError: before the fault")
    books.wrote(1, 10.0, 10.1, error="FakeError: gone")
    books.wrote(1, 10.2, 10.3, error="PoolTimeout: nothing")
    books.wrote(2, 10.0, 10.1, error="OutcomeUnknown: who knows", unknown=True)
    found = books.result()
    assert (found.errors, found.errors_per_writer, found.unknown) == (3, 2, 1)
    assert found.kinds == {"FakeError": 1, "PoolTimeout": 1, "OutcomeUnknown": 1}


def test_a_worker_still_at_it_is_stuck(books: Books) -> None:
    books.writes.begin("writer-1", 9.9)
    books.reads.begin("reader-1", 9.9)
    books.writes.begin("writer-2", PROMOTED + 0.1)
    found = books.result()
    assert (found.stuck, found.freed_s) == (2, None)


def test_a_worker_that_came_out_late_was_stuck(books: Books) -> None:
    books.wrote(1, 9.9, FAULT + FREED_WITHIN + 0.1, error="FakeError: at last")
    books.wrote(2, 9.9, FAULT + FREED_WITHIN - 0.1, error="FakeError: in time")
    found = books.result()
    assert (found.stuck, found.freed_s) == (1, FREED_WITHIN + 0.1)


def test_what_the_old_primary_takes_after_the_promotion_is_stale(books: Books) -> None:
    books.wrote(1, PROMOTED - 0.1, PROMOTED + 0.1, host="a")
    books.wrote(1, PROMOTED + 0.1, PROMOTED + 0.2, host="a", error="FakeError: refused")
    assert books.result().stale == 0
    books.wrote(2, PROMOTED + 0.1, PROMOTED + 0.2, host="a")
    assert books.result().stale == 1


# -- on a cluster in memory ------------------------------------------------------------------------------------------


class Stage:
    """A workload on a fake cluster, and a rehearsal that does not dawdle."""

    def __init__(self, cluster: FakeCluster, pool: FailoverPool) -> None:
        self.told: list[str] = []
        self.cluster = cluster
        self.workload = Workload(pool, table="t", writers=2, readers=1)
        self.workload.prepare()
        self.rehearsal = Rehearsal(cluster, pool, self.workload, self.told.append)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(rehearsal, "UNTIL_PROMOTION", 0.02)
    monkeypatch.setattr(rehearsal, "FREED_WITHIN", 1.0)
    cluster = FakeCluster(["a", "b", "c"])
    with FailoverPool(cluster.url, probe_interval=0.02, probe_timeout=0.05, quick_interval=0.005) as pool:
        stage = Stage(cluster, pool)
        monkeypatch.setattr(stage.rehearsal, "run_for", lambda seconds: None)
        stage.workload.start()
        yield stage
        assert stage.workload.stop() == []
        cluster.stop()


def test_a_kill_is_survived_and_measured(stage: Stage) -> None:
    assert stage.rehearsal.kill() == "a"
    (found,) = stage.rehearsal.results
    assert found.name == "sigkill"
    assert found.gap_s is not None
    assert found.all_writing_s is not None
    assert found.gap_s <= found.all_writing_s
    assert (found.stuck, found.stale) == (0, 0)
    assert stage.told == ["SIGKILL kills the primary a", "b is promoted"]


def test_a_freeze_is_survived_and_the_sleeper_gets_nothing(stage: Stage) -> None:
    frozen = stage.rehearsal.freeze()
    stage.cluster.wait_until(lambda: stage.cluster[frozen].open_connections == 0)
    stage.rehearsal.resume(frozen)
    assert stage.rehearsal.results[0].stale == 0
    assert stage.told[-1] == "a wakes up and still believes that it is the primary"


def test_what_the_sleeper_takes_is_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = stage.rehearsal.freeze()
    monkeypatch.setattr(stage.rehearsal, "_rows_on", lambda host: Counter({("writer-9", 1): 1, ("writer-9", 2): 1}))
    stage.rehearsal.resume(frozen)
    assert stage.rehearsal.results[0].stale == 2


def test_a_switchover_is_survived(stage: Stage) -> None:
    stage.rehearsal.switch_over("b")
    (found,) = stage.rehearsal.results
    assert (found.name, found.stuck, found.stale) == ("switchover", 0, 0)
    assert found.gap_s is not None


def test_the_verdict_over_all_rows(stage: Stage, until: Callable[..., None]) -> None:
    stage.rehearsal.kill()
    stage.rehearsal.rejoin("a")
    assert stage.workload.stop() == []
    verdict = stage.rehearsal.judge()
    assert verdict.acknowledged > 0
    assert (verdict.lost, verdict.doubled, verdict.phantom) == (0, 0, 0)


def test_a_writer_that_does_not_come_back_is_waited_for_in_vain(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "RECOVERY_LIMIT", 0.05)
    monkeypatch.setattr(rehearsal, "FREED_WITHIN", 0.1)
    with monkeypatch.context() as nobody_promotes:
        nobody_promotes.setattr(stage.cluster, "promote", lambda host: None)
        stage.rehearsal.kill()
    stage.cluster.promote("b")
    (found,) = stage.rehearsal.results
    assert (found.gap_s, found.all_writing_s) == (None, None)
