"""The defaults for any PEP 249 driver."""

from __future__ import annotations

import errno
import logging
import socket

import pytest

from failoverkit import dbapi
from failoverkit.events import (
    ConnectionLeaked,
    ForeignHost,
    HostHealthChanged,
    HostProblem,
    HostQuarantined,
    Paused,
    SplitBrain,
    StalePrimary,
    StateChanged,
)
from failoverkit.model import Candidate, ErrorKind, Health, Report, Role, State


class Connection:
    """A connection that notes what was called, and raises when told to."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.calls: list[str] = []

    def rollback(self) -> None:
        self._note("rollback")

    def close(self) -> None:
        self._note("close")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.broken:
            raise ConnectionResetError("the server is gone")


def os_error(number: int) -> OSError:
    return OSError(number, "as the system says it")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), ErrorKind.TIMEOUT),
        (os_error(errno.ETIMEDOUT), ErrorKind.TIMEOUT),
        (ConnectionRefusedError(), ErrorKind.HOST_UNREACHABLE),
        (socket.gaierror(-2, "Name or service not known"), ErrorKind.HOST_UNREACHABLE),
        (os_error(errno.EHOSTUNREACH), ErrorKind.HOST_UNREACHABLE),
        (os_error(errno.ENETUNREACH), ErrorKind.HOST_UNREACHABLE),
        (ConnectionResetError(), ErrorKind.CONNECTION_LOST),
        (BrokenPipeError(), ErrorKind.CONNECTION_LOST),
        (ConnectionAbortedError(), ErrorKind.CONNECTION_LOST),
        (os_error(errno.ENOTCONN), ErrorKind.CONNECTION_LOST),
        (FileNotFoundError("a file of the caller's"), ErrorKind.OTHER),
        (os_error(errno.ENOSPC), ErrorKind.OTHER),
        (ValueError("no host's fault"), ErrorKind.OTHER),
        (KeyboardInterrupt(), ErrorKind.OTHER),
    ],
    ids=repr,
)
def test_kind_of_an_error(error, kind):
    assert dbapi.failoverkit_classify_error(error) is kind


@pytest.mark.parametrize("broken", [False, True])
def test_reset_rolls_back(broken):
    connection = Connection(broken)
    assert dbapi.failoverkit_reset(connection) is not broken
    assert connection.calls == ["rollback"]


@pytest.mark.parametrize("broken", [False, True])
def test_check_rolls_back(broken):
    connection = Connection(broken)
    assert dbapi.failoverkit_check(connection, 1.0) is not broken
    assert connection.calls == ["rollback"]


@pytest.mark.parametrize("broken", [False, True])
def test_close_never_raises(broken):
    connection = Connection(broken)
    assert dbapi.failoverkit_close(connection) is True
    assert connection.calls == ["close"]


def test_what_no_pep_249_driver_can_tell():
    connection = Connection()
    assert dbapi.failoverkit_role(connection) is Role.UNKNOWN
    assert dbapi.failoverkit_probe(connection, 1.0) == Report()
    assert dbapi.failoverkit_abort(connection) is False
    assert connection.calls == []


def test_settings_are_neither_judged_nor_changed():
    settings = object()
    assert dbapi.failoverkit_credentials(settings) is settings
    assert list(dbapi.failoverkit_check_settings(object())) == []


def test_ranks_by_priority_then_place():
    candidates = [
        Candidate("last", Role.STANDBY, 2, 0),
        Candidate("second", Role.STANDBY, 1, 2),
        Candidate("first", Role.STANDBY, 1, 1),
    ]
    assert [one.name for one in dbapi.failoverkit_rank_hosts(candidates)] == ["first", "second", "last"]


def test_event_becomes_one_record(caplog):
    caplog.set_level(logging.INFO, "failoverkit.events")
    event = StateChanged("orders", 7.0, State.HEALTHY, State.DEGRADED, "HOST_IMPAIRED", "db2 is down")
    dbapi.failoverkit_on_event(event)
    [record] = caplog.records
    assert record.name == "failoverkit.events"
    assert record.message == (
        "StateChanged pool=orders previous=healthy state=degraded signal=HOST_IMPAIRED reason=db2 is down"
    )
    assert record.event is event


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (Paused("p", 0.0), logging.INFO),
        (HostHealthChanged("p", 0.0, "a", Health.UP, Health.DOWN, "refused"), logging.INFO),
        (StalePrimary("p", 0.0, "a", 1, 2), logging.WARNING),
        (SplitBrain("p", 0.0, ("a", "b"), "a"), logging.WARNING),
        (HostQuarantined("p", 0.0, "a", "left while primary"), logging.WARNING),
        (ForeignHost("p", 0.0, "a", "x", "y"), logging.WARNING),
        (HostProblem("p", 0.0, "a", "wrong password"), logging.WARNING),
        (ConnectionLeaked("p", 0.0, "a", 60.0, "File ..."), logging.WARNING),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_level_of_an_event(caplog, event, level):
    caplog.set_level(logging.INFO, "failoverkit.events")
    dbapi.failoverkit_on_event(event)
    assert [record.levelno for record in caplog.records] == [level]


def test_silenced_logger_costs_no_text(caplog, monkeypatch):
    caplog.set_level(logging.ERROR, "failoverkit.events")
    monkeypatch.setattr(dbapi, "_fields", lambda event: pytest.fail("the text was made in vain"))
    dbapi.failoverkit_on_event(Paused("p", 0.0))
    assert caplog.records == []
