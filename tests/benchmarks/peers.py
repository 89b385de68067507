"""Each pool behind the same small adapter, over a driver that does nothing.

A peer that is not installed is left out and said so; ``make bench`` installs all.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from failoverkit import FailoverPool
from failoverkit.testing import FakeCluster


class Nothing:
    """A connection that does nothing and is always well, for every pool here."""

    closed = 0
    status = 1
    autocommit = False
    broken = False
    paramstyle = "pyformat"
    threadsafety = 2
    _pool = None

    def __init__(self) -> None:
        self.pgconn = self.info = self
        self.transaction_status = 0

    def get_transaction_status(self) -> int:
        return 0

    def cursor(self) -> Nothing:
        return self

    def commit(self) -> None:
        pass

    rollback = close = execute = commit

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class Peer:
    """One pool: ``acquire`` and ``release`` as its users call them; ``using`` the same as a ``with`` block."""

    name: str
    acquire: Callable[[], Any]
    release: Callable[[Any], None]
    using: Callable[[], Any] | None = None
    close: Callable[[], None] = field(default=lambda: None)
    waits: bool = True
    """Whether it can be asked to wait for a connection."""


def floor(size: int) -> Peer:
    """A deque under a lock: not a pool, but nothing can be thinner."""
    idle = deque(Nothing() for _ in range(size))
    lock = threading.Lock()

    def acquire() -> Nothing:
        with lock:
            return idle.pop()

    def release(connection: Nothing) -> None:
        with lock:
            idle.append(connection)

    return Peer("deque + Lock", acquire, release, waits=False)


def smallest(size: int) -> Peer:
    """The smallest pool that waits, and serves first come first served."""
    idle = deque(Nothing() for _ in range(size))
    waiting: deque[tuple[Any, list[Nothing]]] = deque()
    lock = threading.Lock()

    def acquire() -> Nothing:
        with lock:
            if idle:
                return idle.pop()
            wake, box = threading.Lock(), []
            wake.acquire()
            waiting.append((wake, box))
        wake.acquire()
        return box[0]

    def release(connection: Nothing) -> None:
        with lock:
            if waiting:
                wake, box = waiting.popleft()
                box.append(connection)
                wake.release()
            else:
                idle.append(connection)

    return Peer("smallest waiting pool", acquire, release)


def ours(size: int) -> Peer:
    """failoverkit with every default setting on."""
    cluster = FakeCluster(["a", "b", "c"])
    pool = FailoverPool(cluster.url, max_size=size, min_size=size, acquire_timeout=60.0)
    lent = [pool.getconn() for _ in range(size)]
    for connection in lent:
        pool.putconn(connection)

    def close() -> None:
        pool.close()
        cluster.stop()

    return Peer("failoverkit", pool.getconn, pool.putconn, pool.connection, close)


def psycopg2_pool(size: int) -> Peer:
    """psycopg2.pool: no waiting, no checks, unfair."""
    import psycopg2
    import psycopg2.pool

    with mock.patch.object(psycopg2, "connect", side_effect=lambda *_, **__: Nothing()):
        pool = psycopg2.pool.ThreadedConnectionPool(size, size)
    return Peer("psycopg2.pool", pool.getconn, pool.putconn, waits=False)


def dbutils(size: int) -> Peer:
    """DBUtils PooledDB, told to wait."""
    from dbutils.pooled_db import PooledDB

    class Module:
        """What PooledDB wants to be given: a DB-API module."""

        threadsafety = 2
        Error = OperationalError = InterfaceError = InternalError = Exception

        @staticmethod
        def connect() -> Nothing:
            return Nothing()

    pool = PooledDB(Module, mincached=size, maxcached=size, maxconnections=size, blocking=True)
    return Peer("DBUtils PooledDB", pool.connection, lambda connection: connection.close())


def sqlalchemy_pool(size: int) -> Peer:
    """SQLAlchemy's QueuePool."""
    from sqlalchemy.pool import QueuePool

    pool = QueuePool(Nothing, pool_size=size, max_overflow=0, timeout=60.0)  # type: ignore[arg-type,return-value]
    return Peer("SQLAlchemy QueuePool", pool.connect, lambda connection: connection.close(), close=pool.dispose)


def psycopg_pool(size: int) -> Peer:
    """psycopg_pool."""
    from psycopg_pool import ConnectionPool

    class Connection(Nothing):
        @classmethod
        def connect(cls, *_: object, **__: object) -> Connection:
            return cls()

    pool: Any = ConnectionPool(
        "",
        connection_class=Connection,
        min_size=size,
        max_size=size,
        timeout=60.0,
        open=True,  # type: ignore[type-var,arg-type]
    )
    pool.wait()
    return Peer("psycopg_pool", pool.getconn, pool.putconn, pool.connection, pool.close)


MAKERS: tuple[Callable[[int], Peer], ...] = (
    floor, smallest, ours, psycopg2_pool, dbutils, psycopg_pool, sqlalchemy_pool,
)  # fmt: skip


def peers(size: int) -> list[Peer]:
    """Return every peer that is installed, each with ``size`` open connections."""
    made = []
    for make in MAKERS:
        try:
            made.append(make(size))
        except ModuleNotFoundError as error:
            print(f"{make.__name__}: left out, {error.name} is not installed")
    return made
