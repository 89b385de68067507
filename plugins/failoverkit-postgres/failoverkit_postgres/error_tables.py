"""Which error means what, as data. Codes are SQLSTATEs; texts are for errors that come without one.

psycopg2 gives no SQLSTATE when no connection could be made, whatever the server said, and none when a connection was
lost. libpq's own words are in English unless it was built and told otherwise; the server's words follow its
``lc_messages``, so that a failed login on a server that speaks another language is ``OTHER`` here. That is the safe
side: it never moves the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

from failoverkit.model import ErrorKind

CODES: Mapping[str, ErrorKind] = {
    # The server could not be entered.
    "08001": ErrorKind.HOST_UNREACHABLE,  # sqlclient_unable_to_establish_sqlconnection
    "57P03": ErrorKind.HOST_UNREACHABLE,  # cannot_connect_now: starting up, shutting down, not consistent yet
    # The session is over. Whether the host is well, the next probe tells.
    "57P01": ErrorKind.CONNECTION_LOST,  # admin_shutdown, and pg_terminate_backend
    "57P02": ErrorKind.CONNECTION_LOST,  # crash_shutdown
    "57P04": ErrorKind.CONNECTION_LOST,  # database_dropped
    "57P05": ErrorKind.CONNECTION_LOST,  # idle_session_timeout
    "25P03": ErrorKind.CONNECTION_LOST,  # idle_in_transaction_session_timeout
    "25P04": ErrorKind.CONNECTION_LOST,  # transaction_timeout
    # The server does not know what became of the transaction.
    "08007": ErrorKind.OUTCOME_UNKNOWN,  # transaction_resolution_unknown
    "40003": ErrorKind.OUTCOME_UNKNOWN,  # statement_completion_unknown
    # The host is alive, and a standby. 25006 may also be the caller's own wish: see ``error_kinds``.
    "25006": ErrorKind.ROLE_CHANGED,  # read_only_sql_transaction
    # The whole transaction may be run again. On a standby 40001 is a conflict with the replay.
    "40001": ErrorKind.RETRYABLE,  # serialization_failure
    "40P01": ErrorKind.RETRYABLE,  # deadlock_detected
    # The server refuses this user, this database or this use of it.
    "08004": ErrorKind.REFUSED,  # sqlserver_rejected_establishment_of_sqlconnection
    "28000": ErrorKind.REFUSED,  # invalid_authorization_specification, no pg_hba.conf entry
    "28P01": ErrorKind.REFUSED,  # invalid_password
    "3D000": ErrorKind.REFUSED,  # invalid_catalog_name: no such database
    "42501": ErrorKind.REFUSED,  # insufficient_privilege
}

CLASSES: Mapping[str, ErrorKind] = {
    "08": ErrorKind.CONNECTION_LOST,  # connection exceptions not named above
    "53": ErrorKind.BUSY,  # insufficient resources: connections, memory, disk, a configured limit
}
"""By the first two characters, for codes that ``CODES`` does not name.

All others are ``OTHER``. Some on purpose: 58 (system errors), F0 (configuration files) and XX (internal errors) may
tell of a sick host but as often of a missing file or a bug in a function, and 55P03 (lock not available) and 55006
(object in use) are answers that the caller asked for. The transaction has failed for certain, the session lives, and
the next probe judges the host.
"""

STANDBY_CUES: Mapping[str, str] = {
    "0A000": "during recovery",  # SET TRANSACTION READ WRITE
    "55000": "recovery is in progress",  # functions about the log
}
"""Codes that mean a standby when this is in the text."""

CUES: tuple[tuple[ErrorKind, tuple[str, ...]], ...] = (
    # What a server answered comes first: a name with two addresses gives one text, "refused" by one of them and the
    # answer of the other, and the answer is what matters.
    (
        ErrorKind.BUSY,
        (
            "too many clients already",
            "too many connections for",
            "remaining connection slots are reserved",
            "no more connections allowed",  # PgBouncer
            "out of memory",
        ),
    ),
    (
        ErrorKind.REFUSED,
        (
            "authentication failed",
            "authentication method",
            "no password supplied",
            "no pg_hba.conf entry",
            "pg_hba.conf rejects",
            'fatal:  role "',
            'fatal:  database "',
            "no such database",  # PgBouncer
            "permission denied for database",
            "server does not support ssl",
            "root certificate file",
            "private key file",
            "certificate file",
            "does not match host name",
            "gssapi encryption required",
            "invalid dsn",
            "invalid connection option",
            "invalid integer value",
        ),
    ),
    # Before "unreachable" and "timeout": a connection that was made and then lost names the same causes.
    (
        ErrorKind.CONNECTION_LOST,
        (
            "terminating connection",
            "closed the connection",
            "connection not open",
            "connection already closed",
            "connection has been closed unexpectedly",
            "could not receive data from server",
            "could not send data to server",
            "connection reset by peer",
            "broken pipe",
            "lost synchronization with server",
            "no connection to the server",
            "connection pointer is null",
            "ssl syscall error",
            "decryption failed or bad record mac",
            "unexpected eof while reading",
            "consuming input failed",
        ),
    ),
    (
        ErrorKind.HOST_UNREACHABLE,
        (
            "the database system is",  # starting up, shutting down, in recovery mode, not yet accepting connections
            "connection refused",
            "no route to host",
            "network is unreachable",
            "network is down",
            "host is down",
            "host is unreachable",
            "cannot assign requested address",
            "could not translate host name",
            "no such file or directory",  # a Unix socket
            "0x0000274d",  # "refused" on Windows
        ),
    ),
    (ErrorKind.TIMEOUT, ("timeout expired", "timed out")),
    (ErrorKind.REFUSED, ("ssl error",)),
)
"""Texts in lower case, in the order in which they are looked for; the first that occurs decides."""
