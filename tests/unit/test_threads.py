"""A thread that works when something is due, can be hurried, and outlives defects."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from failoverkit.clock import FAR
from failoverkit.testing import FakeClock
from failoverkit.threads import AFTER_FAILURE, Ticker

SOON = 10.0


class Work:
    """Work that stops at a gate, and says when it is due next."""

    def __init__(self, clock: FakeClock) -> None:
        self.began_at: list[float] = []
        self.following = FAR
        self.error: Exception | None = None
        self.ended = threading.Event()
        self._began = threading.Semaphore(0)
        self._may_end = threading.Semaphore(0)
        self.ticker = Ticker("work", self._work, clock, self.ended.set)

    def _work(self, now: float) -> float:
        self.began_at.append(now)
        self._began.release()
        assert self._may_end.acquire(timeout=SOON)
        if self.error is not None:
            raise self.error
        return self.following

    def wait_until_begun(self) -> None:
        assert self._began.acquire(timeout=SOON)

    def let_end(self) -> None:
        self._may_end.release()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(100.0)


@pytest.fixture
def work(clock: FakeClock) -> Iterator[Work]:
    work = Work(clock)
    work.ticker.start()
    work.wait_until_begun()
    yield work
    work.ticker.stop()
    for _ in range(3):
        work.let_end()
    work.ticker.thread.join(SOON)
    assert not work.ticker.thread.is_alive()


def test_the_first_work_is_due_at_once_on_a_daemon_with_a_name(work: Work) -> None:
    assert work.began_at == [100.0]
    assert (work.ticker.thread.name, work.ticker.thread.daemon) == ("work", True)


def test_while_it_works_nothing_is_due(work: Work) -> None:
    assert work.ticker.due == FAR


def test_it_works_again_when_the_work_said_so(work: Work, until: Callable[..., None]) -> None:
    work.following = 100.0
    work.let_end()
    work.wait_until_begun()
    work.following = 105.0
    work.let_end()
    until(lambda: work.ticker.due == 105.0)
    assert len(work.began_at) == 2


def test_an_earlier_time_wins_and_a_later_one_is_ignored(work: Work, until: Callable[..., None]) -> None:
    work.following = 500.0
    work.let_end()
    until(lambda: work.ticker.due == 500.0)
    work.ticker.hurry(400.0)
    work.ticker.hurry(450.0)
    assert work.ticker.due == 400.0
    work.ticker.hurry(99.0)
    work.wait_until_begun()


def test_who_hurries_it_while_it_works_is_not_forgotten(work: Work) -> None:
    work.following = 500.0
    work.ticker.hurry(100.0)
    work.let_end()
    work.wait_until_begun()
    assert len(work.began_at) == 2


def test_a_defect_is_logged_and_the_thread_goes_on(
    work: Work, clock: FakeClock, until: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    work.error = ZeroDivisionError("a defect")
    with caplog.at_level(logging.ERROR, "failoverkit.threads"):
        work.let_end()
        until(lambda: work.ticker.due == 100.0 + AFTER_FAILURE)
    assert caplog.messages == ["unexpected error on thread work"]
    assert caplog.records[0].exc_info is not None
    work.error = None
    clock.advance(AFTER_FAILURE)
    with work.ticker._wake:
        # It sleeps in real time.
        work.ticker._wake.notify()
    work.wait_until_begun()


def test_a_stopped_one_ends_with_its_last_act(work: Work) -> None:
    work.ticker.stop()
    assert not work.ended.is_set()
    work.ticker.hurry(0.0)
    work.let_end()
    assert work.ended.wait(SOON)
    assert len(work.began_at) == 1


def test_one_that_waits_for_ever_can_be_stopped(work: Work, until: Callable[..., None]) -> None:
    work.let_end()
    work.ticker.stop()
    assert work.ended.wait(SOON)


def test_one_stopped_before_it_started_does_nothing(clock: FakeClock) -> None:
    work = Work(clock)
    work.ticker.stop()
    work.ticker.start()
    assert work.ended.wait(SOON)
    assert work.began_at == []
