"""What an error of PyMySQL means for the pool."""

from __future__ import annotations

import ssl

import pymysql.err

from failoverkit.model import ErrorKind
from failoverkit_mysql.error_tables import CLOSED, CUES, NUMBERS

_CONNECTING = 2003
_READ_ONLY_TRANSACTION = 1792
_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError)


def kind_of(error: BaseException) -> ErrorKind | None:
    """Name the kind of an error; None for an error that is not PyMySQL's. Never raises."""
    if not isinstance(error, pymysql.err.Error):
        return None
    number = error.args[0] if error.args else None
    text = str(error).lower()
    if not isinstance(number, int):
        return ErrorKind.CONNECTION_LOST if any(cue in text for cue in CLOSED) else ErrorKind.OTHER
    if number == _CONNECTING:
        return _kind_of_opening(getattr(error, "original_exception", None), text)
    if number == _READ_ONLY_TRANSACTION and getattr(error, "in_read_only_transaction", False):
        return ErrorKind.OTHER  # the caller asked for it: START TRANSACTION READ ONLY
    return _kind_of_number(number, text)


def _kind_of_number(number: int, text: str) -> ErrorKind:
    if number in CUES:
        kind, cues = CUES[number]
        return kind if any(cue in text for cue in cues) else ErrorKind.OTHER
    kind = NUMBERS.get(number, ErrorKind.OTHER)
    # The words of Python's own timeout. "Connection timed out" is the kernel's, which has given up a connection.
    return ErrorKind.TIMEOUT if kind is ErrorKind.CONNECTION_LOST and "(timed out)" in text else kind


def _kind_of_opening(cause: BaseException | None, text: str) -> ErrorKind:
    if isinstance(cause, _BROKEN_OFF):
        return ErrorKind.CONNECTION_LOST
    if isinstance(cause, TimeoutError) or "timed out" in text:
        return ErrorKind.TIMEOUT
    return ErrorKind.REFUSED if isinstance(cause, ssl.SSLError) else ErrorKind.HOST_UNREACHABLE
