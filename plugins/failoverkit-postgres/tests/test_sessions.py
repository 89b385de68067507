"""What a reset does to which connection, call by call. That psycopg2 behaves so is shown by the live tests."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg2
import pytest
from failoverkit_postgres import sessions
from psycopg2.extensions import (
    STATUS_BEGIN,
    STATUS_PREPARED,
    STATUS_READY,
    TRANSACTION_STATUS_ACTIVE,
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
    TRANSACTION_STATUS_UNKNOWN,
)


class FakeSession:
    """Notes what it is asked to do; a rollback or ROLLBACK makes it idle unless told otherwise."""

    def __init__(self, **attributes: Any) -> None:
        self.transaction = TRANSACTION_STATUS_IDLE
        self.status = STATUS_READY
        self.autocommit = False
        self.isolation_level: int | None = None
        self.readonly: bool | None = None
        self.deferrable: bool | None = None
        self.cursor_factory: object = None
        self.closed = 0
        self.psycopg2_knows = True
        self.error: psycopg2.Error | None = None
        self.calls: list[str] = []
        for name, value in attributes.items():
            setattr(self, name, value)

    def get_transaction_status(self) -> int:
        return self.transaction

    def rollback(self) -> None:
        self._note("rollback")
        if self.psycopg2_knows:
            self.transaction = TRANSACTION_STATUS_IDLE

    def set_session(self, **settings: object) -> None:
        assert settings == {
            "isolation_level": "DEFAULT", "readonly": "DEFAULT", "deferrable": "DEFAULT", "autocommit": False,
        }  # fmt: skip
        self._note("set_session")

    def cursor(self, cursor_factory: object) -> FakeSession:
        assert cursor_factory is psycopg2.extensions.cursor
        return self

    def execute(self, statement: str) -> None:
        self._note(statement)
        self.transaction = TRANSACTION_STATUS_IDLE

    def close(self) -> None:
        self._note("close")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.error:
            raise self.error

    def __enter__(self) -> FakeSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


def test_a_clean_connection_is_left_alone() -> None:
    session = FakeSession()
    assert sessions.reset(session) is True
    assert session.calls == []


@pytest.mark.parametrize(
    "left_behind",
    [
        {"transaction": TRANSACTION_STATUS_INTRANS, "status": STATUS_BEGIN},
        {"transaction": TRANSACTION_STATUS_INERROR, "status": STATUS_BEGIN},
        {"status": STATUS_BEGIN},
        {"autocommit": True},
        {"isolation_level": 3},
        {"readonly": False},
        {"deferrable": True},
        {"cursor_factory": dict},
    ],
)
def test_what_was_left_behind_is_undone(left_behind: dict[str, Any]) -> None:
    session = FakeSession(**left_behind)
    assert sessions.reset(session) is True
    assert session.calls == ["rollback", "set_session"]
    assert session.cursor_factory is None


def test_a_transaction_that_psycopg2_does_not_know_is_ended() -> None:
    session = FakeSession(transaction=TRANSACTION_STATUS_INTRANS, autocommit=True, psycopg2_knows=False)
    assert sessions.reset(session) is True
    assert session.calls == ["rollback", "ROLLBACK", "set_session"]


@pytest.mark.parametrize("status", [TRANSACTION_STATUS_ACTIVE, TRANSACTION_STATUS_UNKNOWN])
def test_a_busy_or_broken_connection_is_given_up(status: int) -> None:
    session = FakeSession(transaction=status)
    assert sessions.reset(session) is False
    assert session.calls == []


@pytest.mark.parametrize(
    "error", [psycopg2.OperationalError("gone"), psycopg2.InterfaceError("closed"), psycopg2.ProgrammingError("2PC")]
)
def test_an_error_gives_the_connection_up(error: psycopg2.Error) -> None:
    session = FakeSession(status=STATUS_PREPARED, error=error)
    assert sessions.reset(session) is False


def test_close_swallows_errors() -> None:
    session = FakeSession(error=psycopg2.InterfaceError("connection already closed"))
    sessions.close(session)
    assert session.calls == ["close"]


class Recorder:
    """Stands in for an endpoint."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def shut_down(self) -> None:
        self.calls.append("shut down")


@pytest.mark.parametrize("status", [TRANSACTION_STATUS_ACTIVE, TRANSACTION_STATUS_UNKNOWN])
def test_close_shuts_a_busy_socket_down_first(status: int) -> None:
    session = FakeSession(transaction=status)
    session.endpoint = Recorder(session.calls)  # type: ignore[attr-defined]
    sessions.close(session)
    assert session.calls == ["shut down", "close"]


def test_close_takes_leave_where_it_can() -> None:
    session = FakeSession(transaction=TRANSACTION_STATUS_INTRANS)
    session.endpoint = Recorder(session.calls)  # type: ignore[attr-defined]
    sessions.close(session)
    assert session.calls == ["close"]


def test_abort_says_when_it_cannot() -> None:
    assert sessions.abort(FakeSession()) is False


def test_a_closed_connection_fails_the_check() -> None:
    assert sessions.check(FakeSession(closed=1)) is False
