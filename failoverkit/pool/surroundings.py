"""What the parts of a host pool share: the world around it, and its books with their lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from failoverkit.clock import Clock
from failoverkit.events import Event
from failoverkit.model import ErrorKind, Host, Observation, Role, Source
from failoverkit.plugins import Plugins
from failoverkit.pool.slots import Pooled, Slots
from failoverkit.pool.stats import HostStats
from failoverkit.settings import Settings
from failoverkit.watchdog import Watchdog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world around every host pool of one pool.

    ``observe`` takes evidence, ``tell`` takes events, ``hurry`` asks for ``tend`` to be called no later than a time,
    ``warmed`` is told when a host has the connections it was asked to open.
    """

    settings: Settings
    plugins: Plugins
    clock: Clock
    watchdog: Watchdog
    observe: Callable[[Observation], None]
    tell: Callable[[Event], None]
    hurry: Callable[[float], None]
    warmed: Callable[[str], None]


@dataclass(slots=True)
class Books:
    """One host's slots and counters, and the lock that guards the slots. No hook and no I/O runs under it."""

    host: Host
    slots: Slots
    lock: threading.Lock = field(default_factory=threading.Lock)
    stats: HostStats = field(default_factory=HostStats)
    expects_primary: bool = False
    """Set by routing: a connection that says it is a standby's is not what we came for."""
    last_error: BaseException | None = None
    """Why the last opening failed, until one succeeds."""

    def leaving(self, gone: list[Pooled]) -> list[Pooled]:
        """Under the lock: have what was taken out of the slots count until ``close_all`` has closed it."""
        self.slots.leaving += len(gone)
        return gone


def report(books: Books, around: Surroundings, kind: ErrorKind, detail: str, generation: int) -> None:
    """Hand in evidence about a host that did not come from a probe."""
    around.observe(Observation(books.host.name, generation, Source.CALLER, error=kind, detail=detail))


def is_wrong_role(books: Books, around: Surroundings, connection: Any) -> bool:
    """Say whether a connection is known to be a standby's where the primary is expected. No round trip."""
    return books.expects_primary and around.plugins.role(connection) is Role.STANDBY


def close_all(books: Books, around: Surroundings, gone: list[Pooled]) -> None:
    """Close connections that are ``leaving``."""
    if not gone:
        return
    for pooled in gone:
        around.plugins.close(pooled.connection)
    with books.lock:
        books.stats.closed += len(gone)
        books.slots.left(len(gone))
