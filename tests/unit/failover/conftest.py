"""A cluster of hosts that exist only as evidence, and the brain that watches them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from failoverkit.events import Event
from failoverkit.failover import brain
from failoverkit.failover.brain import Step
from failoverkit.failover.commands import Command
from failoverkit.failover.effects import Effect
from failoverkit.failover.routing import Routing, route
from failoverkit.failover.topology import HostView, Topology, begin
from failoverkit.model import ErrorKind, Host, Observation, Report, Role, Source, State, Target
from failoverkit.settings import FailoverSettings


class Watched:
    """Feeds evidence to the brain one step after another; ``step`` is the last one, ``now`` its time."""

    def __init__(self, priorities: dict[str, int], policy: FailoverSettings) -> None:
        hosts = [Host(name, name, priority=priority) for name, priority in priorities.items()]
        self.policy = policy
        self.now = 0.0
        self.step = Step(begin(hosts))

    def says(
        self, host: str, role: str = "unknown", epoch: int | None = None, *, at: float | None = None, **report: object
    ) -> Step:
        """A probe of the host answers."""
        report.setdefault("lineage", None if epoch is None else "L")
        said = Report(Role(role), epoch, **report)  # type: ignore[arg-type]
        return self._observe(Observation(host, self.view(host).generation, Source.PROBE, said, latency=0.002), at)

    def fails(
        self,
        host: str,
        kind: ErrorKind = ErrorKind.HOST_UNREACHABLE,
        *,
        source: Source = Source.PROBE,
        detail: str = "",
        at: float | None = None,
    ) -> Step:
        """A probe of the host fails, or a caller's work."""
        return self._observe(Observation(host, self.view(host).generation, source, error=kind, detail=detail), at)

    def wish(self, command: Command, *, at: float | None = None) -> Step:
        """An operator asks for something."""
        self._pass_time(at)
        self.step = brain.command(self.topology, command, self.policy, self.now)
        return self.step

    def tick(self, *, at: float) -> Step:
        """Time passes."""
        self._pass_time(at)
        self.step = brain.tick(self.topology, self.policy, self.now)
        return self.step

    def _observe(self, observation: Observation, at: float | None) -> Step:
        self._pass_time(at)
        self.step = brain.observe(self.topology, observation, self.policy, self.now)
        return self.step

    def _pass_time(self, at: float | None) -> None:
        self.now = self.now if at is None else at

    def view(self, host: str) -> HostView:
        return self.topology.hosts[host]

    def targets(self, target: Target) -> list[str]:
        return [candidate.name for candidate in self.routing.targets[target]]

    def told(self, kind: type[Event]) -> list[Event]:
        """Return the last step's events of one kind."""
        return [event for event in self.step.events if isinstance(event, kind)]

    @property
    def topology(self) -> Topology:
        return self.step.topology

    @property
    def state(self) -> State:
        return self.topology.state

    @property
    def active(self) -> str | None:
        return self.topology.active

    @property
    def effects(self) -> list[Effect]:
        return list(self.step.effects)

    @property
    def routing(self) -> Routing:
        return route(self.topology, self.policy)


Watch = Callable[..., Watched]


@pytest.fixture
def watch() -> Watch:
    """Return a maker of watched clusters: ``watch("abc")`` or ``watch({"a": 0, "b": 0}, hold=5)``."""

    def make(hosts: str | dict[str, int], **policy: object) -> Watched:
        priorities = hosts if isinstance(hosts, dict) else {name: index for index, name in enumerate(hosts)}
        return Watched(priorities, FailoverSettings(**policy))  # type: ignore[arg-type]

    return make


@pytest.fixture
def replicated(watch: Watch) -> Watch:
    """Return a maker of clusters with roles and epochs that are healthy: a is primary, the others follow."""

    def make(hosts: str = "abc", **policy: object) -> Watched:
        cluster = watch(hosts, **policy)
        cluster.says("a", "primary", 1)
        for name in hosts[1:]:
            cluster.says(name, "standby", 1)
        return cluster

    return make


@pytest.fixture
def roleless(watch: Watch) -> Watch:
    """Return a maker of clusters without roles in which all hosts are up."""

    def make(hosts: str | dict[str, int] = "ab", **policy: object) -> Watched:
        cluster = watch(hosts, **policy)
        for name in hosts:
            cluster.says(name)
        return cluster

    return make


@pytest.fixture
def unordered(watch: Watch) -> Watch:
    """Return a maker of clusters with roles but without epochs: a is primary, the others follow."""

    def make(hosts: str = "ab", **policy: object) -> Watched:
        cluster = watch(hosts, **policy)
        cluster.says("a", "primary")
        for name in hosts[1:]:
            cluster.says(name, "standby")
        return cluster

    return make
