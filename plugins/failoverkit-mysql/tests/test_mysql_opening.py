"""The deadline of a connect, with a connection that is told when to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pymysql.err
import pytest
from failoverkit_mysql import opening
from failoverkit_mysql.error_kinds import kind_of

from failoverkit.model import ErrorKind

PATIENCE = 10.0


class FakeConnection:
    """Stands in for ``Connection``; open and settled until it is closed."""

    settled = True
    _result = None
    _sock = None
    endpoint = None

    def __init__(self) -> None:
        self.open = False
        self.closed = threading.Event()

    def _force_close(self) -> None:
        self.closed.set()


Make = Callable[[Callable[..., Any]], None]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    return lambda maker: monkeypatch.setattr(opening, "Connection", maker)


def test_every_timeout_of_the_driver_is_set_until_it_is_logged_in(make: Make) -> None:
    given: dict[str, Any] = {}
    connection = FakeConnection()
    make(lambda **parameters: given.update(parameters) or connection)
    opened: object = opening.open_within(3.0, {"user": "app"}, "db1")
    assert opened is connection
    assert given == {"user": "app", "connect_timeout": 3.0, "read_timeout": 3.0, "write_timeout": 3.0}


def test_comes_back_at_the_deadline_and_closes_what_comes_late(make: Make) -> None:
    go, late = threading.Event(), FakeConnection()
    make(lambda **_: go.wait(PATIENCE) and late)
    with pytest.raises(pymysql.err.OperationalError, match=r"server on 'db1' \(timed out after 0\.02 s\)") as caught:
        opening.open_within(0.02, {"password": b"s3cret"}, "db1")
    assert kind_of(caught.value) is ErrorKind.TIMEOUT
    assert not late.closed.is_set()
    go.set()
    assert late.closed.wait(PATIENCE)


def test_a_package_that_is_missing_for_the_login_is_said_by_the_drivers_own_error(make: Make) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("'cryptography' package is required for caching_sha2_password auth methods")

    make(fail)
    with pytest.raises(pymysql.err.OperationalError, match="'cryptography' package is required") as caught:
        opening.open_within(PATIENCE, {}, "db1")
    assert kind_of(caught.value) is ErrorKind.REFUSED
