"""Checks that need two settings: each is right alone, together they contradict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failoverkit.config.layer import Layer
from failoverkit.config.problems import Problems, shown

AT_MOST = (
    ("pool.min_size", "pool.max_size"),
    ("pool.warm_standby", "pool.max_size"),
    ("monitor.quick_interval", "monitor.probe_interval"),
    ("failover.hold", "failover.hold_limit"),
)
"""The first of each pair may not be more than the second."""


def check_together(values: Mapping[str, Any], layer: Layer, problems: Problems) -> None:
    """Note each pair that contradicts, at the place of one that the user wrote."""
    for low, high in AT_MOST:
        if problems.spoiled(low, high) or values[low] <= values[high]:
            continue
        written, other, relation = (low, high, "more") if low in layer else (high, low, "less")
        origin = layer[other].where if other in layer else "the default"
        problems.add(
            layer[written].where,
            f"{shown(values[written])} is {relation} than {other}, which is {shown(values[other])} ({origin});"
            f" {low} may be at most {high}",
        )
