"""Shutting down the right socket, and no other."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from failoverkit.drivers.endpoint import Endpoint
from failoverkit.testing import Background

Pair = tuple[socket.socket, socket.socket]


def tcp_listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def unix_listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def connect(listener: socket.socket) -> Pair:
    client = socket.socket(listener.family)
    client.connect(listener.getsockname())
    return client, listener.accept()[0]


@pytest.fixture(params=["tcp", "unix"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    with tcp_listener() if request.param == "tcp" else unix_listener(tmp_path / "socket") as listener:
        yield listener


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[Pair]:
    client, server = connect(listener)
    with client, server:
        yield client, server


def test_frees_a_call_that_waits(pair: Pair) -> None:
    client, _ = pair
    endpoint = Endpoint.of(client.fileno())
    waiting = Background(lambda: client.recv(1))
    endpoint.shut_down()
    assert waiting.result() == b""


def test_shutting_down_twice_does_no_harm(pair: Pair) -> None:
    client, _ = pair
    endpoint = Endpoint.of(client.fileno())
    endpoint.shut_down()
    endpoint.shut_down()
    assert client.recv(1) == b""


def test_shutting_down_a_closed_socket_does_no_harm(pair: Pair) -> None:
    client, server = pair
    endpoint = Endpoint.of(client.fileno())
    client.close()
    endpoint.shut_down()
    assert server.recv(1) == b""


def test_spares_a_later_socket_of_the_same_number(pair: Pair, listener: socket.socket) -> None:
    """On a Unix socket every client has the same names, so only the inode tells them apart."""
    client, _ = pair
    later, later_server = connect(listener)
    with later, later_server:
        reused = replace(Endpoint.of(client.fileno()), number=later.fileno())
        reused.shut_down()
        later_server.sendall(b"alive")
        assert later.recv(5) == b"alive"


def test_spares_a_file_of_the_same_number(pair: Pair, tmp_path: Path) -> None:
    client, _ = pair
    with (tmp_path / "file").open("w+b", buffering=0) as file:
        replace(Endpoint.of(client.fileno()), number=file.fileno()).shut_down()
        assert file.write(b"alive") == 5


def test_hung_up_when_the_peer_has_closed(pair: Pair) -> None:
    client, server = pair
    endpoint = Endpoint.of(client.fileno())
    assert not endpoint.is_hung_up()
    server.close()
    assert endpoint.is_hung_up()


def test_hung_up_behind_unread_bytes(pair: Pair) -> None:
    """A server that says why before it closes."""
    client, server = pair
    endpoint = Endpoint.of(client.fileno())
    server.sendall(b"FATAL: terminating connection")
    server.close()
    assert endpoint.is_hung_up()


def test_bytes_alone_are_no_hanging_up(pair: Pair) -> None:
    """A notification, for example."""
    client, server = pair
    endpoint = Endpoint.of(client.fileno())
    server.sendall(b"news")
    assert not endpoint.is_hung_up()


def test_noting_what_is_no_socket_fails(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="non-socket"):
        Endpoint.of(file.fileno())
