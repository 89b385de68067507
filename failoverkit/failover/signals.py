"""Which signals the present facts raise, the most urgent first. Facts only: what they mean is in the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from failoverkit.failover.health import hold_time
from failoverkit.failover.standing import WRITABLE, is_demoted, is_sound
from failoverkit.failover.states import Signal
from failoverkit.failover.topology import HostView, Topology
from failoverkit.model import Health, Role
from failoverkit.settings import FailoverSettings


@dataclass(frozen=True, slots=True)
class Raised:
    """A signal, and the host to route to or to prepare, where the signal is about one."""

    signal: Signal
    host: str = ""


def raised(topology: Topology, policy: FailoverSettings, now: float) -> Iterator[Raised]:
    """Yield the signals that hold now."""
    writable = writable_hosts(topology)
    contested = _is_contested(topology, writable, policy)
    writer = None if contested else best_writer(topology, writable)
    if writer is None:
        if topology.active is not None:
            yield Raised(Signal.SPLIT_BRAIN if contested else Signal.NO_HOST_LEFT)
    elif writer.name != topology.active:
        yield Raised(_takeover(topology, writer), writer.name)
    else:
        yield from _while_serving(topology, writable, writer, policy, now)


def writable_hosts(topology: Topology) -> list[HostView]:
    """Return the hosts that may take writes, in the order of the configuration."""
    return [view for view in topology.hosts.values() if view.standing is WRITABLE]


def best_writer(topology: Topology, writable: list[HostView]) -> HostView | None:
    """Return the host that should be active: the present one while it can, else the best of the others."""
    for view in writable:
        if view.name == topology.active:
            return view
    if topology.active is None and not all(view.heard for view in topology.hosts.values()):
        # Whoever merely answers first may be a stale primary, or not the preferred host.
        return None
    return min(writable, key=_rank, default=None)


def better_hosts(writable: list[HostView], active: HostView) -> list[HostView]:
    """Return the hosts that traffic could go home to, best first."""
    better = [view for view in writable if view.host.priority < active.host.priority and view.health is Health.UP]
    return sorted(better, key=_rank)


def _rank(view: HostView) -> tuple[int, bool, int]:
    return (view.host.priority, view.health is not Health.UP, view.index)


def _is_contested(topology: Topology, writable: list[HostView], policy: FailoverSettings) -> bool:
    if not topology.claimants or policy.split_brain != "suspend":
        return False
    contenders = [view.name for view in writable if view.name in topology.claimants]
    return len(contenders) > 1 and topology.pinned not in contenders


def _takeover(topology: Topology, writer: HostView) -> Signal:
    if topology.is_preferred(writer):
        return Signal.PREFERRED_BACK if topology.active is None else Signal.PREFERRED_TOOK_OVER
    left = topology.active or topology.previous
    if left is not None and is_demoted(topology.hosts[left]):
        return Signal.ROLE_MOVED
    return Signal.ACTIVE_LOST


def _while_serving(
    topology: Topology, writable: list[HostView], active: HostView, policy: FailoverSettings, now: float
) -> Iterator[Raised]:
    if not topology.is_preferred(active):
        better = better_hosts(writable, active)
        if topology.warming is not None and topology.hosts[topology.warming] not in better:
            yield Raised(Signal.PREFERRED_LOST, topology.warming)
        for view in better:
            if _may_go_home(topology, view, policy, now):
                yield Raised(Signal.PREFERRED_STABLE, view.name)
    if not _all_sound(topology):
        yield Raised(Signal.HOST_IMPAIRED)
    elif topology.is_preferred(active):
        yield Raised(Signal.ALL_HOSTS_UP)


def _may_go_home(topology: Topology, view: HostView, policy: FailoverSettings, now: float) -> bool:
    hold = hold_time(view, policy)
    return (
        policy.failback == "automatic"
        and topology.pinned is None
        # Among hosts that have roles only a promotion, or an operator, moves the writes.
        and view.report.role is Role.UNKNOWN
        and view.fit_for >= hold
        and now - topology.routed_at >= hold
    )


def _all_sound(topology: Topology) -> bool:
    return not topology.claimants and all(is_sound(view) for view in topology.hosts.values())
