"""Bookkeeping of one host's connections: idle, lent, being opened, wanted by whom. Pure: no lock, clock or I/O.

The host pool calls these verbs under its lock and does whatever is slow afterwards. Every connection is in exactly one
place: ``idle``, ``lent``, ``lost`` (lent when its host was discarded) or gone. Time comes in as an argument, seconds.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

BACKOFF_BASE = 0.05
"""Longest wait before the opening that follows a first failed one, seconds; doubles with each failure in a row."""
BACKOFF_LIMIT = 5.0
"""Limit of that doubling, seconds."""
NEVER_FAILED = float("-inf")


def backoff(failures: int, roll: float) -> float:
    """Return the wait before the next opening after ``failures`` in a row: full jitter, ``roll`` in ``[0, 1)``."""
    return roll * min(BACKOFF_LIMIT, BACKOFF_BASE * 2.0 ** min(failures - 1, 30))


class Pooled:
    """One open connection and what the pool must remember of it."""

    __slots__ = (
        "connection",
        "expires_at",
        "generation",
        "host",
        "idle_since",
        "leak_told",
        "lent_at",
        "opened_at",
        "proven_at",
        "stack",
    )

    def __init__(self, connection: Any, generation: int, now: float, expires_at: float, host: str = "") -> None:
        self.connection = connection
        self.generation = generation
        self.host = host
        self.opened_at = now
        self.expires_at = expires_at
        self.idle_since = now
        self.proven_at = now
        """When it was last known to work: opened, returned clean, or checked."""
        self.lent_at = now
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
    """All connections of one host, and who waits for one. Not thread-safe: the host pool's lock guards it."""

    __slots__ = (
        "closed",
        "failures",
        "generation",
        "idle",
        "keep",
        "lendings",
        "lent",
        "lost",
        "max_connecting",
        "max_size",
        "open_after",
        "opening",
        "ramp",
        "waiting",
    )

    def __init__(self, *, max_size: int, max_connecting: int, generation: int = 0) -> None:
        self.max_size = max_size
        self.max_connecting = max_connecting
        self.generation = generation
        self.keep = 0
        """Connections to keep open whether wanted or not."""
        self.idle: deque[Pooled] = deque()
        """Most recently used last."""
        self.lent: dict[int, Pooled] = {}
        """By ``id`` of the connection."""
        self.lost: dict[int, Pooled] = {}
        """Lent when the host was discarded; they no longer count against ``max_size``."""
        self.waiting: dict[Ticket, None] = {}
        """First come first; a dict for removal from the middle."""
        self.opening = 0
        self.ramp = 1
        """Openings allowed at once: starts at one, doubles with each success up to ``max_connecting``."""
        self.failures = 0
        self.open_after = NEVER_FAILED
        self.lendings = 0
        self.closed = False

    @property
    def total(self) -> int:
        """Connections this host has or is about to have."""
        return len(self.idle) + len(self.lent) + self.opening

    # -- lending ----------------------------------------------------------------------------------------------------

    def checkout(self, now: float) -> Pooled | None:
        """Lend the most recently used idle connection, unless there is none or somebody waits already."""
        if self.waiting or not self.idle:
            return None
        return self._lend(self.idle.pop(), now)

    def checkin(self, pooled: Pooled, now: float) -> bool:
        """Take a lent connection back and serve whoever waits. False: not to be kept, the caller closes it."""
        if not self._is_keepable(pooled, now):
            self.forget(pooled)
            return False
        del self.lent[id(pooled.connection)]
        pooled.idle_since = pooled.proven_at = now
        self.idle.append(pooled)
        if self.waiting:
            self.dispatch(now)
        return True

    def put_aside(self, pooled: Pooled) -> bool:
        """Undo ``checkout`` of a connection that was not used. False: not to be kept, the caller closes it."""
        if pooled.generation != self.generation or self.closed:
            self.forget(pooled)
            return False
        self._unlend(pooled)
        self.dispatch(pooled.lent_at)
        return True

    def _is_keepable(self, pooled: Pooled, now: float) -> bool:
        return pooled.generation == self.generation and now < pooled.expires_at and not self.closed

    def forget(self, pooled: Pooled) -> None:
        """Take a lent connection out of the books; the caller closes it."""
        key = id(pooled.connection)
        self.lent.pop(key, None)
        self.lost.pop(key, None)

    def find(self, connection: Any) -> Pooled | None:
        """Return the books' entry of a lent connection."""
        key = id(connection)
        return self.lent.get(key) or self.lost.get(key)

    def dispatch(self, now: float) -> None:
        """Give idle connections to waiters, first come first; one that has gone is passed over."""
        while self.waiting and self.idle:
            ticket = next(iter(self.waiting))
            del self.waiting[ticket]
            pooled = self._lend(self.idle.pop(), now)
            if not ticket.give(pooled):
                self._unlend(pooled)

    def _lend(self, pooled: Pooled, now: float) -> Pooled:
        self.lent[id(pooled.connection)] = pooled
        self.lendings += 1
        pooled.lent_at = now
        return pooled

    def _unlend(self, pooled: Pooled) -> None:
        del self.lent[id(pooled.connection)]
        self.lendings -= 1
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
        return self.opening < len(self.waiting) or self.total < self.keep

    def pause(self, now: float) -> float:
        """Return the seconds until an opening that is wanted is allowed again after a failure; 0 when none is held."""
        return max(0.0, self.open_after - now) if self._wants_opening() else 0.0

    def opened(self, permit: Permit, pooled: Pooled, now: float) -> bool:
        """Enter a new connection and serve whoever waits. False: too late, the caller closes it."""
        if permit.generation != self.generation or self.closed:
            return False
        self.opening -= 1
        self.failures = 0
        self.ramp = min(self.ramp * 2, self.max_connecting)
        self.idle.append(pooled)
        self.dispatch(now)
        return True

    def open_failed(self, permit: Permit, now: float, roll: float) -> bool:
        """Note a failed opening and back off. False: too late, it changes nothing."""
        if permit.generation != self.generation or self.closed:
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
        """Remove and return idle connections that are too old, or idle too long above ``keep``."""
        aged = [pooled for pooled in self.idle if now >= pooled.expires_at]
        for pooled in aged:
            self.idle.remove(pooled)
        while self.idle and self.total > self.keep and now - self.idle[0].idle_since >= idle_timeout:
            aged.append(self.idle.popleft())
        return aged

    def next_ageing(self, idle_timeout: float, keepalive: float) -> float:
        """Return when the next idle connection must be retired or touched; infinity when none."""
        times = [min(pooled.expires_at, pooled.proven_at + keepalive) for pooled in self.idle]
        if self.idle and self.total > self.keep:
            times.append(self.idle[0].idle_since + idle_timeout)
        return min(times, default=float("inf"))

    def reserve_stale(self, now: float, keepalive: float) -> Pooled | None:
        """Reserve (as lent) one idle connection not proven for ``keepalive`` seconds, to be touched."""
        for pooled in self.idle:
            if now - pooled.proven_at >= keepalive:
                self.idle.remove(pooled)
                self.lent[id(pooled.connection)] = pooled
                pooled.lent_at = now
                return pooled
        return None

    def touched(self, pooled: Pooled, now: float) -> bool:
        """Put a reserved connection that proved alive back at the idle end. False: the caller closes it."""
        if not self._is_keepable(pooled, now):
            self.forget(pooled)
            return False
        del self.lent[id(pooled.connection)]
        pooled.proven_at = now
        self.idle.appendleft(pooled)
        self.dispatch(now)
        return True

    # -- the end of a generation ------------------------------------------------------------------------------------

    def discard(self, generation: int) -> tuple[list[Pooled], list[Pooled]]:
        """Begin a new generation on a lost host; return what was idle (to close) and lent (to abort)."""
        idle, lent = list(self.idle), [*self.lent.values(), *self.lost.values()]
        self.idle.clear()
        self.lost.update(self.lent)
        self.lent.clear()
        self._begin(generation)
        return idle, lent

    def drain(self, generation: int) -> list[Pooled]:
        """Begin a new generation on a host that was left while alive; return what was idle. Lent ones may finish."""
        idle = list(self.idle)
        self.idle.clear()
        self._begin(generation)
        return idle

    def _begin(self, generation: int) -> None:
        self.generation = generation
        self.opening = 0
        self.slow_start()

    def older_lent(self) -> list[Pooled]:
        """Return what is still lent from an older generation."""
        return [pooled for pooled in self.lent.values() if pooled.generation != self.generation]

    def close(self) -> tuple[list[Pooled], list[Ticket]]:
        """Keep nothing from now on; return what was idle and who waited."""
        self.closed = True
        idle = list(self.idle)
        self.idle.clear()
        return idle, self.take_waiters()
