"""Each example does what it says, without a server."""

from __future__ import annotations

import os
import runpy
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from failoverkit import Candidate, FailoverPool, Host, Role, Selection, Settings, Target
from failoverkit.plugins import load
from failoverkit.testing import FakeCluster

EXAMPLES = Path(__file__).parents[2] / "examples"

TESTED = {"sqlite-driver", "nearest-strategy", "rotate_password.py", "observe_events.py"}


def run(*arguments: str | Path, path: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.iterdir()} - {"README.md", "__pycache__"} == TESTED


class TestSqliteDriver:
    @pytest.fixture
    def files(self, tmp_path: Path) -> list[Path]:
        files = [tmp_path / "shop.db", tmp_path / "mirror.db"]
        for file in files:
            with closing(sqlite3.connect(file)) as connection, connection:
                connection.execute("CREATE TABLE sold (item TEXT)")
        return files

    def test_passes_the_contract(self, install_example):
        site = install_example("sqlite-driver")
        folder = EXAMPLES / "sqlite-driver"
        output = run("-m", "pytest", "-p", "no:cacheprovider", folder, path=f"{site}{os.pathsep}{folder}")
        assert "passed" in output
        assert "failed" not in output

    def test_moves_to_the_other_file(self, install_example, files):
        install_example("sqlite-driver")
        observer = runpy.run_path(str(EXAMPLES / "observe_events.py"))["TellWhenActiveChanges"](lambda _: None)
        url = "sqlite://" + ",".join(str(file).replace("/", "%2F") for file in files)
        with FailoverPool(url, extensions=[observer], probe_interval=0.05) as pool:
            sell(pool, "before")
            files[0].rename(files[0].with_suffix(".lost"))
            assert observer.wait_for(str(files[1]), timeout=10.0)
            sell(pool, "after")
        assert sold(files[0].with_suffix(".lost")) == ["before"]
        assert sold(files[1]) == ["after"]


def sell(pool: FailoverPool, item: str) -> None:
    with pool.connection() as connection:
        connection.execute("INSERT INTO sold VALUES (?)", (item,))


def sold(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [item for (item,) in connection.execute("SELECT item FROM sold")]


class TestNearestStrategy:
    ZONES: ClassVar = {"a": "east", "b": "west", "c": "east", "d": "west"}

    @pytest.fixture
    def settings(self, install_example, monkeypatch) -> Settings:
        monkeypatch.setenv("ZONE", "west")
        install_example("nearest-strategy")
        hosts = tuple(Host(name, name, tags=frozenset({zone})) for name, zone in self.ZONES.items())
        return Settings(driver="fake", hosts=hosts, database="none", strategy="nearest")

    @pytest.mark.parametrize(("ticket", "expected"), [(0, "b d a c"), (1, "d b c a"), (2, "b d a c")])
    def test_hosts_of_the_own_zone_take_turns(self, settings, ticket, expected):
        candidates = [
            Candidate(host.name, Role.STANDBY, 0, index, host.tags) for index, host in enumerate(settings.hosts)
        ]
        ranked = load(settings).rank_hosts(candidates, Selection(Target.STANDBY, ticket, (0.0, 0.0)))
        assert " ".join(candidate.name for candidate in ranked) == expected

    def test_pool_works_with_it(self, settings):
        cluster = FakeCluster(list(self.ZONES))
        with FailoverPool(replace(settings, database=cluster.name)) as pool, pool.connection("standby") as connection:
            assert connection.role is Role.STANDBY


class TestRotatePassword:
    def test_new_connections_use_the_password_of_the_day(self):
        rotate_password = runpy.run_path(str(EXAMPLES / "rotate_password.py"))["RotatePassword"]
        cluster = FakeCluster(["a"])
        cluster.password = "tuesday"
        url = f"fake://:monday@a/{cluster.name}"
        rotation = rotate_password(lambda: "tuesday")
        with FailoverPool(url, extensions=[rotation]) as pool, pool.connection() as connection:
            connection.cursor().execute("write x")
        assert cluster.values == ["x"]

    def test_runs(self):
        written = run(EXAMPLES / "rotate_password.py").splitlines()
        assert sorted(written) == [
            "opened on monday",
            "opened on monday, used on tuesday",
            "opened on tuesday",
        ]


class TestObserveEvents:
    def test_runs(self):
        told = run(EXAMPLES / "observe_events.py").splitlines()
        assert told[0].startswith("default: writes go to db1 (")
        assert told[-1].startswith("default: writes go to db2 (")

    def test_wait_ends_when_nothing_happens(self):
        observer = runpy.run_path(str(EXAMPLES / "observe_events.py"))["TellWhenActiveChanges"](print)
        assert observer.wait_for("db2", timeout=0.0) is False
