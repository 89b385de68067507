"""The beginning, before anything is known."""

from __future__ import annotations

from failoverkit.failover.topology import HostView, Quarantine, Standing, begin
from failoverkit.model import Health, Host, Report, Role, State


def test_at_first_nothing_is_known() -> None:
    topology = begin([Host("a", "a", priority=1), Host("b", "b", priority=2)], pool="orders")
    assert (topology.pool, topology.state, topology.active, topology.paused) == ("orders", State.DEGRADED, None, False)
    assert [(view.name, view.index, view.health) for view in topology.hosts.values()] == [
        ("a", 0, Health.UNKNOWN),
        ("b", 1, Health.UNKNOWN),
    ]


def test_preferred_is_whoever_has_the_best_priority() -> None:
    topology = begin([Host("a", "a", priority=2), Host("b", "b", priority=1), Host("c", "c", priority=1)])
    assert [view.name for view in topology.hosts.values() if topology.is_preferred(view)] == ["b", "c"]


def test_a_view_shows_what_status_needs() -> None:
    view = HostView(Host("a", "a"), 0, report=Report(Role.STANDBY, 3, "L", lag=0.5))
    assert (view.name, view.role, view.epoch, view.lag) == ("a", Role.STANDBY, 3, 0.5)
    assert not view.stale
    assert not view.quarantined
    troubled = HostView(Host("a", "a"), 0, standing=Standing.STALE, quarantine=Quarantine(None))
    assert troubled.stale
    assert troubled.quarantined
