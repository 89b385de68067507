"""The driver proves itself, as far as that needs no server."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from failoverkit import ErrorKind, Host
from failoverkit.testing import DriverContract


class TestContract(DriverContract):
    @pytest.fixture
    def driver(self) -> str:
        return "sqlite"

    @pytest.fixture
    def closed_host(self, tmp_path: Path) -> Host:
        missing = str(tmp_path / "missing.db")
        return Host(missing, missing)

    @pytest.fixture
    def deaf_host(self) -> None:
        return None

    @pytest.fixture
    def sample_errors(self, tmp_path: Path) -> Mapping[ErrorKind, Sequence[BaseException]]:
        return {
            ErrorKind.HOST_UNREACHABLE: [open_missing_file(tmp_path), read_what_is_no_database(tmp_path)],
            ErrorKind.CONNECTION_LOST: [interrupt()],
            ErrorKind.RETRYABLE: [write_while_another_writes(tmp_path)],
            ErrorKind.OTHER: [run("SELECT nonsense")],
        }

    @pytest.fixture
    def unknown_kinds(self) -> frozenset[ErrorKind]:
        return frozenset(
            {
                ErrorKind.BUSY,
                ErrorKind.OUTCOME_UNKNOWN,
                ErrorKind.REFUSED,
                ErrorKind.ROLE_CHANGED,
                ErrorKind.TIMEOUT,
            }
        )


def raised(action: Callable[[], object]) -> BaseException:
    with pytest.raises(sqlite3.Error) as caught:
        action()
    return caught.value


def open_missing_file(folder: Path) -> BaseException:
    return raised(lambda: sqlite3.connect(f"file:{folder}/missing.db?mode=rw", uri=True))


def read_what_is_no_database(folder: Path) -> BaseException:
    file = folder / "text.db"
    file.write_text("this is no database, and long enough to be taken for one" * 20)
    with closing(sqlite3.connect(file)) as connection:
        return raised(lambda: connection.execute("SELECT * FROM anything"))


def interrupt() -> BaseException:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.create_function("interrupt", 0, connection.interrupt)
        endless = "WITH RECURSIVE n(x) AS (SELECT interrupt() UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n"
        return raised(lambda: connection.execute(endless).fetchall())


def write_while_another_writes(folder: Path) -> BaseException:
    file = folder / "shared.db"
    with closing(sqlite3.connect(file)) as one, closing(sqlite3.connect(file, timeout=0)) as other:
        one.execute("BEGIN IMMEDIATE")
        return raised(lambda: other.execute("BEGIN IMMEDIATE"))


def run(statement: str) -> BaseException:
    with closing(sqlite3.connect(":memory:")) as connection:
        return raised(lambda: connection.execute(statement))
