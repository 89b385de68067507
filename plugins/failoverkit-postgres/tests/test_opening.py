"""The deadline of a connect, with a psycopg2 that is told when to come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2
import pytest
from failoverkit_postgres.opening import open_within

from failoverkit.testing import Background

PATIENCE = 10.0


class LateConnection:
    """A connection that tells when it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def close(self) -> None:
        self.closed.set()


class FakeConnect:
    """Stands in for ``psycopg2.connect``; comes back when ``go`` is set."""

    def __init__(self, outcome: Callable[[], Any]) -> None:
        self.go = threading.Event()
        self.parameters: dict[str, Any] = {}
        self.finished = threading.Event()
        self._outcome = outcome

    def __call__(self, **parameters: Any) -> Any:
        self.parameters = parameters
        try:
            assert self.go.wait(PATIENCE)
            return self._outcome()
        finally:
            self.finished.set()


@pytest.fixture
def replace_connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], FakeConnect]:
    def replace(outcome: Callable[[], Any]) -> FakeConnect:
        fake = FakeConnect(outcome)
        monkeypatch.setattr(psycopg2, "connect", fake)
        return fake

    return replace


Replace = Callable[[Callable[[], Any]], FakeConnect]


def fail() -> None:
    raise psycopg2.OperationalError("connection to server failed: Connection refused")


def test_returns_the_connection(replace_connect: Replace) -> None:
    connection = LateConnection()
    replace_connect(lambda: connection).go.set()
    opened: object = open_within(PATIENCE, {}, "db1")
    assert opened is connection
    assert not connection.closed.is_set()


def test_raises_the_drivers_error(replace_connect: Replace) -> None:
    replace_connect(fail).go.set()
    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        open_within(PATIENCE, {}, "db1")


def test_comes_back_at_the_deadline_and_closes_what_comes_late(replace_connect: Replace) -> None:
    connection = LateConnection()
    fake = replace_connect(lambda: connection)
    with pytest.raises(psycopg2.OperationalError, match=r"server at db1 failed: timeout expired after 0\.02 s"):
        open_within(0.02, {}, "db1")
    assert not connection.closed.is_set()
    fake.go.set()
    assert connection.closed.wait(PATIENCE)


def test_a_failure_that_comes_late_is_nobodys(replace_connect: Replace, caplog: pytest.LogCaptureFixture) -> None:
    fake = replace_connect(fail)
    attempt = Background(lambda: open_within(0.02, {}, "db1"))
    assert "timeout expired" in str(attempt.error())
    openers = [thread for thread in threading.enumerate() if thread.name == "failoverkit-open-db1"]
    fake.go.set()
    for thread in openers:
        thread.join(PATIENCE)
    assert [thread.is_alive() for thread in openers] == [False]
    assert caplog.records == []


@pytest.mark.parametrize(("timeout", "seconds"), [(0.0, 1), (0.01, 1), (1.0, 1), (1.01, 2), (3.0, 3)])
def test_libpq_gives_up_soon_after(replace_connect: Replace, timeout: float, seconds: int) -> None:
    """What is left behind at the deadline must end by itself."""
    fake = replace_connect(LateConnection)
    fake.go.set()
    with suppress(psycopg2.OperationalError):
        open_within(timeout, {"connect_timeout": 99}, "db1")
    assert fake.finished.wait(PATIENCE)
    assert fake.parameters["connect_timeout"] == seconds
