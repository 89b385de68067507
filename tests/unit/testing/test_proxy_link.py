"""What the proxy's tests over real sockets cannot bring about at will."""

from __future__ import annotations

import socket
from typing import cast

from failoverkit.testing.proxy_link import Stream


class NarrowSocket:
    """Takes three bytes at a time, and none after ``room`` bytes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = b""

    def send(self, data: bytes) -> int:
        if len(self.taken) >= self.room:
            raise BlockingIOError
        self.taken += data[:3]
        return len(data[:3])


def test_sends_the_rest_when_only_a_part_was_taken() -> None:
    near, far = socket.socketpair()
    target = NarrowSocket(room=6)
    with near, far:
        stream = Stream(far, cast(socket.socket, target))
        near.sendall(b"0123456789")
        stream.read(due=0.0)
        stream.write(now=1.0)
        assert target.taken == b"012345"
        assert stream.can_write(now=1.0)
        target.room = 100
        stream.write(now=1.0)
        assert target.taken == b"0123456789"
        assert not stream.can_write(now=1.0)


def test_sends_nothing_before_it_is_due() -> None:
    near, far = socket.socketpair()
    target = NarrowSocket(room=100)
    with near, far:
        stream = Stream(far, cast(socket.socket, target))
        near.sendall(b"later")
        stream.read(due=2.0)
        stream.write(now=1.9)
        assert target.taken == b""
        stream.write(now=2.0)
        assert target.taken == b"later"
