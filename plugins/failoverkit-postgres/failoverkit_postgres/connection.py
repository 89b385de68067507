"""The connections that the pool gets: psycopg2's own, with a note of their socket."""

from __future__ import annotations

from typing import Any

import psycopg2.extensions

from failoverkit.drivers.endpoint import Endpoint


class Connection(psycopg2.extensions.connection):
    """A psycopg2 connection that remembers its socket, and what its user may ask in a probe.

    ``endpoint`` is noted here, on the thread that connects: later, from another thread, libpq could not be asked
    safely.
    """

    __slots__ = ("endpoint", "probe_statement")

    endpoint: Endpoint
    probe_statement: str

    def __init__(self, dsn: str, *arguments: Any) -> None:
        super().__init__(dsn, *arguments)
        try:
            self.endpoint = Endpoint.of(self.fileno())
        except OSError as error:
            raise psycopg2.OperationalError(f"server closed the connection unexpectedly: {error}") from error


def endpoint_of(connection: Any) -> Endpoint | None:
    """Return the noted socket; None for a connection that somebody else made."""
    return getattr(connection, "endpoint", None)


def ask(connection: Any, statement: str) -> tuple[Any, ...]:
    """Run one statement in one round trip, in no transaction, and return its only row.

    The connection must be outside a transaction.
    """
    before = connection.autocommit
    connection.autocommit = True
    try:
        # The borrowers' cursor factory may give anything, dictionaries for example.
        with connection.cursor(cursor_factory=psycopg2.extensions.cursor) as cursor:
            cursor.execute(statement)
            row: tuple[Any, ...] = cursor.fetchone()
            return row
    finally:
        if not connection.closed:
            connection.autocommit = before
