"""Ports for servers."""

from __future__ import annotations

import os
import socket

# Client sockets get ports from 32768 on, and would sometimes sit on a server's port while it is down.
_PORTS = range(20000, 32768)
_reserved: set[int] = set()


def reserve_port(address: str) -> int:
    """Return a port that nobody listens on now and that this process was not given before."""
    # Processes that run at the same time begin at different places.
    start = os.getpid() * 37
    for step in range(len(_PORTS)):
        port = _PORTS[(start + step) % len(_PORTS)]
        if port not in _reserved and _is_free(address, port):
            _reserved.add(port)
            return port
    raise RuntimeError(f"no free port from {_PORTS.start} to {_PORTS.stop - 1}")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free for a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
