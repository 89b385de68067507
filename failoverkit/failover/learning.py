"""What one host's evidence teaches about the whole cluster: its lineage, its newest epochs, whether it has roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from failoverkit.failover.topology import HostView, Topology
from failoverkit.model import Report, Role


def with_view(topology: Topology, view: HostView) -> Topology:
    """Return the topology with this view of a host, and with what its report teaches."""
    hosts = {**topology.hosts, view.host.name: view}
    report = view.report
    epochs = _epochs(topology.epochs, report)
    lineage = _lineage(topology, hosts, view)
    has_roles = topology.has_roles or report.role is not Role.UNKNOWN
    if epochs is topology.epochs and lineage == topology.lineage and has_roles is topology.has_roles:
        return replace(topology, hosts=hosts)
    return replace(topology, hosts=hosts, epochs=epochs, lineage=lineage, has_roles=has_roles)


def newest_epoch(topology: Topology, report: Report | None) -> int | None:
    """Return the newest epoch that a report can be compared with, ``None`` when there is none."""
    if report is None or (topology.lineage is not None and report.lineage != topology.lineage):
        return None
    return topology.epochs.get(report.lineage)


def _epochs(known: Mapping[str | None, int], report: Report) -> Mapping[str | None, int]:
    epoch = report.epoch
    if epoch is None or epoch <= known.get(report.lineage, epoch - 1):
        return known
    return {**known, report.lineage: epoch}


def _lineage(topology: Topology, hosts: Mapping[str, HostView], view: HostView) -> str | None:
    lineage = view.report.lineage
    if lineage is None or lineage == topology.lineage:
        return topology.lineage
    if topology.lineage is None:
        return lineage if view.host.name == topology.active else None
    # When all that ever named a lineage agree on another one, the cluster was rebuilt (an upgrade).
    known = {other.report.lineage for other in hosts.values()} - {None}
    return lineage if known == {lineage} else topology.lineage
