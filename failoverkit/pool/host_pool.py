"""The connections of one host: lending, waiting, and the end of a generation. Slow work is done outside the lock."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterable

from failoverkit.clock import FAR
from failoverkit.errors import FailoverkitError
from failoverkit.model import ErrorKind, Host, Target
from failoverkit.pool.opener import Opener
from failoverkit.pool.slots import Pooled, Slots
from failoverkit.pool.stats import HostCounts
from failoverkit.pool.surroundings import Books, Surroundings, close_all, is_wrong_role, report
from failoverkit.pool.upkeep import Upkeep
from failoverkit.pool.waiters import Closed, Waiter


class HostPool:
    """All connections of one host. Thread-safe; no hook and no I/O runs under its lock."""

    def __init__(self, host: Host, around: Surroundings) -> None:
        settings = around.settings.pool
        self.host = host
        self.name = host.name
        self._around = around
        self._slots = Slots(
            max_size=settings.max_size,
            max_connecting=settings.max_connecting,
            check_after=settings.check_idle_after,
        )
        self._books = Books(host, self._slots)
        self._opener = Opener(self._books, around, self._tell_if_warm)
        self._upkeep = Upkeep(self._books, around, self.check)
        self._keep = 0
        """What routing asks to keep open."""
        self._warm_wanted = 0
        """What was asked for on top of that, ahead of a move; 0 once it was told."""
        self._lock = self._books.lock
        self._clock = around.clock
        # The hot path, bound once.
        self._reset = around.plugins.reset
        self._give = self._slots.give
        self.lent = self._slots.lent
        """What is lent, by connection; read without a lock."""
        self.take = self._slots.take
        """Lend an idle connection if it can be lent as it is; takes the time, and no lock."""

    # -- lending ----------------------------------------------------------------------------------------------------

    def give_back(self, pooled: Pooled) -> None:
        """Take back a connection whose work did not show it broken."""
        if not self._reset(pooled.connection):
            self.drop(pooled)
            self.report(ErrorKind.CONNECTION_LOST, "a returned connection was broken", pooled.generation)
            return
        try:
            is_settled = self._give(pooled)
        except KeyError:
            raise FailoverkitError("this connection was given back twice") from None
        if not is_settled:
            self.settle()

    def settle(self) -> None:
        """Serve whoever waits with what is idle, and close what may not stay."""
        now = self._clock()
        with self._lock:
            unfit = self._books.leaving(self._slots.settle(now))
        self._close(unfit)

    def _close(self, gone: list[Pooled]) -> None:
        """Close what is leaving, and use the room."""
        if gone:
            close_all(self._books, self._around, gone)
            self._opener.open_wanted()

    def checkout(self) -> Pooled | None:
        """Lend an idle connection however long it was idle, or None when there is none or somebody waits already."""
        self.settle()
        with self._lock:
            return self._slots.checkout()

    def put_aside(self, pooled: Pooled) -> None:
        """Undo ``checkout``: the connection was not used, and is as old and as proven as before."""
        now = self._clock()
        with self._lock:
            unfit = self._books.leaving(self._slots.put_aside(pooled, now))
        self._close(unfit)

    def report(self, kind: ErrorKind, detail: str, generation: int) -> None:
        """Hand in evidence from a borrower's work."""
        report(self._books, self._around, kind, detail, generation)

    def is_current(self, pooled: Pooled) -> bool:
        """Say whether a connection is of the present generation."""
        return pooled.generation == self._slots.generation

    def needs_check(self, pooled: Pooled) -> bool:
        """Say whether a connection was idle for so long that it must be checked before it is lent."""
        return self._clock() - pooled.used_at > self._slots.check_after

    def begin_use(self, pooled: Pooled) -> None:
        """Note that a connection from ``checkout`` or a hand-off goes to its borrower now."""
        pooled.used_at = self._clock()

    def check(self, pooled: Pooled, timeout: float) -> bool:
        """Check a taken connection within ``timeout`` seconds; a dead one is dropped and False returned."""
        began = self._clock()
        alive = False
        try:
            with self._around.watchdog.guard(pooled.connection, timeout) as guard:
                alive = self._around.plugins.check(pooled.connection, timeout)
            alive = alive and not guard.expired and not is_wrong_role(self._books, self._around, pooled.connection)
        finally:
            # Also when the borrower is interrupted: nobody else would give it back.
            if not alive:
                self._books.stats.dead_idle += 1
                self.drop(pooled)
        now = pooled.used_at = self._clock()
        # A borrower in a hurry allows less, and too little time is no evidence.
        if not alive and now - began >= self._around.settings.pool.check_timeout:
            detail = f"an idle connection gave no answer in {timeout:g} s"
            report(self._books, self._around, ErrorKind.TIMEOUT, detail, pooled.generation)
        return alive

    def drop(self, pooled: Pooled) -> None:
        """Take a lent connection out of the books and close it."""
        with self._lock:
            self._slots.forget(pooled)
            self._books.leaving([pooled])
        self._close([pooled])

    def note_borrower(self, pooled: Pooled) -> None:
        """Remember where a connection was borrowed (only when leaks are looked for)."""
        pooled.leak_told = False
        pooled.stack = "".join(traceback.format_stack()[:-2])
        self._around.hurry(pooled.used_at + (self._around.settings.pool.leak_after or FAR))

    # -- waiting ----------------------------------------------------------------------------------------------------

    def has_room(self) -> bool:
        """Say whether a waiter here may hope for a connection soon, without somebody's return."""
        now = self._clock()
        with self._lock:
            return self._slots.has_room(now)

    def enqueue(self, waiters: Iterable[Waiter]) -> bool:
        """Put waiters in this host's queue, in order, and open connections for them. False when closed."""
        with self._lock:
            if self._slots.closed:
                return False
            self._slots.waiting.update(dict.fromkeys(waiters))
            self._slots.dispatch()
        self._opener.open_wanted()
        return True

    def withdraw(self, waiter: Waiter) -> None:
        """Take a waiter out of the queue, if it is there."""
        with self._lock:
            self._slots.waiting.pop(waiter, None)

    def release_waiters(self, served: frozenset[Target]) -> list[Waiter]:
        """Remove and return, in order, those who wait here for a target that this host does not serve (any more)."""
        with self._lock:
            waiting = self._slots.waiting
            leaving = [ticket for ticket in waiting if isinstance(ticket, Waiter) and ticket.target not in served]
            for waiter in leaving:
                del waiting[waiter]
        return leaving

    @property
    def last_error(self) -> BaseException | None:
        """Why the last opening failed, if none succeeded since."""
        return self._books.last_error

    # -- the part this host plays -----------------------------------------------------------------------------------

    def play(self, *, primary: bool, keep: int) -> None:
        """Keep ``keep`` connections from now on; ``primary``: connections to a standby are not what we came for."""
        with self._lock:
            self._books.expects_primary = primary
            self._keep = keep
            self._keep_locked()
        self._opener.open_wanted()

    def _keep_locked(self) -> None:
        self._slots.keep = min(max(self._keep, self._warm_wanted), self._slots.max_size)

    def start_serving(self) -> None:
        """Forget old failures and cancel a pending abort: the host has just become the one to use."""
        with self._lock:
            self._slots.slow_start()
            self._books.last_error = None
        self._upkeep.drain_until(FAR)
        self._opener.open_wanted()

    def warm(self, count: int) -> None:
        """Open ``count`` connections ahead of a move, then tell ``warmed``."""
        with self._lock:
            self._warm_wanted = min(count, self._slots.max_size)
            self._keep_locked()
        self._opener.open_wanted()
        self._tell_if_warm()

    def cancel_warm(self) -> None:
        """Keep no more than routing asks for, and do not tell ``warmed``."""
        with self._lock:
            self._warm_wanted = 0
            self._keep_locked()

    def _tell_if_warm(self) -> None:
        with self._lock:
            done = 0 < self._warm_wanted <= self._slots.fresh
            if done:
                # What is kept stays as it is until the routing follows.
                self._warm_wanted = 0
        if done:
            self._around.warmed(self.name)

    # -- the end of a generation ------------------------------------------------------------------------------------

    def discard(self, generation: int) -> None:
        """The host is lost: abort what is lent so that its borrowers come free, and close what is idle."""
        with self._lock:
            idle, lent = self._slots.discard(generation)
            self._books.leaving(idle)
            self._warm_wanted = 0
            self._keep_locked()
        self._upkeep.drain_until(FAR)
        self._upkeep.abort(lent)
        for pooled in idle:
            # Aborted first, because closing may say goodbye to a server that does not answer.
            self._around.plugins.abort(pooled.connection)
        self._close(idle)

    def drain(self, generation: int, limit: float) -> None:
        """The host was left while alive: lent connections may finish within ``limit`` seconds."""
        with self._lock:
            idle = self._books.leaving(self._slots.drain(generation))
            self._warm_wanted = 0
            self._keep_locked()
        self._upkeep.drain_until(self._clock() + limit)
        self._close(idle)

    def tend(self, now: float) -> float:
        """Do what is due, without blocking; return when to come again."""
        following = self._upkeep.tend(now)
        self._opener.open_wanted()
        return following

    # -- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close what is idle and turn waiters away; lent connections are closed when they come back."""
        with self._lock:
            idle, waiting = self._slots.close()
            self._books.leaving(idle)
        for ticket in waiting:
            ticket.give(Closed())
        close_all(self._books, self._around, idle)

    def threads(self) -> list[threading.Thread]:
        """Return the threads that are opening or touching connections now."""
        return [*self._opener.threads(), *self._upkeep.threads()]

    def everything(self) -> list[Pooled]:
        """Return every open connection, without the lock: for the child of a fork, which owns none of them."""
        return [*self._slots.members, *self._slots.lost]

    # -- numbers ----------------------------------------------------------------------------------------------------

    def counts(self) -> HostCounts:
        """Return how many connections are where now."""
        with self._lock:
            slots = self._slots
            return HostCounts(
                idle=len(slots.idle),
                lent=len(slots.lent),
                opening=slots.opening,
                waiting=len(slots.waiting),
                generation=slots.generation,
            )

    def stats(self) -> dict[str, int]:
        """Return the counters since the pool was made."""
        with self._lock:
            lendings = self._slots.lendings
        return self._books.stats.as_dict(lendings)
