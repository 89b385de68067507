"""Which error means what: every row of the tables, and what is told apart by more than a number."""

from __future__ import annotations

import socket
import ssl

import pymysql.err
import pytest
from failoverkit_mysql.error_kinds import kind_of
from failoverkit_mysql.error_tables import NUMBERS

from failoverkit.model import ErrorKind

# Written once more, by kind: a slip in the table must show.
EXPECTED = {
    ErrorKind.CONNECTION_LOST: {
        0, 1053, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2012, 2013, 2014, 2027, 2045, 2055,
        3168, 3169, 4031,
    },
    ErrorKind.HOST_UNREACHABLE: {2001, 2002, 2003, 2004, 2005, 3032},
    ErrorKind.ROLE_CHANGED: {1792, 1836},
    ErrorKind.RETRYABLE: {1205, 1213, 1614, 3058, 3101},
    ErrorKind.BUSY: {1040, 1041, 1129, 1203, 1226, 1637},
    ErrorKind.REFUSED: {
        1044, 1045, 1049, 1130, 1142, 1143, 1227, 1251, 1370, 1698, 1820, 1862, 2026, 2059, 2061, 3118, 3159, 3879,
        3955,
    },
    ErrorKind.OUTCOME_UNKNOWN: {1180},
    ErrorKind.OTHER: {1062, 1064, 1146, 1317, 1969, 3024, 3572, 65535},
}  # fmt: skip


@pytest.mark.parametrize(("kind", "number"), [(kind, n) for kind, numbers in EXPECTED.items() for n in sorted(numbers)])
def test_every_number(kind: ErrorKind, number: int) -> None:
    assert (
        kind_of(
            pymysql.err.OperationalError(
                number,
                "said by the server",
            )
        )
        is kind
    )


def test_the_table_has_no_row_that_is_not_tested() -> None:
    assert set(NUMBERS) == set().union(*EXPECTED.values()) - EXPECTED[ErrorKind.OTHER]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The MariaDB server is running with the --read-only option so it cannot execute this statement", "role"),
        ("The MySQL server is running with the --super-read-only option so it cannot execute this", "role"),
        ("The MySQL server is running with the --secure-file-priv option so it cannot execute this", "other"),
        ("The MySQL server is running with the LOCK_WRITE_GROWTH option", "other"),
    ],
)
def test_1290_is_told_apart_by_its_text(text: str, kind: str) -> None:
    expected = ErrorKind.ROLE_CHANGED if kind == "role" else ErrorKind.OTHER
    assert kind_of(pymysql.err.OperationalError(1290, text)) is expected


def test_1047_is_of_the_host_only_where_galera_says_it() -> None:
    wsrep = pymysql.err.OperationalError(1047, "WSREP has not yet prepared node for application use")
    assert kind_of(wsrep) is ErrorKind.CONNECTION_LOST
    assert kind_of(pymysql.err.OperationalError(1047, "Unknown command")) is ErrorKind.OTHER


def test_a_read_only_transaction_that_the_caller_began_says_nothing_of_the_host() -> None:
    error = pymysql.err.InternalError(1792, "Cannot execute statement in a READ ONLY transaction")
    assert kind_of(error) is ErrorKind.ROLE_CHANGED
    error.in_read_only_transaction = True
    assert kind_of(error) is ErrorKind.OTHER


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (ConnectionRefusedError(111, "Connection refused"), ErrorKind.HOST_UNREACHABLE),
        (OSError(113, "No route to host"), ErrorKind.HOST_UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), ErrorKind.HOST_UNREACHABLE),
        (FileNotFoundError(2, "No such file or directory"), ErrorKind.HOST_UNREACHABLE),
        (TimeoutError("timed out"), ErrorKind.TIMEOUT),
        (TimeoutError(110, "Connection timed out"), ErrorKind.TIMEOUT),
        (ConnectionResetError(104, "Connection reset by peer"), ErrorKind.CONNECTION_LOST),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), ErrorKind.CONNECTION_LOST),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), ErrorKind.REFUSED),
        (ssl.SSLError(1, "wrong version number"), ErrorKind.REFUSED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_why_it_could_not_connect(cause: OSError, kind: ErrorKind) -> None:
    error = pymysql.err.OperationalError(2003, f"Can't connect to MySQL server on 'db1' ({cause})")
    error.original_exception = cause
    assert kind_of(error) is kind


def test_a_connection_that_the_kernel_gave_up_is_lost() -> None:
    text = "Lost connection to MySQL server during query ([Errno 110] Connection timed out)"
    assert kind_of(pymysql.err.OperationalError(2013, text)) is ErrorKind.CONNECTION_LOST


@pytest.mark.parametrize("error", [ValueError(1213), OSError(111, "Connection refused"), KeyboardInterrupt()])
def test_errors_of_others_are_left_alone(error: BaseException) -> None:
    assert kind_of(error) is None


@pytest.mark.parametrize("arguments", [(), ("text",), (None,), ((1213,),), (1213,), (b"\xff", 7)])
def test_never_raises(arguments: tuple[object, ...]) -> None:
    assert isinstance(kind_of(pymysql.err.OperationalError(*arguments)), ErrorKind)
