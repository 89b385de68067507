"""What an error of psycopg2 means for the pool."""

from __future__ import annotations

import psycopg2

from failoverkit.model import ErrorKind
from failoverkit_postgres.error_tables import CLASSES, CODES, CUES, STANDBY_CUES


def kind_of(error: BaseException) -> ErrorKind | None:
    """Name the kind of an error; None for an error that is not psycopg2's. Never raises."""
    if not isinstance(error, psycopg2.Error):
        return None
    text = str(error).lower()
    if not error.pgcode:
        return _kind_of_text(text)
    kind = _kind_of_code(error.pgcode, text)
    if kind is ErrorKind.ROLE_CHANGED and _wished_for_read_only(error):
        return ErrorKind.OTHER
    return kind


def _kind_of_code(code: str, text: str) -> ErrorKind:
    cue = STANDBY_CUES.get(code)
    if cue and cue in text:
        return ErrorKind.ROLE_CHANGED
    return CODES.get(code) or CLASSES.get(code[:2], ErrorKind.OTHER)


def _kind_of_text(text: str) -> ErrorKind:
    for kind, cues in CUES:
        if any(cue in text for cue in cues):
            return kind
    return ErrorKind.OTHER


def _wished_for_read_only(error: psycopg2.Error) -> bool:
    """Say whether a refused write is the session's own doing: it asked for READ ONLY, or its host is no standby.

    The connection is not used, only read what it was told last: psycopg2's own setting, and the server's report
    ``in_hot_standby`` (PostgreSQL 14 and later). A session never lives on where its host becomes a standby, so
    ``off`` cannot be out of date. Without connection or report the answer is no: the host is to be probed.
    """
    connection = getattr(error.cursor, "connection", None)
    try:
        return connection is not None and (
            connection.readonly is True or connection.get_parameter_status("in_hot_standby") == "off"
        )
    except psycopg2.Error:
        return False
