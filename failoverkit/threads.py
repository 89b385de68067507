"""A named daemon thread that works when something is due, and can be hurried."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from failoverkit.clock import FAR, Clock

logger = logging.getLogger("failoverkit.threads")

AFTER_FAILURE = 1.0
"""Pause after work that raised, seconds."""
LONGEST_WAIT = 3600.0
"""``Condition.wait`` refuses infinity."""


class Ticker:
    """Calls ``work(now)`` on its own thread; ``work`` returns when it is due next. All methods are thread-safe.

    ``at_end`` is called there after the last work, once the ticker was stopped.
    """

    def __init__(
        self, name: str, work: Callable[[float], float], clock: Clock, at_end: Callable[[], None] | None = None
    ) -> None:
        self._work = work
        self._clock = clock
        self._at_end = at_end
        self._wake = threading.Condition()
        self._due = float("-inf")
        self._stopped = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def due(self) -> float:
        """When work is due next; infinity while it is being done."""
        return self._due

    def start(self) -> None:
        """Begin; the first work is due at once."""
        self.thread.start()

    def hurry(self, at: float) -> None:
        """Be due at ``at`` at the latest. Never blocks for long."""
        if at >= self._due:
            return
        with self._wake:
            if at < self._due:
                self._due = at
                self._wake.notify()

    def stop(self) -> None:
        """Work no more; the thread ends once the present work is done."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def _run(self) -> None:
        self._work_until_stopped()
        if self._at_end is not None:
            self._at_end()

    def _work_until_stopped(self) -> None:
        while self._wait_until_due():
            try:
                following = self._work(self._clock())
            except Exception:
                # The thread must outlive a defect: without it nobody would notice a lost host.
                logger.exception("unexpected error on thread %s", self.thread.name)
                following = self._clock() + AFTER_FAILURE
            self.hurry(following)

    def _wait_until_due(self) -> bool:
        with self._wake:
            while not self._stopped:
                left = self._due - self._clock()
                if left <= 0:
                    self._due = FAR
                    return True
                self._wake.wait(min(left, LONGEST_WAIT))
            return False
