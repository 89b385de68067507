"""When to probe next: pure numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverkit.monitor.schedule import pause, slow_after
from failoverkit.settings import MonitorSettings

SETTINGS = MonitorSettings(probe_interval=1.0, probe_timeout=0.5, quick_interval=0.03)
rolls = st.floats(0, 1, exclude_max=True)


@given(rolls)
def test_calm_pauses_spread_around_the_interval(roll: float) -> None:
    assert 0.9 <= pause(SETTINGS, urgent_for=None, connected=True, roll=roll) <= 1.1


def test_middle_roll_is_the_interval_itself() -> None:
    assert pause(SETTINGS, urgent_for=None, connected=False, roll=0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("urgent_for", "connected", "expected"),
    [
        (0.0, True, 0.03),
        (9.9, True, 0.03),
        (10.0, True, 0.09),
        (60.0, True, 0.3),
        (0.0, False, 0.06),
        (60.0, False, 0.6),
    ],
)
def test_urgent_pauses_grow_and_spare_hosts_without_a_connection(
    urgent_for: float, connected: bool, expected: float
) -> None:
    assert pause(SETTINGS, urgent_for=urgent_for, connected=connected, roll=0.5) == pytest.approx(expected)


@given(rolls, st.floats(0, 1e6), st.booleans())
def test_urgent_is_never_slower_than_calm_at_its_slowest(roll: float, urgent_for: float, connected: bool) -> None:
    lazy = MonitorSettings(probe_interval=0.1, quick_interval=0.09)
    assert pause(lazy, urgent_for=urgent_for, connected=connected, roll=roll) <= 0.1 * 1.3


@pytest.mark.parametrize(("latency", "expected"), [(None, 0.1), (0.001, 0.1), (0.05, 0.2), (3.0, 0.5)])
def test_slow_is_four_times_the_usual_within_bounds(latency: float | None, expected: float) -> None:
    assert slow_after(latency, SETTINGS) == pytest.approx(expected)
