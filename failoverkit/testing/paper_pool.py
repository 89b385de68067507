"""A pool on paper: the books of each host and who borrows what, without threads, sockets or a clock.

It carries out the brain's effects as the real pool does, one after another in one thread, so that scenarios and the
simulator can say what borrowers would have seen. Not thread-safe. Times are seconds and come in as arguments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from failoverkit.failover.effects import CancelWarm, Discard, Drain, Effect, Route, Suspend, Warm
from failoverkit.failover.routing import Routing
from failoverkit.model import Target
from failoverkit.pool.slots import Pooled, Slots

FAR = float("inf")
WAITING = "waiting"
ABORTED = "aborted"
TIMED_OUT = "timed out"
DONE = "done"


class Borrower:
    """One who asked for a connection. ``fate``: ``waiting``, ``on <host>``, ``aborted``, ``timed out`` or ``done``."""

    __slots__ = ("deadline", "fate", "name", "on_lend", "pooled", "target")

    def __init__(self, name: str, target: Target, deadline: float, on_lend: Callable[[Borrower], None]) -> None:
        self.name = name
        self.target = target
        self.deadline = deadline
        self.on_lend = on_lend
        self.fate = WAITING
        self.pooled: Pooled | None = None

    def give(self, pooled: Pooled) -> bool:
        """Accept a connection; False when this one does not wait any more."""
        if self.fate != WAITING:
            return False
        self.pooled = pooled
        self.fate = f"on {pooled.host}"
        self.on_lend(self)
        return True

    def leave(self, fate: str) -> Pooled | None:
        """Let go of the connection, if there is one."""
        pooled, self.pooled, self.fate = self.pooled, None, fate
        return pooled


class PaperPool:
    """Lends connections that exist only in the books.

    ``answers``: whether a host would let a connection be opened now. ``on_lend`` is called with each borrower that
    gets a connection.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        *,
        answers: Callable[[str], bool],
        on_lend: Callable[[Borrower], None],
        max_size: int = 2,
        min_size: int = 1,
        warm_standby: int = 1,
    ) -> None:
        self.slots = {name: Slots(max_size=max_size, max_connecting=max_size) for name in hosts}
        self.borrowers: dict[str, Borrower] = {}
        self.routing: Routing | None = None
        self._answers = answers
        self._on_lend = on_lend
        self._min_size = min_size
        self._warm_standby = warm_standby
        self._connections = itertools.count()
        self._drains: dict[str, float] = {}
        self._warming: set[str] = set()

    # -- what the brain says ----------------------------------------------------------------------------------------

    def publish(self, routing: Routing, now: float) -> None:
        """Route by this from now on, and send waiters where they can be served."""
        before, self.routing = self.routing, routing
        if before is not None and before.targets == routing.targets and before.warm == routing.warm:
            return
        for name, slots in self.slots.items():
            slots.keep = self._wanted(routing, name)
            slots.take_waiters()
        for borrower in self.borrowers.values():
            if borrower.fate == WAITING:
                self._stand_in_line(borrower, now)
        self._open_wanted(now)

    def _wanted(self, routing: Routing, name: str) -> int:
        if name in self._warming or any(name == candidate.name for candidate in routing.targets[Target.PRIMARY]):
            return self._min_size
        return self._warm_standby if name in routing.warm else 0

    def carry_out(self, effect: Effect, now: float) -> None:
        """Do what the brain asks for."""
        match effect:
            case Route(host):
                self._drains.pop(host, None)
                self.slots[host].slow_start()
            case Discard(host, generation):
                self._drains.pop(host, None)
                _, lent = self.slots[host].discard(generation)
                self._abort(host, lent)
            case Drain(host, generation, limit):
                self.slots[host].drain(generation)
                self._drains[host] = now + limit
            case Warm(host):
                self._warming.add(host)
                self.slots[host].keep = max(self.slots[host].keep, self._min_size)
            case CancelWarm(host):
                self._warming.discard(host)
            case Suspend():
                # The routing that was published before has said so already.
                pass
        self._open_wanted(now)

    def take_warmed(self) -> list[str]:
        """Return the hosts that were to be warmed and are; each is told once."""
        warmed = [name for name in sorted(self._warming) if self.slots[name].members]
        self._warming.difference_update(warmed)
        return warmed

    # -- what borrowers do ------------------------------------------------------------------------------------------

    def borrow(self, name: str, target: Target, now: float, timeout: float) -> Borrower:
        """Ask for a connection; the borrower gets it now or waits."""
        borrower = self.borrowers[name] = Borrower(name, target, now + timeout, self._on_lend)
        for host in self._hosts_of(target):
            pooled = self.slots[host].take(now) or self.slots[host].checkout()
            if pooled is not None:
                borrower.give(pooled)
                return borrower
        self._stand_in_line(borrower, now)
        self._open_wanted(now)
        return borrower

    def give_back(self, name: str, now: float) -> None:
        """Give back what a borrower has, if it has something still."""
        borrower = self.borrowers[name]
        if borrower.pooled is not None:
            pooled = borrower.leave(DONE)
            if pooled is not None and not self.slots[pooled.host].give(pooled):
                self.slots[pooled.host].settle(now)

    def _hosts_of(self, target: Target) -> list[str]:
        if self.routing is None:
            return []
        return [candidate.name for candidate in self.routing.targets[target]]

    def _stand_in_line(self, borrower: Borrower, now: float) -> None:
        hosts = self._hosts_of(borrower.target)
        roomy = [host for host in hosts if self.slots[host].idle or self.slots[host].total < self.slots[host].max_size]
        for host in (roomy or hosts)[:1]:
            self.slots[host].waiting[borrower] = None
            self.slots[host].settle(now)

    # -- what time does ---------------------------------------------------------------------------------------------

    def pass_time(self, now: float) -> None:
        """End the drains and the waiting that are due, and open what was held back."""
        for host in [host for host, due in self._drains.items() if due <= now]:
            del self._drains[host]
            self._abort(host, self.slots[host].older())
        for borrower in self.borrowers.values():
            if borrower.fate == WAITING and borrower.deadline <= now:
                borrower.leave(TIMED_OUT)
                for slots in self.slots.values():
                    slots.waiting.pop(borrower, None)
        self._open_wanted(now)

    def stuck_on(self, host: str) -> list[str]:
        """Return who has a connection to the host and will never be cut off."""
        if host in self._drains:
            return []
        return [
            borrower.name
            for borrower in self.borrowers.values()
            if borrower.pooled is not None and borrower.pooled.host == host
        ]

    def next_due(self) -> float:
        """Return when ``pass_time`` matters next; infinity when it does not."""
        deadlines = (borrower.deadline for borrower in self.borrowers.values() if borrower.fate == WAITING)
        return min((*self._drains.values(), *deadlines), default=FAR)

    def _abort(self, host: str, lent: Iterable[Pooled]) -> None:
        aborted = set(lent)
        for borrower in self.borrowers.values():
            if borrower.pooled in aborted:
                borrower.leave(ABORTED)
        for pooled in aborted:
            self.slots[host].forget(pooled)

    def _open_wanted(self, now: float) -> None:
        for host, slots in self.slots.items():
            while (permit := slots.permit(now)) is not None:
                if not self._answers(host):
                    slots.open_failed(permit, now, 0.5)
                    break
                slots.opened(permit, Pooled(next(self._connections), permit.generation, now, FAR, host))
