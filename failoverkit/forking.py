"""After a fork the child starts empty: it never sends a byte on its parent's sockets and never shares a session."""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol


class Forkable(Protocol):
    """Something that must begin anew in the child of a fork."""

    def after_fork_in_child(self) -> list[Any]:
        """Begin anew; return the parent's connections, which must be neither used nor closed nor freed."""
        ...


_forkables: weakref.WeakSet[Any] = weakref.WeakSet()
_parents_connections: list[Any] = []
"""Kept for the life of the child: freeing a connection would close the parent's session with it."""


def register(forkable: Forkable) -> None:
    """Have ``after_fork_in_child`` called in every child this process forks, while ``forkable`` lives."""
    _forkables.add(forkable)


def is_parents(connection: object) -> bool:
    """Say whether a connection was open in the parent when this process was forked."""
    return any(connection is kept for kept in _parents_connections)


def _in_child() -> None:
    for forkable in list(_forkables):
        _parents_connections.extend(forkable.after_fork_in_child())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
