"""From settings to PyMySQL's parameters, and what is wrong with them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import pymysql.connections
import pytest
from failoverkit_mysql.parameter_tables import INSTEAD, OPTIONS
from failoverkit_mysql.parameters import parameters_of, problems_of

from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import Settings


def settings(options: Mapping[str, str] | None = None, *hosts: Host, phrase: str = "s3cret") -> Settings:
    return Settings(
        driver="mysql",
        hosts=hosts or (Host("db1:3307", "db1", 3307),),
        database="orders",
        user="app",
        password=Secret(phrase),
        options=options or {},
    )


def parameters(options: Mapping[str, str] | None = None, host: Host | None = None) -> dict[str, object]:
    given = settings(options, *([host] if host else []))
    return parameters_of(given.hosts[0], given)


def test_where_and_who() -> None:
    assert parameters() == {
        "host": "db1", "port": 3307, "user": "app", "password": b"s3cret", "database": "orders",
        "program_name": "failoverkit", "charset": "utf8mb4",
    }  # fmt: skip


def test_the_servers_own_port_is_the_default() -> None:
    assert parameters(host=Host("db1", "db1"))["port"] == 3306


def test_what_is_not_given_is_left_to_the_driver() -> None:
    bare = Settings(driver="mysql", hosts=(Host("db1", "db1"),))
    assert set(parameters_of(bare.hosts[0], bare)) == {"host", "port", "program_name", "charset"}


def test_a_path_is_a_unix_socket() -> None:
    found = parameters(host=Host("local", "/run/mysqld/mysqld.sock"))
    assert found["unix_socket"] == "/run/mysqld/mysqld.sock"
    assert "host" not in found


def test_a_password_is_sent_as_it_was_written() -> None:
    given = settings(phrase="пароль")
    assert parameters_of(given.hosts[0], given)["password"] == "пароль".encode()


def test_options_are_read_and_a_hosts_own_go_first() -> None:
    host = Host("db1", "db1", options={"ssl_disabled": "no", "program_name": "mine"})
    found = parameters({"ssl_disabled": "yes", "local_infile": "1", "max_allowed_packet": "1024"}, host)
    assert (found["ssl_disabled"], found["program_name"]) == (False, "mine")
    assert (found["local_infile"], found["max_allowed_packet"]) == (True, 1024)


def test_every_option_but_ours_is_one_of_pymysql() -> None:
    known = set(inspect.signature(pymysql.connections.Connection.__init__).parameters)
    assert set(OPTIONS) - known == {"multi_writer"}
    assert known - set(OPTIONS) - set(INSTEAD) - {"self"} <= {
        "auth_plugin_map", "binary_prefix", "client_flag", "compress", "conv", "named_pipe", "server_public_key",
        "use_unicode",
    }, "PyMySQL has a parameter that nobody thought of"  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ssl_caa": "x"}, "options.ssl_caa: there is no such option; did you mean 'ssl_ca'?"),
        ({"qwertz": "x"}, "options.qwertz: there is no such option"),
        ({"read_timeout": "3"}, "options.read_timeout: not allowed here: it would cut honest long queries"),
        ({"connect_timeout": "3"}, "options.connect_timeout: not allowed here: use pool.connect_timeout"),
        ({"ssl_disabled": "perhaps"}, "options.ssl_disabled: 'perhaps' is neither true nor false"),
        ({"ssl_ca": "/nowhere"}, "options.ssl_ca: '/nowhere' is not a file"),
        ({"max_allowed_packet": "0"}, "options.max_allowed_packet: '0' is not a whole number above 0"),
        ({"charset": "klingon"}, "options.charset: 'klingon' is not a character set that PyMySQL knows"),
        ({"ssl_verify_identity": "true"}, "options.ssl_verify_identity: needs ssl_ca beside it"),
        ({"ssl_cert": __file__}, "options.ssl_cert: needs ssl_key beside it"),
        ({"ssl_ca": __file__, "ssl_disabled": "true"}, "options.ssl_ca: contradicts ssl_disabled"),
    ],
)
def test_problems(options: Mapping[str, str], expected: str) -> None:
    (problem,) = problems_of(settings(options))
    assert problem.startswith(expected)


def test_good_options_are_no_problem(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    good = {"ssl_ca": str(authority), "ssl_verify_identity": "true", "charset": "latin1", "ssl_key_password": ""}
    assert problems_of(settings(good)) == []


def test_problems_of_one_host_name_it() -> None:
    hosts = (Host("a", "a"), Host("b", "b", options={"sql_mod": "ANSI"}))
    assert problems_of(settings({}, *hosts)) == [
        "hosts[1].options.sql_mod: there is no such option; did you mean 'sql_mode'?"
    ]


def test_one_socket_for_several_hosts_is_a_problem() -> None:
    hosts = (Host("a", "a"), Host("b", "b"))
    (problem,) = problems_of(settings({"unix_socket": "/run/mysqld.sock"}, *hosts))
    assert problem.startswith("options.unix_socket: would send every host to one server")
    assert problems_of(settings({"unix_socket": "/run/mysqld.sock"})) == []
