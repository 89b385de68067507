"""One fold in the making: the topology as it is changed, and what came of it so far.

The only mutable thing in the brain. It lives for one call of ``brain`` and is seen by nobody outside.
"""

from __future__ import annotations

from dataclasses import replace

from failoverkit.events import Event
from failoverkit.failover.effects import Effect
from failoverkit.failover.topology import HostView, Topology
from failoverkit.settings import FailoverSettings


class Draft:
    """Collects the effects and events of one fold, and the topology they lead to."""

    __slots__ = ("effects", "events", "now", "policy", "topology")

    def __init__(self, topology: Topology, policy: FailoverSettings, now: float) -> None:
        self.topology = topology
        self.policy = policy
        self.now = now
        self.effects: list[Effect] = []
        self.events: list[Event] = []

    def put(self, *views: HostView) -> None:
        """Exchange the views of hosts."""
        changed = {view.host.name: view for view in views}
        self.topology = replace(self.topology, hosts={**self.topology.hosts, **changed})

    def act(self, effect: Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    def tell(self, event: Event) -> None:
        """Add an event."""
        self.events.append(event)
