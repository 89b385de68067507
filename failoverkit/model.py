"""Frozen values that every layer shares. No clock, thread, I/O, hook or random number lives here.

Words are those of ``docs/words.md``. Durations are seconds, floats.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from failoverkit.options import Options

NO_OPTIONS: Mapping[str, str] = Options()


class Role(enum.Enum):
    """What a server says it is. ``UNKNOWN``: the driver has no such notion, or nothing was said yet."""

    PRIMARY = "primary"
    STANDBY = "standby"
    UNKNOWN = "unknown"


class Target(enum.Enum):
    """What a caller wants; the words follow libpq's ``target_session_attrs``."""

    PRIMARY = "primary"
    STANDBY = "standby"
    PREFER_STANDBY = "prefer-standby"
    ANY = "any"


class State(enum.Enum):
    """The state of the whole cluster as one pool sees it (the table is in ``failover/states.py``)."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED_OVER = "failed-over"
    FAILING_BACK = "failing-back"


class Health(enum.Enum):
    """The health of one host: ``UNKNOWN → UP → SUSPECT → DOWN → RECOVERING → UP``."""

    UNKNOWN = "unknown"
    UP = "up"
    SUSPECT = "suspect"
    DOWN = "down"
    RECOVERING = "recovering"


class ErrorKind(enum.Enum):
    """What an error means for the pool. Drivers translate their own errors into one of these."""

    CONNECTION_LOST = "connection-lost"
    """The connection is gone (reset, closed by the server, server shutting down)."""
    HOST_UNREACHABLE = "host-unreachable"
    """No connection could be made: refused, no route, name not found, server starting up."""
    ROLE_CHANGED = "role-changed"
    """The host is alive but not what we took it for: re-discover, retire the generation."""
    RETRYABLE = "retryable"
    """Deadlock or serialization failure: same host, whole transaction again."""
    BUSY = "busy"
    """Too many connections, out of resources: back off, never fail over."""
    REFUSED = "refused"
    """Authentication, missing database or privilege: tell the caller, never fail over."""
    OUTCOME_UNKNOWN = "outcome-unknown"
    """The server itself says it does not know whether the transaction was committed."""
    TIMEOUT = "timeout"
    """No answer in time."""
    OTHER = "other"
    """Nothing the pool has to act on: a programming error, a constraint, a cancelled query."""


class Source(enum.Enum):
    """Where an observation comes from."""

    PROBE = "probe"
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Host:
    """One database server.

    ``name`` is the identity used in every message, mapping and metric (``db1:5432`` unless the config names it).
    ``priority``: the lowest number is preferred. ``options`` are driver settings for this host alone, laid over the
    pool's; they may hold secrets and never appear in ``repr``.
    """

    name: str
    address: str
    port: int | None = None
    priority: int = 0
    tags: frozenset[str] = frozenset()
    options: Mapping[str, str] = field(default=NO_OPTIONS, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What one probe of one host said. Built by the driver's ``failoverkit_probe`` hook.

    ``epoch`` grows with each promotion and is comparable only between reports of the same ``lineage`` (PostgreSQL:
    timeline within a system identifier). Both are ``None`` where the database has no such thing. ``lag`` is in
    seconds, ``None`` when unknown (never 0 for unknown); ``lag_bytes`` likewise in bytes. ``position`` is the
    driver's own text (an LSN, a GTID set). ``fit`` is False when the host answers but must not be used at all (a
    Galera node that is not synced); ``detail`` then says why, in a few words without secrets.
    """

    role: Role = Role.UNKNOWN
    epoch: int | None = None
    lineage: str | None = None
    lag: float | None = None
    lag_bytes: int | None = None
    position: str | None = None
    fit: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One piece of evidence about a host. A probe's answer and a caller's failed work enter by the same door.

    Exactly one of ``report`` (the host answered) and ``error`` (it did not, or refused) is set. ``generation`` is the
    generation of the host's pool when the work began: older ones are ignored. ``latency`` is in seconds, probes only.
    ``detail`` is one short sentence without secrets, for errors and events.
    """

    host: str
    generation: int
    source: Source
    report: Report | None = None
    error: ErrorKind | None = None
    latency: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A host that may serve a target now, as strategies see it. ``latency`` and ``lag`` are seconds or ``None``."""

    name: str
    role: Role
    priority: int
    index: int
    """Place in the configuration: the tie-break that every strategy may use."""
    tags: frozenset[str] = frozenset()
    latency: float | None = None
    lag: float | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a strategy may use to rank: strategies are pure, so chance and turn are handed in.

    ``ticket`` counts selections of this pool and target, 0, 1, 2 …; ``rolls`` are two independent uniform numbers in
    ``[0, 1)``.
    """

    target: Target
    ticket: int
    rolls: tuple[float, float]


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One host in ``FailoverPool.status()``."""

    name: str
    health: Health
    role: Role
    active: bool
    stale: bool
    quarantined: bool
    epoch: int | None
    lag: float | None
    latency: float | None
    reason: str
    """Why the host is not used for writes, or the last thing seen of it. Empty when there is nothing to say."""
    idle: int
    lent: int
    opening: int
    waiting: int
    generation: int


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """A frozen picture of one pool: what ``FailoverPool.status()`` returns."""

    state: State
    active: str | None
    paused: bool
    hosts: tuple[HostStatus, ...]
    waiting: int
    """Callers parked because no host can serve them now."""
