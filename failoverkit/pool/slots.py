"""Bookkeeping of one host's connections: idle, lent, being opened, wanted by whom. Pure: no lock, clock or I/O.

Two verbs are called without a lock, because every borrower pays for them: ``take`` and ``give``. Each moves one
connection by single operations of a deque and a dict, which are atomic with and without the GIL, and looks at the
generation *after* it has moved it. All other verbs are called under the host pool's lock. So whatever ends a
generation either finds a connection, or is seen by whoever has it in hand; the argument is in
``docs/decisions/0201-lending-without-a-lock.md``. Times come in as arguments, seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import Any, Protocol

BACKOFF_BASE = 0.05
"""Longest wait before the opening that follows a first failed one, seconds; doubles with each failure in a row."""
BACKOFF_LIMIT = 5.0
"""Limit of that doubling, seconds."""
NEVER_FAILED = float("-inf")
CLOSED = -1
"""The generation of a closed pool: no connection is of it."""


def backoff(failures: int, roll: float) -> float:
    """Return the wait before the next opening after ``failures`` in a row: full jitter, ``roll`` in ``[0, 1)``."""
    return roll * min(BACKOFF_LIMIT, BACKOFF_BASE * 2.0 ** min(failures - 1, 30))


class Pooled:
    """One open connection and what the pool must remember of it."""

    __slots__ = (
        "connection", "expires_at", "generation", "host", "idle_since", "leak_told", "stack", "used_at", "uses",
        "uses_seen",
    )  # fmt: skip

    def __init__(self, connection: Any, generation: int, now: float, expires_at: float, host: str = "") -> None:
        self.connection = connection
        self.generation = generation
        self.host = host
        self.expires_at = expires_at
        self.used_at = now
        """When it was last lent, checked or opened. It worked later than that, if it is idle."""
        self.idle_since = now
        """When upkeep first saw it idle after its last use."""
        self.uses = 0
        self.uses_seen = 0
        """``uses`` at that moment."""
        self.stack: str | None = None
        """Where it was borrowed, kept only when leaks are looked for."""
        self.leak_told = False


class Permit:
    """The right to open one connection. It must be used once: in ``Slots.opened`` or ``Slots.open_failed``."""

    __slots__ = ("generation",)

    def __init__(self, generation: int) -> None:
        self.generation = generation


class Ticket(Protocol):
    """Somebody who waits for a connection."""

    def give(self, outcome: Any) -> bool:
        """Hand over; False when the waiter has gone, so that the next is asked."""
        ...


class Slots:
    """All connections of one host, and who waits for one."""

    __slots__ = (
        "check_after", "failures", "generation", "idle", "keep", "leaving", "lent", "lost", "max_connecting",
        "max_size", "members", "open_after", "opening", "past_uses", "ramp", "waiting",
    )  # fmt: skip

    def __init__(self, *, max_size: int, max_connecting: int, check_after: float = 0.5) -> None:
        self.max_size = max_size
        self.max_connecting = max_connecting
        self.check_after = check_after
        """Idle for longer than this, a connection is not lent without a check."""
        self.generation = 0
        self.keep = 0
        """Connections to keep open whether wanted or not."""
        self.idle: deque[Pooled] = deque()
        """Most recently used last."""
        self.lent: dict[Any, Pooled] = {}
        """By connection. Removing it from here is what gives the right to put it back: it can be done only once."""
        self.members: set[Pooled] = set()
        """Every open connection that counts against ``max_size``, wherever it is."""
        self.lost: set[Pooled] = set()
        """Lent when the host was discarded: aborted, and no longer counted."""
        self.leaving = 0
        """Still open or being opened at the server, and of no use here: what the caller is about to close, and
        openings that a new generation has overtaken."""
        self.waiting: dict[Ticket, None] = {}
        """First come first; a dict for removal from the middle."""
        self.opening = 0
        self.ramp = 1
        """Openings allowed at once: starts at one, doubles with each success up to ``max_connecting``."""
        self.failures = 0
        self.open_after = NEVER_FAILED
        self.past_uses = 0
        """Lendings of connections that are no longer open."""

    @property
    def total(self) -> int:
        """Connections this host has, is about to have or is about to lose. No opening begins beyond ``max_size``."""
        return len(self.members) + self.opening + self.leaving

    @property
    def fresh(self) -> int:
        """Open connections of the present generation."""
        return sum(pooled.generation == self.generation for pooled in self.members)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self.generation == CLOSED

    @property
    def lendings(self) -> int:
        """How often a connection was lent."""
        return self.past_uses + sum(pooled.uses for pooled in [*self.members, *self.lost])

    # -- without a lock ---------------------------------------------------------------------------------------------

    def take(self, now: float) -> Pooled | None:
        """Lend the most recently used idle connection if it can be lent as it is; None sends the caller to the lock."""
        if self.waiting:
            return None
        try:
            pooled = self.idle.pop()
        except IndexError:
            return None
        self.lent[pooled.connection] = pooled
        if pooled.generation != self.generation or now - pooled.used_at > self.check_after:
            self.lent.pop(pooled.connection, None)
            self.idle.append(pooled)
            return None
        pooled.used_at = now
        pooled.uses += 1
        return pooled

    def give(self, pooled: Pooled) -> bool:
        """Put a clean connection back. False: the caller must call ``settle`` under the lock.

        Raises ``KeyError`` when it is not lent: it was given back before.
        """
        del self.lent[pooled.connection]
        self.idle.append(pooled)
        return not (self.waiting or pooled.generation != self.generation or pooled.used_at >= pooled.expires_at)

    # -- lending, under the lock ------------------------------------------------------------------------------------

    def settle(self, now: float) -> list[Pooled]:
        """Serve whoever waits with what is idle; return what must not stay, for the caller to close."""
        unfit = [pooled for pooled in at_one_moment(self.idle) if not self._is_keepable(pooled, now)]
        unfit = [pooled for pooled in unfit if self._take_out(pooled)]
        for pooled in unfit:
            self.forget(pooled)
        self.dispatch()
        return unfit

    def _is_keepable(self, pooled: Pooled, now: float) -> bool:
        return pooled.generation == self.generation and now < pooled.expires_at

    def _take_out(self, pooled: Pooled) -> bool:
        """Remove from idle; False when a borrower was quicker."""
        try:
            self.idle.remove(pooled)
        except ValueError:
            return False
        return True

    def checkout(self) -> Pooled | None:
        """Lend the most recently used idle connection, however long it was idle, unless somebody waits already."""
        return None if self.waiting else self._lend_idle()

    def _lend_idle(self) -> Pooled | None:
        try:
            pooled = self.idle.pop()
        except IndexError:
            return None
        if pooled.generation != self.generation:
            # Whoever put it there has seen the same and is about to settle.
            self.idle.appendleft(pooled)
            return None
        self.lent[pooled.connection] = pooled
        pooled.uses += 1
        pooled.stack = None
        return pooled

    def put_aside(self, pooled: Pooled, now: float) -> list[Pooled]:
        """Undo ``checkout`` or ``take`` of a connection that was not used; returns what the caller must close."""
        del self.lent[pooled.connection]
        pooled.uses -= 1
        self.idle.append(pooled)
        return self.settle(now)

    def forget(self, pooled: Pooled) -> None:
        """Take a connection out of the books; the caller closes it."""
        self.lent.pop(pooled.connection, None)
        self.members.discard(pooled)
        self.lost.discard(pooled)
        self.past_uses += pooled.uses
        pooled.uses = 0

    def dispatch(self) -> None:
        """Give idle connections to waiters, first come first; one that has gone is passed over."""
        while self.waiting:
            pooled = self._lend_idle()
            if pooled is None:
                return
            ticket = next(iter(self.waiting))
            del self.waiting[ticket]
            if not ticket.give(pooled):
                del self.lent[pooled.connection]
                pooled.uses -= 1
                self.idle.append(pooled)

    def take_waiters(self) -> list[Ticket]:
        """Remove and return all who wait, in order: their host no longer serves them."""
        waiting = list(self.waiting)
        self.waiting.clear()
        return waiting

    # -- opening ----------------------------------------------------------------------------------------------------

    def permit(self, now: float) -> Permit | None:
        """Return the right to open one more connection, if one is wanted and allowed now."""
        if not self._wants_opening() or now < self.open_after:
            return None
        if self.opening >= min(self.ramp, self.max_connecting):
            return None
        self.opening += 1
        return Permit(self.generation)

    def _wants_opening(self) -> bool:
        if self.closed or self.total >= self.max_size:
            return False
        return self.opening < len(self.waiting) or not self._has_enough()

    def _has_enough(self, spare: int = 0) -> bool:
        # Those of an older generation are on their way out: they take room, and are of no use.
        return self.fresh + self.opening >= self.keep + spare

    def has_room(self, now: float) -> bool:
        """Say whether a connection is idle or may be opened now; not while openings pause after a failure."""
        return bool(self.idle) or (self.total < self.max_size and now >= self.open_after)

    def pause(self, now: float) -> float:
        """Return the seconds until an opening that is wanted is allowed again after a failure; 0 when none is held."""
        return max(0.0, self.open_after - now) if self._wants_opening() else 0.0

    def opened(self, permit: Permit, pooled: Pooled) -> bool:
        """Enter a new connection and serve whoever waits. False: too late, the caller closes it and says ``left``."""
        if permit.generation != self.generation:
            return False
        self.opening -= 1
        self.failures = 0
        self.ramp = min(self.ramp * 2, self.max_connecting)
        self.members.add(pooled)
        self.idle.append(pooled)
        self.dispatch()
        return True

    def open_failed(self, permit: Permit, now: float, roll: float) -> bool:
        """Note a failed opening and back off. False: too late, no reason to back off."""
        if permit.generation != self.generation:
            self.left(1)
            return False
        self.opening -= 1
        self.failures += 1
        self.ramp = 1
        self.open_after = now + backoff(self.failures, roll)
        return True

    def slow_start(self) -> None:
        """Begin again after a change of role or health: no backoff, one opening at a time at first."""
        self.failures = 0
        self.ramp = 1
        self.open_after = NEVER_FAILED

    # -- ageing -----------------------------------------------------------------------------------------------------

    def take_expired(self, now: float, idle_timeout: float) -> list[Pooled]:
        """Remove and return idle connections that are too old, or idle too long above ``keep``; note who is idle."""
        gone = self.settle(now)
        for pooled in at_one_moment(self.idle):
            if pooled.uses_seen != pooled.uses:
                pooled.uses_seen = pooled.uses
                pooled.idle_since = now
            elif now - pooled.idle_since >= idle_timeout and self._has_enough(1) and self._take_out(pooled):
                self.forget(pooled)
                gone.append(pooled)
        return gone

    def next_ageing(self, idle_timeout: float, keepalive: float) -> float:
        """Return when the next idle connection must be retired or touched; infinity when none."""
        idle = at_one_moment(self.idle)
        times = [min(pooled.expires_at, pooled.used_at + keepalive) for pooled in idle]
        if self._has_enough(1):
            times.extend(pooled.idle_since + idle_timeout for pooled in idle)
        return min(times, default=float("inf"))

    def stale(self, now: float, keepalive: float) -> list[Pooled]:
        """Return the idle connections not used for ``keepalive`` seconds."""
        return [pooled for pooled in at_one_moment(self.idle) if now - pooled.used_at >= keepalive]

    def reserve_stale(self, now: float, keepalive: float) -> Pooled | None:
        """Reserve (as lent) one idle connection not used for ``keepalive`` seconds, to be touched."""
        pooled = next(filter(self._take_out, self.stale(now, keepalive)), None)
        if pooled is not None:
            pooled.stack = None
            self.lent[pooled.connection] = pooled
        return pooled

    def touched(self, pooled: Pooled, now: float) -> list[Pooled]:
        """Put a reserved connection that proved alive back at the idle end; returns what the caller must close."""
        del self.lent[pooled.connection]
        pooled.used_at = now
        self.idle.appendleft(pooled)
        return self.settle(now)

    # -- the end of a generation ------------------------------------------------------------------------------------

    def discard(self, generation: int) -> tuple[list[Pooled], list[Pooled]]:
        """Begin a new generation on a lost host; return what was idle (to close) and lent (to abort)."""
        self._begin(generation)
        idle = self._empty_idle()
        lent = [pooled for pooled in self.members if pooled not in idle]
        self.lost.update(lent)
        for pooled in idle:
            self.forget(pooled)
        self.members.clear()
        return idle, list(self.lost)

    def drain(self, generation: int) -> list[Pooled]:
        """Begin a new generation on a host that was left while alive; return what was idle. Lent ones may finish."""
        self._begin(generation)
        idle = self._empty_idle()
        for pooled in idle:
            self.forget(pooled)
        return idle

    def _begin(self, generation: int) -> None:
        if not self.closed:
            self.generation = generation
        self.leaving += self.opening
        self.opening = 0
        self.slow_start()

    def _empty_idle(self) -> list[Pooled]:
        idle: list[Pooled] = []
        while self.idle:
            try:
                idle.append(self.idle.pop())
            except IndexError:
                break
        return idle

    def left(self, count: int) -> None:
        """Note that so many connections that counted as ``leaving`` are closed."""
        self.leaving -= count

    def older(self) -> list[Pooled]:
        """Return what is still open from an older generation."""
        return [pooled for pooled in self.members if pooled.generation != self.generation]

    def close(self) -> tuple[list[Pooled], list[Ticket]]:
        """Keep nothing from now on; return what was idle and who waited. What is lent is closed when it comes back."""
        return self.drain(CLOSED), self.take_waiters()


def at_one_moment(items: Collection[Pooled]) -> tuple[Pooled, ...]:
    """Return what is idle or lent at one moment, while borrowers without the lock come and go."""
    while True:
        try:
            return tuple(items)
        except RuntimeError:
            # It changed meanwhile.
            continue
