"""Carry out one cell of the table: change the topology, and say what the shell has to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from failoverkit.events import ActiveChanged, Paused, Resumed, StateChanged
from failoverkit.failover.draft import Draft
from failoverkit.failover.effects import CancelWarm, Route, Suspend, Warm
from failoverkit.failover.quarantine import quarantine
from failoverkit.failover.reasons import why_moved
from failoverkit.failover.release import drain, release
from failoverkit.failover.signals import Raised
from failoverkit.failover.standing import is_demoted, loss_of, writers
from failoverkit.failover.states import TABLE, Action, Signal
from failoverkit.failover.topology import Loss, Topology

BY_HAND = (Signal.OPERATOR_CHOSE_OTHER, Signal.OPERATOR_CHOSE_PREFERRED)


def move(draft: Draft, raised: Raised) -> None:
    """Look the signal up in the table and do what the cell says."""
    before = draft.topology
    cell = TABLE[before.state, raised.signal]
    draft.topology = replace(before, state=cell.next_state)
    for action in cell.actions:
        _ACTIONS[action](draft, before, raised)
    _tell(draft, before, raised)


def _tell(draft: Draft, before: Topology, raised: Raised) -> None:
    after, at = draft.topology, draft.now
    if after.active != before.active:
        reason = why_moved(before, raised)
        draft.tell(ActiveChanged(after.pool, at, before.active, after.active, reason))
    if after.state is not before.state:
        reason = why_moved(before, raised)
        draft.tell(StateChanged(after.pool, at, before.state, after.state, raised.signal.value, reason))


def _route(draft: Draft, before: Topology, raised: Raised) -> None:
    view = before.hosts[raised.host]
    draft.put(replace(view, released=Loss.NONE))
    draft.topology = replace(
        draft.topology,
        active=view.name,
        previous=None,
        warming=None,
        pinned=view.name if raised.signal in BY_HAND else None,
        routed_at=draft.now,
        lineage=draft.topology.lineage or view.report.lineage,
    )
    draft.act(Route(view.name))
    left = _left(before)
    if left is not None and left != view.name:
        quarantine(draft, left, view)


def _discard_previous(draft: Draft, before: Topology, _: Raised) -> None:
    left = _left(before)
    if left is not None and left != draft.topology.active:
        # Somebody serves in its place, so even a host that is merely silent is of no more use.
        release(draft, left, max(loss_of(before.hosts[left]), Loss.DEAD))


def _drain_previous(draft: Draft, before: Topology, _: Raised) -> None:
    _drain_left_behind(draft, before, keep=draft.topology.active)


def _release_previous(draft: Draft, before: Topology, raised: Raised) -> None:
    left = _left(before)
    if left is None or is_demoted(before.hosts[left]):
        _drain_previous(draft, before, raised)
    else:
        _discard_previous(draft, before, raised)
        _drain_left_behind(draft, before, keep=left)


def _drain_left_behind(draft: Draft, before: Topology, keep: str | None) -> None:
    staying = {keep, *(view.name for view in writers(draft.topology))}
    for view in writers(before):
        if view.name not in staying:
            drain(draft, view.name)


def _suspend(draft: Draft, before: Topology, _: Raised) -> None:
    draft.topology = replace(draft.topology, active=None, previous=before.active, pinned=None)
    draft.act(Suspend())


def _abandon_active(draft: Draft, before: Topology, _: Raised) -> None:
    if before.active is not None:
        release(draft, before.active, max(loss_of(before.hosts[before.active]), Loss.SILENT))


def _warm(draft: Draft, _: Topology, raised: Raised) -> None:
    draft.topology = replace(draft.topology, warming=raised.host, pinned=None)
    draft.act(Warm(raised.host))


def _cancel_warm(draft: Draft, before: Topology, raised: Raised) -> None:
    wanted = raised.host if Action.ROUTE in TABLE[before.state, raised.signal].actions else None
    if before.warming is not None and before.warming != wanted:
        draft.act(CancelWarm(before.warming))
    draft.topology = replace(draft.topology, warming=None)


def _pause(draft: Draft, _: Topology, __: Raised) -> None:
    draft.topology = replace(draft.topology, paused=True)
    draft.tell(Paused(draft.topology.pool, draft.now))


def _resume(draft: Draft, _: Topology, __: Raised) -> None:
    draft.topology = replace(draft.topology, paused=False)
    draft.tell(Resumed(draft.topology.pool, draft.now))


def _left(before: Topology) -> str | None:
    return before.active or before.previous


_ACTIONS: Mapping[Action, Callable[[Draft, Topology, Raised], None]] = {
    Action.ROUTE: _route,
    Action.DISCARD_PREVIOUS: _discard_previous,
    Action.DRAIN_PREVIOUS: _drain_previous,
    Action.RELEASE_PREVIOUS: _release_previous,
    Action.ABANDON_ACTIVE: _abandon_active,
    Action.SUSPEND: _suspend,
    Action.WARM: _warm,
    Action.CANCEL_WARM: _cancel_warm,
    Action.PAUSE: _pause,
    Action.RESUME: _resume,
}
