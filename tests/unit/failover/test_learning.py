"""Epochs, lineages and roles: what single hosts teach about the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from failoverkit.failover.effects import Route
from failoverkit.failover.learning import newest_epoch
from failoverkit.model import Report, Role, Target

Make = Callable[..., Any]


def test_a_standby_proves_that_a_newer_epoch_exists(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.says("b", "standby", 2)
    assert cluster.view("a").stale
    assert cluster.active is None


def test_the_newest_epoch_is_remembered(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.says("b", "primary", 2)
    cluster.says("b", "standby", 1)
    cluster.says("a", "primary", 1)
    assert cluster.topology.epochs == {"L": 2}
    assert cluster.active is None


def test_the_lineage_is_that_of_the_first_host_routed(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("b", "standby", 5, lineage="other")
    assert cluster.topology.lineage is None
    cluster.says("a", "primary", 1, lineage="L")
    assert cluster.topology.lineage == "L"
    assert cluster.targets(Target.STANDBY) == []


def test_the_active_host_may_name_its_lineage_later(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary")
    cluster.says("b", "standby")
    cluster.says("b", "standby", 1)
    assert cluster.topology.lineage is None
    cluster.says("a", "primary", 1)
    assert cluster.topology.lineage == "L"


def test_a_cluster_that_was_rebuilt_is_adopted_when_all_agree(replicated: Make) -> None:
    cluster = replicated("ab", up_after=1)
    for host in "ab":
        cluster.fails(host)
    cluster.says("a", "primary", 1, lineage="new")
    assert cluster.active is None
    cluster.says("b", "standby", 1, lineage="new")
    assert (cluster.topology.lineage, cluster.active, cluster.effects) == ("new", "a", [Route("a")])


def test_a_host_that_never_named_a_lineage_has_no_say(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary", 1)
    cluster.says("b", "standby")
    cluster.says("a", "primary", 1, lineage="new")
    assert (cluster.topology.lineage, cluster.active) == ("new", "a")


def test_epochs_compare_only_within_the_clusters_lineage(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("b", "standby", 5, lineage="other")
    topology = cluster.topology
    assert newest_epoch(topology, Report(Role.PRIMARY, 9, "L")) == 1
    assert newest_epoch(topology, Report(Role.PRIMARY, 9, "other")) is None
    assert newest_epoch(topology, None) is None


def test_a_cluster_has_roles_once_somebody_said_one(watch: Make) -> None:
    cluster = watch("abc")
    cluster.says("a")
    cluster.says("b")
    cluster.fails("c")
    assert cluster.active == "a"
    cluster.says("b", "primary")
    assert cluster.active == "b"
