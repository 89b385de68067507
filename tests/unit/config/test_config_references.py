from __future__ import annotations

import os
from pathlib import Path

import pytest

from failoverkit.config import load
from failoverkit.errors import ConfigError
from failoverkit.secrets import Secret, is_secret_name


def test_a_password_from_a_variable():
    assert load("x://app:env:DB_PASSWORD@db1", environ={"DB_PASSWORD": "pw"}).password == Secret("pw")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_from_a_file_without_its_last_line_end(ending, tmp_path):
    path = tmp_path / "password"
    path.write_bytes(f" p\nw {ending}".encode())
    assert load("x://db1", environ={}, password=f"file:{path}").password == Secret(" p\nw ")


def test_what_a_reference_finds_is_no_reference_again():
    assert load("x://db1", environ={"A": "file:/b"}, password="env:A").password == Secret("file:/b")


def test_a_secret_value_is_no_reference():
    assert load("x://db1", environ={}, password=Secret("env:A")).password == Secret("env:A")


def test_references_in_options_that_are_secret_and_only_there(toml_file):
    path = toml_file(
        """
        [pools.orders]
        url = "x://db1?sslpassword=env:A&application_name=env:A"
        [pools.orders.options]
        access_token = "env:B"
        """
    )
    settings = load(path, environ={"A": "one", "B": "two"})
    assert settings.options == {"sslpassword": "one", "application_name": "env:A", "access_token": "two"}


def test_references_in_the_options_of_a_host():
    hosts = [{"address": "db1", "options": {"sslpassword": "env:A"}}]
    assert load(environ={"A": "one"}, driver="x", hosts=hosts).hosts[0].options == {"sslpassword": "one"}


@pytest.mark.parametrize(
    "name",
    ["password", "sslpassword", "SSLPassword", "passwd", "PWD", "access_token", "client-secret", "api_key",
     "scram_client_key", "ssl_key_passphrase"],
)  # fmt: skip
def test_names_of_secrets(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["user", "sslkey", "passfile", "application_name", "keepalives", "sslcert"])
def test_names_of_what_is_no_secret(name):
    assert not is_secret_name(name)


def refusal(reference: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load("x://db1", environ={"EMPTY": ""}, password=reference)
    (problem,) = caught.value.problems
    return problem


def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert refusal(f"file:{path}").endswith(": not a regular file")


def test_an_empty_file(tmp_path, monkeypatch):
    path = tmp_path / "empty"
    path.write_text("\n")
    assert refusal(f"file:{path}").endswith(", which is empty; write a value or leave it out")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def deny(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret"
    path.write_text("hunter2")
    monkeypatch.setattr(Path, "open", deny)
    assert refusal(f"file:{path}").endswith(": the file cannot be read: Permission denied")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"hunter\xff")
    assert refusal(f"file:{path}").endswith(": the file is not UTF-8: byte 6 is wrong")


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("env:", "password: 'env:' needs the name of an environment variable, as in env:DB_PASSWORD"),
        ("env:a b", "password: 'env:' needs the name of an environment variable, as in env:DB_PASSWORD"),
        ("env:GONE", "password: refers to the environment variable GONE, which is not set"),
        (
            "env:EMPTY",
            "password: refers to the environment variable EMPTY, which is empty; write a value or leave it out",
        ),
        ("file:pw", "password: 'file:' needs an absolute path, as in file:/run/secrets/db_password"),
        ("file:/no/such", "password: refers to the file '/no/such': no such file"),
        ("file:/dev/zero", "password: refers to the file '/dev/zero': not a regular file"),
        ("file:/", "password: refers to the file '/': not a regular file"),
    ],
)
def test_references_that_lead_nowhere(reference, problem):
    assert refusal(reference) == problem
