"""The pool of one host with a fake world around it: time stands still, and what it says is kept."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from failoverkit.events import Event
from failoverkit.failover.routing import Routing
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate, Observation, Role, State, Target
from failoverkit.plugins import load
from failoverkit.pool.host_pool import HostPool
from failoverkit.pool.routed_pool import RoutedPool
from failoverkit.pool.slots import Pooled
from failoverkit.pool.surroundings import Surroundings
from failoverkit.pool.waiters import Waiter
from failoverkit.settings import PoolSettings
from failoverkit.testing import Background, FakeClock, FakeCluster
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

    def running(self, name: str = "a") -> list[threading.Thread]:
        """Return the pool's threads that have not ended yet."""
        return [thread for thread in self.pools[name].threads() if thread.is_alive()]

    def finish(self, name: str = "a") -> HostPool:
        """Return the pool when no thread opens or touches a connection of it any more."""
        while threads := self.running(name):
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


def routing(primary: str = "", standby: str = "", **about: Any) -> Routing:
    """Return a routing by the names of hosts: ``routing("a", "b", suspect="a")``."""
    roles = dict.fromkeys(primary, Role.PRIMARY) | dict.fromkeys(standby, Role.STANDBY)
    candidates = {name: Candidate(name, role, 0, "ab".index(name)) for name, role in roles.items()}
    targets = {
        Target.PRIMARY: tuple(candidates[name] for name in primary),
        Target.STANDBY: tuple(candidates[name] for name in standby),
        Target.PREFER_STANDBY: tuple(candidates[name] for name in standby or primary),
        Target.ANY: tuple(candidates[name] for name in sorted(roles)),
    }
    return Routing(
        state=State.HEALTHY,
        active=primary[:1] or None,
        paused=about.get("paused", False),
        targets=dict.fromkeys(Target, ()) if about.get("paused") else targets,
        suspect=frozenset(about.get("suspect", "")),
        warm=tuple(about.get("warm", "")),
        hopeless=about.get("hopeless", False),
        reasons=about.get("reasons", {}),
    )


class Scene:
    """A world and the routed pool over its hosts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.started = 0
        self.routed = RoutedPool(world.pools, world.around, routing(), self._start)

    def _start(self) -> None:
        self.started += 1

    def publish(self, primary: str = "", standby: str = "", **about: Any) -> None:
        """Publish a routing, and have the hosts that it calls primary be so."""
        for name in primary:
            self.world.cluster.set(name, role=Role.PRIMARY)
        self.routed.publish(routing(primary, standby, **about))

    def acquire(self, target: Target = Target.PRIMARY, timeout: float = 60.0) -> Any:
        return self.routed.acquire(target, timeout)

    def acquiring(self, target: Target = Target.PRIMARY, timeout: float = 60.0) -> Background[Any]:
        """Acquire on another thread."""
        return Background(lambda: self.routed.acquire(target, timeout))

    def finish(self) -> None:
        for name in self.world.pools:
            self.world.finish(name)


@pytest.fixture
def stage(build: Callable[..., Any]) -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(*extensions: object, **settings: Any) -> Scene:
        scenes.append(Scene(build(*extensions, **settings)))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.routed.close()


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
        waiting.remove(waiter)
        return outcome

    def until(count: int) -> None:
        with changed:
            assert changed.wait_for(lambda: len(waiting) == count, 10.0), f"{len(waiting)} of {count} wait"

    monkeypatch.setattr(Waiter, "wait", noticed)
    return until


Around = Callable[[object, str, Callable[[], object]], None]


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Around:
    """Return a function that has something done, once, before the next call of a method."""

    def arrange(owner: object, name: str, act: Callable[[], object]) -> None:
        method = getattr(owner, name)

        def acting(*arguments: Any) -> Any:
            monkeypatch.setattr(owner, name, method)
            act()
            return method(*arguments)

        monkeypatch.setattr(owner, name, acting)

    return arrange


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Around:
    """Return a function that has something done, once, after the next call of a method."""

    def arrange(owner: object, name: str, act: Callable[[], object]) -> None:
        method = getattr(owner, name)

        def acting(*arguments: Any) -> Any:
            monkeypatch.setattr(owner, name, method)
            answer = method(*arguments)
            act()
            return answer

        monkeypatch.setattr(owner, name, acting)

    return arrange
