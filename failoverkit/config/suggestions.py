"""The nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from failoverkit.config.problems import shown

LONGEST_COMPARED = 80
"""Characters. The comparison takes quadratic time, and no name of ours is half as long."""

_VARIED = {ord(mark): None for mark in "-_. "}


def squashed(name: str) -> str:
    """Return the name without what people vary: case, ``-``, ``_``, ``.`` and blanks."""
    return name.casefold().translate(_VARIED)


def nearest(name: str, valid: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the valid name most like this one, or None when none is like it (``cutoff`` 1.0: only the same)."""
    if len(name) > LONGEST_COMPARED:
        return None
    by_squashed = {squashed(candidate): candidate for candidate in valid}
    matches = difflib.get_close_matches(squashed(name), by_squashed, n=1, cutoff=cutoff)
    return by_squashed[matches[0]] if matches else None


def unknown(kind: str, name: str, near: str | None, otherwise: str) -> str:
    """Return the sentence for a name that does not exist, with the nearest one, or what else helps."""
    help_ = f"did you mean {near}?" if near else otherwise
    return f"unknown {kind} {shown(name)}; {help_}"


def unknown_among(kind: str, name: str, valid: Iterable[str]) -> str:
    """Return the sentence for a name that is none of these few."""
    names = sorted(valid)
    return unknown(kind, name, nearest(name, names), f"there are: {', '.join(map(_bare, names))}")


def _bare(name: str) -> str:
    return name if name.isprintable() and len(name) <= LONGEST_COMPARED else shown(name)
