"""Bad input, each with its one clear error. Most of the table is in ``hostile.toml``."""

from __future__ import annotations

import pickle
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverkit.config import load
from failoverkit.errors import ConfigError
from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

URL = "postgresql://db1/orders"
TABLES: dict[str, list[dict[str, Any]]] = tomllib.loads((Path(__file__).parent / "hostile.toml").read_text())


def cases(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in TABLES[kind]]


def long(text: str) -> str:
    return text.replace("{nines}", "9" * 5000).replace("{brackets}", "[" * 5000)


def problems_of(build: Callable[[], Settings]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        build()
    return list(caught.value.problems)


@pytest.mark.parametrize("case", cases("url"))
def test_bad_url(case):
    assert problems_of(lambda: load(long(case["url"]), environ={})) == case["problems"]


@pytest.mark.parametrize("case", cases("file"))
def test_bad_toml_file(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pools.toml").write_text(long(case["text"]))
    assert problems_of(lambda: load("pools.toml", environ={})) == case["problems"]


@pytest.mark.parametrize("case", cases("environment"))
def test_bad_environment(case):
    assert problems_of(lambda: load(environ=case["variables"])) == case["problems"]


def test_bytes_in_the_environment_that_are_not_utf8():
    variables = {"FAILOVERKIT_URL": URL, "FAILOVERKIT_PASSWORD": b"hunter\xff".decode(errors="surrogateescape")}
    assert problems_of(lambda: load(environ=variables)) == [
        "FAILOVERKIT_PASSWORD: is not valid text: some of its bytes are not UTF-8"
    ]


TOO_MANY_KEPT = (
    "min_size: 20 is more than pool.max_size, which is 10 (the default); pool.min_size may be at most pool.max_size"
)
NUMBER = "expected a whole number from 1 to 1000000"


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"name": 5}, "name: expected text, got a number"),
        ({"name": "a\nb"}, r"name: 'a\nb' has blanks around it or characters that cannot be printed"),
        ({"colour": "red"}, "colour: unknown keyword 'colour'; none of ours is like it"),
        ({"max_szie": 5}, "max_szie: unknown keyword 'max_szie'; did you mean max_size?"),
        ({"pool.max_size": 5}, "'pool.max_size': unknown keyword 'pool.max_size'; did you mean max_size?"),
        ({"a\nb": 5}, r"'a\nb': unknown keyword 'a\nb'; none of ours is like it"),
        ({"pool": {"max_size": 5}}, "pool: unknown keyword 'pool'; none of ours is like it"),
        ({"max_size": "20"}, f"max_size: {NUMBER}, got '20'"),
        ({"max_size": True}, f"max_size: {NUMBER}, got true"),
        ({"max_size": None}, f"max_size: {NUMBER}, got None"),
        ({"max_size": object()}, f"max_size: {NUMBER}, got a value of type object"),
        ({"max_size": 10**5000}, f"max_size: {NUMBER}, got a huge number"),
        ({"hold": 10**400}, "hold: expected seconds as a number from 0 to 2000000, got a huge number"),
        ({"hold": float("nan")}, "hold: expected seconds as a number from 0 to 2000000, got nan"),
        ({"failback": True}, "failback: expected automatic, manual or never, got true"),
        ({"password": 12345}, "password: expected text, got a number"),
        ({"password": b"hunter2"}, "password: expected text, got a value of type bytes"),
        ({"password": Secret("")}, "password: is empty; write a value or leave it out"),
        ({"options": "sslmode"}, "options: expected a table, got 'sslmode'"),
        ({"options": {1: "require"}}, "options: expected names that are texts, got 1"),
        (
            {"options": {"n": 10**400}},
            "options.n: is a huge number; write it as text if the driver really takes it",
        ),
        ({"hosts": "db1,db2"}, "hosts: expected a list of hosts, got 'db1,db2'"),
        ({"hosts": ["app:hunter2@db1"]}, "hosts[0]: holds an '@'; user and password are no part of a host"),
        ({"hosts": [Host(name="a", address="::zz")]}, "hosts[0].address: '::zz' is not an IPv6 address"),
        (
            {"hosts": [Host(name="a", address="db1", options=5)]},  # type: ignore[arg-type]
            "hosts[0]: expected a table, got 5",
        ),
        (
            {"min_size": 20},
            TOO_MANY_KEPT,
        ),
    ],
)
def test_bad_keyword(keywords, problem):
    assert problems_of(lambda: load(URL, environ={}, **keywords)) == [problem]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (5, "source: expected a URL, the path of a TOML file, Settings or None, got 5"),
        (
            URL.encode(),
            "source: expected a URL, the path of a TOML file, Settings or None, got a value of type bytes",
        ),
        ("", "source: is empty; write a value or leave it out"),
        ("missing.toml", "source: 'missing.toml': no such file (a URL would have '://')"),
        ("host=db1 password=hunter2", "source: '***': no such file (a URL would have '://')"),
        ("postgresql:/app:hunter2/orders", "source: '***': no such file (a URL would have '://')"),
        ("pools\0.toml", "source: holds a NUL character"),
        (Path("pools\0.toml"), r"source: 'pools\x00.toml': no file can have this name"),
        (Path("/dev/null"), "source: '/dev/null': not a regular file"),
        ("x" * 300, f"source: '{'x' * 60}'…: the file cannot be read: File name too long"),
    ],
)
def test_bad_source(source, problem):
    assert problems_of(lambda: load(source, environ={})) == [problem]


def test_a_file_that_is_not_utf8(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pools.toml").write_bytes(b"[pools.orders]\nuser = '\xff'\n")
    assert problems_of(lambda: load("pools.toml", environ={})) == [
        "source: 'pools.toml': the file is not UTF-8: byte 23 is wrong"
    ]


def test_a_file_larger_than_any_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pools.toml").write_bytes(b"#" * (1 << 20) + b"\n")
    assert problems_of(lambda: load("pools.toml", environ={})) == [
        "source: 'pools.toml': the file is larger than 1048576 bytes"
    ]


def test_nothing_is_reported_twice_and_every_place_at_once(toml_file):
    path = toml_file(
        """
        [pools.orders]
        url = "postgresql://db1:0/orders?pool.max_szie=1"
        [pools.orders.pool]
        min_size = -1
        """
    )
    variables = {"FAILOVERKIT_POOL_RESET": "hard", "FAILOVERKIT_HOLD": "1"}
    assert problems_of(lambda: load(path, environ=variables, drain="soon")) == [
        "drain: expected seconds as a number from 0 to 2000000, got 'soon'",
        "pools.orders.pool.min_size: expected a whole number from 0 to 1000000, got -1",
        "pools.orders.url: pool.max_szie: unknown key 'pool.max_szie'; did you mean pool.max_size?",
        "pools.orders.url: host 1: expected a port, a whole number from 1 to 65535, got '0'",
        "FAILOVERKIT_HOLD: unknown variable 'FAILOVERKIT_HOLD'; did you mean FAILOVERKIT_FAILOVER_HOLD?",
        "FAILOVERKIT_POOL_RESET: expected transaction, got 'hard'",
    ]


def test_a_value_that_is_wrong_is_not_reported_again_as_a_contradiction():
    assert problems_of(lambda: load("x://db1?pool.min_size=20&pool.max_size=many", environ={})) == [
        "url: pool.max_size: expected a whole number from 1 to 1000000, got 'many'"
    ]


def test_the_error_survives_pickling():
    error = ConfigError(["max_size: wrong", "hold: wrong"])
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (copy.problems, str(copy)) == (error.problems, "max_size: wrong\nhold: wrong")
