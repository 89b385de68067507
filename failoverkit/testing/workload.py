"""Writers and readers that use a pool without pause, and the ledger of what they were told."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from failoverkit.clock import Clock, monotonic
from failoverkit.errors import OutcomeUnknown
from failoverkit.failover_pool import FailoverPool

THINKING = 0.002
"""Pause of a worker between two transactions, seconds: applications do something else, too."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transaction of one worker, after it ended. ``error`` is empty when it was acknowledged."""

    worker: str
    number: int
    host: str
    """The host it was sent to; empty when no connection was had."""
    began: float
    ended: float
    error: str = ""
    unknown: bool = False
    """The pool said that the outcome is unknown."""


class Ledger:
    """Every attempt that ended, and those under way. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        self._under_way: dict[str, float] = {}

    def begin(self, worker: str, now: float) -> None:
        """Note that a worker begins an attempt."""
        with self._lock:
            self._under_way[worker] = now

    def end(self, attempt: Attempt) -> None:
        """Note how an attempt ended."""
        with self._lock:
            self._under_way.pop(attempt.worker, None)
            self._attempts.append(attempt)

    def since(self, moment: float) -> list[Attempt]:
        """Return the attempts that ended at ``moment`` or later, in the order in which they ended."""
        with self._lock:
            return [attempt for attempt in self._attempts if attempt.ended >= moment]

    def under_way_since_before(self, moment: float) -> list[str]:
        """Return the workers still in an attempt that they began before ``moment``."""
        with self._lock:
            return sorted(worker for worker, began in self._under_way.items() if began < moment)


class Workload:
    """``writers`` threads that insert numbered rows and ``readers`` threads that read, through one pool.

    The table is made by ``prepare`` and has no key: a row written twice must show. A number whose transaction failed
    before it was committed is tried again; one whose outcome is unknown is not.
    """

    def __init__(
        self, pool: FailoverPool, *, table: str, writers: int = 8, readers: int = 2, clock: Clock = monotonic
    ) -> None:
        self.writes = Ledger()
        self.reads = Ledger()
        self.writers = tuple(f"writer-{number}" for number in range(1, writers + 1))
        self._pool = pool
        self._table = table
        self._clock = clock
        self._stop = threading.Event()
        self._threads = [
            *(self._thread(name, number, self._write) for number, name in enumerate(self.writers, 1)),
            *(self._thread(f"reader-{number}", number, self._read) for number in range(1, readers + 1)),
        ]

    def _thread(self, name: str, number: int, work: Callable[[str, int], None]) -> threading.Thread:
        return threading.Thread(target=work, args=(name, number), name=f"workload-{name}", daemon=True)

    def prepare(self) -> None:
        """Make the table."""
        with self._pool.connection() as connection:
            connection.cursor().execute(f"CREATE TABLE {self._table} (writer int, number int)")

    def start(self) -> None:
        """Start all workers."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 10.0) -> list[str]:
        """Stop all workers; return the names of those that did not end within ``timeout`` seconds."""
        self._stop.set()
        deadline = self._clock() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def rows(self, pool: FailoverPool) -> Counter[tuple[str, int]]:
        """Return every row of the table with how often it is there, as the given pool sees it."""
        with pool.connection() as connection:
            cursor = connection.cursor()
            cursor.execute(f"SELECT writer, number FROM {self._table}")  # noqa: S608 - the table's name is ours
            return Counter((f"writer-{writer}", number) for writer, number in cursor.fetchall())

    def _write(self, name: str, writer: int) -> None:
        for number in itertools.count(1):
            statement = f"INSERT INTO {self._table} VALUES ({writer}, {number})"  # noqa: S608 - two numbers of ours
            while not self._attempt(self.writes, name, number, "primary", statement):
                if self._stop.is_set():
                    return
            if self._stop.wait(THINKING):
                return

    def _read(self, name: str, _: int) -> None:
        for number in itertools.count(1):
            statement = f"SELECT number FROM {self._table} LIMIT 1"  # noqa: S608 - the table's name is ours
            self._attempt(self.reads, name, number, "prefer-standby", statement)
            if self._stop.wait(THINKING):
                return

    def _attempt(self, ledger: Ledger, name: str, number: int, target: str, statement: str) -> bool:
        """Run one transaction; return whether its number is done with."""
        began = self._clock()
        ledger.begin(name, began)
        host, error, unknown = "", "", False
        try:
            with self._pool.connection(target) as connection:
                host = self._pool.host_of(connection)
                connection.cursor().execute(statement)
        except OutcomeUnknown as failure:
            error, unknown = _told(failure), True
        except Exception as failure:  # noqa: BLE001 - whatever a caller may see is what we are here to count
            error = _told(failure)
        ledger.end(Attempt(name, number, host, began, self._clock(), error, unknown))
        return unknown or not error


def _told(error: BaseException) -> str:
    first_line = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first_line}"
