"""The connections that the pool gets: PyMySQL's own, which know their socket and whether they are clean."""

from __future__ import annotations

import functools
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pymysql.connections
from pymysql.constants import CR, SERVER_STATUS
from pymysql.err import Error, OperationalError

from failoverkit.drivers.endpoint import Endpoint

IN_READ_ONLY_TRANSACTION = 8192
"""A flag of the server's status that PyMySQL has no name for."""

_KEEPALIVE = {
    # Without these, a connection whose packets vanish hangs for many minutes. The pool's own probes notice sooner;
    # these free what no probe can see. Both are needed: the first act on a silent line, the last on unanswered data.
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 11_000,
}


if TYPE_CHECKING:

    class _Connection(pymysql.connections.Connection[Any]):
        """What PyMySQL's class has and its type stubs leave out."""

        server_status: int
        _sock: socket.socket
        _read_timeout: float | None
        _write_timeout: float | None

        def _force_close(self) -> None: ...
        def _execute_command(self, command: int, sql: str | bytes) -> None: ...
        def _read_ok_packet(self) -> Any: ...
        def _read_query_result(self, unbuffered: bool = False) -> Any: ...
        def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext: ...
else:
    _Connection = pymysql.connections.Connection


class Connection(_Connection):
    """A PyMySQL connection that remembers its socket, and does not forget what it left open.

    ``endpoint``: its socket, for other threads. ``settled``: the server has answered whatever it was asked; False in
    the middle of a call and for ever when that was interrupted. ``withheld``: what this user may not ask in a probe.
    """

    endpoint: Endpoint
    settled: bool
    multi_writer: bool
    withheld: set[str]

    def __init__(self, *, multi_writer: bool = False, **parameters: Any) -> None:
        self.settled = False
        self.multi_writer = multi_writer
        self.withheld = set()
        super().__init__(**parameters)
        try:
            self._take_note_of(self._sock)
        except OSError as error:
            self._force_close()
            raise OperationalError(CR.CR_SERVER_LOST, f"Lost connection to MySQL server: {error}") from error
        # The timeouts were for the login. An honest query may take as long as it likes.
        self._read_timeout = self._write_timeout = None
        self.settled = True

    def _take_note_of(self, sock: socket.socket) -> None:
        self.endpoint = Endpoint.of(sock.fileno())
        if sock.family != getattr(socket, "AF_UNIX", None):
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        # To read the system's certificates takes longer than all the rest of connecting, and where TLS is only
        # preferred none is checked. What names files is made anew each time: they may have been renewed.
        return super()._create_ssl_ctx(sslp) if sslp else _unchecked_tls()

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        self.settled = False
        super()._execute_command(command, sql)

    def _read_ok_packet(self) -> Any:
        try:
            ok = super()._read_ok_packet()
        except Error:
            self.settled = True
            raise
        self.settled = True
        return ok

    def _read_query_result(self, unbuffered: bool = False) -> Any:
        # PyMySQL hears of the transaction from answers without rows and without error alone. Until it does, there
        # may be one: a SELECT begins it, and a statement that failed may have taken locks.
        self.server_status |= SERVER_STATUS.SERVER_STATUS_IN_TRANS
        try:
            affected = super()._read_query_result(unbuffered)
        except Error as error:
            self.settled = True
            error.in_read_only_transaction = bool(self.server_status & IN_READ_ONLY_TRANSACTION)  # type: ignore[attr-defined]
            raise
        self.settled = True
        return affected


@functools.cache
def _unchecked_tls() -> ssl.SSLContext:
    """Make the context of connections that are encrypted where the server can, as PyMySQL does it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def endpoint_of(connection: Any) -> Endpoint | None:
    """Return the noted socket; None for a connection that somebody else made."""
    return getattr(connection, "endpoint", None)
