"""What observers are told: one frozen value per thing that happened. None carries a secret.

Events are emitted after the fact, outside every lock, in the order in which things happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from failoverkit.model import Health, Role, State


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. ``pool`` is the pool's name, ``at`` the monotonic time in seconds."""

    pool: str
    at: float

    @property
    def name(self) -> str:
        """The stable name of the event, for logs and metrics: the class's own."""
        return type(self).__name__


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The cluster moved from one state of the table to another."""

    previous: State
    state: State
    signal: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActiveChanged(Event):
    """``primary`` is routed elsewhere now; ``None`` means that nothing serves (or served)."""

    previous: str | None
    active: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class HostHealthChanged(Event):
    """One host's health moved."""

    host: str
    previous: Health
    health: Health
    reason: str


@dataclass(frozen=True, slots=True)
class HostRoleChanged(Event):
    """One host says another role, or another epoch, than before."""

    host: str
    previous: Role
    role: Role
    epoch: int | None


@dataclass(frozen=True, slots=True)
class StalePrimary(Event):
    """A host says PRIMARY with an epoch that is over. It is never used."""

    host: str
    epoch: int
    newest: int


@dataclass(frozen=True, slots=True)
class SplitBrain(Event):
    """Hosts that all say PRIMARY and cannot be ordered."""

    hosts: tuple[str, ...]
    active: str | None


@dataclass(frozen=True, slots=True)
class HostQuarantined(Event):
    """A host left while it was primary may not take writes until it is trustworthy again."""

    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class QuarantineLifted(Event):
    """A quarantined host may take writes again."""

    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class ForeignHost(Event):
    """A host belongs to another cluster (its lineage differs). It is never used."""

    host: str
    lineage: str
    expected: str


@dataclass(frozen=True, slots=True)
class HostProblem(Event):
    """Evidence that is not about health (bad password, too many connections); it never moves the cluster."""

    host: str
    reason: str


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """An operator paused lending."""


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """An operator resumed lending."""


@dataclass(frozen=True, slots=True)
class ConnectionsAborted(Event):
    """Lent connections of a lost host were aborted so that their borrowers come free."""

    host: str
    count: int


@dataclass(frozen=True, slots=True)
class ConnectionLeaked(Event):
    """A connection has been lent for longer than ``leak_after``; ``stack`` is where it was borrowed."""

    host: str
    lent_for: float
    stack: str
