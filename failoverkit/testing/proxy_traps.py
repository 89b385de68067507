"""Where the fault proxy cuts a connection: watchers of the bytes that go one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Trap(Protocol):
    """Watches the bytes of one direction and says where to cut."""

    def __call__(self, data: bytes) -> int | None:
        """Return how many of these bytes may still pass, or None: all, and go on."""


class ByteLimit:
    """A trap that lets so many bytes pass."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, data: bytes) -> int | None:
        if len(data) < self._left:
            self._left -= len(data)
            return None
        return self._left


class BeforePattern:
    """A trap that lets nothing pass from where a pattern begins, as far as that has not passed already."""

    def __init__(self, pattern: bytes) -> None:
        self._finder = _Finder(pattern)

    def __call__(self, data: bytes) -> int | None:
        found = self._finder.find(data)
        return None if found is None else max(0, found)


class AfterPattern:
    """A trap that lets all pass, and calls ``then`` once a pattern has been complete."""

    def __init__(self, pattern: bytes, then: Callable[[], None]) -> None:
        self._finder = _Finder(pattern)
        self._then = then

    def __call__(self, data: bytes) -> int | None:
        if self._finder.find(data) is not None:
            self._then()
        return None


class _Finder:
    """Finds a pattern in bytes that come in pieces."""

    def __init__(self, pattern: bytes) -> None:
        self._pattern = pattern
        self._tail = b""

    def find(self, data: bytes) -> int | None:
        """Return where in ``data`` the pattern begins, negative if in an earlier piece, or None."""
        seen = self._tail + data
        found = seen.find(self._pattern)
        if found >= 0:
            return found - len(self._tail)
        self._tail = seen[max(0, len(seen) - len(self._pattern) + 1) :]
        return None
