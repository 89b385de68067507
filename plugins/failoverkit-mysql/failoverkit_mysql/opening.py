"""Opening a connection within a deadline that holds.

PyMySQL's ``connect_timeout`` bounds neither the name lookup nor the login, and starts anew for each address of a name;
its read timeout starts anew with every packet, and would later cut honest long queries. So it connects in a thread of
its own, with all its timeouts set until it is logged in. The thread is left behind at the deadline, ends by those soon
after, and what it may have opened is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymysql.constants import CR
from pymysql.err import OperationalError

from failoverkit.drivers.bounded import call_within
from failoverkit_mysql.connection import Connection
from failoverkit_mysql.sessions import close

_SHORTEST = 0.001


def open_within(timeout: float, parameters: Mapping[str, Any], place: str) -> Connection:
    """Open a connection with these parameters of PyMySQL, or raise its error, within ``timeout`` seconds.

    ``place`` names the server in the error raised at the deadline. Thread-safe.
    """
    step = max(timeout, _SHORTEST)
    bounded = {**parameters, "connect_timeout": step, "read_timeout": step, "write_timeout": step}

    def connect() -> Connection:
        try:
            return Connection(**bounded)
        except RuntimeError as error:  # a package for this way to log in is missing
            raise OperationalError(CR.CR_AUTH_PLUGIN_CANNOT_LOAD, str(error)) from error

    try:
        connection: Connection = call_within(timeout, connect, close, f"failoverkit-open-{place}")
    except TimeoutError:
        raise OperationalError(
            CR.CR_CONN_HOST_ERROR, f"Can't connect to MySQL server on {place!r} (timed out after {timeout:g} s)"
        ) from None
    return connection
