"""The fault proxy, between plain sockets and an echo server. What must not arrive is shown by what arrives after."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from failoverkit.clock import monotonic
from failoverkit.testing import Background
from failoverkit.testing.fault_proxy import Direction, FaultProxy, Moment

PATIENCE = 10.0
A_MOMENT = 0.05
"""How long a test looks for what must not come. A fault that does not work fails the test at once, not by time."""


class EchoServer:
    """Answers every line with the same line, on as many connections as come; remembers what it was sent."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.received = b""
        self._acceptor = Background(self._accept)
        self._sessions: list[Background[None]] = []

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._sessions.append(Background(lambda connection=connection: self._echo(connection)))  # type: ignore[misc]

    def _echo(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    self.received += data
                    connection.sendall(data)
            except ConnectionError:
                pass

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._acceptor.result(PATIENCE)
        for session in self._sessions:
            session.result(PATIENCE)


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: EchoServer) -> Iterator[FaultProxy]:
    with FaultProxy("127.0.0.1", echo.port) as proxy:
        yield proxy


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def dial(proxy: FaultProxy, stack: ExitStack, timeout: float = PATIENCE) -> socket.socket:
    client = stack.enter_context(socket.create_connection((proxy.host, proxy.port), timeout))
    client.settimeout(PATIENCE)
    return client


def dial_both(proxy: FaultProxy, listener: socket.socket, stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection through the proxy."""
    client = dial(proxy, stack)
    server = stack.enter_context(closing(listener.accept()[0]))
    server.settimeout(PATIENCE)
    return client, server


def receive(client: socket.socket, count: int) -> bytes:
    """Read so many bytes, fewer if the connection ends before."""
    data = b""
    while len(data) < count and (piece := client.recv(count - len(data))):
        data += piece
    return data


def ask(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return receive(client, len(data))


def assert_silent(client: socket.socket) -> None:
    client.settimeout(A_MOMENT)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(PATIENCE)


def assert_reset(client: socket.socket) -> None:
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_forwards_both_ways(proxy: FaultProxy, stack: ExitStack) -> None:
    clients = [dial(proxy, stack) for _ in range(3)]
    answers = [ask(client, f"line {number}".encode()) for number, client in enumerate(clients)]
    assert answers == [b"line 0", b"line 1", b"line 2"]
    assert proxy.accepted == 3


def test_keeps_what_a_slow_reader_has_not_read(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    data = bytes(range(256)) * 100_000
    client.settimeout(A_MOMENT)
    sent = 0
    with suppress(TimeoutError):
        while sent < len(data):
            sent += client.send(data[sent : sent + 65536])
    assert sent < len(data), "there is more room on the way than the test has bytes"
    client.settimeout(PATIENCE)
    assert receive(client, sent) == data[:sent]


def test_passes_on_the_end_of_one_side(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    assert receive(client, 100) == b"last words"
    # The next command is carried out after the end above was seen.
    assert proxy.open == 0


def test_a_server_that_is_not_there_is_a_reset(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with FaultProxy("127.0.0.1", port) as proxy, pytest.raises(ConnectionResetError):
        dial(proxy, stack).recv(1)


def test_refuse_refuses_new_connections_alone(proxy: FaultProxy, stack: ExitStack) -> None:
    before = dial(proxy, stack)
    ask(before, b"open")
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        dial(proxy, stack)
    assert ask(before, b"still open") == b"still open"


def test_forward_listens_on_the_same_port_again(proxy: FaultProxy, stack: ExitStack) -> None:
    port = proxy.port
    proxy.refuse()
    proxy.forward()
    assert ask(dial(proxy, stack), b"again") == b"again"
    assert proxy.port == port


def test_unanswered_connections_take_until_their_timeout(proxy: FaultProxy, stack: ExitStack) -> None:
    before = dial(proxy, stack)
    ask(before, b"open")
    proxy.unanswered()
    with pytest.raises(TimeoutError):
        dial(proxy, stack, timeout=A_MOMENT)
    assert ask(before, b"still open") == b"still open"
    proxy.forward()
    assert ask(dial(proxy, stack), b"again") == b"again"


def test_deaf_accepts_and_says_nothing(proxy: FaultProxy, stack: ExitStack, echo: EchoServer) -> None:
    before = dial(proxy, stack)
    ask(before, b"open")
    proxy.deaf()
    client = dial(proxy, stack)
    proxy.wait_accepted(2)
    client.sendall(b"anybody?")
    assert_silent(client)
    assert ask(before, b" still open") == b" still open"
    assert echo.received == b"open still open"


def test_connections_made_while_deaf_stay_silent(proxy: FaultProxy, stack: ExitStack) -> None:
    proxy.deaf()
    silent = dial(proxy, stack)
    proxy.wait_accepted(1)
    proxy.forward()
    assert ask(dial(proxy, stack), b"heard") == b"heard"
    assert_silent(silent)


def test_stall_holds_both_directions_until_forward(proxy: FaultProxy, stack: ExitStack, echo: EchoServer) -> None:
    client = dial(proxy, stack)
    ask(client, b"before ")
    proxy.stall()
    client.sendall(b"held ")
    late = dial(proxy, stack)
    late.sendall(b"late")
    assert_silent(client)
    assert echo.received == b"before "
    proxy.forward()
    assert receive(client, 5) == b"held "
    assert receive(late, 4) == b"late"


def test_stall_holds_an_answer_that_was_on_its_way(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        client, server = dial_both(proxy, listener, stack)
        client.sendall(b"question")
        assert receive(server, 8) == b"question"
        proxy.stall()
        server.sendall(b"answer")
        assert_silent(client)
        proxy.forward()
        assert receive(client, 6) == b"answer"


def test_delay_holds_back_what_comes_after_it(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    ask(client, b"quick")
    proxy.delay(A_MOMENT)
    started = monotonic()
    assert ask(client, b"slow") == b"slow"
    assert monotonic() - started >= 2 * A_MOMENT


def test_forward_lets_delayed_bytes_go(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    proxy.delay(3600)
    client.sendall(b"one hour")
    assert_silent(client)
    proxy.forward()
    assert receive(client, 8) == b"one hour"


def test_delay_keeps_the_order(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    proxy.delay(0.01)
    sent = [f"<{number}>".encode() for number in range(20)]
    for piece in sent:
        client.sendall(piece)
    whole = b"".join(sent)
    assert receive(client, len(whole)) == whole


def test_reset_resets_both_sides(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        client, server = dial_both(proxy, listener, stack)
        assert proxy.reset() == 1
        assert_reset(client)
        assert_reset(server)
        assert proxy.open == 0


def test_reset_reaches_deaf_connections_and_spares_new_ones(proxy: FaultProxy, stack: ExitStack) -> None:
    proxy.deaf()
    client = dial(proxy, stack)
    proxy.wait_accepted(1)
    proxy.forward()
    assert proxy.reset() == 1
    assert_reset(client)
    assert ask(dial(proxy, stack), b"new") == b"new"


@pytest.mark.parametrize("count", [0, 1, 5, 6])
def test_cut_after_lets_so_many_bytes_arrive(proxy: FaultProxy, stack: ExitStack, count: int) -> None:
    client = dial(proxy, stack)
    ask(client, b"uncounted")
    proxy.cut_after(count)
    client.sendall(b"hello ")
    assert receive(client, count) == b"hello "[:count]
    assert_reset(client)
    assert proxy.cuts == 1


def test_cut_after_counts_over_several_pieces(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    proxy.cut_after(8)
    assert ask(client, b"hello ") == b"hello "
    client.sendall(b"world")
    assert receive(client, 2) == b"wo"
    assert_reset(client)


def test_cut_after_to_the_server(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        proxy.cut_after(4, Direction.TO_SERVER)
        client, server = dial_both(proxy, listener, stack)
        client.sendall(b"torn apart")
        assert receive(server, 4) == b"torn"
        assert_reset(server)
        assert_reset(client)


def test_a_trap_springs_once(proxy: FaultProxy, stack: ExitStack) -> None:
    proxy.cut_at(b"COMMIT")
    first, second = dial(proxy, stack), dial(proxy, stack)
    first.sendall(b"COMMIT")
    assert_reset(first)
    proxy.wait_cut()
    assert ask(second, b"COMMIT") == b"COMMIT"
    assert ask(dial(proxy, stack), b"COMMIT") == b"COMMIT"


@pytest.mark.parametrize("split", range(6))
def test_cut_before_a_pattern_however_it_is_split(stack: ExitStack, split: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        proxy.cut_at(b"COMMIT")
        client, server = dial_both(proxy, listener, stack)
        first, rest = b"work;" + b"COMMIT"[:split], b"COMMIT"[split:]
        client.sendall(first)
        assert receive(server, len(first)) == first
        client.sendall(rest)
        assert_reset(server)
        assert_reset(client)


def test_cut_before_a_pattern_lets_what_precedes_it_arrive(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        proxy.cut_at(b"COMMIT")
        client, server = dial_both(proxy, listener, stack)
        client.sendall(b"work;COMMIT;")
        assert receive(server, 5) == b"work;"
        assert_reset(server)


def test_cut_after_a_pattern_keeps_the_answer_alone(proxy: FaultProxy, stack: ExitStack, echo: EchoServer) -> None:
    client = dial(proxy, stack)
    proxy.cut_at(b"COMMIT", Moment.AFTER)
    assert ask(client, b"work;") == b"work;"
    client.sendall(b"COMMIT;")
    assert_reset(client)
    assert echo.received == b"work;COMMIT;"


def test_forward_takes_traps_away(proxy: FaultProxy, stack: ExitStack) -> None:
    client = dial(proxy, stack)
    ask(client, b"open")
    proxy.cut_at(b"x")
    proxy.forward()
    assert ask(client, b"xx") == b"xx"
    proxy.cut_at(b"x", Moment.AFTER)
    proxy.forward()
    assert ask(client, b"xx") == b"xx"
    proxy.cut_after(1)
    proxy.forward()
    assert ask(client, b"xx") == b"xx"
    assert proxy.cuts == 0


def test_forward_lets_an_answer_pass_that_a_trap_waited_for(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, FaultProxy(*listener.getsockname()) as proxy:
        proxy.cut_at(b"COMMIT", Moment.AFTER)
        client, server = dial_both(proxy, listener, stack)
        client.sendall(b"COMMIT")
        assert receive(server, 6) == b"COMMIT"
        proxy.forward()
        server.sendall(b"done")
        assert receive(client, 4) == b"done"


def test_an_empty_pattern_is_refused(proxy: FaultProxy) -> None:
    with pytest.raises(ValueError, match="empty"):
        proxy.cut_at(b"")


def test_waiting_for_what_does_not_come_ends(proxy: FaultProxy) -> None:
    with pytest.raises(TimeoutError, match="1 connections"):
        proxy.wait_accepted(1, timeout=A_MOMENT)
    with pytest.raises(TimeoutError, match="a trap"):
        proxy.wait_cut(timeout=A_MOMENT)


@pytest.mark.parametrize("fault", ["forward", "refuse", "unanswered", "deaf", "stall"])
def test_close_leaves_nothing_behind(echo: EchoServer, stack: ExitStack, fault: str) -> None:
    threads = set(threading.enumerate())
    proxy = FaultProxy("127.0.0.1", echo.port)
    client = dial(proxy, stack)
    ask(client, b"open")
    getattr(proxy, fault)()
    proxy.close()
    proxy.close()
    assert_reset(client)
    with pytest.raises(ConnectionRefusedError):
        dial(proxy, stack)
    with pytest.raises(RuntimeError, match="closed"):
        proxy.stall()
    names = {thread.name for thread in set(threading.enumerate()) - threads}
    assert not any("proxy" in name for name in names)


def test_says_what_it_does(proxy: FaultProxy, echo: EchoServer) -> None:
    proxy.stall()
    assert repr(proxy) == f"<FaultProxy 127.0.0.1:{proxy.port} to 127.0.0.1:{echo.port}, stall>"
