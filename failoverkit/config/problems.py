"""Collects everything that is wrong, so that the user sees it all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from failoverkit.errors import ConfigError

LONGEST_SHOWN = 60
"""Characters. Enough to recognise a value; a whole file pasted into the wrong place stays out of the log."""

_MAY_BE_SECRET = re.compile("[@=]|://")
_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Invalid(Exception):
    """One thing is wrong. The text is one line for the user and holds no secret."""


class Problems:
    """The problems of one ``load``, each with the place where the user wrote it."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._spoiled: set[str] = set()

    def add(self, where: str, text: str) -> None:
        """Note one problem."""
        self._found.append(f"{where}: {text}")

    def at(self, where: str, *keys: str) -> _Place:
        """Return a ``with`` block for this place: an ``Invalid`` inside is noted, and work goes on after it.

        What the user meant for ``keys`` is unknown from then on.
        """
        return _Place(self, where, keys)

    def spoil(self, keys: Iterable[str]) -> None:
        """Note that it is unknown what the user meant for these keys."""
        self._spoiled.update(keys)

    def spoiled(self, *keys: str) -> bool:
        """Say whether what the user meant for one of these keys is unknown, because what is written is wrong."""
        return not self._spoiled.isdisjoint(keys)

    def raise_any(self) -> None:
        """Raise all problems as one ``ConfigError``, in the order in which they were found, if there are any."""
        if self._found:
            raise ConfigError(self._found)


class _Place:
    def __init__(self, problems: Problems, where: str, keys: tuple[str, ...]) -> None:
        self._problems = problems
        self._where = where
        self._keys = keys

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _traceback: object) -> bool:
        if not isinstance(error, Invalid):
            return False
        self._problems.add(self._where, str(error))
        self._problems.spoil(self._keys)
        return True


def shown(value: object) -> str:
    """Return a value as problems show it: on one line, short, and without what may be a password.

    Only plain values are shown; of anything else the type is named, because its ``repr`` may do or show
    anything. A text with ``@``, ``=`` or ``://`` may be a URL or a connection string in the wrong place.
    """
    if isinstance(value, str):
        return _shown_text(value)
    if type(value) is int and value.bit_length() > 64:
        return "a huge number"
    if value is None or type(value) in {int, float, bool}:
        return str(value).lower() if isinstance(value, bool) else str(value)
    return _kind(value)


def inside(where: str, name: str) -> str:
    """Return the place of a name inside a place: ``pools.orders`` and ``pool`` give ``pools.orders.pool``."""
    plain = name if _BARE.fullmatch(name) else shown(name)
    return f"{where}.{plain}" if where else plain


def _shown_text(text: str) -> str:
    if _MAY_BE_SECRET.search(text):
        return "'***'"
    if len(text) > LONGEST_SHOWN:
        return repr(text[:LONGEST_SHOWN]) + "…"
    return repr(text)


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a value of type {type(value).__name__}"
