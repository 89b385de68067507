"""One connection through the fault proxy: two sockets and the bytes on their way. Used by the proxy's thread alone."""

from __future__ import annotations

import selectors
import socket
import struct
from collections import deque
from contextlib import suppress

from failoverkit.testing.proxy_traps import Trap

_CHUNK = 65536
_MOST_WAITING = 4 * _CHUNK
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Stream:
    """The bytes on their way from one socket to the other."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.trap: Trap | None = None
        self._springs_at_next_byte = False
        self._sprung = False
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._ended = False
        self._passed_on_end = False

    @property
    def wants_to_read(self) -> bool:
        return not self._ended and not self._sprung and self._size < _MOST_WAITING

    @property
    def is_cut(self) -> bool:
        """Whether a trap has sprung and what it let pass is sent."""
        return self._sprung and not self._waiting

    @property
    def is_done(self) -> bool:
        """Whether the source has finished, and the target knows."""
        return self._passed_on_end

    @property
    def due(self) -> float | None:
        """When the first waiting bytes may be sent; None when there are none."""
        return self._waiting[0][0] if self._waiting else None

    def can_write(self, now: float) -> bool:
        """Say whether there is something to pass on now."""
        if self._waiting:
            return self._waiting[0][0] <= now
        return self._ended and not self._passed_on_end

    def spring_at_next_byte(self) -> None:
        """Cut the link instead of passing on what comes next."""
        self._springs_at_next_byte = True

    def disarm(self) -> None:
        """Let everything pass again."""
        self.trap = None
        self._springs_at_next_byte = False

    def hurry(self) -> None:
        """Hold back no longer what waits."""
        self._waiting = deque((0.0, data) for _, data in self._waiting)

    def read(self, due: float) -> None:
        """Take what the source has; it may be sent on from ``due`` on. Raises ``OSError`` when the source is gone."""
        try:
            data = self.source.recv(_CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._ended = True
        elif self._springs_at_next_byte:
            self._sprung = True
        else:
            self._take(data, due)

    def write(self, now: float) -> None:
        """Send on what is due. Raises ``OSError`` when the target is gone."""
        with suppress(BlockingIOError):
            while self._waiting and self._waiting[0][0] <= now:
                self._send_first()
        if self._ended and not self._waiting and not self._passed_on_end:
            self._passed_on_end = True
            self.target.shutdown(socket.SHUT_WR)

    def _send_first(self) -> None:
        due, data = self._waiting[0]
        sent = self.target.send(data)
        self._size -= sent
        self._waiting.popleft()
        if sent < len(data):
            self._waiting.appendleft((due, data[sent:]))

    def _take(self, data: bytes, due: float) -> None:
        passing = self.trap(data) if self.trap else None
        if passing is not None:
            self._sprung = True
            data = data[:passing]
        if data:
            self._waiting.append((due, data))
            self._size += len(data)


class Link:
    """A client's connection and, unless nobody shall ever answer it, the proxy's own one to the server."""

    def __init__(self, client: socket.socket, server: socket.socket | None) -> None:
        self.sockets = (client, server) if server else (client,)
        self.streams = (Stream(client, server), Stream(server, client)) if server else ()
        """First the one to the server, then the one to the client."""

    @property
    def is_cut(self) -> bool:
        """Whether a trap has sprung and all that it let pass is sent."""
        return any(stream.is_cut for stream in self.streams)

    @property
    def is_done(self) -> bool:
        """Whether both sides have finished and all is delivered."""
        return bool(self.streams) and all(stream.is_done for stream in self.streams)

    @property
    def dues(self) -> tuple[float, ...]:
        """When the bytes that are held back may be sent."""
        return tuple(stream.due for stream in self.streams if stream.due is not None)

    def interest(self, end: object, now: float) -> int:
        """Return the selector's events to wait for on one of the sockets."""
        events = 0
        for stream in self.streams:
            if stream.source is end and stream.wants_to_read:
                events |= selectors.EVENT_READ
            if stream.target is end and stream.can_write(now):
                events |= selectors.EVENT_WRITE
        return events

    def move(self, end: object, events: int, now: float, delay: float) -> None:
        """Move bytes after an event on one of the sockets. Raises ``OSError`` when one side is gone."""
        for stream in self.streams:
            if stream.source is end and events & selectors.EVENT_READ:
                stream.read(now + delay)
            if stream.target is end and events & selectors.EVENT_WRITE:
                stream.write(now)

    def reset(self) -> None:
        """Close both sides so that their peers get a reset."""
        for end in self.sockets:
            # Fails where the peer has reset already.
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.close()

    def close(self) -> None:
        """Close both sides in order."""
        for end in self.sockets:
            end.close()
