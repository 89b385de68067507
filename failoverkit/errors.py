"""Every error failoverkit raises. The driver's own errors pass unchanged, with a note added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class FailoverkitError(Exception):
    """Base of every error that failoverkit itself raises."""


class ConfigError(FailoverkitError):
    """The configuration cannot be used. ``problems`` holds every problem found, each with its key path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class PluginError(FailoverkitError):
    """A plugin is missing, misspelt, doubled or broken."""


class PoolClosed(FailoverkitError):
    """The pool was closed before or while a connection was asked for."""


class PoolTimeout(FailoverkitError, TimeoutError):
    """No connection within the deadline.

    ``stage`` is where the time went: ``"route"`` (no host could serve the target), ``"wait"`` (all connections lent),
    ``"connect"`` (a connection was being opened) or ``"check"``. ``counts`` are the numbers at that moment. The last
    error seen while trying is ``__cause__`` when there was one.
    """

    def __init__(self, message: str, *, stage: str, counts: Mapping[str, int]) -> None:
        self.stage = stage
        self.counts = dict(counts)
        super().__init__(message)


class TooManyWaiting(FailoverkitError):
    """``max_waiting`` callers wait already; this one was turned away at once."""


class NoHostAvailable(PoolTimeout):
    """No host could serve the target before the deadline. ``reasons`` holds one sentence per host."""

    def __init__(self, message: str, *, reasons: Mapping[str, str], counts: Mapping[str, int]) -> None:
        self.reasons = dict(reasons)
        super().__init__(message, stage="route", counts=counts)


class OutcomeUnknown(FailoverkitError):
    """The connection was lost while COMMIT was in flight: the transaction may or may not have been committed.

    The driver's error is ``__cause__``. The work must not simply be run again: look first whether it is there.
    """


class OperatorError(FailoverkitError):
    """An operator's wish that cannot be carried out (unknown host, a host that may not take writes)."""


class RoleMismatch(FailoverkitError):
    """A fresh connection says it is a standby's where the primary was expected; seen only as a cause."""
