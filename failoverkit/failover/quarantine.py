"""Where no epoch tells an old primary from a new one: a host that we left while it was primary is not trusted.

It is trusted again when it was seen as a standby, when it says PRIMARY with a newer epoch, when nobody else claimed
to be primary for the hold time, or when an operator says so.
"""

from __future__ import annotations

from dataclasses import replace

from failoverkit.events import HostQuarantined, QuarantineLifted
from failoverkit.failover.draft import Draft
from failoverkit.failover.standing import claims_primary
from failoverkit.failover.topology import HostView, Quarantine
from failoverkit.model import Role


def quarantine(draft: Draft, left: str, successor: HostView) -> None:
    """Quarantine the host we left, unless it was no primary or the successor's epoch proves that it is over."""
    view = draft.topology.hosts[left]
    if view.report.role is not Role.PRIMARY or _is_ordered(view, successor):
        return
    draft.put(replace(view, quarantine=Quarantine(view.report.epoch)))
    reason = f"it was left while it was primary; {successor.name} took over"
    draft.tell(HostQuarantined(draft.topology.pool, draft.now, left, reason))


def lift(draft: Draft, name: str, reason: str) -> None:
    """Trust the host again."""
    draft.put(replace(draft.topology.hosts[name], quarantine=None))
    draft.tell(QuarantineLifted(draft.topology.pool, draft.now, name, reason))


def review(draft: Draft) -> None:
    """Lift the quarantines whose time has come, and start or stop the clocks of the others."""
    for view in draft.topology.hosts.values():
        if view.quarantine is not None:
            _review(draft, view, view.quarantine)


def due_at(view: HostView, hold: float) -> float | None:
    """Return when a quarantine will be lifted if nothing happens before, ``None`` when time alone lifts nothing."""
    if view.quarantine is None or view.quarantine.alone_since is None:
        return None
    return view.quarantine.alone_since + hold


def _review(draft: Draft, view: HostView, known: Quarantine) -> None:
    if view.report.role is Role.STANDBY:
        lift(draft, view.name, "it was seen as a standby")
    elif known.epoch is not None and (view.report.epoch or 0) > known.epoch:
        lift(draft, view.name, "it says PRIMARY with a newer epoch")
    else:
        _watch_others(draft, view, known)


def _watch_others(draft: Draft, view: HostView, known: Quarantine) -> None:
    hosts = draft.topology.hosts.values()
    if any(other.name != view.name and claims_primary(other) for other in hosts):
        watched = replace(known, alone_since=None)
    elif known.alone_since is None:
        watched = replace(known, alone_since=draft.now)
    else:
        watched = known
    if watched != known:
        view = replace(view, quarantine=watched)
        draft.put(view)
    due = due_at(view, draft.policy.hold)
    if due is not None and draft.now >= due:
        lift(draft, view.name, f"nobody else claimed to be primary for {draft.policy.hold:g} s")


def _is_ordered(view: HostView, successor: HostView) -> bool:
    before, after = view.report, successor.report
    if before.lineage != after.lineage:
        # Two known lineages are two clusters; one unknown lineage proves nothing.
        return before.lineage is not None and after.lineage is not None
    return before.epoch is not None and after.epoch is not None and before.epoch < after.epoch
