"""What is told of stale, foreign and rival hosts, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failoverkit.events import ForeignHost, SplitBrain, StalePrimary

Make = Callable[..., Any]


def test_a_stale_primary_is_told_once_each_time_it_shows_up(replicated: Make) -> None:
    cluster = replicated("ab", up_after=1)
    cluster.says("b", "primary", 3, at=4.0)
    assert cluster.told(StalePrimary) == [StalePrimary("default", 4.0, "a", 1, 3)]
    cluster.says("a", "primary", 1)
    assert cluster.told(StalePrimary) == []
    cluster.fails("a")
    cluster.says("a", "primary", 2, at=5.0)
    assert cluster.told(StalePrimary) == [StalePrimary("default", 5.0, "a", 2, 3)]


def test_a_foreign_host_is_told_once(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.says("b", "primary", 9, lineage="other", at=4.0)
    assert cluster.told(ForeignHost) == [ForeignHost("default", 4.0, "b", "other", "L")]
    cluster.fails("b")
    cluster.says("b", "primary", 9, lineage="other")
    assert cluster.told(ForeignHost) == []
    assert cluster.active == "a"


def test_a_split_brain_is_told_once_per_set_of_claimants(unordered: Make) -> None:
    cluster = unordered("abc")
    told = []
    for host in "bbca":
        cluster.says(host, "primary", at=4.0)
        told += cluster.told(SplitBrain)
    assert told == [
        SplitBrain("default", 4.0, ("a", "b"), "a"),
        SplitBrain("default", 4.0, ("a", "b", "c"), "a"),
    ]
    for host in "bc":
        cluster.says(host, "standby")
    assert cluster.topology.claimants == ()


def test_primaries_of_different_clusters_are_no_split_brain(watch: Make) -> None:
    cluster = watch("abc", split_brain="suspend")
    cluster.says("a", "primary", 1, lineage="ours")
    cluster.says("b", "primary", 7, lineage="theirs")
    assert cluster.told(SplitBrain) == []
    cluster.says("c", "standby", 1, lineage="ours")
    assert cluster.active == "a"
    assert [event.host for event in cluster.told(ForeignHost)] == ["b"]
    assert cluster.topology.claimants == ()
