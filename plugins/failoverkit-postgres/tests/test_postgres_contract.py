"""The contract that every driver of failoverkit keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg2
import psycopg2.errors
import pytest
from failoverkit_postgres import hooks

from failoverkit.model import ErrorKind, Role
from failoverkit.testing import DriverContract


class TestPostgresContract(DriverContract):
    @pytest.fixture(params=["postgresql", "postgresql+psycopg2"])
    def driver(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def bad_options(self) -> Mapping[str, str]:
        return {"sslmod": "require", "sslmode": "on", "target_session_attrs": "primary", "keepalives_idle": "soon"}

    @pytest.fixture
    def sample_errors(self) -> Mapping[ErrorKind, Sequence[BaseException]]:
        return {
            ErrorKind.CONNECTION_LOST: [
                psycopg2.OperationalError("server closed the connection unexpectedly"),
                psycopg2.InterfaceError("connection already closed"),
                _coded(psycopg2.errors.AdminShutdown, "57P01"),
            ],
            ErrorKind.HOST_UNREACHABLE: [psycopg2.OperationalError("FATAL:  the database system is starting up")],
            ErrorKind.ROLE_CHANGED: [_coded(psycopg2.errors.ReadOnlySqlTransaction, "25006")],
            ErrorKind.RETRYABLE: [_coded(psycopg2.errors.DeadlockDetected, "40P01")],
            ErrorKind.BUSY: [psycopg2.OperationalError("FATAL:  sorry, too many clients already")],
            ErrorKind.REFUSED: [psycopg2.OperationalError('FATAL:  password authentication failed for user "x"')],
            ErrorKind.OUTCOME_UNKNOWN: [_coded(psycopg2.errors.TransactionResolutionUnknown, "08007")],
            ErrorKind.TIMEOUT: [psycopg2.OperationalError("timeout expired")],
            ErrorKind.OTHER: [
                _coded(psycopg2.errors.UniqueViolation, "23505"),
                psycopg2.ProgrammingError("no results to fetch"),
            ],
        }


def _coded(error_class: type[psycopg2.Error], code: str) -> psycopg2.Error:
    error = error_class("said by the server")
    error.__setstate__({"pgcode": code})  # type: ignore[no-untyped-call]
    return error


class Told:
    """A connection that was told this at connect."""

    def __init__(self, in_hot_standby: str | None) -> None:
        self.in_hot_standby = in_hot_standby

    def get_parameter_status(self, name: str) -> str | None:
        assert name == "in_hot_standby"
        return self.in_hot_standby


@pytest.mark.parametrize(
    ("in_hot_standby", "role"), [("on", Role.STANDBY), ("off", Role.PRIMARY), (None, Role.UNKNOWN)]
)
def test_role_without_a_round_trip(in_hot_standby: str | None, role: Role) -> None:
    assert hooks.failoverkit_role(Told(in_hot_standby)) is role
