"""What a server is, judged by what it says of itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failoverkit.model import Report, Role

Row = Mapping[str, Any]

_GROUP_CHANNEL = "group_replication_"
_VIEW_BITS = 32


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server answered. ``replication`` and ``members`` are None where it was not asked or did not tell.

    ``variables``: names in lower case. ``replication``: a row for each server that this one follows. ``members``: a
    row for each member of its group. ``multi_writer``: the user says that a server may follow another and take writes.
    """

    variables: Mapping[str, str]
    replication: Sequence[Row] | None = None
    members: Sequence[Row] | None = None
    multi_writer: bool = False


def report_of(facts: Facts) -> Report:
    """Judge what a server answered."""
    if _is_on(facts, "offline_mode"):
        return Report(role=_plain_role(facts), fit=False, detail="offline mode", position=_position(facts))
    if _is_on(facts, "wsrep_on"):
        return _galera_report(facts)
    own = _own_member(facts)
    if own is not None and own["state"] != "OFFLINE":
        return _group_report(facts, own)
    return _replication_report(facts)


def _replication_report(facts: Facts) -> Report:
    role = _plain_role(facts)
    detail = "writable, but follows another server" if role is Role.STANDBY and not _is_read_only(facts) else ""
    lag = 0.0 if role is Role.PRIMARY else _lag(facts)
    return Report(role=role, lag=lag, position=_position(facts), detail=detail)


def _plain_role(facts: Facts) -> Role:
    """A server that is being moved may be writable before it has left the other, or by mistake."""
    if _is_read_only(facts):
        return Role.STANDBY
    return Role.STANDBY if _follows_another(facts) and not facts.multi_writer else Role.PRIMARY


def _is_read_only(facts: Facts) -> bool:
    return _is_on(facts, "read_only") or _is_on(facts, "super_read_only")


def _follows_another(facts: Facts) -> bool:
    if facts.replication is None:  # withheld; MariaDB counts in the open
        return int(facts.variables.get("slaves_running", "0")) > 0
    return any(_thread(row, "IO") != "No" or _thread(row, "SQL") != "No" for row in _channels(facts))


def _channels(facts: Facts) -> Sequence[Row]:
    """The servers that are followed. Members of a group, the primary included, follow the group by a channel, too."""
    return [row for row in facts.replication or () if not str(row.get("Channel_Name") or "").startswith(_GROUP_CHANNEL)]


def _thread(row: Row, name: str) -> str:
    return str(row.get(f"Replica_{name}_Running", row.get(f"Slave_{name}_Running", "No")))


def _lag(facts: Facts) -> float | None:
    """The largest of all servers followed; unknown when one is unknown, as it is while a thread stands still."""
    lags = [row.get("Seconds_Behind_Source", row.get("Seconds_Behind_Master")) for row in _channels(facts)]
    known = [float(lag) for lag in lags if lag is not None]
    return max(known) if known and len(known) == len(lags) else None


def _position(facts: Facts) -> str | None:
    text = facts.variables.get("gtid_current_pos") or facts.variables.get("gtid_executed")
    return text.replace("\n", "") if text else None


def _galera_report(facts: Facts) -> Report:
    """Every node of the primary component takes writes, so there are no roles; a read-only node says so."""
    ready = _is_on(facts, "wsrep_ready")
    component = facts.variables.get("wsrep_cluster_status", "unknown")
    fit = ready and component.lower() == "primary"
    state = facts.variables.get("wsrep_local_state_comment", "unknown")
    return Report(
        role=Role.STANDBY if _is_read_only(facts) else Role.UNKNOWN,
        lag=0.0 if fit else None,
        position=_position(facts),
        fit=fit,
        detail="" if fit else f"Galera: node {state}, component {component}",
    )


def _own_member(facts: Facts) -> Row | None:
    own = facts.variables.get("server_uuid")
    return next((row for row in facts.members or () if row["id"] == own), None)


def _group_report(facts: Facts, own: Row) -> Report:
    detail = _trouble_of_member(facts, own)
    role = _role_of_member(facts, own)
    return Report(
        role=role,
        # The number also grows when a member joins or leaves. Were it told by standbys, one that is asked before the
        # primary would make that look deposed.
        epoch=_view(own) if role is Role.PRIMARY else None,
        lineage=facts.variables["group_replication_group_name"],
        lag=0.0 if role is Role.PRIMARY or own["queued"] == 0 else None,
        position=_position(facts),
        fit=not detail,
        detail=detail,
    )


def _role_of_member(facts: Facts, own: Row) -> Role:
    if own["role"] != "PRIMARY" or _is_read_only(facts):
        return Role.STANDBY
    # Where every member takes writes, none is the primary.
    return Role.PRIMARY if _is_on(facts, "group_replication_single_primary_mode") else Role.UNKNOWN


def _trouble_of_member(facts: Facts, own: Row) -> str:
    if own["state"] != "ONLINE":
        return f"group member is {str(own['state']).lower()}"
    members = facts.members or ()
    lost = sum(row["state"] == "UNREACHABLE" for row in members)
    return "the group has no majority here" if 2 * lost >= len(members) else ""


def _view(own: Row) -> int | None:
    """The number of the group's view: the moment when the group was begun, then a count of its changes."""
    begun, _, count = str(own["view_id"] or "").partition(":")
    return (int(begun) << _VIEW_BITS) + int(count) if begun.isdecimal() and count.isdecimal() else None


def _is_on(facts: Facts, name: str) -> bool:
    # MariaDB's read_only has had more values than two since version 12.
    return facts.variables.get(name, "OFF").upper() not in {"OFF", "0", ""}
