"""One fake cluster as probers see it: time stands still, and what they hand in is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from failoverkit.hookspecs import hookimpl
from failoverkit.model import Observation
from failoverkit.monitor.prober import Prober, ProbeSurroundings
from failoverkit.plugins import load
from failoverkit.secrets import Secret
from failoverkit.settings import MonitorSettings
from failoverkit.testing import FakeClock, FakeCluster


class Timeouts:
    """An extension that keeps how long connects and probes were allowed to take."""

    def __init__(self) -> None:
        self.given: list[tuple[str, float]] = []

    @hookimpl
    def failoverkit_connect(self, timeout: float) -> None:
        self.given.append(("connect", timeout))

    @hookimpl
    def failoverkit_probe(self, timeout: float) -> None:
        self.given.append(("probe", timeout))


class Watch:
    """A cluster and probers of its hosts, driven by hand."""

    def __init__(self, extensions: tuple[object, ...], settings: dict[str, Any]) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(["a", "b"])
        self.settings = dataclasses.replace(
            self.cluster.settings, monitor=MonitorSettings(**settings), password=Secret("hunter2")
        )
        self.observed: list[Observation] = []
        self.looked_around = 0
        self.generation = 0
        self.latency: float | None = None
        self.plugins = load(self.settings, extensions=extensions)
        self.around = ProbeSurroundings(
            settings=self.settings,
            plugins=self.plugins,
            clock=self.clock,
            observe=self.observed.append,
            generation_of=lambda _: self.generation,
            usual_latency=lambda _: self.latency,
            look_around=self._look_around,
        )
        self.prober = Prober(self.settings.hosts[0], self.around)

    def _look_around(self) -> None:
        self.looked_around += 1

    @property
    def now(self) -> float:
        return self.clock()

    def look(self, after: float = 0.0) -> float:
        """Let time pass and have the scheduler look; return how long until it wants to look again."""
        self.clock.advance(after)
        return self.prober.watch(self.now, self.now) - self.now


Start = Callable[..., Watch]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a maker of watches: ``start(probe_timeout=2.0)``."""
    watches: list[Watch] = []

    def make(*extensions: object, **settings: Any) -> Watch:
        watches.append(Watch(extensions, settings))
        return watches[-1]

    yield make
    for watch in watches:
        watch.cluster.stop()


@pytest.fixture
def timeouts() -> Timeouts:
    return Timeouts()
