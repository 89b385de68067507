"""Opens connections on threads of its own: a caller never opens by itself, because an opening may hang."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from failoverkit.errors import RoleMismatch
from failoverkit.model import ErrorKind
from failoverkit.pool.slots import Permit, Pooled
from failoverkit.pool.surroundings import Books, Surroundings, close_all, is_wrong_role, report
from failoverkit.pool.waiters import Moved, Waiter

LIFETIME_JITTER = 0.05
"""Largest part of ``max_lifetime`` taken off, so that connections opened together do not retire together."""


class Opener:
    """Turns permits into connections, at most ``max_connecting`` threads at once. Thread-safe."""

    def __init__(self, books: Books, around: Surroundings, opened: Callable[[], None]) -> None:
        self._books = books
        self._around = around
        self._opened = opened
        """Told after each connection that was entered in the books."""
        self._threads: set[threading.Thread] = set()
        self._roll_call = threading.Lock()
        """Guards the set of threads; held while one starts, so that only started ones are seen."""

    def open_wanted(self) -> None:
        """Start a thread for every permit that is due."""
        while (permit := self._next_permit()) is not None:
            try:
                self._start_thread(permit)
            except RuntimeError as error:
                # No more threads are to be had, or the interpreter is about to end.
                self._failed(permit, error)

    def threads(self) -> list[threading.Thread]:
        """Return the threads that are opening now, or were until just now."""
        with self._roll_call:
            return list(self._threads)

    def _start_thread(self, permit: Permit) -> None:
        name = f"failoverkit-open-{self._books.host.name}"
        thread = threading.Thread(target=self._run, args=(permit,), name=name, daemon=True)
        with self._roll_call:
            thread.start()
            # They are not removed by themselves: whoever closes the pool waits until they are really gone.
            self._threads = {one for one in self._threads if one.is_alive()} | {thread}

    def _next_permit(self) -> Permit | None:
        now = self._around.clock()
        with self._books.lock:
            slots = self._books.slots
            permit = slots.permit(now)
            pause = slots.pause(now)
        if pause:
            self._around.hurry(now + pause)
        return permit

    def _run(self, permit: Permit | None) -> None:
        while permit is not None:
            self._open(permit)
            permit = self._next_permit()

    def _open(self, permit: Permit) -> None:
        settings, plugins = self._around.settings, self._around.plugins
        try:
            connection = plugins.connect(self._books.host, settings, settings.pool.connect_timeout)
            if is_wrong_role(self._books, self._around, connection):
                plugins.close(connection)
                raise RoleMismatch(f"{self._books.host.name} was expected to be the primary but says it is a standby")
        except BaseException as error:  # noqa: BLE001 - whatever a driver raises must give the permit back
            self._failed(permit, error)
        else:
            self._enter(permit, connection)

    def _enter(self, permit: Permit, connection: object) -> None:
        books, settings = self._books, self._around.settings.pool
        now = self._around.clock()
        lifetime = settings.max_lifetime * (1.0 - LIFETIME_JITTER * random.random())  # noqa: S311 - jitter
        pooled = Pooled(connection, permit.generation, now, now + lifetime, books.host.name)
        with books.lock:
            kept = books.slots.opened(permit, pooled)
            books.stats.opened += 1
            books.last_error = None
        if not kept:
            # It counts as leaving already, since its generation ended.
            close_all(books, self._around, [pooled])
            return
        self._opened()
        self.open_wanted()

    def _failed(self, permit: Permit, error: BaseException) -> None:
        books = self._books
        kind = self._kind_of(error)
        now = self._around.clock()
        roll = random.random()  # noqa: S311 - jitter
        leaving: list[Waiter] = []
        with books.lock:
            books.stats.open_failed += 1
            if books.slots.open_failed(permit, now, roll):
                books.last_error = error
                leaving = self._take_leaving_locked(kind)
        for waiter in leaving:
            waiter.give(Moved(books.host.name, error))
        report(books, self._around, kind, f"opening a connection failed ({kind.value})", permit.generation)

    def _kind_of(self, error: BaseException) -> ErrorKind:
        if isinstance(error, RoleMismatch):
            return ErrorKind.ROLE_CHANGED
        return self._around.plugins.classify_error(error)

    def _take_leaving_locked(self, kind: ErrorKind) -> list[Waiter]:
        # A refusal is every waiter's answer. Otherwise those who may use another host walk on, and those for whom
        # this is the only one stay: it will have room again, or the brain moves them when it knows more.
        waiting = self._books.slots.waiting
        leaving = [
            waiter
            for waiter in waiting
            if isinstance(waiter, Waiter) and (waiter.has_alternatives or kind is ErrorKind.REFUSED)
        ]
        for waiter in leaving:
            del waiting[waiter]
        return leaving
