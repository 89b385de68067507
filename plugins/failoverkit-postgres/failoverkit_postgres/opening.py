"""Opening a connection within a deadline that holds.

libpq's own ``connect_timeout`` counts whole seconds, does not bound the name lookup and starts anew for each address
of a name. A call that waits in libpq cannot be interrupted while its socket is not known, so it runs in a thread of
its own, which is left behind at the deadline. It ends by itself soon after, by libpq's timeout, and closes what it
may have opened.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import psycopg2

from failoverkit_postgres.connection import Connection


def open_within(timeout: float, parameters: Mapping[str, Any], place: str) -> Connection:
    """Open a connection with these libpq parameters, or raise psycopg2's error, within ``timeout`` seconds.

    ``place`` names the server in the error raised at the deadline. Thread-safe.
    """
    opening: Future[Connection] = Future()
    bounded = {**parameters, "connect_timeout": max(1, math.ceil(timeout))}
    threading.Thread(target=_open, args=(opening, bounded), name=f"failoverkit-open-{place}", daemon=True).start()
    try:
        return opening.result(timeout)
    except TimeoutError:
        opening.add_done_callback(_close)
        raise psycopg2.OperationalError(
            f"connection to server at {place} failed: timeout expired after {timeout:g} s"
        ) from None


def _open(opening: Future[Connection], parameters: Mapping[str, Any]) -> None:
    try:
        opening.set_result(psycopg2.connect(connection_factory=Connection, **parameters))
    except BaseException as error:  # noqa: BLE001 - it is raised on the thread that waits
        opening.set_exception(error)
    finally:
        # The error's traceback holds this frame, and so the parameters with the password.
        del opening, parameters


def _close(opening: Future[Connection]) -> None:
    if opening.exception() is None:
        opening.result().close()
