"""A TCP proxy on loopback that does to connections what networks and hosts do to them."""

from __future__ import annotations

import enum
import queue
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TypeVar

from failoverkit.testing.proxy_engine import ADDRESS, Engine, Mode
from failoverkit.testing.proxy_link import Link
from failoverkit.testing.proxy_traps import AfterPattern, BeforePattern, ByteLimit

Result = TypeVar("Result")


class Direction(enum.Enum):
    """Which way bytes go."""

    TO_SERVER = "to-server"
    TO_CLIENT = "to-client"


class Moment(enum.Enum):
    """When to cut a connection on which a pattern passes."""

    BEFORE = "before"
    """Before the pattern is forwarded: the server never sees it."""
    AFTER = "after"
    """When the server has answered and before the answer arrives: the client cannot know what came of it."""


class FaultProxy:
    """Forwards connections to ``target_host:target_port`` until told otherwise. Listens as soon as it is made.

    One thread of its own moves all bytes. Every method is carried out by it and returns when what it says is in
    force, so that a test needs no pause afterwards. Methods may be called from any thread; they raise
    ``RuntimeError`` after ``close``. A context manager that closes.

    A server that is not there shows to a client as a connection that is accepted and then reset.
    """

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = f"{target_host}:{target_port}"
        self._changed = threading.Condition()
        self._accepted = 0
        self._cuts = 0
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._waker, woken = socket.socketpair()
        self._engine = Engine((target_host, target_port), woken, self._note_accept, self._note_cut)
        self.host = ADDRESS
        """The address to connect to."""
        self.port = self._engine.port
        """The port to connect to. It stays the same, also after ``refuse``."""
        self._thread = threading.Thread(
            target=self._run, args=(woken,), name=f"failoverkit-fault-proxy-{self.port}", daemon=True
        )
        self._thread.start()

    @property
    def accepted(self) -> int:
        """How many connections have been accepted so far."""
        return self._accepted

    @property
    def cuts(self) -> int:
        """How many connections a trap has cut so far."""
        return self._cuts

    @property
    def open(self) -> int:
        """How many connections are open now."""
        return self._inside(lambda: len(self._engine.links))

    def forward(self) -> None:
        """End every fault. Bytes that were held back go on; connections that are lost or deaf stay so."""
        self._inside(self._engine.end_faults)

    def refuse(self) -> None:
        """Refuse new connections, as a host without a server does. Open ones go on."""
        self._inside(lambda: self._engine.enter(Mode.REFUSE))

    def unanswered(self) -> None:
        """Leave new connections unanswered, as a host that is gone does: connecting lasts until its timeout.

        Open ones go on. This works on Linux, where a listener with a full queue drops what comes.
        """
        self._inside(lambda: self._engine.enter(Mode.UNANSWERED))

    def deaf(self) -> None:
        """Accept new connections and never say anything on them. Open ones go on."""
        self._inside(lambda: self._engine.enter(Mode.DEAF))

    def stall(self) -> None:
        """Move no byte in either direction, on open and on new connections. The kernel goes on acknowledging."""
        self._inside(lambda: self._engine.enter(Mode.STALL))

    def delay(self, seconds: float) -> None:
        """Hold back whatever is received from now on for so many seconds, each way."""
        self._inside(lambda: setattr(self._engine, "delay", seconds))

    def reset(self) -> int:
        """Reset every open connection on both sides, and return how many these were."""
        return self._inside(self._engine.reset_all)

    def cut_after(self, count: int, direction: Direction = Direction.TO_CLIENT) -> None:
        """Reset the first connection on which ``count`` bytes have passed in that direction from now on."""

        way = 0 if direction is Direction.TO_SERVER else 1

        def arm(link: Link) -> None:
            if link.streams:
                link.streams[way].trap = ByteLimit(count)

        self._inside(lambda: self._engine.arm(arm))

    def cut_at(self, pattern: bytes, moment: Moment = Moment.BEFORE) -> None:
        """Reset the first connection on which the client sends ``pattern``, at that moment.

        Raises ``ValueError`` for an empty pattern.
        """
        if not pattern:
            raise ValueError("the pattern is empty")

        def arm(link: Link) -> None:
            if link.streams:
                up, down = link.streams
                after = AfterPattern(pattern, down.spring_at_next_byte)
                up.trap = after if moment is Moment.AFTER else BeforePattern(pattern)

        self._inside(lambda: self._engine.arm(arm))

    def wait_accepted(self, count: int, timeout: float = 10.0) -> None:
        """Return once ``count`` connections have been accepted in all. Raises ``TimeoutError``."""
        self._wait(lambda: self._accepted >= count, f"{count} connections", timeout)

    def wait_cut(self, timeout: float = 10.0) -> None:
        """Return once a trap has cut a connection. Raises ``TimeoutError``."""
        self._wait(lambda: self._cuts > 0, "a trap to spring", timeout)

    def close(self) -> None:
        """Reset all connections, stop listening and end the thread. Harmless when closed already."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._waker.close()
        self._thread.join()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self._engine.mode.value
        return f"<FaultProxy {self.host}:{self.port} to {self._target}, {state}>"

    def _inside(self, action: Callable[[], Result]) -> Result:
        """Have the proxy's thread do something, and return what it returns."""
        done: Future[Result] = Future()
        with self._closing:
            if self._closed:
                raise RuntimeError("the proxy is closed")
            self._commands.put(lambda: _settle(done, action))
            self._waker.send(b"!")
        return done.result()

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"waited {timeout:g} s for {what}")

    # What follows runs on the proxy's thread.

    def _run(self, woken: socket.socket) -> None:
        with woken:
            while self._engine.turn():
                while not self._commands.empty():
                    self._commands.get()()
                self._engine.look_out()
            self._engine.shut_down()

    def _note_accept(self) -> None:
        with self._changed:
            self._accepted += 1
            self._changed.notify_all()

    def _note_cut(self) -> None:
        with self._changed:
            self._cuts += 1
            self._changed.notify_all()


def _settle(done: Future[Result], action: Callable[[], Result]) -> None:
    try:
        done.set_result(action())
    except BaseException as error:  # noqa: BLE001 - it is raised where the action was asked for
        done.set_exception(error)
