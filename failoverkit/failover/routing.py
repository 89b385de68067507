"""From a topology to what borrowers need: an immutable table of who may serve which target now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from failoverkit.failover.reasons import describe
from failoverkit.failover.standing import NO_ROLE, STANDBY, SUSPECT, UP, WRITABLE, is_behind, writers
from failoverkit.failover.topology import HostView, Topology
from failoverkit.model import Candidate, Host, Report, State, Target
from failoverkit.settings import FailoverSettings


@dataclass(frozen=True, slots=True)
class Routing:
    """Who may serve what now. Published whole, read without a lock."""

    state: State
    active: str | None
    paused: bool
    targets: Mapping[Target, tuple[Candidate, ...]]
    """The hosts that may serve each target, in the order of the configuration. All empty while paused."""
    suspect: frozenset[str]
    """Connections to these hosts are checked before they are lent."""
    warm: tuple[str, ...]
    """Hosts that may take over: warm connections are kept to each."""
    hopeless: bool
    """No host serves anything and every one refuses us: waiting is no use."""
    reasons: Mapping[str, str]
    """One sentence for each host that does not take writes now, saying why."""


def route(topology: Topology, policy: FailoverSettings) -> Routing:
    """Return who may serve what in this topology."""
    hosts = topology.hosts.values()
    writing = writers(topology)
    names = {view.host.name for view in writing}
    others = [view for view in hosts if view.host.name not in names]
    return Routing(
        state=topology.state,
        active=topology.active,
        paused=topology.paused,
        targets=_NOTHING if topology.paused else _targets(policy, writing, others),
        suspect=frozenset(view.name for view in hosts if view.health is SUSPECT),
        warm=tuple(view.name for view in others if _may_take_over(topology, view)),
        hopeless=topology.active is None and all(view.refused for view in hosts),
        reasons=_reasons(topology, others),
    )


def _targets(
    policy: FailoverSettings, writing: Iterable[HostView], others: list[HostView]
) -> Mapping[Target, tuple[Candidate, ...]]:
    primaries = _candidates(writing)
    standbys = _candidates(view for view in others if _may_read(view, policy))
    spares = _candidates(view for view in others if _is_spare(view))
    return {
        Target.PRIMARY: primaries,
        Target.STANDBY: standbys,
        Target.PREFER_STANDBY: standbys or primaries,
        Target.ANY: tuple(sorted((*primaries, *standbys, *spares), key=_INDEX)),
    }


_INDEX = attrgetter("index")
_NOTHING: Mapping[Target, tuple[Candidate, ...]] = dict.fromkeys(Target, ())


def _candidates(views: Iterable[HostView]) -> tuple[Candidate, ...]:
    return tuple([_candidate(view, view.host, view.report) for view in views])


def _candidate(view: HostView, host: Host, report: Report) -> Candidate:
    # By position: this runs for every host at every step.
    return Candidate(host.name, report.role, host.priority, view.index, host.tags, view.latency, report.lag)


def _may_read(view: HostView, policy: FailoverSettings) -> bool:
    if view.standing is not STANDBY:
        return False
    return policy.max_lag is None or (view.lag is not None and view.lag <= policy.max_lag)


def _is_spare(view: HostView) -> bool:
    # A host that says PRIMARY and is not the active one may be the wrong one: only hosts without roles are meant.
    return view.standing is WRITABLE and view.report.role is NO_ROLE


def _may_take_over(topology: Topology, view: HostView) -> bool:
    if view.health is not UP:
        return False
    return _is_spare(view) or (view.standing is STANDBY and not is_behind(topology, view))


def _reasons(topology: Topology, others: Iterable[HostView]) -> Mapping[str, str]:
    if topology.paused:
        return dict.fromkeys(topology.hosts, "paused by an operator")
    return {view.name: _why_not(topology, view) for view in others}


def _why_not(topology: Topology, view: HostView) -> str:
    if view.standing is not WRITABLE:
        return describe(topology, view)
    if topology.active is not None:
        return f"{describe(topology, view)}, but {topology.active} is active"
    if topology.claimants:
        return f"all of them say that they are primary: {', '.join(topology.claimants)}"
    unheard = (name for name, other in topology.hosts.items() if not other.heard)
    return f"waiting for the first word of {', '.join(unheard)}"
