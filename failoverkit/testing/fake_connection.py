"""The connections of the fake driver: PEP 249 in shape, in memory in truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from failoverkit.model import ErrorKind, Report, Role

if TYPE_CHECKING:
    from failoverkit.testing.fake_host import FakeHost

Row = tuple[object, ...]


class FakeError(Exception):
    """The one error of the fake driver. ``kind`` is what ``failoverkit_classify_error`` says of it."""

    kind = ErrorKind.OTHER

    def __init__(self, kind: ErrorKind, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class FakeConnection:
    """One connection to one fake host. Used by one thread at a time, aborted from any.

    ``role`` is what the host last told it. ``in_transaction`` is True from the first statement to
    the next commit or rollback. ``ended`` says why it is over, and is empty while it is not.
    """

    def __init__(self, host: FakeHost) -> None:
        self.role: Role = host.report.role
        self.in_transaction = False
        self._host = host
        self._written: list[str] = []
        self.ended = ""

    @property
    def host(self) -> str:
        """The name of the host this connection goes to."""
        return self._host.name

    @property
    def closed(self) -> bool:
        """Whether it was closed, aborted, or cut by its host."""
        return bool(self.ended)

    def cursor(self) -> FakeCursor:
        """Return a cursor; no call to the host."""
        return FakeCursor(self)

    def commit(self) -> None:
        """Put what was written into the log of the cluster, in one piece or not at all."""
        if self.in_transaction:
            self.call("commit")
            self._host.append(self, self._written)
            self._forget_transaction()
            self.call("commit-answer")

    def rollback(self) -> None:
        """Forget what was written. No call to the host when there was no statement."""
        if self.in_transaction:
            self._forget_transaction()
            self.call("rollback")
        self.raise_if_ended()

    def close(self) -> None:
        """Close it; never waits, harmless when done before."""
        self._host.drop(self, "closed by the client")

    def __repr__(self) -> str:
        return f"<FakeConnection to {self.host}{f', {self.ended}' if self.ended else ''}>"

    def run(self, statement: str) -> list[Row]:
        """Carry out one statement and return its rows; see ``FakeCursor.execute``."""
        self.in_transaction = True
        self.call("execute")
        verb, _, rest = statement.partition(" ")
        if verb in _WRITES:
            self._host.refuse_if_read_only()
            self._written.extend(_WRITES[verb](rest))
            return []
        if verb == "fail":
            raise FakeError(ErrorKind(rest), f"asked for: {rest}")
        return self._host.answer(verb)

    def probe(self) -> Report:
        """Ask the host for its report."""
        self.call("probe")
        return self._host.present_report()

    def call(self, operation: str, timeout: float | None = None) -> None:
        """Go to the host and back: blocks while that is held, raises ``FakeError`` when it is over."""
        self.raise_if_ended()
        self._host.serve(self, operation, timeout)
        self.raise_if_ended()
        self.role = self._host.report.role

    def abort(self) -> None:
        """End it from another thread: whoever waits on it gets a ``CONNECTION_LOST`` error now."""
        self._host.drop(self, "aborted")

    def end(self, reason: str) -> None:
        """Note that it is over; called by its host."""
        self.ended = self.ended or reason

    def raise_if_ended(self) -> None:
        """Raise ``FakeError`` when it was closed, aborted or cut."""
        if self.ended:
            raise FakeError(ErrorKind.CONNECTION_LOST, f"the connection to {self.host} is over: {self.ended}")

    def _forget_transaction(self) -> None:
        self._written = []
        self.in_transaction = False


_WRITES: Mapping[str, Callable[[str], list[str]]] = {
    "write": lambda rest: [rest],
    "INSERT": lambda rest: [rest.partition("VALUES ")[2]],
    "CREATE": lambda _: [],
}
"""Statements that a standby refuses: from what follows the verb to the values that enter the log."""


class FakeCursor:
    """A cursor that knows a handful of statements."""

    def __init__(self, connection: FakeConnection) -> None:
        self.connection = connection
        self._rows: list[Row] = []

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Carry out ``write <value>``, ``read``, ``count``, ``role``, ``ping`` or ``fail <error kind>``.

        ``%s`` in the statement is replaced by ``parameters``. ``write`` raises a ``ROLE_CHANGED`` error on a
        standby; ``read`` gives one row per committed value, ``count`` their number. There is as much SQL as the
        demo's workload needs: one table of numbers, for ``CREATE TABLE``, ``INSERT INTO … VALUES (1, 2)`` and
        ``SELECT``, which gives all of its rows.
        """
        self._rows = self.connection.run(statement % tuple(parameters) if parameters else statement)

    def fetchone(self) -> Row | None:
        """Return the next row, ``None`` after the last."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Row]:
        """Return the rows not fetched yet."""
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Forget the rows."""
        self._rows = []

    def __enter__(self) -> FakeCursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Row]:
        return iter(self.fetchall())
