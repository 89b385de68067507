"""What one source gave, before anything is laid over anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from failoverkit.config.problems import Problems

OPTION = "options."
"""Prefix of a driver option among the keys of a layer, so that options are laid over one another one by one."""


class Given(NamedTuple):
    """A value and the place where the user wrote it."""

    value: Any
    where: str


Layer = dict[str, Given]
"""By full key: ``pool.max_size``, ``strategy``, ``password``, ``hosts``, ``options.sslmode``."""


class Draft:
    """A layer while it is read. What is wrong becomes a problem and is left out."""

    def __init__(self, problems: Problems) -> None:
        self.layer: Layer = {}
        self.problems = problems

    def put(self, key: str, where: str, read: Callable[[], object]) -> None:
        """Store what ``read`` returns, or note the ``Invalid`` it raises."""
        with self.problems.at(where, key):
            self.layer[key] = Given(read(), where)
