"""SQLite for failoverkit. A host is a database file; percent-encode the path in the URL:

sqlite://%2Fdata%2Fshop.db,%2Fmirror%2Fshop.db
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from failoverkit import ErrorKind, Host, hookimpl

KINDS = {
    sqlite3.SQLITE_CANTOPEN: ErrorKind.HOST_UNREACHABLE,
    sqlite3.SQLITE_NOTADB: ErrorKind.HOST_UNREACHABLE,
    sqlite3.SQLITE_IOERR: ErrorKind.CONNECTION_LOST,
    sqlite3.SQLITE_INTERRUPT: ErrorKind.CONNECTION_LOST,
    sqlite3.SQLITE_BUSY: ErrorKind.RETRYABLE,
}


@hookimpl
def failoverkit_connect(host: Host, timeout: float) -> sqlite3.Connection:
    """Open the file; it must exist. ``timeout`` bounds the wait for another writer's lock."""
    file = f"{Path(host.address).absolute().as_uri()}?mode=rw"
    return sqlite3.connect(file, uri=True, timeout=timeout, check_same_thread=False)


@hookimpl
def failoverkit_abort(connection: Any) -> bool:
    """Stop a running statement from another thread."""
    connection.interrupt()
    return True


@hookimpl
def failoverkit_classify_error(error: BaseException) -> ErrorKind | None:
    """Go by the primary result code, the low byte of the extended one."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return KINDS.get(code & 0xFF, ErrorKind.OTHER)
