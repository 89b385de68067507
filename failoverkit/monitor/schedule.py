"""When to probe next. Pure: time and chance come in as arguments. All times in seconds."""

from __future__ import annotations

from failoverkit.settings import MonitorSettings

CALM_JITTER = 0.1
"""Largest part of the interval added or taken off while all is well, so that processes do not probe in step."""
URGENT_JITTER = 0.3
SLOW_AT_LEAST = 0.1
"""A probe unanswered for this long makes the others look sooner; it is no evidence yet."""
SLOW_FACTOR = 4.0
"""The same, as a multiple of the host's usual latency."""
STEADY_URGENT = 10.0
"""How long urgent probing keeps its first pace."""
RELAXED_URGENT = 60.0
"""After this long it takes its last pace."""


def pause(settings: MonitorSettings, *, urgent_for: float | None, connected: bool, roll: float) -> float:
    """Return the time to wait before the next probe of a host.

    ``urgent_for``: for how long a host has been suspect or nothing has served; None while all is well. ``connected``:
    whether the monitor has a connection to this host; without one a probe costs the server a connect, so it comes
    less often. ``roll`` in ``[0, 1)``.
    """
    if urgent_for is None:
        return settings.probe_interval * _jitter(CALM_JITTER, roll)
    factor = 1.0 if urgent_for < STEADY_URGENT else 3.0 if urgent_for < RELAXED_URGENT else 10.0
    if not connected:
        factor *= 2.0
    return min(settings.quick_interval * factor, settings.probe_interval) * _jitter(URGENT_JITTER, roll)


def _jitter(share: float, roll: float) -> float:
    return 1.0 + share * (2.0 * roll - 1.0)


def slow_after(usual_latency: float | None, settings: MonitorSettings) -> float:
    """Return the time after which an unanswered probe is a reason to hurry the others."""
    return min(max(SLOW_AT_LEAST, SLOW_FACTOR * (usual_latency or 0.0)), settings.probe_timeout)
