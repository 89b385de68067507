"""What a server says of itself, in one round trip.

Made of parts, each of which needs a privilege that everybody has by default and an administrator may have taken
away. Roles and positions come from functions that exist since PostgreSQL 10.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg2.errors

from failoverkit.model import Report, Role
from failoverkit_postgres.connection import ask


class Answer(NamedTuple):
    """The columns of the probe. All but ``is_standby`` may be None: not known, not told, or not so on this role."""

    is_standby: bool
    system_identifier: str | None
    current_file: str | None
    """The name of the log file that a primary writes; it begins with the timeline."""
    checkpoint_timeline: int | None
    recovery_timeline: int | None
    received_timeline: int | None
    is_receiving: bool | None
    written: int | None
    """Log positions are in bytes from the beginning of the log. This one is the primary's own."""
    received: int | None
    replayed: int | None
    sender_end: int | None
    """How far the sender of a standby has written, as it last told."""
    replay_age: float | None
    """Seconds since the commit time of the last transaction replayed."""


class _Part(NamedTuple):
    expression: str
    functions: Sequence[str] = ()
    views: Sequence[str] = ()


_RECEIVER = ("pg_stat_wal_receiver",)

# In the order of ``Answer``. What raises an error on the other role is behind ``is_standby``, which is asked once.
_PARTS = (
    _Part("is_standby"),
    _Part("(SELECT system_identifier FROM pg_control_system())::text", ["pg_control_system()"]),
    _Part(
        "CASE WHEN NOT is_standby THEN pg_walfile_name(pg_current_wal_lsn()) END",
        ["pg_walfile_name(pg_lsn)", "pg_current_wal_lsn()"],
    ),
    _Part("(SELECT timeline_id FROM pg_control_checkpoint())", ["pg_control_checkpoint()"]),
    _Part("(SELECT min_recovery_end_timeline FROM pg_control_recovery())", ["pg_control_recovery()"]),
    _Part("(SELECT received_tli FROM pg_stat_wal_receiver)", views=_RECEIVER),
    # One row once there is a connection. Those without the privilege to read statistics do not see its status.
    _Part("(SELECT coalesce(status = 'streaming', true) FROM pg_stat_wal_receiver)", views=_RECEIVER),
    _Part("CASE WHEN NOT is_standby THEN (pg_current_wal_lsn() - '0/0')::bigint END", ["pg_current_wal_lsn()"]),
    _Part("(pg_last_wal_receive_lsn() - '0/0')::bigint", ["pg_last_wal_receive_lsn()"]),
    _Part("(pg_last_wal_replay_lsn() - '0/0')::bigint", ["pg_last_wal_replay_lsn()"]),
    _Part("(SELECT (latest_end_lsn - '0/0')::bigint FROM pg_stat_wal_receiver)", views=_RECEIVER),
    _Part(
        "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8",
        ["pg_last_xact_replay_timestamp()"],
    ),
)


def _statement(expressions: Iterable[str]) -> str:
    # OFFSET 0 keeps the planner from asking for the role again in every part.
    return f"SELECT {', '.join(expressions)} FROM (SELECT pg_is_in_recovery() AS is_standby OFFSET 0) AS role"  # noqa: S608 - all of it is written here


STATEMENT = _statement(part.expression for part in _PARTS)


def probe(connection: Any) -> Report:
    """Ask the server for its role, timeline, lag and position. Raises psycopg2's error when it does not answer."""
    try:
        row = ask(connection, getattr(connection, "probe_statement", STATEMENT))
    except psycopg2.errors.InsufficientPrivilege:
        reduced = _allowed_statement(connection)
        with suppress(AttributeError):  # a connection that somebody else made asks anew each time
            connection.probe_statement = reduced
        row = ask(connection, reduced)
    return report_of(Answer(*row))


def _allowed_statement(connection: Any) -> str:
    """Leave out of the statement what this user may not ask."""
    allowed = ask(connection, "SELECT " + ", ".join(map(_permission, _PARTS)))
    return _statement(part.expression if may else "NULL" for part, may in zip(_PARTS, allowed, strict=True))


def _permission(part: _Part) -> str:
    conditions = [f"has_function_privilege('pg_catalog.{name}', 'EXECUTE')" for name in part.functions]
    conditions += [f"has_table_privilege('pg_catalog.{name}', 'SELECT')" for name in part.views]
    return " AND ".join(conditions) or "true"


def report_of(answer: Answer) -> Report:
    """Judge what a server answered."""
    if answer.is_standby:
        return Report(
            role=Role.STANDBY,
            epoch=_followed_timeline(answer),
            lineage=answer.system_identifier,
            lag=_lag(answer),
            lag_bytes=_lag_bytes(answer),
            position=_lsn(answer.replayed),
        )
    return Report(
        role=Role.PRIMARY,
        epoch=_written_timeline(answer),
        lineage=answer.system_identifier,
        lag=0.0,
        lag_bytes=0,
        position=_lsn(answer.written),
    )


def _written_timeline(answer: Answer) -> int | None:
    # The last checkpoint stays on the old timeline for a while after a promotion, so it is no substitute.
    return None if answer.current_file is None else int(answer.current_file[:8], 16)


def _followed_timeline(answer: Answer) -> int | None:
    known = (answer.received_timeline, answer.recovery_timeline, answer.checkpoint_timeline)
    return max(filter(None, known), default=None)


def _lag_bytes(answer: Answer) -> int | None:
    if not answer.is_receiving or answer.received is None or answer.replayed is None:
        return None
    return max(0, max(answer.received, answer.sender_end or 0) - answer.replayed)


def _lag(answer: Answer) -> float | None:
    """The age of what was replayed last, which is more than the lag when the primary had little to do.

    Zero only for a standby that is connected and has replayed all that it was told of. A standby that is not
    connected does not know what it misses.
    """
    behind = _lag_bytes(answer)
    if behind is None:
        return None
    if behind == 0:
        return 0.0
    # The primary's clock made the time stamp, and may be ahead of the standby's.
    return None if answer.replay_age is None else max(0.0, answer.replay_age)


def _lsn(position: int | None) -> str | None:
    return None if position is None else f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
