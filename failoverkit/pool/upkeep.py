"""The upkeep of one host's connections: ageing, keepalive, leaks, the end of a drain. Driven by the scheduler."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from failoverkit.clock import FAR
from failoverkit.events import ConnectionLeaked, ConnectionsAborted
from failoverkit.pool.slots import Pooled, at_one_moment
from failoverkit.pool.surroundings import Books, Surroundings, close_all

SHORTEST_PAUSE = 0.01
"""Least time between two rounds, seconds: what is due at once can wait this long."""


class Upkeep:
    """Looks after idle and lent connections. ``tend`` never blocks; thread-safe."""

    def __init__(self, books: Books, around: Surroundings, check: Callable[[Pooled, float], bool]) -> None:
        self._books = books
        self._around = around
        self._settings = around.settings.pool
        self._check = check
        """Checks a reserved connection and drops a dead one."""
        self._is_touching = False
        self._keeper: threading.Thread | None = None
        """The thread that touches, or was the last one to do so."""
        self._roll_call = threading.Lock()
        """Guards both; held while the keeper starts, so that only a started one is seen."""
        self._drain_deadline = FAR

    def tend(self, now: float) -> float:
        """Retire what is old, abort what outlived its drain, tell of leaks, touch what is idle; return when next."""
        with self._books.lock:
            aged = self._books.leaving(self._books.slots.take_expired(now, self._settings.idle_timeout))
        close_all(self._books, self._around, aged)
        self._end_drain(now)
        self._tell_leaks(now)
        self._touch_idle(now)
        return max(self._next_time(now), now + SHORTEST_PAUSE)

    def _next_time(self, now: float) -> float:
        settings = self._settings
        with self._books.lock:
            ageing = self._books.slots.next_ageing(settings.idle_timeout, settings.keepalive)
            pause = self._books.slots.pause(now)
            opening = now + pause if pause else FAR
            # What is lent now may be idle by then.
            at_the_latest = now + min(settings.idle_timeout, settings.keepalive)
            return min(self._drain_deadline, ageing, opening, self._next_leak_locked(), at_the_latest)

    # -- drain ------------------------------------------------------------------------------------------------------

    def drain_until(self, deadline: float) -> None:
        """Abort at ``deadline`` what is then still lent from an older generation; infinity cancels that."""
        with self._books.lock:
            self._drain_deadline = deadline
        self._around.hurry(deadline)

    def _end_drain(self, now: float) -> None:
        with self._books.lock:
            if now < self._drain_deadline:
                return
            self._drain_deadline = FAR
            overdue = self._books.slots.older()
        self.abort(overdue)

    def abort(self, lent: list[Pooled]) -> None:
        """Abort lent connections, so that their borrowers come free, and tell it."""
        for pooled in lent:
            self._around.plugins.abort(pooled.connection)
        if lent:
            self._books.stats.aborted += len(lent)
            name = self._around.settings.name
            self._around.tell(ConnectionsAborted(name, self._around.clock(), self._books.host.name, len(lent)))

    # -- leaks ------------------------------------------------------------------------------------------------------

    def _next_leak_locked(self) -> float:
        limit = self._settings.leak_after
        if limit is None:
            return FAR
        lent = at_one_moment(self._books.slots.lent.values())
        return min((pooled.used_at + limit for pooled in lent if pooled.stack and not pooled.leak_told), default=FAR)

    def _tell_leaks(self, now: float) -> None:
        limit = self._settings.leak_after
        if limit is None:
            return
        with self._books.lock:
            lent = at_one_moment(self._books.slots.lent.values())
            leaked = [p for p in lent if p.stack and not p.leak_told and now - p.used_at >= limit]
            for pooled in leaked:
                pooled.leak_told = True
        for pooled in leaked:
            lent_for = now - pooled.used_at
            name, host = self._around.settings.name, self._books.host.name
            self._around.tell(ConnectionLeaked(name, now, host, lent_for, pooled.stack or ""))

    # -- keepalive --------------------------------------------------------------------------------------------------

    def threads(self) -> list[threading.Thread]:
        """Return the thread that touches idle connections, or did until just now."""
        with self._roll_call:
            return [self._keeper] if self._keeper else []

    def _touch_idle(self, now: float) -> None:
        # On a thread of its own: a hung host must not hold up the scheduler.
        with self._books.lock:
            is_due = bool(self._books.slots.stale(now, self._settings.keepalive))
        name = f"failoverkit-keep-{self._books.host.name}"
        with self._roll_call:
            if is_due and not self._is_touching:
                keeper = threading.Thread(target=self._touch_all, name=name, daemon=True)
                # Where no more threads are to be had, the next round tries again.
                with contextlib.suppress(RuntimeError):
                    keeper.start()
                    self._keeper = keeper
                    self._is_touching = True

    def _touch_all(self) -> None:
        while (pooled := self._next_stale()) is not None:
            if self._check(pooled, self._settings.check_timeout):
                self._put_back(pooled)
        with self._roll_call:
            self._is_touching = False
        # What was being touched was not idle when the next round was planned, and what had died has left room.
        self._around.hurry(self._around.clock())

    def _next_stale(self) -> Pooled | None:
        now = self._around.clock()
        with self._books.lock:
            return self._books.slots.reserve_stale(now, self._settings.keepalive)

    def _put_back(self, pooled: Pooled) -> None:
        now = self._around.clock()
        with self._books.lock:
            unfit = self._books.leaving(self._books.slots.touched(pooled, now))
        close_all(self._books, self._around, unfit)
