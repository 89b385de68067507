"""What tests of all kinds share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from failoverkit.clock import monotonic


@pytest.fixture
def until() -> Callable[..., None]:
    """Return a function that returns when a condition holds, for what no gate can tell; fails after ``timeout``."""
    pause = threading.Event()

    def wait(condition: Callable[[], object], timeout: float = 10.0) -> None:
        deadline = monotonic() + timeout
        while not condition():
            assert monotonic() < deadline, f"it did not happen within {timeout} s"
            pause.wait(0.001)

    return wait
