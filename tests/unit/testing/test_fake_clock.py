"""Time that stands still."""

from __future__ import annotations

import pytest

from failoverkit.testing import FakeClock


def test_stands_still_until_advanced():
    clock = FakeClock(start=5.0)
    assert (clock(), clock()) == (5.0, 5.0)
    assert clock.advance(1.5) == 6.5
    assert clock() == 6.5


def test_never_goes_back():
    clock = FakeClock(start=5.0)
    with pytest.raises(ValueError, match=r"cannot go back by 0\.5 s"):
        clock.advance(-0.5)
    assert clock() == 5.0


def test_repr_tells_the_time():
    assert repr(FakeClock(5.0)) == "FakeClock(5.0)"
