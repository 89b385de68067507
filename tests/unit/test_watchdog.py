"""Deadlines for calls that may hang."""

from __future__ import annotations

from failoverkit.testing.fake_clock import FakeClock
from failoverkit.watchdog import FAR, Watchdog


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.start = self.clock()
        self.aborted: list[object] = []
        self.hurried: list[float] = []
        self.watchdog = Watchdog(self.clock, self.abort, self.hurried.append)

    def abort(self, connection: object) -> bool:
        self.aborted.append(connection)
        return True

    def expire(self) -> float:
        return self.watchdog.expire(self.clock())


def test_a_call_within_its_deadline_is_left_alone() -> None:
    scene = Scene()
    with scene.watchdog.guard("c", 1.0) as guard:
        scene.clock.advance(0.9)
        assert scene.expire() == scene.start + 1.0
    assert scene.expire() == FAR
    assert (scene.aborted, guard.expired) == ([], False)
    assert scene.hurried == [scene.start + 1.0]


def test_a_late_call_is_aborted_once_and_knows_it() -> None:
    scene = Scene()
    with scene.watchdog.guard("c", 1.0) as guard:
        scene.clock.advance(1.0)
        assert scene.expire() == FAR
        scene.expire()
    assert (scene.aborted, guard.expired) == (["c"], True)


def test_the_next_deadline_is_the_earliest_left() -> None:
    scene = Scene()
    with scene.watchdog.guard("a", 1.0), scene.watchdog.guard("b", 3.0):
        scene.clock.advance(2.0)
        assert scene.expire() == scene.start + 3.0
    assert scene.aborted == ["a"]


def test_a_guard_ends_also_when_its_call_raises() -> None:
    scene = Scene()
    try:
        with scene.watchdog.guard("c", 1.0):
            raise KeyError
    except KeyError:
        pass
    assert scene.expire() == FAR


def test_at_the_end_everything_under_a_deadline_comes_free_at_once() -> None:
    scene = Scene()
    with scene.watchdog.guard("early", 9.0) as early:
        scene.watchdog.end()
        with scene.watchdog.guard("late", 9.0) as late:
            assert scene.aborted == ["early", "late"]
    assert (early.expired, late.expired) == (True, True)
