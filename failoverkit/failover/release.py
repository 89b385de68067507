"""Give up the connections of a host: discard them where they are of no more use, drain them where they may finish.

Each time raises the host's generation by one, so that nothing born before is ever lent again.
"""

from __future__ import annotations

from dataclasses import replace

from failoverkit.failover.draft import Draft
from failoverkit.failover.effects import Discard, Drain
from failoverkit.failover.standing import loss_of
from failoverkit.failover.topology import HostView, Loss, Standing
from failoverkit.model import Health, Role


def release(draft: Draft, name: str, loss: Loss) -> None:
    """Give up the connections of a host for this loss, unless that was already done for one as bad."""
    view = draft.topology.hosts[name]
    if loss <= view.released:
        return
    gentle = draft.policy.on_loss == "drain"
    discarded = view.released >= Loss.DEAD and not gentle
    if loss is Loss.FORBIDDEN or (loss is Loss.DEAD and not gentle):
        if not discarded:
            discard(draft, name)
    elif view.released is Loss.NONE:
        drain(draft, name)
    draft.put(replace(draft.topology.hosts[name], released=loss))


def discard(draft: Draft, name: str) -> None:
    """Abort what is lent on the host."""
    draft.act(Discard(name, _next_generation(draft, name)))


def drain(draft: Draft, name: str) -> None:
    """Let what is lent on the host finish within the policy's limit."""
    draft.act(Drain(name, _next_generation(draft, name), draft.policy.drain))


def release_lost_hosts(draft: Draft) -> None:
    """Free whoever is stuck on a host that serves no more. The active host's fate is the table's business."""
    for view in draft.topology.hosts.values():
        if view.name == draft.topology.active:
            continue
        loss = _loss_beside(draft, view)
        if loss > view.released:
            release(draft, view.name, loss)
        elif view.released and loss is Loss.NONE and _may_have_connections(view):
            draft.put(replace(view, released=Loss.NONE))


def _loss_beside(draft: Draft, view: HostView) -> Loss:
    loss = loss_of(view)
    # Hosts without roles share the work: while another serves, a silent one has nothing to wait for.
    if loss is Loss.SILENT and view.report.role is Role.UNKNOWN and draft.topology.active is not None:
        return Loss.DEAD
    return loss


def _may_have_connections(view: HostView) -> bool:
    return view.health is Health.UP and (
        view.standing is Standing.STANDBY or (view.standing is Standing.WRITABLE and view.role is Role.UNKNOWN)
    )


def _next_generation(draft: Draft, name: str) -> int:
    view = draft.topology.hosts[name]
    draft.put(replace(view, generation=view.generation + 1))
    return view.generation + 1
