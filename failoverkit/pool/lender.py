"""Lends connections and judges how their work ended: what callers touch on every use."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from failoverkit.errors import FailoverkitError, OutcomeUnknown
from failoverkit.model import ErrorKind, Target
from failoverkit.pool.host_pool import HostPool
from failoverkit.pool.routed_pool import RoutedPool
from failoverkit.pool.slots import Pooled
from failoverkit.pool.surroundings import Surroundings

LOST = frozenset({ErrorKind.CONNECTION_LOST, ErrorKind.HOST_UNREACHABLE, ErrorKind.TIMEOUT, ErrorKind.OUTCOME_UNKNOWN})
"""Kinds after which a connection is not used again and its host is suspect."""
PRIMARY = Target.PRIMARY
CHAIN = 5
"""How far ``__cause__`` and ``__context__`` are followed to find the driver's own error."""


class Lender:
    """Lends and takes back. Thread-safe. One per process: the child of a fork gets a new one."""

    def __init__(
        self,
        routed: RoutedPool,
        host_pools: dict[str, HostPool],
        around: Surroundings,
        situation: Callable[[str], str],
    ) -> None:
        self._routed = routed
        self.host_pools = host_pools
        self._around = around
        self._situation = situation
        """Says in one sentence what the pool now believes of a host."""
        self._clock = around.clock
        self._watches_leaks = around.settings.pool.leak_after is not None
        self._timeout = around.settings.pool.acquire_timeout
        self.inherited = False
        """True in the child of a fork: what was lent belongs to the parent, and is left alone."""

    def borrow(self, target: Target = PRIMARY, timeout: float | None = None) -> Pooled:
        """Lend a connection; errors as ``RoutedPool.acquire``."""
        routed = self._routed
        fast = routed.fast
        if fast is not None and target is PRIMARY:
            pooled = fast.take(self._clock())
            if pooled is not None:
                if routed.fast is fast:
                    return pooled
                # Routing is published before a host's connections are called in. Seen unchanged after the taking,
                # this one would have been among them; seen changed, it may have been too late for that.
                fast.put_aside(pooled)
        pooled = routed.acquire(target, self._timeout if timeout is None else timeout)
        if self._watches_leaks:
            self.host_pools[pooled.host].note_borrower(pooled)
        return pooled

    def give_back_connection(self, connection: Any) -> bool:
        """Take back a connection by itself. False: it is not lent by this pool."""
        fast = self._routed.fast
        pooled = fast.lent.get(connection) if fast is not None else None
        if fast is not None and pooled is not None:
            fast.give_back(pooled)
            return True
        found = self._routed.find(connection)
        if found is None:
            return False
        host_pool, pooled = found
        host_pool.give_back(pooled)
        return True

    def host_of(self, connection: Any) -> str | None:
        """Return the name of the host a lent connection goes to; None when it is not lent by this pool."""
        found = self._routed.find(connection)
        return None if found is None else found[1].host

    def drop_connection(self, connection: Any) -> bool:
        """Take back a connection that is not to be used again. False: it is not lent by this pool."""
        found = self._routed.find(connection)
        if found is None:
            return False
        host_pool, pooled = found
        host_pool.drop(pooled)
        return True

    def take_back_failed(self, pooled: Pooled, error: BaseException) -> ErrorKind:
        """Take back a connection whose work raised ``error``; return the error's kind."""
        host_pool = self.host_pools[pooled.host]
        kind, cause = self._kind_of(error)
        if kind in LOST or kind is ErrorKind.ROLE_CHANGED:
            host_pool.drop(pooled)
            host_pool.report(kind, f"a caller's work failed ({kind.value})", pooled.generation)
            name = self._around.settings.name
            cause.add_note(
                f"failoverkit: pool {name!r}, host {pooled.host}: {kind.value}. {self._situation(pooled.host)}"
            )
        else:
            host_pool.give_back(pooled)
        return kind

    def _kind_of(self, error: BaseException) -> tuple[ErrorKind, BaseException]:
        """Return the kind of an error raised in a borrower's block, and the driver's error found in it."""
        link: BaseException | None = error
        for _ in range(CHAIN):
            # An error of failoverkit's in a block is about another connection, and so are its causes.
            if link is None or isinstance(link, FailoverkitError):
                break
            # An OSError here is the application's own (another service timed out): it says nothing of the database.
            if isinstance(link, Exception) and not isinstance(link, OSError):
                kind = self._around.plugins.classify_error(link)
                if kind is not ErrorKind.OTHER:
                    return kind, link
            link = link.__cause__ or link.__context__
        return ErrorKind.OTHER, error

    def take_back_uncommitted(self, pooled: Pooled, error: BaseException) -> None:
        """Take back a connection whose COMMIT raised; raise ``OutcomeUnknown`` when it was lost meanwhile."""
        if self.take_back_failed(pooled, error) in LOST:
            message = (
                f"the connection to {pooled.host} was lost while COMMIT was in flight: the transaction may or may not "
                f"have been committed; look before doing it again. {self._situation(pooled.host)}"
            )
            raise OutcomeUnknown(message) from error


class Lending:
    """What ``pool.connection()`` returns: a context manager that yields the driver's own connection.

    Commits when the block succeeds, rolls back when it raises. Not for use by two threads, nor twice at once.
    """

    __slots__ = ("_lender", "_pooled", "_target", "_timeout")

    def __init__(self, lender: Lender, target: Target, timeout: float | None) -> None:
        self._lender = lender
        self._target = target
        self._timeout = timeout

    def __enter__(self) -> Any:
        self._pooled = self._lender.borrow(self._target, self._timeout)
        return self._pooled.connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lender, pooled = self._lender, self._pooled
        if lender.inherited:
            return
        if error is not None:
            lender.take_back_failed(pooled, error)
            return
        try:
            pooled.connection.commit()
        except BaseException as failure:
            lender.take_back_uncommitted(pooled, failure)
            raise
        lender.host_pools[pooled.host].give_back(pooled)
