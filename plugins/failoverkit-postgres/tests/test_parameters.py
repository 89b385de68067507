"""From settings to libpq's parameters, and what is said against wrong ones."""

from __future__ import annotations

import socket
from dataclasses import replace

import psycopg2
import psycopg2.extensions
import pytest
from failoverkit_postgres.parameter_tables import ALWAYS, DEFAULTS, INSTEAD, NAMES
from failoverkit_postgres.parameters import parameters_of, problems_of

from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing import Background

HOST = Host("db1", "10.0.0.1", 5433)
SETTINGS = Settings(
    driver="postgresql", hosts=(HOST,), database="orders", user="app", password=Secret("hunter2"), extensions=False
)


def with_options(**options: str) -> Settings:
    return replace(SETTINGS, options=options)


def test_says_where_who_and_what() -> None:
    parameters = parameters_of(HOST, SETTINGS)
    given = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname")}
    assert given == {"host": "10.0.0.1", "port": 5433, "user": "app", "password": "hunter2", "dbname": "orders"}


def test_leaves_out_what_is_not_known() -> None:
    bare = Settings(driver="postgresql", hosts=(Host("db1", "db1"),))
    assert not {"port", "user", "password", "dbname"} & set(parameters_of(bare.hosts[0], bare))


def test_options_of_the_host_go_over_those_of_the_pool() -> None:
    host = replace(HOST, options={"sslmode": "verify-full", "user": "other"})
    parameters = parameters_of(host, with_options(sslmode="require", application_name="shop"))
    assert (parameters["sslmode"], parameters["application_name"]) == ("verify-full", "shop")
    assert parameters["user"] == "other"


def test_defaults_give_way_to_options() -> None:
    assert parameters_of(HOST, SETTINGS)["keepalives_idle"] == 5
    assert parameters_of(HOST, with_options(keepalives_idle="30"))["keepalives_idle"] == "30"


def _hang_up(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    connection.close()


def test_the_environment_cannot_send_a_host_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq looks up in the environment what it is not told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = Host("here", *listener.getsockname())
        monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
        monkeypatch.setenv("PGTARGETSESSIONATTRS", "nonsense")
        hanging_up = Background(lambda: _hang_up(listener))
        with pytest.raises(psycopg2.OperationalError, match=r"closed the connection|reset by peer"):
            psycopg2.connect(**parameters_of(host, SETTINGS), connect_timeout=5)
        hanging_up.result()


def test_libpq_knows_all_that_is_sent_by_default() -> None:
    dsn = psycopg2.extensions.make_dsn(**parameters_of(HOST, SETTINGS))
    assert set(DEFAULTS) | set(ALWAYS) <= set(psycopg2.extensions.parse_dsn(dsn))


def test_good_settings_have_no_problem() -> None:
    host = replace(HOST, options={"sslmode": "verify-full", "sslrootcert": "system"})
    good = with_options(application_name="shop", options="-c statement_timeout=5s", keepalives="1", sslmode="require")
    assert problems_of(replace(good, hosts=(host, Host("db2", "::1"), Host("local", "/run/postgresql")))) == []


@pytest.mark.parametrize("name", sorted(INSTEAD))
def test_options_that_fight_the_pool(name: str) -> None:
    assert problems_of(with_options(**{name: "1"})) == [f"options.{name}: not allowed here: {INSTEAD[name]}"]


def test_connect_timeout_is_told_its_key() -> None:
    assert "pool.connect_timeout" in problems_of(with_options(connect_timeout="3"))[0]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sslmod", "sslmode"),
        ("ssl-mode", "sslmode"),
        ("aplication_name", "application_name"),
        ("tcp_user_timeot", "tcp_user_timeout"),
    ],
)
def test_misspelt_option(name: str, nearest: str) -> None:
    assert problems_of(with_options(**{name: "1"})) == [
        f"options.{name}: libpq knows no such parameter; did you mean {nearest!r}?"
    ]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "dsn", "async", "async_", "connection_factory", "a\0b", "\udc80", "x" * 999, "ü"]
)
def test_no_option_of_libpq(name: str) -> None:
    assert problems_of(with_options(**{name: "1"})) == [f"options.{name}: libpq knows no such parameter"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sslmode", "on", "invalid sslmode value"),
        ("sslmode", "", "invalid sslmode value"),
        ("gssencmode", "maybe", "invalid gssencmode value"),
        ("channel_binding", "never", "invalid channel_binding value"),
        ("keepalives_idle", "soon", "not a whole number"),
        ("tcp_user_timeout", "-1", "not a whole number"),
        ("keepalives", "1.5", "not a whole number"),
        ("application_name", "a\0b", "null character"),
        ("application_name", "\udc80", "surrogates not allowed"),
    ],
)
def test_wrong_value(name: str, value: str, said: str) -> None:
    (problem,) = problems_of(with_options(**{name: value}))
    assert problem.startswith(f"options.{name}: ")
    assert said in problem


def test_options_that_do_not_go_together() -> None:
    settings = replace(with_options(sslrootcert="system", sslmode="prefer"), hosts=(HOST, Host("db2", "10.0.0.2")))
    (problem,) = problems_of(settings)
    assert problem.startswith("options: weak sslmode")


def test_every_problem_is_told_with_its_place() -> None:
    hosts = (replace(HOST, options={"sslmode": "on"}), Host("b", "db2,db3"), Host("c", "db4", options={"port": "1"}))
    places = [problem.split(": ")[0] for problem in problems_of(replace(with_options(nonsense="1"), hosts=hosts))]
    assert places == ["options.nonsense", "hosts[0].options.sslmode", "hosts[1].address", "hosts[2].options.port"]


@pytest.mark.parametrize(
    "options",
    [
        {"password": "s3cret\0"},
        {"passwrd": "s3cret"},
        {"sslpassword": "s3cret\0"},
        {"sslmode": "on", "password": "s3cret"},
    ],
)
def test_no_secret_in_problems(options: dict[str, str]) -> None:
    problems = problems_of(with_options(**options))
    assert problems
    assert "s3cret" not in " ".join(problems)
    assert "hunter2" not in " ".join(problems)


def test_the_environment_is_no_problem_of_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "no-such-service")
    assert problems_of(with_options(application_name="shop")) == []


def test_names_to_suggest_are_those_of_libpq() -> None:
    known = {name for name in NAMES if "knows no such" not in " ".join(problems_of(with_options(**{name: "1"})))}
    not_in_every_version = {
        "gssdelegation", "load_balance_hosts", "max_protocol_version", "min_protocol_version", "require_auth",
        "scram_client_key", "scram_server_key", "sslcertmode", "sslkeylogfile", "sslnegotiation",
    }  # fmt: skip
    assert set(NAMES) - known <= not_in_every_version
