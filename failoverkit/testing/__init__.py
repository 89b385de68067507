"""What tests of an application, of a driver plugin and of failoverkit itself are made with.

Names are imported when first used: a fake clock must not cost the import of a proxy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from failoverkit.testing.background import Background
    from failoverkit.testing.clusters import ClusterFactory, LocalCluster, find_cluster
    from failoverkit.testing.conformance import DriverConformance
    from failoverkit.testing.contract import DriverContract
    from failoverkit.testing.fake_clock import FakeClock
    from failoverkit.testing.fake_cluster import FakeCluster
    from failoverkit.testing.fake_connection import FakeConnection, FakeError
    from failoverkit.testing.fault_proxy import Direction, FaultProxy, Moment

__all__ = [
    "Background",
    "ClusterFactory",
    "Direction",
    "DriverConformance",
    "DriverContract",
    "FakeClock",
    "FakeCluster",
    "FakeConnection",
    "FakeError",
    "FaultProxy",
    "LocalCluster",
    "Moment",
    "find_cluster",
]

_MODULES = {
    "Background": "background",
    "ClusterFactory": "clusters",
    "Direction": "fault_proxy",
    "DriverConformance": "conformance",
    "DriverContract": "contract",
    "FakeClock": "fake_clock",
    "FakeCluster": "fake_cluster",
    "FakeConnection": "fake_connection",
    "FakeError": "fake_connection",
    "FaultProxy": "fault_proxy",
    "LocalCluster": "clusters",
    "Moment": "fault_proxy",
    "find_cluster": "clusters",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
