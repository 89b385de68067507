"""A caller that waits for a connection, and the hand-off that it must accept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from failoverkit.model import Target


@dataclass(frozen=True, slots=True)
class Moved:
    """An outcome: walk the hosts again; ``host`` could not serve because of ``error``, when there was one."""

    host: str | None = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """An outcome: the pool was closed."""


class Waiter:
    """One waiting caller; may stand in several queues. Whoever claims it first settles it, once.

    ``give`` may be called from any thread, under any lock: it never blocks. ``wait`` is for the owner alone.
    """

    __slots__ = ("_claim", "_outcome", "_wake", "has_alternatives", "number", "target")

    def __init__(self, target: Target, number: int, *, has_alternatives: bool = False) -> None:
        self.target = target
        self.number = number
        """Order of arrival, kept when the waiter is moved to another host's queue."""
        self.has_alternatives = has_alternatives
        """Whether another host may serve it, so that it walks on when this one cannot."""
        self._claim = threading.Lock()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._outcome: Any = None

    def give(self, outcome: Any) -> bool:
        """Settle the waiter. False when it was settled already or its owner has gone."""
        if not self._claim.acquire(blocking=False):
            return False
        self._outcome = outcome
        self._wake.release()
        return True

    def wait(self, timeout: float) -> Any:
        """Return what was given within ``timeout`` seconds, or None; after that nothing can be given any more."""
        if self._wake.acquire(timeout=max(timeout, 0.0)):
            return self._outcome
        return self.leave()

    def leave(self) -> Any:
        """Stop waiting. Returns what was given at the last moment, which the owner must then use or give back."""
        if self._claim.acquire(blocking=False):
            return None
        # Somebody claimed us and is about to set the outcome: that takes no I/O, so this does not block.
        self._wake.acquire()
        return self._outcome
