"""Deadlines for calls that may hang: past its deadline a connection is aborted from the scheduler's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from failoverkit.clock import FAR, Clock


class Guard:
    """One call under a deadline. ``expired``: its connection was, or is being, aborted and must not be used again."""

    __slots__ = ("connection", "deadline", "expired")

    def __init__(self, connection: Any, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.expired = False


class Watchdog:
    """Connections under a deadline. Thread-safe; ``abort`` is called outside the lock.

    ``hurry`` is called with the time of each new deadline, so that the thread which calls ``expire`` can wake for it.
    """

    def __init__(self, clock: Clock, abort: Callable[[Any], bool], hurry: Callable[[float], None]) -> None:
        self._clock = clock
        self._abort = abort
        self._hurry = hurry
        self._lock = threading.Lock()
        self._guards: set[Guard] = set()
        self._ended = False

    @contextmanager
    def guard(self, connection: Any, timeout: float) -> Iterator[Guard]:
        """Abort ``connection`` if the block lasts longer than ``timeout`` seconds; see ``Guard.expired`` afterwards."""
        guard = Guard(connection, self._clock() + timeout)
        with self._lock:
            self._guards.add(guard)
            ended = self._ended
        self._hurry(guard.deadline)
        if ended:
            self.expire(FAR)
        try:
            yield guard
        finally:
            with self._lock:
                self._guards.discard(guard)

    def end(self) -> None:
        """Abort what is guarded, now and from now on: nobody will call ``expire`` any more."""
        with self._lock:
            self._ended = True
        self.expire(FAR)

    def expire(self, now: float) -> float:
        """Abort what is past its deadline; return when to call again (infinity: nothing is guarded)."""
        with self._lock:
            late = [guard for guard in self._guards if guard.deadline <= now]
            for guard in late:
                guard.expired = True
                self._guards.discard(guard)
            following = min((guard.deadline for guard in self._guards), default=FAR)
        for guard in late:
            self._abort(guard.connection)
        return following
