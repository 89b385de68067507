"""Check an operator's wish and carry it out, or say why it cannot be."""

from __future__ import annotations

from failoverkit.errors import OperatorError
from failoverkit.failover.commands import Command, FailBack, FailOver, Pause, Resume, Warmed
from failoverkit.failover.draft import Draft
from failoverkit.failover.moves import move
from failoverkit.failover.quarantine import lift
from failoverkit.failover.reasons import describe
from failoverkit.failover.signals import Raised, better_hosts, writable_hosts
from failoverkit.failover.states import Signal
from failoverkit.failover.topology import HostView, Standing, Topology
from failoverkit.model import State

NO_PROMOTION = "failoverkit follows promotions and never promotes"


def carry_out(draft: Draft, wish: Command) -> None:
    """Carry the wish out on the draft; raise ``OperatorError`` when it cannot be."""
    match wish:
        case FailOver(to):
            _fail_over(draft, to)
        case FailBack():
            _fail_back(draft)
        case Pause():
            if not draft.topology.paused:
                move(draft, Raised(Signal.OPERATOR_PAUSES))
        case Resume():
            if draft.topology.paused:
                move(draft, Raised(Signal.OPERATOR_RESUMES))
        case Warmed(host):
            _warmed(draft, host)
        case _:
            _clear_quarantine(draft, wish.host)


def _fail_over(draft: Draft, to: str) -> None:
    topology = draft.topology
    view = _host(topology, to)
    if to == topology.active:
        raise OperatorError(f"{to} is active already")
    if view.standing is not Standing.WRITABLE:
        raise OperatorError(f"cannot fail over to {to}: {describe(topology, view)} ({NO_PROMOTION})")
    preferred = topology.is_preferred(view)
    move(draft, Raised(Signal.OPERATOR_CHOSE_PREFERRED if preferred else Signal.OPERATOR_CHOSE_OTHER, to))


def _fail_back(draft: Draft) -> None:
    topology = draft.topology
    if draft.policy.failback == "never":
        raise OperatorError("cannot fail back: failover.failback is never; fail over to the host by name instead")
    if topology.state is State.FAILING_BACK:
        return
    if topology.active is None:
        raise OperatorError("cannot fail back: no host serves now")
    active = topology.hosts[topology.active]
    if topology.is_preferred(active):
        raise OperatorError(f"cannot fail back: {active.name} is active, and no host is preferred to it")
    better = better_hosts(writable_hosts(topology), active)
    if not better:
        raise OperatorError(f"cannot fail back: {_why_none(topology, active)} ({NO_PROMOTION})")
    move(draft, Raised(Signal.OPERATOR_FAILS_BACK, better[0].name))


def _why_none(topology: Topology, active: HostView) -> str:
    return "; ".join(
        f"{view.name}: {describe(topology, view)}"
        for view in topology.hosts.values()
        if view.host.priority < active.host.priority
    )


def _warmed(draft: Draft, host: str) -> None:
    if host != draft.topology.warming:
        # The answer to a warm-up that was cancelled meanwhile.
        return
    preferred = draft.topology.is_preferred(draft.topology.hosts[host])
    move(draft, Raised(Signal.PREFERRED_WARM if preferred else Signal.BETTER_WARM, host))


def _clear_quarantine(draft: Draft, host: str) -> None:
    if not _host(draft.topology, host).quarantined:
        raise OperatorError(f"{host} is not quarantined")
    lift(draft, host, "an operator cleared it")


def _host(topology: Topology, name: str) -> HostView:
    if name not in topology.hosts:
        raise OperatorError(f"there is no host {name}; there are {', '.join(topology.hosts)}")
    return topology.hosts[name]
