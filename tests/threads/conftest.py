"""Whole pools over fake clusters, with real threads that are ordered by gates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from failoverkit import FailoverPool
from failoverkit.events import Event
from failoverkit.hookspecs import hookimpl
from failoverkit.pool.waiters import Waiter
from failoverkit.settings import Settings
from failoverkit.testing import FakeClock, FakeCluster

E = TypeVar("E", bound=Event)
SOON = 10.0
HOUR = 3600.0
QUICK = {"probe_interval": 0.02, "probe_timeout": 0.05, "quick_interval": 0.005}
"""Settings of a monitor that finds everything out within a moment."""
ASLEEP = {"probe_interval": HOUR, "probe_timeout": HOUR, "quick_interval": 0.005}
"""Settings of a monitor that looks once, and then only when it is woken."""


class Told:
    """An observer that keeps every event, and can be waited on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    @hookimpl
    def failoverkit_on_event(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind so far."""
        return [event for event in tuple(self.events) if isinstance(event, kind)]

    def wait_for(self, kind: type[E], **facts: object) -> E:
        """Return the first event of a kind with these facts, once it was told."""

        def found() -> E | None:
            events = (event for event in self.of(kind) if all(getattr(event, key) == facts[key] for key in facts))
            return next(events, None)

        with self._changed:
            event = self._changed.wait_for(found, SOON)
        assert event is not None, f"no {kind.__name__} {facts} among {self.events}"
        return event


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(["a", "b", "c"])


Opener = Callable[..., FailoverPool]


@pytest.fixture
def open_pool(cluster: FakeCluster, told: Told) -> Iterator[Opener]:
    """Return a maker of pools: ``open_pool(extension, max_size=2)``, ready unless ``ready=False``.

    Every pool is closed after the test, and must leave no thread and no connection behind.
    """
    pools: list[FailoverPool] = []
    clusters: list[FakeCluster] = [cluster]

    def make(
        *extensions: object,
        of: FakeCluster = cluster,
        settings: Settings | None = None,
        ready: bool = True,
        clock: FakeClock | None = None,
        **keywords: Any,
    ) -> FailoverPool:
        about = {**QUICK, **keywords}
        source = settings or of.url
        extensions = (told, *extensions)
        pool = (
            FailoverPool(source, extensions=extensions, **about)
            if clock is None
            else FailoverPool(source, extensions=extensions, clock=clock, **about)
        )
        pools.append(pool)
        clusters.append(of)
        if ready:
            pool.wait_until_ready(SOON)
        return pool

    before = set(threading.enumerate())
    yield make
    for one in clusters:
        one.stop()  # whatever a failed test left blocked comes free
    for pool in pools:
        pool.close()
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in left if name.startswith("failoverkit-") and name != "failoverkit-test"] == []


@pytest.fixture
def standing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that returns when so many callers stand in line and wait."""
    waiting: list[Waiter] = []
    changed = threading.Condition()
    wait = Waiter.wait

    def noticed(waiter: Waiter, timeout: float) -> Any:
        with changed:
            waiting.append(waiter)
            changed.notify_all()
        outcome = wait(waiter, timeout)
        with changed:
            waiting.remove(waiter)
            changed.notify_all()
        return outcome

    def until(count: int) -> None:
        with changed:
            assert changed.wait_for(lambda: len(waiting) == count, SOON), f"{len(waiting)} of {count} wait"

    monkeypatch.setattr(Waiter, "wait", noticed)
    return until
