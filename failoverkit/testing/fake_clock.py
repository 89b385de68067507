"""Time that stands still until a test moves it."""

from __future__ import annotations

import threading


class FakeClock:
    """A clock to hand in where ``failoverkit.clock.monotonic`` is used. Safe to share between threads."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the present time in seconds."""
        return self._now

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time. Raises ``ValueError`` for a negative step."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} s")
        with self._lock:
            self._now += seconds
            return self._now

    def __repr__(self) -> str:
        return f"FakeClock({self._now})"
