"""Connections between two borrowers: made clean, checked, aborted, closed."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pymysql.constants import COMMAND, SERVER_STATUS
from pymysql.cursors import Cursor
from pymysql.err import Error

from failoverkit_mysql.connection import endpoint_of

_LEFT_OVER = SERVER_STATUS.SERVER_STATUS_IN_TRANS | SERVER_STATUS.SERVER_STATUS_AUTOCOMMIT
_GOODBYE = bytes([1, 0, 0, 0, COMMAND.COM_QUIT])
"""One packet: its length, its number, its one byte."""


def reset(connection: Any) -> bool:
    """Make a returned connection as new; False when it cannot be. No round trip where nothing was left behind."""
    # One expression of cheap attributes: this runs at every return to the pool.
    if not (connection.open and connection.settled) or _unread(connection):
        return False
    if not connection.server_status & _LEFT_OVER and connection.cursorclass is Cursor:
        return True
    try:
        return _clean(connection)
    except Error:
        return False


def _unread(connection: Any) -> Any | None:
    """Return the result whose rows were not all read. There is no way to stop the server from sending them."""
    result = connection._result  # noqa: SLF001 - told by nothing else
    return result if result is not None and result.unbuffered_active else None


def _clean(connection: Any) -> bool:
    connection.rollback()
    connection.autocommit(False)
    connection.cursorclass = Cursor
    return not connection.server_status & _LEFT_OVER


def check(connection: Any) -> bool:
    """Say whether an idle connection is alive.

    One that the server has closed is found out without asking. Otherwise the server is asked, because one that is
    frozen or cut off looks the same as one that is well.
    """
    endpoint = endpoint_of(connection)
    if not connection.open or (endpoint is not None and endpoint.is_hung_up()):
        return False
    try:
        connection.ping(reconnect=False)
    except Error:
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
    if connection.open and getattr(connection, "settled", False):
        _say_goodbye(connection)
    # PyMySQL's own way waits for a thread that reads; this frees that first.
    abort(connection)
    if unread := _unread(connection):
        # Its destructor would read on, on the closed connection.
        unread.unbuffered_active = False
    connection._force_close()  # noqa: SLF001 - close() may wait for the server to take its word


def _say_goodbye(connection: Any) -> None:
    """Tell the server, as far as that goes without waiting: it logs the loss of a connection that left unheard."""
    with suppress(OSError, ValueError):
        sock = connection._sock  # noqa: SLF001 - close() may wait for the server to take its word
        sock.settimeout(0)
        sock.send(_GOODBYE)
