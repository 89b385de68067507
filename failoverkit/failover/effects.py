"""What the brain asks the shell to do, as data. The shell carries effects out in the order given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """Send ``primary`` to this host from now on."""

    host: str


@dataclass(frozen=True, slots=True)
class Suspend:
    """Nothing can serve ``primary``: borrowers wait within their own deadlines."""


@dataclass(frozen=True, slots=True)
class Discard:
    """A host is lost: its connections are of an older generation now; abort what is lent, close what is idle."""

    host: str
    generation: int


@dataclass(frozen=True, slots=True)
class Drain:
    """A host was left while alive: older connections may finish within ``limit`` seconds, then they are aborted."""

    host: str
    generation: int
    limit: float


@dataclass(frozen=True, slots=True)
class Warm:
    """Open connections to this host, which is about to take over; say so with the ``Warmed`` command."""

    host: str


@dataclass(frozen=True, slots=True)
class CancelWarm:
    """The host that was being warmed faltered, or is no longer wanted."""

    host: str


Effect = Route | Suspend | Discard | Drain | Warm | CancelWarm
