"""Judge every host anew in the light of the whole cluster, and tell what is new about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from failoverkit.events import ForeignHost, SplitBrain, StalePrimary
from failoverkit.failover.draft import Draft
from failoverkit.failover.quarantine import review
from failoverkit.failover.standing import claims_primary, standing_of
from failoverkit.failover.topology import HostView, Standing, Topology


def assess(draft: Draft) -> None:
    """Bring standings, quarantines and claimants up to date."""
    _judge(draft)
    judged = draft.topology
    review(draft)
    if draft.topology is not judged:
        _judge(draft)
    _find_claimants(draft)


def _judge(draft: Draft) -> None:
    topology = draft.topology
    changed = []
    for view in topology.hosts.values():
        standing = standing_of(topology, view)
        if standing is not view.standing:
            changed.append(replace(view, standing=standing))
    if changed:
        draft.put(*changed)
        _tell(draft, changed)


def _tell(draft: Draft, changed: Iterable[HostView]) -> None:
    topology = draft.topology
    for view in changed:
        report = view.report
        if view.standing is Standing.STALE and report.epoch is not None:
            newest = topology.epochs[report.lineage]
            draft.tell(StalePrimary(topology.pool, draft.now, view.name, report.epoch, newest))
        elif view.standing is Standing.FOREIGN:
            draft.tell(ForeignHost(topology.pool, draft.now, view.name, str(report.lineage), str(topology.lineage)))


def _find_claimants(draft: Draft) -> None:
    topology = draft.topology
    claimants = _unordered(topology, [view for view in topology.hosts.values() if claims_primary(view)])
    if claimants == topology.claimants:
        return
    draft.topology = replace(topology, claimants=claimants)
    if claimants:
        draft.tell(SplitBrain(topology.pool, draft.now, claimants, topology.active))


def _unordered(topology: Topology, claiming: list[HostView]) -> tuple[str, ...]:
    if len(claiming) < 2:
        return ()
    # Before the first route the cluster's lineage is not known yet: it will be that of the best host.
    lineage = topology.lineage or min(claiming, key=lambda view: view.host.priority).report.lineage
    names = tuple(view.name for view in claiming if view.report.lineage in (lineage, None))
    return names if len(names) > 1 else ()
