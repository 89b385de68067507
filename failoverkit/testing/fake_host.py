"""One in-memory server, and the rules by which it answers, blocks or refuses."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from failoverkit.model import ErrorKind, Report, Role
from failoverkit.testing.fake_clock import FakeClock
from failoverkit.testing.fake_connection import FakeConnection, FakeError, Row

OPERATIONS = frozenset({"connect", "probe", "check", "execute", "commit", "commit-answer", "rollback"})
"""What a host can be held in. ``commit-answer``: the write is in the log and the client does not know yet."""


@dataclass(frozen=True, slots=True)
class Written:
    """One committed value: which host took it, and under which epoch."""

    value: str
    host: str
    epoch: int | None


class FakeHost:
    """A host of a ``FakeCluster``, which holds its remote control. Safe to use from many threads.

    ``connects`` counts the connections asked for, granted or not; ``most_connections`` is the most that were open at
    once.
    """

    def __init__(
        self,
        name: str,
        report: Report,
        log: list[Written],
        changed: threading.Condition,
        clock: FakeClock | None,
    ) -> None:
        self.name = name
        self.report = report
        self.connects = 0
        self.most_connections = 0
        self._log = log
        self._changed = changed
        self._clock = clock
        self._connections: set[FakeConnection] = set()
        self._refusal: ErrorKind | None = None
        self._next_failures: deque[ErrorKind] = deque()
        self._held: frozenset[str] = frozenset()
        self._delay = 0.0
        self._blocked: Counter[str] = Counter()
        self._expirations = 0

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        with self._changed:
            return len(self._connections)

    # What the driver calls.

    def connect(self, timeout: float) -> FakeConnection:
        """Return a new connection, or raise ``FakeError`` at once or after ``timeout`` seconds."""
        with self._changed:
            self.connects += 1
            self._delay_or_block("connect", None, timeout)
            kind = self._next_failures.popleft() if self._next_failures else self._refusal
            if kind is not None:
                raise FakeError(kind, f"{self.name} refuses connections: {kind.value}")
            connection = FakeConnection(self)
            self._connections.add(connection)
            self.most_connections = max(self.most_connections, len(self._connections))
            self._changed.notify_all()
            return connection

    def serve(self, connection: FakeConnection, operation: str, timeout: float | None) -> None:
        """Let one call of a connection pass; blocks while the host is held in it."""
        if self._held or self._delay:
            with self._changed:
                self._delay_or_block(operation, connection, timeout)

    def drop(self, connection: FakeConnection, reason: str) -> None:
        """Take a connection off the host's list and wake whoever is blocked on it."""
        with self._changed:
            connection.end(reason)
            self._connections.discard(connection)
            self._changed.notify_all()

    def refuse_if_read_only(self) -> None:
        """Raise ``FakeError`` on a standby."""
        if self.report.role is Role.STANDBY:
            raise FakeError(ErrorKind.ROLE_CHANGED, f"{self.name} is a standby and takes no writes")

    def append(self, connection: FakeConnection, values: Iterable[str]) -> None:
        """Commit: all values enter the log, or none when the connection is over or the host read-only."""
        with self._changed:
            # Frozen since the call was let pass: a server that stands still commits nothing.
            self._changed.wait_for(lambda: "commit" not in self._held or connection.closed)
            connection.raise_if_ended()
            values = tuple(values)
            if values:
                self.refuse_if_read_only()
            self._log.extend(Written(value, self.name, self.report.epoch) for value in values)

    def answer(self, verb: str) -> list[Row]:
        """Return the rows of a statement that only asks."""
        if verb == "read":
            return [(written.value,) for written in tuple(self._log)]
        if verb == "SELECT":
            return [_numbers_of(row.value) for row in tuple(self._log) if row.value.startswith("(")]
        if verb == "count":
            return [(len(self._log),)]
        if verb == "role":
            return [(self.report.role.value,)]
        if verb == "ping":
            return [(1,)]
        raise FakeError(ErrorKind.OTHER, f"there is no statement {verb!r}")

    def present_report(self) -> Report:
        """Return what a probe says, with the length of the log as position."""
        return dataclasses.replace(self.report, position=str(len(self._log)))

    # What the remote control calls.

    def change(self, **facts: object) -> None:
        """Change fields of the report."""
        with self._changed:
            self.report = dataclasses.replace(self.report, **facts)  # type: ignore[arg-type]

    def refuse(self, kind: ErrorKind | None) -> None:
        """Refuse every new connection with this kind of error; ``None``: accept again."""
        with self._changed:
            self._refusal = kind
            self._changed.notify_all()

    def fail_next(self, kind: ErrorKind, times: int) -> None:
        """Refuse so many connections, then go on as before."""
        with self._changed:
            self._next_failures.extend([kind] * times)

    def cut(self, reason: str) -> None:
        """End every open connection."""
        with self._changed:
            for connection in self._connections:
                connection.end(reason)
            self._connections.clear()
            self._changed.notify_all()

    def hold(self, operations: Iterable[str]) -> None:
        """Block calls of these operations until released."""
        wanted = frozenset(operations)
        if not wanted <= OPERATIONS:
            raise ValueError(f"no such operation: {', '.join(sorted(wanted - OPERATIONS))}")
        with self._changed:
            self._held |= wanted

    def release(self, operations: Iterable[str]) -> None:
        """Let calls of these operations go on."""
        with self._changed:
            self._held -= frozenset(operations)
            self._changed.notify_all()

    def slow_down(self, seconds: float) -> None:
        """Delay every call; 0 for none."""
        with self._changed:
            self._delay = seconds
            self._changed.notify_all()

    def expire(self) -> None:
        """Let every blocked call that has a deadline run into it now."""
        with self._changed:
            self._expirations += 1
            self._changed.notify_all()

    def wait_until_blocked(self, operations: Sequence[str], count: int, timeout: float) -> None:
        """Return when so many calls are blocked in these; ``TimeoutError`` after ``timeout`` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._number_blocked(operations) >= count, timeout):
                raise TimeoutError(f"{self._number_blocked(operations)} of {count} calls blocked on {self.name}")

    def _number_blocked(self, operations: Iterable[str]) -> int:
        return sum(self._blocked[operation] for operation in operations)

    def _delay_or_block(self, operation: str, connection: FakeConnection | None, timeout: float | None) -> None:
        """Wait under the cluster's condition, which is let go meanwhile."""
        if self._delay:
            self._spend_delay(connection, timeout)
        if operation in self._held:
            self._block(operation, connection, timeout)

    def _spend_delay(self, connection: FakeConnection | None, timeout: float | None) -> None:
        delay = self._delay if timeout is None else min(self._delay, timeout)
        if self._clock is not None:
            self._clock.advance(delay)
        else:
            self._changed.wait_for(lambda: _is_over(connection), delay)
        if delay < self._delay:
            self._raise_timeout()

    def _block(self, operation: str, connection: FakeConnection | None, timeout: float | None) -> None:
        expirations = self._expirations

        def may_go_on() -> bool:
            expired = timeout is not None and self._expirations > expirations
            return operation not in self._held or _is_over(connection) or expired

        self._blocked[operation] += 1
        self._changed.notify_all()
        try:
            self._changed.wait_for(may_go_on, timeout)
        finally:
            self._blocked[operation] -= 1
        if operation in self._held and not _is_over(connection):
            self._raise_timeout()

    def _raise_timeout(self) -> None:
        raise FakeError(ErrorKind.TIMEOUT, f"no answer from {self.name} in time")


def _numbers_of(value: str) -> Row:
    return tuple(int(number) for number in value.strip("()").split(","))


def _is_over(connection: FakeConnection | None) -> bool:
    return connection is not None and connection.closed
