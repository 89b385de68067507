"""Tests that talk to real servers, started by themselves; and what they share on pools over a cluster.

``pool``, ``load`` and ``proxied`` are over the ``cluster`` of the test's own directory.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from failoverkit import FailoverPool, Settings
from failoverkit.clock import monotonic
from failoverkit.events import Event
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Host
from failoverkit.testing import FaultProxy, LocalCluster
from failoverkit.testing.verdict import Verdict, judge
from failoverkit.testing.workload import Workload

HERE = Path(__file__).parent
PLENTY = 20.0
"""Seconds after which a condition that should long have come true fails the test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.live)


class Events:
    """Everything a pool told, as an extension. Thread-safe."""

    def __init__(self) -> None:
        self._told: list[Event] = []
        self._changed = threading.Condition()

    @hookimpl
    def failoverkit_on_event(self, event: Event) -> None:
        with self._changed:
            self._told.append(event)
            self._changed.notify_all()

    def of(self, kind: type[Event], **facts: object) -> list[Event]:
        """Return what was told of one kind, with these facts."""
        return [e for e in list(self._told) if type(e) is kind and all(getattr(e, k) == v for k, v in facts.items())]

    def of_all(self) -> list[Event]:
        """Return everything that was told."""
        return list(self._told)

    def wait_for(self, kind: type[Event], **facts: object) -> None:
        """Return when such an event was told."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.of(kind, **facts), PLENTY), f"no {kind.__name__} {facts}"


class Load:
    """Writers and readers through one pool, and what became of their rows."""

    def __init__(self, pool: FailoverPool, workload: Workload) -> None:
        self._pool = pool
        self.workload = workload
        self._pause = threading.Event()

    def wait_until_all_write(self, *, on: str | None = None, since: float | None = None) -> None:
        """Return when every writer has committed since ``since`` (now), on host ``on`` if given."""
        began = monotonic() if since is None else since

        def all_do() -> bool:
            commits = [a for a in self.workload.writes.since(began) if not a.error and (on is None or a.host == on)]
            return {attempt.worker for attempt in commits}.issuperset(self.workload.writers)

        wait_until(all_do, f"every writer to commit on {on or 'any host'}")

    def finish(self) -> Verdict:
        """Stop all workers; none may be stuck. Compare what they were told with what is there."""
        assert self.workload.stop() == [], "workers are stuck"
        return judge(self.workload.writes.since(0.0), self.workload.rows(self._pool))


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail the test when it does not in time."""
    deadline, pause = monotonic() + PLENTY, threading.Event()
    while not condition():
        assert monotonic() < deadline, f"waited {PLENTY:g} s for {what}"
        pause.wait(0.005)


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[[Callable[[], object], str], None]:
    return wait_until


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def open_pool(events: Events) -> Iterator[Callable[..., FailoverPool]]:
    """Open pools that are ready for work, and close them after the test."""
    with ExitStack() as stack:

        def open_one(source: str | Settings, *, ready: bool = True, **keywords: Any) -> FailoverPool:
            pool = FailoverPool(source, extensions=[events], **keywords)
            stack.callback(pool.close)
            if ready:
                pool.wait_until_ready(PLENTY)
            return pool

        yield open_one


@pytest.fixture
def pool(cluster: LocalCluster, open_pool: Callable[..., FailoverPool]) -> FailoverPool:
    """A pool over the cluster with default settings."""
    return open_pool(cluster.url)


@pytest.fixture
def load(pool: FailoverPool) -> Iterator[Load]:
    """8 writers and 2 readers at work through ``pool``."""
    with running_load(pool) as running:
        yield running


@contextmanager
def running_load(pool: FailoverPool) -> Iterator[Load]:
    workload = Workload(pool, table="workload")
    workload.prepare()
    running = Load(pool, workload)
    workload.start()
    try:
        running.wait_until_all_write()
        yield running
    finally:
        workload.stop()


@pytest.fixture(name="running_load")
def _running_load() -> Callable[[FailoverPool], Any]:
    return running_load


class Proxied:
    """The cluster with a fault proxy before each host; hosts keep their order and are named n1, n2, n3."""

    def __init__(self, cluster: LocalCluster, stack: ExitStack) -> None:
        self.cluster = cluster
        self.proxies = {
            f"n{number}": stack.enter_context(FaultProxy(host.address, host.port or 0))
            for number, host in enumerate(cluster.hosts, 1)
        }
        self.real_names = {f"n{number}": host.name for number, host in enumerate(cluster.hosts, 1)}
        hosts = tuple(
            Host(name, proxy.host, proxy.port, priority=place)
            for place, (name, proxy) in enumerate(self.proxies.items())
        )
        self.settings = dataclasses.replace(cluster.settings, hosts=hosts)


@pytest.fixture
def proxied(cluster: LocalCluster) -> Iterator[Proxied]:
    with ExitStack() as stack:
        yield Proxied(cluster, stack)
