"""Every row of the table of errors, and that nothing at all makes the classification raise."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

import psycopg2
import psycopg2.errors
import pytest
from failoverkit_postgres.error_kinds import kind_of
from failoverkit_postgres.error_tables import CODES, CUES
from hypothesis import given
from hypothesis import strategies as st

from failoverkit.model import ErrorKind

BY_CODE: Mapping[ErrorKind, tuple[str, ...]] = {
    ErrorKind.CONNECTION_LOST: (
        "08000", "08003", "08006", "08P01", "57P01", "57P02", "57P04", "57P05", "25P03", "25P04",
    ),
    ErrorKind.HOST_UNREACHABLE: ("08001", "57P03"),
    ErrorKind.ROLE_CHANGED: ("25006",),
    ErrorKind.RETRYABLE: ("40001", "40P01"),
    ErrorKind.BUSY: ("53000", "53100", "53200", "53300", "53400"),
    ErrorKind.REFUSED: ("08004", "28000", "28P01", "3D000", "42501"),
    ErrorKind.OUTCOME_UNKNOWN: ("08007", "40003"),
    ErrorKind.OTHER: (
        "0A000", "22012", "23505", "25001", "25P02", "40002", "42601", "42P01", "55000", "55006", "55P03", "57014",
        "58000", "58030", "58P01", "58P02", "F0000", "F0001", "P0001", "XX000", "XX001", "XX002",
    ),
}  # fmt: skip

CONNECT_FAILURES: Mapping[ErrorKind, tuple[str, ...]] = {
    ErrorKind.HOST_UNREACHABLE: (
        "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
        "No route to host",
        "Network is unreachable",
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is shutting down",
        "FATAL:  the database system is in recovery mode",
        "FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent recovery state ...",
        "No such file or directory\n\tIs the server running locally and accepting connections on that socket?",
    ),
    ErrorKind.TIMEOUT: ("timeout expired", "Connection timed out", "timeout expired after 0.5 s"),
    ErrorKind.CONNECTION_LOST: (
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally",
        "could not receive data from server: Connection reset by peer",
        "could not send data to server: Broken pipe",
        "FATAL:  terminating connection due to administrator command",
    ),
    ErrorKind.REFUSED: (
        'FATAL:  password authentication failed for user "app"',
        'FATAL:  Peer authentication failed for user "app"',
        'FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "app", database "orders", no encryption',
        'FATAL:  pg_hba.conf rejects connection for host "10.0.0.9", user "app", database "orders", SSL off',
        'FATAL:  database "orders" does not exist',
        'FATAL:  database "template0" is not currently accepting connections',
        'FATAL:  role "app" does not exist',
        'FATAL:  role "app" is not permitted to log in',
        'FATAL:  permission denied for database "orders"\nDETAIL:  User does not have CONNECT privilege.',
        "fe_sendauth: no password supplied",
        "server does not support SSL, but SSL was required",
        "SSL error: certificate verify failed",
        "SSL error: tlsv1 alert unknown ca",
        'root certificate file "/no/such/file" does not exist',
        'server certificate for "db2" does not match host name "db1"',
    ),
    ErrorKind.BUSY: (
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        'FATAL:  too many connections for role "app"',
        'FATAL:  too many connections for database "orders"',
        "FATAL:  no more connections allowed (max_client_conn)",
    ),
    # A server that speaks another language. Not understood is not a reason to move the cluster.
    ErrorKind.OTHER: ("FATAL:  authentification par mot de passe échouée pour l'utilisateur « app »",),
}

LOST_TEXTS = (
    "terminating connection due to administrator command\nSSL connection has been closed unexpectedly",
    "server closed the connection unexpectedly",
    "connection not open",
    "could not receive data from server: No route to host",
    "could not receive data from server: Connection timed out",
    "could not send data to server: Connection refused",
    "connection already closed",
    "connection has been closed unexpectedly",
    "SSL error: decryption failed or bad record mac",
    "SSL error: unexpected eof while reading",
    "SSL SYSCALL error: EOF detected",
    "SSL SYSCALL error: Connection timed out",
    "consuming input failed: server closed the connection unexpectedly",
    "lost synchronization with server: got message type \"S\"",
    "no connection to the server",
    "connection pointer is NULL",
)  # fmt: skip


def with_code(code: str, text: str = "the server said something") -> psycopg2.Error:
    """Make an error as the server sends it, of the class psycopg2 has for its code."""
    error_class = getattr(psycopg2.errors, _class_name(code), psycopg2.DatabaseError)
    error: psycopg2.Error = error_class(text)
    # What psycopg2 does to unpickle an error; its attributes are read-only otherwise.
    error.__setstate__({"pgcode": code, "pgerror": text})  # type: ignore[no-untyped-call]
    return error


def _class_name(code: str) -> str:
    try:
        return psycopg2.errors.lookup(code).__name__
    except KeyError:
        return ""


def connect_failure(said: str) -> psycopg2.OperationalError:
    return psycopg2.OperationalError(f'connection to server at "db1" (10.0.0.1), port 5432 failed: {said}\n')


def rows(table: Mapping[ErrorKind, tuple[str, ...]]) -> list[tuple[str, ErrorKind]]:
    return [(row, kind) for kind, kinds_rows in table.items() for row in kinds_rows]


@pytest.mark.parametrize(("code", "kind"), rows(BY_CODE))
def test_kind_by_code(code: str, kind: ErrorKind) -> None:
    assert kind_of(with_code(code)) is kind


@pytest.mark.parametrize(("said", "kind"), rows(CONNECT_FAILURES))
def test_kind_of_a_failed_connect(said: str, kind: ErrorKind) -> None:
    assert kind_of(connect_failure(said)) is kind


@pytest.mark.parametrize("text", LOST_TEXTS)
@pytest.mark.parametrize("error_class", [psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.DatabaseError])
def test_kind_of_a_lost_connection(text: str, error_class: type[psycopg2.Error]) -> None:
    assert kind_of(error_class(text)) is ErrorKind.CONNECTION_LOST


def test_name_that_is_not_found() -> None:
    error = psycopg2.OperationalError('could not translate host name "db9" to address: Name or service not known\n')
    assert kind_of(error) is ErrorKind.HOST_UNREACHABLE


@pytest.mark.parametrize("said", ["FATAL:  sorry, too many clients already", "timeout expired"])
def test_of_two_addresses_the_one_that_answered_counts(said: str) -> None:
    both = connect_failure("Connection refused").args[0] + connect_failure(said).args[0]
    expected = ErrorKind.BUSY if "too many" in said else ErrorKind.HOST_UNREACHABLE
    assert kind_of(psycopg2.OperationalError(both)) is expected


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("0A000", "cannot set transaction read-write mode during recovery"),
        ("55000", "recovery is in progress\nHINT:  WAL control functions cannot be executed during recovery."),
    ],
)
def test_standby_that_shows_in_the_text(code: str, text: str) -> None:
    assert kind_of(with_code(code, text)) is ErrorKind.ROLE_CHANGED


def test_code_goes_before_text() -> None:
    assert kind_of(with_code("P0001", "server closed the connection unexpectedly")) is ErrorKind.OTHER
    assert kind_of(with_code("40001", "terminating connection due to conflict with recovery")) is ErrorKind.RETRYABLE


@pytest.mark.parametrize(
    "text", ["cursor already closed", "no results to fetch", "set_session cannot be used inside a transaction"]
)
def test_misuse_is_not_the_pools_business(text: str) -> None:
    assert kind_of(psycopg2.InterfaceError(text)) is ErrorKind.OTHER


@pytest.mark.parametrize("error", [ValueError("connection refused"), OSError(), TimeoutError(), psycopg2.Warning("x")])
def test_errors_of_others(error: BaseException) -> None:
    assert kind_of(error) is None


class Session:
    """What is left of a connection in an error: only what psycopg2 remembers."""

    def __init__(self, in_hot_standby: str | None, readonly: bool | None = None, *, is_closed: bool = False) -> None:
        self.readonly = readonly
        self._in_hot_standby = in_hot_standby
        self._is_closed = is_closed

    def get_parameter_status(self, name: str) -> str | None:
        if self._is_closed:
            raise psycopg2.InterfaceError("connection already closed")
        return self._in_hot_standby if name == "in_hot_standby" else None


@pytest.mark.parametrize(
    ("session", "kind"),
    [
        (Session("on"), ErrorKind.ROLE_CHANGED),
        (Session("off"), ErrorKind.OTHER),
        (Session(None), ErrorKind.ROLE_CHANGED),
        (Session("on", readonly=True), ErrorKind.OTHER),
        (Session(None, readonly=True), ErrorKind.OTHER),
        (Session(None, readonly=False), ErrorKind.ROLE_CHANGED),
        (Session("off", is_closed=True), ErrorKind.ROLE_CHANGED),
        (None, ErrorKind.ROLE_CHANGED),
    ],
)
def test_refused_write_is_a_changed_role_unless_the_session_asked_for_it(
    session: Session | None, kind: ErrorKind
) -> None:
    class RefusedWrite(psycopg2.errors.ReadOnlySqlTransaction):
        pgcode = "25006"
        cursor = SimpleNamespace(connection=session)  # type: ignore[assignment]

    assert kind_of(RefusedWrite("cannot execute INSERT in a read-only transaction")) is kind


def test_the_tests_know_every_code_of_the_table() -> None:
    assert set(CODES) <= {code for code, _ in rows(BY_CODE)}


def test_cues_are_in_lower_case() -> None:
    assert [cue for _, cues in CUES for cue in cues if cue != cue.lower()] == []


@given(code=st.none() | st.text(max_size=8), text=st.text() | st.sampled_from(LOST_TEXTS))
def test_any_code_and_text_has_a_kind(code: str | None, text: str) -> None:
    error = psycopg2.DatabaseError(text)
    error.__setstate__({"pgcode": code, "pgerror": text})  # type: ignore[no-untyped-call]
    assert isinstance(kind_of(error), ErrorKind)


@given(arguments=st.lists(st.none() | st.integers() | st.binary() | st.text() | st.tuples(st.text())))
def test_any_arguments_have_a_kind(arguments: list[object]) -> None:
    assert isinstance(kind_of(psycopg2.OperationalError(*arguments)), ErrorKind)
