"""The hand-off: exactly one side wins, whatever the order."""

from __future__ import annotations

import threading

import pytest

from failoverkit.model import Target
from failoverkit.pool.waiters import Waiter

PLENTY = 10.0


def make() -> Waiter:
    return Waiter(Target.PRIMARY, 0)


def test_what_was_given_is_returned_at_once() -> None:
    waiter = make()
    assert waiter.give("connection")
    assert waiter.wait(PLENTY) == "connection"


def test_a_second_giver_is_refused() -> None:
    waiter = make()
    waiter.give("first")
    assert not waiter.give("second")
    assert waiter.wait(PLENTY) == "first"


def test_after_its_deadline_a_waiter_accepts_nothing() -> None:
    waiter = make()
    assert waiter.wait(0.0) is None
    assert not waiter.give("late")


def test_a_negative_wait_is_no_wait() -> None:
    assert make().wait(-1.0) is None


def test_an_endless_wait_is_no_error() -> None:
    waiter = make()
    waiter.give("connection")
    assert waiter.wait(float("inf")) == "connection"


def test_leaving_takes_what_came_at_the_last_moment() -> None:
    waiter = make()
    waiter.give("connection")
    assert waiter.leave() == "connection"


def test_leaving_empty_handed() -> None:
    waiter = make()
    assert waiter.leave() is None
    assert not waiter.give("late")


def test_a_giver_on_another_thread_wakes_the_waiter() -> None:
    waiter = make()
    giver = threading.Thread(target=waiter.give, args=("connection",))
    giver.start()
    assert waiter.wait(PLENTY) == "connection"
    giver.join()


def test_of_many_givers_and_a_leaver_one_wins() -> None:
    for _ in range(200):
        waiter = make()
        start = threading.Barrier(4)
        accepted: list[int] = []

        def give(number: int, waiter: Waiter = waiter, start: threading.Barrier = start) -> None:
            start.wait()
            if waiter.give(number):
                accepted.append(number)  # noqa: B023 - joined before the next round

        givers = [threading.Thread(target=give, args=(number,)) for number in range(3)]
        for giver in givers:
            giver.start()
        start.wait()
        outcome = waiter.leave()
        for giver in givers:
            giver.join()
        assert accepted == ([] if outcome is None else [outcome])


def test_the_same_outcome_offered_twice_is_accepted_once() -> None:
    waiter = make()
    outcome = object()
    assert [waiter.give(outcome), waiter.give(outcome)] == [True, False]
    assert waiter.wait(PLENTY) is outcome


def test_an_interrupt_after_the_wake_up_loses_nothing() -> None:
    waiter = make()
    waiter.give("connection")

    class Interrupting:
        def acquire(self, timeout: float) -> bool:
            raise KeyboardInterrupt

    waiter._wake.acquire()
    waiter._wake = Interrupting()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        waiter.wait(PLENTY)
    assert waiter.leave() == "connection"


def test_leaving_twice_is_leaving_once() -> None:
    waiter = make()
    assert [waiter.leave(), waiter.leave()] == [None, None]
    assert not waiter.give("late")
