"""The one place where time is read. Tests hand in ``failoverkit.testing.FakeClock`` instead."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds from an arbitrary start; never goes backwards."""

monotonic: Clock = time.monotonic

FAR = float("inf")
"""A time that never comes."""
