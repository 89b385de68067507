"""What an operator may ask of the brain, and what the shell reports back to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FailOver:
    """Move ``primary`` to this host now, and stay there until ``FailBack`` or until it is lost."""

    to: str


@dataclass(frozen=True, slots=True)
class FailBack:
    """Go home to the preferred host now, without waiting for the hold time; it is warmed first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Lend nothing until ``Resume``. The cluster is still watched and followed."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Lend again."""


@dataclass(frozen=True, slots=True)
class Warmed:
    """The shell's answer to the ``Warm`` effect: enough connections are open on this host."""

    host: str


@dataclass(frozen=True, slots=True)
class ClearQuarantine:
    """Trust this host as a write target again."""

    host: str


Command = FailOver | FailBack | Pause | Resume | Warmed | ClearQuarantine
