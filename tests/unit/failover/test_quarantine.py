"""Where no epoch orders two primaries, a host that we left is trusted only for a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.errors import OperatorError
from failoverkit.events import HostQuarantined, QuarantineLifted
from failoverkit.failover import brain
from failoverkit.failover.commands import ClearQuarantine, FailOver
from failoverkit.failover.effects import Route
from failoverkit.failover.quarantine import due_at
from failoverkit.failover.topology import HostView
from failoverkit.model import Host

Make = Callable[..., Any]


@pytest.fixture
def left(unordered: Make) -> Any:
    """Return a cluster in which a was left for b while it was primary, and says it still is."""
    cluster = unordered("abc", up_after=1, hold=60.0)
    cluster.fails("a")
    cluster.says("b", "primary")
    assert [event.host for event in cluster.told(HostQuarantined)] == ["a"]
    cluster.says("a", "primary")
    assert cluster.active == "b"
    return cluster


def test_it_is_not_trusted_when_the_other_is_lost(left: Any) -> None:
    left.fails("b", at=10.0)
    assert left.active is None
    assert left.view("a").quarantined


def test_seen_as_a_standby_it_is_trusted(left: Any) -> None:
    left.says("a", "standby")
    assert [event.reason for event in left.told(QuarantineLifted)] == ["it was seen as a standby"]
    left.fails("b")
    left.says("a", "primary")
    assert left.active == "a"


def test_alone_for_the_hold_time_it_is_trusted(left: Any) -> None:
    assert brain.next_tick_at(left.topology, left.policy) is None
    left.fails("b", at=10.0)
    assert brain.next_tick_at(left.topology, left.policy) == 70.0
    left.tick(at=69.0)
    assert left.active is None
    left.tick(at=70.0)
    assert left.effects == [Route("a")]
    assert left.told(QuarantineLifted)[0].reason == "nobody else claimed to be primary for 60 s"


def test_another_claim_stops_the_clock(left: Any) -> None:
    left.fails("b", at=10.0)
    left.says("c", "primary", at=20.0)
    assert left.active == "c"
    assert due_at(left.view("a"), 60.0) is None
    # The host b was primary when it was left, and the clock runs only while nobody else claims.
    assert brain.next_tick_at(left.topology, left.policy) is None


def test_a_second_look_does_not_start_the_clock_again(left: Any) -> None:
    left.fails("b", at=10.0)
    left.says("a", "primary", at=30.0)
    assert due_at(left.view("a"), 60.0) == 70.0


def test_an_operator_may_clear_it(left: Any) -> None:
    left.fails("b")
    left.wish(ClearQuarantine("a"))
    assert left.effects == [Route("a")]
    with pytest.raises(OperatorError, match="a is not quarantined"):
        left.wish(ClearQuarantine("a"))
    with pytest.raises(OperatorError, match="there is no host z; there are a, b, c"):
        left.wish(ClearQuarantine("z"))


def test_a_host_that_is_not_quarantined_is_never_due() -> None:
    assert due_at(HostView(Host("a", "a"), 0), 60.0) is None


def test_an_epoch_needs_no_quarantine(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    cluster.says("b", "primary", 2)
    assert cluster.told(HostQuarantined) == []
    assert not cluster.view("a").quarantined


def test_a_standby_that_was_left_needs_none(unordered: Make) -> None:
    cluster = unordered("ab")
    cluster.says("a", "standby")
    cluster.says("b", "primary")
    assert cluster.active == "b"
    assert not cluster.view("a").quarantined


@pytest.fixture
def equal(replicated: Make) -> Any:
    """Return a cluster in which a and b claim the same epoch, and an operator chose b."""
    cluster = replicated("ab")
    cluster.says("b", "primary", 1)
    cluster.wish(FailOver("b"))
    assert cluster.view("a").quarantined
    return cluster


def test_equal_epochs_prove_nothing(equal: Any) -> None:
    equal.says("a", "primary", 1)
    assert equal.active == "b"
    assert equal.view("a").quarantined


def test_a_newer_epoch_proves_it(equal: Any) -> None:
    equal.says("a", "primary", 2)
    assert equal.told(QuarantineLifted)[0].reason == "it says PRIMARY with a newer epoch"
    assert equal.active == "a"


def test_one_unknown_lineage_proves_nothing(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("a", "primary", 1)
    cluster.says("b", "standby")
    cluster.fails("a")
    cluster.says("b", "primary", 2, lineage=None)
    assert cluster.active == "b"
    assert cluster.view("a").quarantined


def test_two_known_lineages_are_two_clusters(replicated: Make) -> None:
    cluster = replicated("abc")
    cluster.says("a", "primary", 1, lineage="old")
    cluster.says("b", "primary", 2)
    assert cluster.active == "b"
    assert not cluster.view("a").quarantined
