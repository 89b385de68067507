"""What one host is good for, given what is known of the cluster."""

from __future__ import annotations

from failoverkit.failover.topology import HostView, Loss, Standing, Topology
from failoverkit.model import Health, Role

NOT_SERVING = {
    Health.UNKNOWN: Standing.UNKNOWN,
    Health.DOWN: Standing.DOWN,
    Health.RECOVERING: Standing.RECOVERING,
}

# Bound once: they are asked for every host at every step, and to look a member up in its enum costs more than the rest.
UP, SUSPECT = Health.UP, Health.SUSPECT
PRIMARY, STANDBY_ROLE, NO_ROLE = Role.PRIMARY, Role.STANDBY, Role.UNKNOWN
WRITABLE, STANDBY, STALE, FOREIGN, DOWN = (
    Standing.WRITABLE, Standing.STANDBY, Standing.STALE, Standing.FOREIGN, Standing.DOWN,
)  # fmt: skip
NO_LOSS = Loss.NONE


def standing_of(topology: Topology, view: HostView) -> Standing:
    """Return what this host is good for. A suspect host keeps the standing it had while it was up."""
    if is_foreign(topology, view):
        return FOREIGN
    if not is_up(view):
        return NOT_SERVING[view.health]
    if view.report.role is PRIMARY:
        return _primary_standing(topology, view)
    if not view.report.fit:
        return Standing.UNFIT
    if view.report.role is STANDBY_ROLE:
        return STANDBY
    return Standing.UNDECIDED if topology.has_roles else WRITABLE


def _primary_standing(topology: Topology, view: HostView) -> Standing:
    if is_behind(topology, view):
        return STALE
    if view.quarantine is not None:
        return Standing.QUARANTINED
    return WRITABLE if view.report.fit else Standing.UNFIT


def is_foreign(topology: Topology, view: HostView) -> bool:
    """Say whether the host last reported the lineage of another cluster."""
    lineage = view.report.lineage
    return lineage is not None and topology.lineage is not None and lineage != topology.lineage


def is_behind(topology: Topology, view: HostView) -> bool:
    """Say whether a newer epoch than this host's is known in its lineage."""
    epoch = view.report.epoch
    return epoch is not None and epoch < topology.epochs[view.report.lineage]


def is_up(view: HostView) -> bool:
    """Say whether the host answers, be it suspect."""
    return view.health is UP or view.health is SUSPECT


def claims_primary(view: HostView) -> bool:
    """Say whether the host answers and says PRIMARY in a way that no epoch and no lineage refutes."""
    return view.report.role is PRIMARY and is_up(view) and view.standing is not STALE and view.standing is not FOREIGN


def loss_of(view: HostView) -> Loss:
    """Return how sure it is that the connections lent on this host are of no more use."""
    if view.standing in (STALE, FOREIGN):
        return Loss.FORBIDDEN if view.health is UP else Loss.DEAD
    if view.standing is not DOWN:
        return NO_LOSS
    return Loss.DEAD if view.hard else Loss.SILENT


def writers(topology: Topology) -> tuple[HostView, ...]:
    """Return the hosts that take writes now: the active one, and those that share its work where there are no roles."""
    if topology.active is None:
        return ()
    active = topology.hosts[topology.active]
    if active.report.role is not NO_ROLE:
        return (active,)
    return tuple(
        view
        for view in topology.hosts.values()
        if view is active or (view.standing is WRITABLE and view.host.priority == active.host.priority)
    )


def is_sound(view: HostView) -> bool:
    """Say whether nothing is wrong with the host."""
    return view.health is UP and view.standing in (WRITABLE, STANDBY)


def is_demoted(view: HostView) -> bool:
    """Say whether the host is alive and says that it is a standby."""
    return view.standing is STANDBY
