"""Connections between two borrowers: made clean, checked, aborted, closed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg2
from psycopg2.extensions import (
    STATUS_READY,
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
)

from failoverkit_postgres.connection import ask, endpoint_of

_SETTLED = (TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS, TRANSACTION_STATUS_INERROR)
"""No command is under way, and the connection is not broken."""


def reset(connection: Any) -> bool:
    """Make a returned connection as new; False when it cannot be. No round trip where nothing was left behind."""
    # One expression of cheap attributes: this runs at every return to the pool.
    if (
        connection.get_transaction_status() == TRANSACTION_STATUS_IDLE
        # psycopg2's own idea, which is wrong after a COMMIT sent as a statement: it would not send the next BEGIN.
        and connection.status == STATUS_READY
        and connection.autocommit is False
        and connection.isolation_level is None
        and connection.readonly is None
        and connection.deferrable is None
        and connection.cursor_factory is None
    ):
        return True
    try:
        return _clean(connection)
    except psycopg2.Error:
        return False


def _clean(connection: Any) -> bool:
    if connection.get_transaction_status() not in _SETTLED:
        return False
    connection.rollback()
    if connection.get_transaction_status() != TRANSACTION_STATUS_IDLE:
        # Begun by a statement in autocommit mode: psycopg2 does not know of it.
        with connection.cursor(cursor_factory=psycopg2.extensions.cursor) as cursor:
            cursor.execute("ROLLBACK")
    connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT", deferrable="DEFAULT", autocommit=False)
    connection.cursor_factory = None
    return bool(connection.get_transaction_status() == TRANSACTION_STATUS_IDLE)


def check(connection: Any) -> bool:
    """Say whether an idle connection is alive.

    One that the server has closed is found out without asking. Otherwise the server is asked, because one that is
    frozen or cut off looks the same as one that is well.
    """
    endpoint = endpoint_of(connection)
    if connection.closed or (endpoint is not None and endpoint.is_hung_up()):
        return False
    try:
        ask(connection, "SELECT 1")
    except psycopg2.Error:
        return False
    return True


def abort(connection: Any) -> bool:
    """Make a call that waits on this connection fail now. For any thread. False when its socket is not known."""
    endpoint = endpoint_of(connection)
    if endpoint is None:
        return False
    endpoint.shut_down()
    return True


def close(connection: Any) -> None:
    """Close without waiting, whatever state the connection is in."""
    with suppress(psycopg2.Error):
        if connection.get_transaction_status() not in _SETTLED:
            # A command is under way, perhaps on another thread that holds the connection's lock.
            abort(connection)
        connection.close()
