"""One end of a connection: enough to shut its socket down from another thread, and never somebody else's."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Linux alone tells that the peer has finished before everything it sent was read.
_PEER_FINISHED = getattr(select, "POLLRDHUP", 0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A socket as it was when the connection was made. ``identity`` tells it from a later one of the same number."""

    number: int
    identity: tuple[Any, ...]

    @classmethod
    def of(cls, number: int) -> Endpoint:
        """Note the socket with that file number. Raises ``OSError`` when the peer is gone already."""
        with _duplicate(number) as twin:
            return cls(number, _identity(twin))

    def shut_down(self) -> None:
        """Make every call that waits on this socket fail at once. Harmless when it is closed; never blocks.

        Thread-safe. The number may belong to another socket by now: a duplicate is made first, so that what is
        compared is what is shut down.
        """
        with suppress(OSError), _duplicate(self.number) as twin:
            if _identity(twin) == self.identity:
                twin.shutdown(socket.SHUT_RDWR)

    def is_hung_up(self) -> bool:
        """Say whether the server has closed its end, as far as this machine knows. Does not wait.

        For the thread that owns the connection, while that is open. False says nothing: a server that is frozen
        or cut off does not hang up.
        """
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self.number, _PEER_FINISHED)
        return bool(poll.poll(0))


def _duplicate(number: int) -> socket.socket:
    # -1: the kernel tells family and type.
    return socket.fromfd(number, -1, -1)


def _identity(twin: socket.socket) -> tuple[Any, ...]:
    return (_inode(twin.fileno()), twin.getsockname(), twin.getpeername())


def _inode(number: int) -> int:
    """The kernel's number of a socket: Unix sockets have the same names at every client."""
    try:
        return os.fstat(number).st_ino
    except OSError:  # Windows: a socket is no file there
        return 0
