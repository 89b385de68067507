"""The contract that every driver of failoverkit keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pymysql.err
import pytest

from failoverkit.model import ErrorKind
from failoverkit.testing import DriverContract


class TestMySQLContract(DriverContract):
    @pytest.fixture(params=["mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"])
    def driver(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def bad_options(self) -> Mapping[str, str]:
        return {
            "ssl_cа": "/ca.pem",  # noqa: RUF001 - a letter that only looks right
            "read_timeout": "5",
            "ssl_verify_cert": "perhaps",
            "ssl_ca": "/no/such/file",
            "charset": "utf7",
            "max_allowed_packet": "16M",
            "multi_writer": "maybe",
        }

    @pytest.fixture
    def sample_errors(self) -> Mapping[ErrorKind, Sequence[BaseException]]:
        return {
            ErrorKind.CONNECTION_LOST: [
                pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query"),
                pymysql.err.InterfaceError(0, ""),
                pymysql.err.Error("Already closed"),
                pymysql.err.OperationalError(1053, "Server shutdown in progress"),
            ],
            ErrorKind.HOST_UNREACHABLE: [pymysql.err.OperationalError(2003, "Can't connect to MySQL server")],
            ErrorKind.ROLE_CHANGED: [
                pymysql.err.OperationalError(1290, "The MariaDB server is running with the --read-only option"),
                pymysql.err.OperationalError(1836, "Running in read-only mode"),
            ],
            ErrorKind.RETRYABLE: [pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock")],
            ErrorKind.BUSY: [pymysql.err.OperationalError(1040, "Too many connections")],
            ErrorKind.REFUSED: [pymysql.err.OperationalError(1045, "Access denied for user 'x'@'y'")],
            ErrorKind.OUTCOME_UNKNOWN: [pymysql.err.OperationalError(1180, "Got error 5 during COMMIT")],
            ErrorKind.TIMEOUT: [
                pymysql.err.OperationalError(2003, "Can't connect to MySQL server on 'h' (timed out)"),
                pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query (timed out)"),
            ],
            ErrorKind.OTHER: [
                pymysql.err.IntegrityError(1062, "Duplicate entry"),
                pymysql.err.ProgrammingError("execute() first"),
            ],
        }
