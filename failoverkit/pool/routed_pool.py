"""Sends each borrower to a host: the walk over hosts, the waiting, and the move of waiters when routing changes."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from failoverkit.errors import NoHostAvailable, PoolClosed, PoolTimeout, TooManyWaiting
from failoverkit.failover.routing import Routing
from failoverkit.model import Candidate, ErrorKind, Role, Selection, Target
from failoverkit.pool.host_pool import HostPool
from failoverkit.pool.slots import Pooled
from failoverkit.pool.surroundings import Surroundings
from failoverkit.pool.waiters import Closed, Moved, Waiter
from failoverkit.secrets import first_line


@dataclass(frozen=True, slots=True)
class Routes:
    """One published routing, with host pools instead of names. Immutable: read without a lock."""

    routing: Routing
    pools: Mapping[Target, tuple[HostPool, ...]]

    def targets_of(self, pool: HostPool) -> frozenset[Target]:
        """Return the targets that a host serves."""
        return frozenset(target for target, pools in self.pools.items() if pool in pools)


@dataclass(slots=True)
class _Walk:
    """One acquire on its way over the hosts, within one deadline."""

    target: Target
    number: int
    started: float
    deadline: float
    refused: dict[str, BaseException]
    """Hosts that could not serve this walk, and why."""
    patient: bool = False
    """Every host has failed once: wait for what the brain finds out."""
    stage: str = "wait"
    """``check`` while a connection is checked before it is lent."""


class RoutedPool:
    """The host pools of one pool, joined by the routing. Thread-safe."""

    def __init__(
        self,
        host_pools: Mapping[str, HostPool],
        around: Surroundings,
        routing: Routing,
        start: Callable[[], None],
    ) -> None:
        self._start = start
        """Starts the monitor, once; called by the first borrower."""
        self._host_pools = host_pools
        self._around = around
        self._settings = around.settings.pool
        self._clock = around.clock
        self._numbers = itertools.count()
        self._tickets = {target: itertools.count() for target in Target}
        self._routes = Routes(routing, dict.fromkeys(Target, ()))
        self._parking = threading.Lock()
        self._parked: dict[Waiter, None] = {}
        self._waiting = 0
        self._closed = False
        self.fast: HostPool | None = None
        """The one host of ``primary`` while nothing needs a second look; None sends borrowers to ``acquire``."""

    # -- routing ----------------------------------------------------------------------------------------------------

    def publish(self, routing: Routing) -> None:
        """Route by this from now on. Only one thread at a time may publish."""
        before = self._routes
        pools = {
            target: tuple(self._host_pools[candidate.name] for candidate in candidates)
            for target, candidates in routing.targets.items()
        }
        unchanged = before.pools == pools
        if not unchanged:
            # Until those who wait have been placed, so that nobody overtakes them.
            self.fast = None
        # The same mapping while nothing moved: borrowers compare by identity.
        self._routes = Routes(routing, before.pools if unchanged else pools)
        if not unchanged or before.routing.warm != routing.warm:
            self._assign_parts(routing)
            self._rehome_waiters()
        elif routing.hopeless:
            self._rehome_waiters()
        self.fast = self._fast_host()

    def _fast_host(self) -> HostPool | None:
        primaries = self._routes.pools[Target.PRIMARY]
        if len(primaries) != 1 or self._settings.leak_after is not None or self._closed:
            return None
        return None if primaries[0].name in self._routes.routing.suspect else primaries[0]

    def _assign_parts(self, routing: Routing) -> None:
        serving = {candidate.name: candidate for candidate in routing.targets[Target.PRIMARY]}
        for name, pool in self._host_pools.items():
            candidate = serving.get(name)
            if candidate is not None or name == routing.active:
                pool.play(primary=_says_primary(candidate), keep=self._settings.min_size)
            else:
                pool.play(primary=False, keep=self._settings.warm_standby if name in routing.warm else 0)

    def _rehome_waiters(self) -> None:
        with self._parking:
            moving = list(self._parked)
            self._parked.clear()
        for pool in self._host_pools.values():
            moving.extend(pool.release_waiters(self._routes.targets_of(pool)))
        for waiter in sorted(moving, key=lambda waiter: waiter.number):
            self._place(waiter)

    def _place(self, waiter: Waiter) -> None:
        pools = self._routes.pools[waiter.target]
        if not pools and not self._routes.routing.hopeless:
            self._park(waiter)
        elif len(pools) != 1 or not pools[0].enqueue([waiter]):
            waiter.give(Moved())

    def _park(self, waiter: Waiter) -> None:
        with self._parking:
            self._parked[waiter] = None

    # -- acquire ----------------------------------------------------------------------------------------------------

    def acquire(self, target: Target, timeout: float) -> Pooled:
        """Return a lent connection to a host that serves ``target``, within ``timeout`` seconds.

        Raises ``PoolClosed``, ``PoolTimeout``, ``NoHostAvailable``, ``TooManyWaiting``, or the driver's own error when
        every host refused (wrong password, missing database).
        """
        if not self._closed:
            self._start()
        now = self._clock()
        walk = _Walk(target, next(self._numbers), now, now + timeout, {})
        while not self._closed:
            routes = self._routes
            pools = self._pools_to_try(routes, walk)
            pooled = self._take_idle(pools, walk) or self._wait(routes, pools, walk)
            if pooled is not None:
                return pooled
        for pool in self._host_pools.values():
            # What a borrower had in hand while the pool was closed went back unseen.
            pool.settle()
        raise PoolClosed(f"pool {self._around.settings.name!r} is closed")

    def _pools_to_try(self, routes: Routes, walk: _Walk) -> tuple[HostPool, ...]:
        pools = routes.pools[walk.target]
        if len(pools) > 1:
            pools = self._ranked(routes.routing.targets[walk.target], walk.target)
        left = tuple(pool for pool in pools if pool.name not in walk.refused)
        if left or not pools:
            return left
        self._raise_if_all_refuse(walk)
        walk.refused.clear()
        walk.patient = True
        return pools

    def _ranked(self, candidates: tuple[Candidate, ...], target: Target) -> tuple[HostPool, ...]:
        selection = Selection(target, next(self._tickets[target]), (random.random(), random.random()))  # noqa: S311
        ranked = self._around.plugins.rank_hosts(candidates, selection)
        return tuple(self._host_pools[candidate.name] for candidate in ranked)

    def _raise_if_all_refuse(self, walk: _Walk) -> None:
        classify = self._around.plugins.classify_error
        if all(classify(error) is ErrorKind.REFUSED for error in walk.refused.values()):
            host, error = next(iter(walk.refused.items()))
            _note_once(error, f"failoverkit: {host} refused the connection; this is not a failure of the host")
            raise error

    def _take_idle(self, pools: tuple[HostPool, ...], walk: _Walk) -> Pooled | None:
        for pool in pools:
            while self._serves(pool, walk) and (pooled := pool.checkout()) is not None:
                if self._is_fit(pool, pooled, walk):
                    return pooled
            if pool.has_room():
                # The strategy's order holds: a connection is opened here rather than an idle one taken further down.
                return None
        return None

    def _serves(self, pool: HostPool, walk: _Walk) -> bool:
        return pool in self._routes.pools[walk.target]

    def _is_fit(self, pool: HostPool, pooled: Pooled, walk: _Walk) -> bool:
        """Say whether a connection just taken may be lent; if not, it is given back or dropped."""
        is_proven = False
        # Routing is published before a generation ends. Seen to be right after the taking, and after a check that may
        # have taken long, this connection is among those which the end of the generation will find.
        while self._serves(pool, walk) and pool.is_current(pooled):
            if is_proven or not self._needs_check(pool, pooled):
                pool.begin_use(pooled)
                return True
            if not self._check(pool, pooled, walk):
                return False
            is_proven = True
        pool.put_aside(pooled)
        return False

    def _needs_check(self, pool: HostPool, pooled: Pooled) -> bool:
        return pool.name in self._routes.routing.suspect or pool.needs_check(pooled)

    def _check(self, pool: HostPool, pooled: Pooled, walk: _Walk) -> bool:
        walk.stage = "check"
        left = walk.deadline - self._clock()
        if left <= 0:
            pool.put_aside(pooled)
            raise self._timed_out(walk)
        return pool.check(pooled, min(self._settings.check_timeout, left))

    # -- waiting ----------------------------------------------------------------------------------------------------

    def _wait(self, routes: Routes, pools: tuple[HostPool, ...], walk: _Walk) -> Pooled | None:
        left = walk.deadline - self._clock()
        if left <= 0 or (not pools and routes.routing.hopeless):
            raise self._timed_out(walk)
        walk.stage = "wait"
        others = len(routes.pools[walk.target]) > 1
        waiter = Waiter(walk.target, walk.number, has_alternatives=others and not walk.patient)
        self._count_waiting()
        queues: tuple[HostPool, ...] = ()
        try:
            queues = self._stand_in_line(waiter, pools)
            # Before we stood there, routing may have changed or the pool been closed: then nobody would move us.
            outcome = waiter.wait(left) if self._is_current(routes) else waiter.leave() or Moved()
        except BaseException:
            self._give_up(waiter)
            raise
        finally:
            self._leave_line(waiter, queues)
        return self._settle(outcome, walk)

    def _is_current(self, routes: Routes) -> bool:
        now = self._routes
        unchanged = routes.pools is now.pools and routes.routing.hopeless == now.routing.hopeless
        return unchanged and not self._closed

    def _count_waiting(self) -> None:
        limit = self._settings.max_waiting
        with self._parking:
            if limit and self._waiting >= limit:
                raise TooManyWaiting(f"{self._waiting} callers wait already (pool.max_waiting = {limit})")
            self._waiting += 1

    def _stand_in_line(self, waiter: Waiter, pools: tuple[HostPool, ...]) -> tuple[HostPool, ...]:
        if not pools:
            self._park(waiter)
            return ()
        # The first host with room will open a connection for us. If none has any, whichever has a connection returned,
        # or one opened after its pause, serves us first.
        roomy = next((pool for pool in pools if pool.has_room()), None)
        queues = (roomy,) if roomy else pools
        for pool in queues:
            pool.enqueue([waiter])
        return queues

    def _leave_line(self, waiter: Waiter, queues: tuple[HostPool, ...]) -> None:
        with self._parking:
            self._waiting -= 1
            self._parked.pop(waiter, None)
        for pool in {*queues, *self._routes.pools[waiter.target]}:
            pool.withdraw(waiter)

    def _give_up(self, waiter: Waiter) -> None:
        outcome = waiter.leave()
        if isinstance(outcome, Pooled):
            self._host_pools[outcome.host].put_aside(outcome)

    def _settle(self, outcome: Any, walk: _Walk) -> Pooled | None:
        if isinstance(outcome, Pooled):
            pool = self._host_pools[outcome.host]
            return outcome if self._is_fit(pool, outcome, walk) else None
        if isinstance(outcome, Moved):
            if outcome.host is not None and outcome.error is not None:
                walk.refused[outcome.host] = outcome.error
            return None
        if isinstance(outcome, Closed):
            return None
        raise self._timed_out(walk)

    # -- explaining -------------------------------------------------------------------------------------------------

    def _timed_out(self, walk: _Walk) -> PoolTimeout:
        waited = self._clock() - walk.started
        pools = self._routes.pools[walk.target]
        name = self._around.settings.name
        counts = self._total_counts(pools or tuple(self._host_pools.values()))
        if not pools:
            return self._no_host(walk, waited, counts)
        cause = next((pool.last_error for pool in pools if pool.last_error), None)
        stage = walk.stage if walk.stage == "check" else "connect" if counts["opening"] or cause else "wait"
        hosts = ", ".join(pool.name for pool in pools)
        error = PoolTimeout(
            f"pool {name!r}: no connection to {hosts} ({walk.target.value}) within {waited:.2f} s, stage {stage}: "
            + ", ".join(f"{count} {word}" for word, count in counts.items())
            + (f"; last error: {type(cause).__name__}: {self._first_line(cause)}" if cause else ""),
            stage=stage,
            counts=counts,
        )
        error.__cause__ = cause
        return error

    def _no_host(self, walk: _Walk, waited: float, counts: dict[str, int]) -> NoHostAvailable:
        routing = self._routes.routing
        reasons = {name: routing.reasons.get(name, "not yet probed") for name in self._host_pools}
        told = "; ".join(f"{host}: {reason}" for host, reason in reasons.items())
        why = "lending is paused" if routing.paused else told
        message = (
            f"pool {self._around.settings.name!r}: no host could serve {walk.target.value} within {waited:.2f} s: {why}"
        )
        error = NoHostAvailable(message, reasons=reasons, counts=counts)
        error.__cause__ = next((pool.last_error for pool in self._host_pools.values() if pool.last_error), None)
        return error

    def _first_line(self, error: BaseException) -> str:
        return first_line(error, self._around.settings.hidden())

    def _total_counts(self, pools: tuple[HostPool, ...]) -> dict[str, int]:
        counts = [pool.counts() for pool in pools]
        return {
            "idle": sum(count.idle for count in counts),
            "lent": sum(count.lent for count in counts),
            "opening": sum(count.opening for count in counts),
            "waiting": self._waiting,
        }

    # -- the rest ---------------------------------------------------------------------------------------------------

    @property
    def routing(self) -> Routing:
        """The routing published last."""
        return self._routes.routing

    @property
    def waiting(self) -> int:
        """How many callers wait now, parked or in a host's queue."""
        return self._waiting

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    def find(self, connection: Any) -> tuple[HostPool, Pooled] | None:
        """Return the host pool and the entry of a lent connection, or None when it is not lent by this pool."""
        for pool in self._host_pools.values():
            pooled = pool.lent.get(connection)
            if pooled is not None:
                return pool, pooled
        return None

    def close(self) -> None:
        """Lend nothing from now on and turn everybody who waits away."""
        self._closed = True
        self.fast = None
        with self._parking:
            parked = list(self._parked)
            self._parked.clear()
        for waiter in parked:
            waiter.give(Closed())

    def abandon(self) -> None:
        """Lend nothing from now on, and touch nothing: in the child of a fork all of this is the parent's."""
        self._closed = True
        self.fast = None
        self._host_pools = {}


def _says_primary(candidate: Candidate | None) -> bool:
    return candidate is not None and candidate.role is Role.PRIMARY


def _note_once(error: BaseException, note: str) -> None:
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
