"""Compares what callers were told with what is in the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from failoverkit.testing.workload import Attempt

Row = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the rows. Each field is a number of rows."""

    acknowledged: int
    """Commits that callers were told had succeeded."""
    found: int
    unknown: int
    """Commits of which callers were told that the outcome is unknown."""
    unknown_found: int
    """Those of them that are there."""
    lost: int
    """Acknowledged and not there."""
    doubled: int
    """There more than once."""
    phantom: int
    """There although callers were told that they failed."""


def judge(attempts: Iterable[Attempt], rows: Counter[Row]) -> Verdict:
    """Return what became of the rows of these attempts (all of them, from first to last)."""
    acknowledged: set[Row] = set()
    unknown: set[Row] = set()
    for attempt in attempts:
        row = (attempt.worker, attempt.number)
        if attempt.unknown:
            unknown.add(row)
        elif not attempt.error:
            acknowledged.add(row)
    return Verdict(
        acknowledged=len(acknowledged),
        found=sum(rows.values()),
        unknown=len(unknown),
        unknown_found=len(unknown & rows.keys()),
        lost=len(acknowledged - rows.keys()),
        doubled=sum(count > 1 for count in rows.values()),
        phantom=len(rows.keys() - acknowledged - unknown),
    )
