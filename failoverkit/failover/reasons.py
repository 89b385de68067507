"""Why things are as they are, in one sentence each: for errors, events and status. Secrets never get here."""

from __future__ import annotations

from failoverkit.failover.signals import Raised
from failoverkit.failover.standing import is_sound
from failoverkit.failover.states import Signal
from failoverkit.failover.topology import HostView, Standing, Topology
from failoverkit.model import Health, Role


def why_moved(topology: Topology, raised: Raised) -> str:
    """Return why the cluster moves. ``topology`` is the one before the move."""
    if raised.signal in _FIXED:
        return _FIXED[raised.signal]
    if raised.signal is Signal.SPLIT_BRAIN:
        return f"all of them say that they are primary: {', '.join(topology.claimants)}"
    if raised.signal is Signal.HOST_IMPAIRED:
        return _describe(topology, [view.name for view in topology.hosts.values() if not is_sound(view)])
    return _describe(topology, [topology.active or topology.previous or "", raised.host])


_FIXED = {
    Signal.ALL_HOSTS_UP: "all hosts are up",
    Signal.OPERATOR_CHOSE_OTHER: "an operator failed over by hand",
    Signal.OPERATOR_CHOSE_PREFERRED: "an operator failed over by hand",
    Signal.OPERATOR_FAILS_BACK: "an operator fails back by hand",
    Signal.PREFERRED_WARM: "connections are ready",
    Signal.BETTER_WARM: "connections are ready",
    Signal.PREFERRED_STABLE: "a better host was fit for the whole hold time",
}


def _describe(topology: Topology, names: list[str]) -> str:
    known = dict.fromkeys(name for name in names if name)
    return "; ".join(f"{name}: {describe(topology, topology.hosts[name])}" for name in known)


def describe(topology: Topology, view: HostView) -> str:
    """Return what the host is, in a few words."""
    if view.health is Health.SUSPECT:
        return f"suspect: {view.detail}"
    return _SENTENCES[view.standing](topology, view)


def _unknown(_: Topology, view: HostView) -> str:
    return f"not known yet: {view.detail}" if view.heard else "not yet probed"


def _down(_: Topology, view: HostView) -> str:
    return f"down: {view.detail}"


def _recovering(_: Topology, view: HostView) -> str:
    return f"recovering: good probes in a row: {view.successes}"


def _foreign(topology: Topology, view: HostView) -> str:
    return f"another cluster: lineage {view.report.lineage}, expected {topology.lineage}"


def _stale(topology: Topology, view: HostView) -> str:
    return f"stale primary: epoch {view.epoch}, newest is {topology.epochs[view.report.lineage]}"


def _quarantined(_: Topology, view: HostView) -> str:
    known = "without an epoch" if view.epoch is None else f"with epoch {view.epoch}"
    return f"quarantined: it was left while it was primary, and says it still is, {known}"


def _unfit(_: Topology, view: HostView) -> str:
    return f"not fit: {view.detail}" if view.detail else "not fit to be used"


def _standby(_: Topology, __: HostView) -> str:
    return "is a standby"


def _undecided(_: Topology, __: HostView) -> str:
    return "says no role, although the cluster has roles"


def _writable(_: Topology, view: HostView) -> str:
    if view.report.role is Role.UNKNOWN:
        return "is up"
    return "is primary" if view.epoch is None else f"is primary, epoch {view.epoch}"


_SENTENCES = {
    Standing.UNKNOWN: _unknown,
    Standing.DOWN: _down,
    Standing.RECOVERING: _recovering,
    Standing.FOREIGN: _foreign,
    Standing.STALE: _stale,
    Standing.QUARANTINED: _quarantined,
    Standing.UNFIT: _unfit,
    Standing.STANDBY: _standby,
    Standing.UNDECIDED: _undecided,
    Standing.WRITABLE: _writable,
}
