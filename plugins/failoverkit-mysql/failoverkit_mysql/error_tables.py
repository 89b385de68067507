"""Which error means what, as data. Numbers are the server's, or from 2000 on those of MySQL's client library.

SQLSTATEs are of no use here: HY000 is the state of a read-only server and of many other things.
"""

from __future__ import annotations

from collections.abc import Mapping

from failoverkit.model import ErrorKind

NUMBERS: Mapping[int, ErrorKind] = {
    # The connection is gone, as the client saw it.
    0: ErrorKind.CONNECTION_LOST,  # PyMySQL's own InterfaceError(0, ''): closed before
    2006: ErrorKind.CONNECTION_LOST,  # CR_SERVER_GONE_ERROR
    2012: ErrorKind.CONNECTION_LOST,  # CR_SERVER_HANDSHAKE_ERR
    2013: ErrorKind.CONNECTION_LOST,  # CR_SERVER_LOST
    2014: ErrorKind.CONNECTION_LOST,  # CR_COMMANDS_OUT_OF_SYNC: nothing more can be said on it
    2027: ErrorKind.CONNECTION_LOST,  # CR_MALFORMED_PACKET
    2045: ErrorKind.CONNECTION_LOST,  # CR_SHARED_MEMORY_CONNECT_SET_ERROR
    2055: ErrorKind.CONNECTION_LOST,  # CR_SERVER_LOST_EXTENDED
    # The session is over, as the server says. Whether the host is well, the next probe tells.
    1053: ErrorKind.CONNECTION_LOST,  # ER_SERVER_SHUTDOWN
    1079: ErrorKind.CONNECTION_LOST,  # ER_SHUTDOWN_COMPLETE
    1080: ErrorKind.CONNECTION_LOST,  # ER_FORCING_CLOSE
    1152: ErrorKind.CONNECTION_LOST,  # ER_ABORTING_CONNECTION
    1158: ErrorKind.CONNECTION_LOST,  # ER_NET_READ_ERROR
    1159: ErrorKind.CONNECTION_LOST,  # ER_NET_READ_INTERRUPTED
    1160: ErrorKind.CONNECTION_LOST,  # ER_NET_ERROR_ON_WRITE
    1161: ErrorKind.CONNECTION_LOST,  # ER_NET_WRITE_INTERRUPTED
    1184: ErrorKind.CONNECTION_LOST,  # ER_NEW_ABORTING_CONNECTION
    1927: ErrorKind.CONNECTION_LOST,  # ER_CONNECTION_KILLED (MariaDB)
    3168: ErrorKind.CONNECTION_LOST,  # ER_SERVER_ISNT_AVAILABLE
    3169: ErrorKind.CONNECTION_LOST,  # ER_SESSION_WAS_KILLED
    4031: ErrorKind.CONNECTION_LOST,  # ER_CLIENT_INTERACTION_TIMEOUT: idle for too long
    # The server could not be entered.
    2001: ErrorKind.HOST_UNREACHABLE,  # CR_SOCKET_CREATE_ERROR
    2002: ErrorKind.HOST_UNREACHABLE,  # CR_CONNECTION_ERROR: a Unix socket
    2003: ErrorKind.HOST_UNREACHABLE,  # CR_CONN_HOST_ERROR: see ``error_kinds`` for its causes
    2004: ErrorKind.HOST_UNREACHABLE,  # CR_IPSOCK_ERROR
    2005: ErrorKind.HOST_UNREACHABLE,  # CR_UNKNOWN_HOST
    3032: ErrorKind.HOST_UNREACHABLE,  # ER_SERVER_OFFLINE_MODE
    # The server does not know what became of the transaction.
    1180: ErrorKind.OUTCOME_UNKNOWN,  # ER_ERROR_DURING_COMMIT
    # The host is alive and takes no writes. 1290 is in ``CUES``.
    1792: ErrorKind.ROLE_CHANGED,  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: or the caller's wish, see ``error_kinds``
    1836: ErrorKind.ROLE_CHANGED,  # ER_READ_ONLY_MODE
    # The whole transaction may be run again.
    1205: ErrorKind.RETRYABLE,  # ER_LOCK_WAIT_TIMEOUT: only the statement was undone, the transaction is still open
    1213: ErrorKind.RETRYABLE,  # ER_LOCK_DEADLOCK
    1614: ErrorKind.RETRYABLE,  # ER_XA_RBDEADLOCK
    3058: ErrorKind.RETRYABLE,  # ER_USER_LOCK_DEADLOCK
    3101: ErrorKind.RETRYABLE,  # ER_TRANSACTION_ROLLBACK_DURING_COMMIT (Group Replication)
    # Too much at once.
    1040: ErrorKind.BUSY,  # ER_CON_COUNT_ERROR: too many connections
    1041: ErrorKind.BUSY,  # ER_OUT_OF_RESOURCES
    1129: ErrorKind.BUSY,  # ER_HOST_IS_BLOCKED: until an operator says FLUSH HOSTS
    1203: ErrorKind.BUSY,  # ER_TOO_MANY_USER_CONNECTIONS
    1226: ErrorKind.BUSY,  # ER_USER_LIMIT_REACHED
    1637: ErrorKind.BUSY,  # ER_TOO_MANY_CONCURRENT_TRXS
    # The server refuses this user, this database, this way to log in, or this use of it.
    1044: ErrorKind.REFUSED,  # ER_DBACCESS_DENIED_ERROR
    1045: ErrorKind.REFUSED,  # ER_ACCESS_DENIED_ERROR
    1049: ErrorKind.REFUSED,  # ER_BAD_DB_ERROR: no such database
    1130: ErrorKind.REFUSED,  # ER_HOST_NOT_PRIVILEGED
    1142: ErrorKind.REFUSED,  # ER_TABLEACCESS_DENIED_ERROR
    1143: ErrorKind.REFUSED,  # ER_COLUMNACCESS_DENIED_ERROR
    1227: ErrorKind.REFUSED,  # ER_SPECIFIC_ACCESS_DENIED_ERROR
    1251: ErrorKind.REFUSED,  # ER_NOT_SUPPORTED_AUTH_MODE
    1370: ErrorKind.REFUSED,  # ER_PROCACCESS_DENIED_ERROR
    1698: ErrorKind.REFUSED,  # ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    1820: ErrorKind.REFUSED,  # ER_MUST_CHANGE_PASSWORD
    1862: ErrorKind.REFUSED,  # ER_MUST_CHANGE_PASSWORD_LOGIN
    2026: ErrorKind.REFUSED,  # CR_SSL_CONNECTION_ERROR: PyMySQL says it of a server without TLS where that is a must
    2059: ErrorKind.REFUSED,  # CR_AUTH_PLUGIN_CANNOT_LOAD
    2061: ErrorKind.REFUSED,  # CR_AUTH_PLUGIN_ERR
    3118: ErrorKind.REFUSED,  # ER_ACCOUNT_HAS_BEEN_LOCKED
    3159: ErrorKind.REFUSED,  # ER_SECURE_TRANSPORT_REQUIRED
    3879: ErrorKind.REFUSED,  # ER_ACCESS_DENIED_ERROR_WITH_PASSWORD
    3955: ErrorKind.REFUSED,  # ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
}
"""All others are ``OTHER``. Some on purpose: 1317 (query interrupted), 3024 and 1969 (it took too long) and 3572
(NOWAIT) are answers that the caller asked for."""

CUES: Mapping[int, tuple[ErrorKind, tuple[str, ...]]] = {
    # ER_OPTION_PREVENTS_STATEMENT: of --secure-file-priv and others, too.
    1290: (ErrorKind.ROLE_CHANGED, ("--read-only", "--super-read-only")),
    # ER_UNKNOWN_COM_ERROR: Galera says so of a node that is not in the primary component.
    1047: (ErrorKind.CONNECTION_LOST, ("wsrep",)),
}
"""Numbers that mean this only when one of these is in the text, in lower case."""

CLOSED = ("already closed",)
"""Texts, in lower case, of errors that PyMySQL raises without a number for a connection that is closed."""
