"""A call that may hang, and its deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from failoverkit.drivers.bounded import call_within

PATIENCE = 10.0


@pytest.fixture
def discarded() -> list[str]:
    return []


def test_returns_what_the_call_returns(discarded: list[str]) -> None:
    assert call_within(PATIENCE, lambda: "opened", discarded.append, "opening") == "opened"
    assert discarded == []


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("its own")], ids=["any", "a timeout of its own"])
def test_raises_what_the_call_raises(discarded: list[str], error: Exception) -> None:
    def fail() -> str:
        raise error

    with pytest.raises(type(error)) as caught:
        call_within(PATIENCE, fail, discarded.append, "opening")
    assert caught.value is error


def _held(go: threading.Event, outcome: Callable[[], str]) -> Callable[[], str]:
    def call() -> str:
        assert go.wait(PATIENCE)
        return outcome()

    return call


def test_comes_back_at_the_deadline_and_discards_what_comes_late() -> None:
    go, closed = threading.Event(), threading.Event()
    with pytest.raises(TimeoutError, match=r"no end of opening within 0\.02 s"):
        call_within(0.02, _held(go, lambda: "late"), lambda late: late == "late" and closed.set(), "opening")
    assert not closed.is_set()
    go.set()
    assert closed.wait(PATIENCE)


def test_a_failure_that_comes_late_is_nobodys(discarded: list[str], caplog: pytest.LogCaptureFixture) -> None:
    go = threading.Event()

    def fail() -> str:
        raise ValueError("late")

    with pytest.raises(TimeoutError):
        call_within(0.02, _held(go, fail), discarded.append, "late-failure")
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "late-failure"]
    go.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert (discarded, caplog.records) == ([], [])
