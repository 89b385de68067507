"""The pool of one host with a fake world around it: time stands still, and what it says is kept."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from failoverkit.events import Event
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Observation, Target
from failoverkit.plugins import load
from failoverkit.pool.host_pool import HostPool
from failoverkit.pool.slots import Pooled
from failoverkit.pool.surroundings import Surroundings
from failoverkit.pool.waiters import Waiter
from failoverkit.settings import PoolSettings
from failoverkit.testing import FakeClock, FakeCluster
from failoverkit.watchdog import Watchdog


class World:
    """A cluster, and pools of single hosts in it. Nothing happens by itself but on the threads of openers."""

    def __init__(self, settings: dict[str, Any], extensions: tuple[object, ...], password: str | None) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(["a", "b"])
        self.cluster.password = password
        self.settings = dataclasses.replace(self.cluster.settings, pool=PoolSettings(**settings))
        self.plugins = load(self.settings, extensions=extensions)
        self.observed: list[Observation] = []
        self.told: list[Event] = []
        self.hurried: list[float] = []
        self.warmed: list[str] = []
        self.watchdog = Watchdog(self.clock, self.plugins.abort, self.hurried.append)
        self.around = Surroundings(
            settings=self.settings,
            plugins=self.plugins,
            clock=self.clock,
            watchdog=self.watchdog,
            observe=self.observed.append,
            tell=self.told.append,
            hurry=self.hurried.append,
            warmed=self.warmed.append,
        )
        self.pools = {host.name: HostPool(host, self.around) for host in self.settings.hosts}
        self.numbers = iter(range(1_000_000))

    @property
    def pool(self) -> HostPool:
        return self.pools["a"]

    @property
    def now(self) -> float:
        return self.clock()

    def waiter(self, target: Target = Target.PRIMARY, **about: bool) -> Waiter:
        return Waiter(target, next(self.numbers), **about)

    def finish(self, name: str = "a") -> HostPool:
        """Return the pool when no thread opens or touches a connection of it any more."""
        while threads := self.pools[name].threads():
            for thread in threads:
                thread.join(10.0)
                assert not thread.is_alive(), "a thread of the pool hangs"
        return self.pools[name]

    def opened(self, count: int) -> list[Pooled]:
        """Have the pool keep ``count`` connections; return them when they are open and idle."""
        pool = self.pool
        pool.play(primary=True, keep=count)
        self.finish()
        assert pool.counts().idle == count
        return list(pool._slots.idle)

    def borrowed(self) -> Pooled:
        """Return a connection lent as a borrower in a hurry gets it."""
        pooled = self.pool.take(self.now)
        assert pooled is not None
        return pooled


class Turnstile:
    """An extension that stops every opening until it is let through, and counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = 0
        self.most_inside = 0
        self._allowed = 0
        self._changed = threading.Condition()

    @hookimpl(wrapper=True)
    def failoverkit_connect(self) -> Iterator[None]:
        with self._changed:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._allowed > 0, 10.0)
            self._allowed -= 1
        try:
            return (yield)
        finally:
            with self._changed:
                self.inside -= 1
                self._changed.notify_all()

    def let_through(self, count: int) -> None:
        """Let so many openings go on."""
        with self._changed:
            self._allowed += count
            self._changed.notify_all()

    def wait_until_inside(self, count: int) -> None:
        """Return when exactly so many openings are inside and nobody is on the way out."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.inside == count and not self._allowed, 10.0)


class Calls:
    """An extension that keeps, in order, which connection was aborted or closed; and interrupts checks if told to."""

    def __init__(self) -> None:
        self.made: list[tuple[str, object]] = []
        self.interruption: BaseException | None = None

    @hookimpl
    def failoverkit_abort(self, connection: object) -> None:
        self.made.append(("abort", connection))

    @hookimpl
    def failoverkit_close(self, connection: object) -> None:
        self.made.append(("close", connection))

    @hookimpl
    def failoverkit_check(self) -> None:
        if self.interruption is not None:
            raise self.interruption


@pytest.fixture
def turnstile() -> Turnstile:
    return Turnstile()


@pytest.fixture
def calls() -> Calls:
    return Calls()


Build = Callable[..., World]


@pytest.fixture
def build() -> Iterator[Build]:
    """Return a maker of worlds: ``build(max_size=2, keepalive=30.0)``."""
    worlds: list[World] = []

    def make(*extensions: object, password: str | None = None, **settings: object) -> World:
        worlds.append(World(settings, extensions, password))
        return worlds[-1]

    yield make
    for world in worlds:
        world.cluster.stop()  # whatever a failed test left blocked comes free
        for name, pool in world.pools.items():
            pool.close()
            world.finish(name)
