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
    """One waiting caller; may stand in several queues. The first outcome is the only one.

    ``give`` may be called from any thread, under any lock: it never blocks. ``wait`` and ``leave`` are for the owner
    alone; an exception that interrupts one of them (``KeyboardInterrupt``) leaves the waiter as it was, so that
    ``leave`` may be called then.
    """

    __slots__ = ("_settled", "_wake", "has_alternatives", "number", "target")

    def __init__(self, target: Target, number: int, *, has_alternatives: bool = False) -> None:
        self.target = target
        self.number = number
        """Order of arrival, kept when the waiter is moved to another host's queue."""
        self.has_alternatives = has_alternatives
        """Whether another host may serve it, so that it walks on when this one cannot."""
        self._settled: dict[None, tuple[Any]] = {}
        """Holds the first outcome. ``setdefault`` says who came first and keeps it, in one step."""
        self._wake = threading.Lock()
        self._wake.acquire()

    def give(self, outcome: Any) -> bool:
        """Settle the waiter. False when it was settled already or its owner has gone."""
        # In a tuple of its own: the same outcome may be offered twice, and only one of the two is accepted.
        offer = (outcome,)
        if self._settled.setdefault(None, offer) is not offer:
            return False
        self._wake.release()
        return True

    def wait(self, timeout: float) -> Any:
        """Return what was given within ``timeout`` seconds, or None; after that nothing can be given any more."""
        self._wake.acquire(timeout=min(max(timeout, 0.0), threading.TIMEOUT_MAX))
        return self.leave()

    def leave(self) -> Any:
        """Stop waiting. Returns what was given at the last moment, which the owner must then use or give back."""
        return self._settled.setdefault(None, _GONE)[0]


_GONE = (None,)
"""The outcome of a waiter that nothing was given to in time."""
