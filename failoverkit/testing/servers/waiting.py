"""Waiting for a condition, never for a time."""

from __future__ import annotations

import threading
from collections.abc import Callable

from failoverkit.clock import monotonic

_LOOK_EVERY = 0.005


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 15.0) -> None:
    """Return as soon as ``condition`` holds; look again every few milliseconds.

    ``what`` completes the sentence "waited … s for". Raises ``RuntimeError`` after ``timeout`` seconds.
    """
    deadline = monotonic() + timeout
    pause = threading.Event()
    while not condition():
        if monotonic() > deadline:
            raise RuntimeError(f"waited {timeout:g} s for {what}")
        pause.wait(_LOOK_EVERY)
