"""What callers were told against what is in the database: each way in which the two can differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple

import pytest

from failoverkit.testing.verdict import Verdict, judge
from failoverkit.testing.workload import Attempt

ROW = ("writer-1", 1)


def attempt(*, error: str = "", unknown: bool = False, number: int = 1) -> Attempt:
    return Attempt("writer-1", number, "a", 0.0, 1.0, error, unknown)


ACKNOWLEDGED = attempt()
FAILED = attempt(error="FakeError: gone")
UNKNOWN = attempt(error="OutcomeUnknown: gone", unknown=True)


def verdict(**counts: int) -> Verdict:
    return Verdict(**(dict.fromkeys(Verdict.__dataclass_fields__, 0) | counts))


@pytest.mark.parametrize(
    ("attempts", "found", "expected"),
    [
        ([ACKNOWLEDGED], 1, verdict(acknowledged=1, found=1)),
        ([ACKNOWLEDGED], 0, verdict(acknowledged=1, lost=1)),
        ([ACKNOWLEDGED], 2, verdict(acknowledged=1, found=2, doubled=1)),
        ([FAILED], 0, verdict()),
        ([FAILED], 1, verdict(found=1, phantom=1)),
        ([FAILED, ACKNOWLEDGED], 1, verdict(acknowledged=1, found=1)),
        ([UNKNOWN], 0, verdict(unknown=1)),
        ([UNKNOWN], 1, verdict(unknown=1, found=1, unknown_found=1)),
        ([UNKNOWN], 2, verdict(unknown=1, found=2, unknown_found=1, doubled=1)),
        ([FAILED, UNKNOWN], 1, verdict(unknown=1, found=1, unknown_found=1)),
    ],
)
def test_one_row(attempts: list[Attempt], found: int, expected: Verdict) -> None:
    assert judge(attempts, Counter({ROW: found} if found else {})) == expected


def test_rows_are_counted_apart() -> None:
    attempts = [attempt(number=number) for number in range(1, 4)]
    rows = Counter({("writer-1", 1): 1, ("writer-1", 2): 2, ("writer-2", 1): 1})
    assert judge(attempts, rows) == verdict(acknowledged=3, found=4, lost=1, doubled=1, phantom=1)


def test_nothing_at_all() -> None:
    assert set(astuple(judge([], Counter()))) == {0}
