"""Opening a connection within a deadline that holds.

libpq's own ``connect_timeout`` counts whole seconds, does not bound the name lookup and starts anew for each address
of a name. A call that waits in libpq cannot be interrupted while its socket is not known, so it runs in a thread of
its own, which is left behind at the deadline. It ends by itself soon after, by libpq's timeout, and what it may have
opened is closed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import psycopg2

from failoverkit.drivers.bounded import call_within
from failoverkit_postgres.connection import Connection


def open_within(timeout: float, parameters: Mapping[str, Any], place: str) -> Connection:
    """Open a connection with these libpq parameters, or raise psycopg2's error, within ``timeout`` seconds.

    ``place`` names the server in the error raised at the deadline. Thread-safe.
    """
    bounded = {**parameters, "connect_timeout": max(1, math.ceil(timeout))}

    def connect() -> Connection:
        connection: Connection = psycopg2.connect(connection_factory=Connection, **bounded)
        return connection

    try:
        return call_within(timeout, connect, lambda late: late.close(), f"failoverkit-open-{place}")
    except TimeoutError:
        raise psycopg2.OperationalError(
            f"connection to server at {place} failed: timeout expired after {timeout:g} s"
        ) from None
