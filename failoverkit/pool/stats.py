"""Counters of one host's connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostCounts:
    """Where the connections of one host are at one moment."""

    idle: int
    lent: int
    opening: int
    waiting: int
    generation: int


@dataclass(slots=True)
class HostStats:
    """What happened since the pool was made. Counted by whoever does it; a lost count under contention is borne."""

    opened: int = 0
    open_failed: int = 0
    closed: int = 0
    aborted: int = 0
    dead_idle: int = 0

    def as_dict(self, lendings: int) -> dict[str, int]:
        """Return the counters by name."""
        return {
            "lendings": lendings,
            "opened": self.opened,
            "open_failed": self.open_failed,
            "closed": self.closed,
            "aborted": self.aborted,
            "dead_idle": self.dead_idle,
        }
