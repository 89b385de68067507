"""The fault proxy's work: listen, connect, move bytes. Everything here belongs to the proxy's one thread."""

from __future__ import annotations

import enum
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

from failoverkit.clock import monotonic
from failoverkit.testing.proxy_link import Link, Stream

ADDRESS = "127.0.0.1"
_BACKLOG = 128


class Mode(enum.Enum):
    """What happens to connections."""

    FORWARD = "forward"
    REFUSE = "refuse"
    UNANSWERED = "unanswered"
    DEAF = "deaf"
    STALL = "stall"


class Engine:
    """A listener, the links it made and what is done to them. ``waker`` ends a ``turn`` that waits.

    ``on_accept`` and ``on_cut`` are called for each connection that is accepted, and that a trap has cut.
    """

    def __init__(
        self,
        target: tuple[str, int],
        waker: socket.socket,
        on_accept: Callable[[], None],
        on_cut: Callable[[], None],
    ) -> None:
        self.links: dict[Link, None] = {}
        self.mode = Mode.FORWARD
        self.delay = 0.0
        self._target = target
        self._waker = waker
        self._on_accept = on_accept
        self._on_cut = on_cut
        self._arm: Callable[[Link], None] | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(waker, selectors.EVENT_READ)
        self._listener: socket.socket | None = None
        self._filler: socket.socket | None = None
        self.port = 0
        self._listen(_BACKLOG)

    def turn(self) -> bool:
        """Wait until something can be done, and do it. False when the other end of ``waker`` is closed."""
        go_on = True
        for key, events in self._selector.select(self._patience()):
            if key.fileobj is self._waker:
                go_on = bool(self._waker.recv(4096))
            elif key.fileobj is self._listener:
                self._accept(self._listener)
            elif key.data in self.links:  # not lost through an event before this one
                self._move(key.data, key.fileobj, events)
        return go_on

    def enter(self, mode: Mode) -> None:
        """Change what happens to connections."""
        self._stop_listening()
        self.mode = mode
        if mode is Mode.UNANSWERED:
            self._listen(0)
            self._fill_queue()
        elif mode is not Mode.REFUSE:
            self._listen(_BACKLOG)

    def end_faults(self) -> None:
        """Go back to forwarding, at once and everything."""
        self.enter(Mode.FORWARD)
        self.delay = 0.0
        self.disarm()
        for stream in self._streams():
            stream.hurry()

    def arm(self, arm: Callable[[Link], None]) -> None:
        """Set a trap on every link, and on those to come."""
        self._arm = arm
        for link in self.links:
            arm(link)

    def disarm(self) -> None:
        """Take all traps away."""
        self._arm = None
        for stream in self._streams():
            stream.disarm()

    def reset_all(self) -> int:
        """Reset every link; return how many these were."""
        count = len(self.links)
        for link in list(self.links):
            self._drop(link, link.reset)
        return count

    def look_out(self) -> None:
        """Have the selector look at what can be done next, and at nothing else."""
        now = monotonic()
        for link in self.links:
            for end in link.sockets:
                self._watch(link, end, 0 if self.mode is Mode.STALL else link.interest(end, now))

    def shut_down(self) -> None:
        """Close everything."""
        self.reset_all()
        self._stop_listening()
        self._selector.close()

    def _streams(self) -> Iterator[Stream]:
        return (stream for link in self.links for stream in link.streams)

    def _patience(self) -> float | None:
        if self.mode is Mode.STALL:
            return None
        # What is due already waits for its socket, not for the clock.
        now = monotonic()
        later = [due for link in self.links for due in link.dues if due > now]
        return min(later) - now if later else None

    def _listen(self, backlog: int) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, self.port))
        listener.listen(backlog)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        if backlog:
            self._selector.register(listener, selectors.EVENT_READ)

    def _fill_queue(self) -> None:
        """Take the one place in the listener's queue: the kernel then drops every new connection's first packet."""
        self._filler = socket.create_connection((ADDRESS, self.port))

    def _stop_listening(self) -> None:
        if self._filler is not None:
            self._filler.close()
            self._filler = None
        if self._listener is not None:
            with suppress(KeyError):
                self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:  # gone again
            return
        client.setblocking(False)
        link = Link(client, None if self.mode is Mode.DEAF else self._dial())
        for end in link.sockets:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._arm:
            self._arm(link)
        self.links[link] = None
        self._on_accept()

    def _dial(self) -> socket.socket:
        """Begin to connect to the target. A failure shows when the socket is read."""
        family = socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET
        server = socket.socket(family)
        server.setblocking(False)
        server.connect_ex(self._target)
        return server

    def _move(self, link: Link, end: object, events: int) -> None:
        try:
            link.move(end, events, monotonic(), self.delay)
        except OSError:
            self._drop(link, link.reset)
            return
        if link.is_cut:
            # Counted first: whoever sees the reset finds it counted.
            self.disarm()
            self._on_cut()
            self._drop(link, link.reset)
        elif link.is_done:
            self._drop(link, link.close)

    def _drop(self, link: Link, end_it: Callable[[], None]) -> None:
        for end in link.sockets:
            self._watch(link, end, 0)
        del self.links[link]
        end_it()

    def _watch(self, link: Link, end: socket.socket, events: int) -> None:
        watched = self._selector.get_map().get(end)
        if watched is None and events:
            self._selector.register(end, events, link)
        elif watched is not None and not events:
            self._selector.unregister(end)
        elif watched is not None and watched.events != events:
            self._selector.modify(end, events, link)
