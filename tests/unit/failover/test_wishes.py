"""What operators may ask for, and the answer when it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.errors import OperatorError
from failoverkit.events import Paused, Resumed
from failoverkit.failover.commands import Command, FailBack, FailOver, Pause, Resume, Warmed
from failoverkit.failover.effects import Drain, Route, Warm
from failoverkit.model import State, Target

Make = Callable[..., Any]


def refused(cluster: Any, wish: Command) -> str:
    before = cluster.topology
    with pytest.raises(OperatorError) as caught:
        cluster.wish(wish)
    assert cluster.topology is before
    return str(caught.value)


def test_fail_over_to_a_worse_host(roleless: Make) -> None:
    cluster = roleless("ab")
    cluster.wish(FailOver("b"))
    assert cluster.effects == [Route("b"), Drain("a", 1, 10.0)]
    assert (cluster.state, cluster.active) == (State.FAILED_OVER, "b")


def test_fail_over_to_a_preferred_host(roleless: Make) -> None:
    cluster = roleless("ab")
    cluster.wish(FailOver("b"))
    cluster.wish(FailOver("a"))
    assert cluster.effects == [Route("a"), Drain("b", 1, 10.0)]
    assert cluster.state is State.HEALTHY


def test_fail_over_among_hosts_that_share_the_work_drains_nobody(roleless: Make) -> None:
    cluster = roleless({"a": 0, "b": 0})
    cluster.wish(FailOver("b"))
    assert cluster.effects == [Route("b")]
    assert cluster.state is State.HEALTHY


def test_fail_over_before_every_host_was_heard(watch: Make) -> None:
    cluster = watch("ab")
    cluster.says("a")
    cluster.wish(FailOver("a"))
    assert cluster.effects == [Route("a")]


def test_fail_over_follows_promotions(replicated: Make) -> None:
    cluster = replicated("ab")
    assert refused(cluster, FailOver("b")) == (
        "cannot fail over to b: is a standby (failoverkit follows promotions and never promotes)"
    )


def test_fail_over_to_a_stale_primary(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.says("b", "primary", 2)
    assert "a: stale primary: epoch 1, newest is 2" in refused(cluster, FailOver("a"))


def test_fail_over_to_where_we_are(replicated: Make) -> None:
    assert refused(replicated("ab"), FailOver("a")) == "a is active already"


def test_fail_over_to_nowhere(replicated: Make) -> None:
    assert refused(replicated("ab"), FailOver("c")) == "there is no host c; there are a, b"


def test_fail_back_prepares_at_once(roleless: Make) -> None:
    cluster = roleless("ab", failback="manual")
    cluster.wish(FailOver("b"))
    cluster.wish(FailBack())
    assert cluster.effects == [Warm("a")]
    assert (cluster.state, cluster.topology.pinned) == (State.FAILING_BACK, None)
    before = cluster.topology
    assert cluster.wish(FailBack()).topology is before


def test_fail_back_from_home(roleless: Make) -> None:
    assert refused(roleless("ab"), FailBack()) == "cannot fail back: a is active, and no host is preferred to it"


def test_fail_back_when_the_configuration_says_never(roleless: Make) -> None:
    message = refused(roleless("ab", failback="never"), FailBack())
    assert message == "cannot fail back: failover.failback is never; fail over to the host by name instead"


def test_fail_back_while_nothing_serves(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a")
    assert refused(cluster, FailBack()) == "cannot fail back: no host serves now"


def test_fail_back_to_a_host_that_cannot(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.fails("a", detail="connection refused")
    cluster.says("b", "primary", 2)
    assert refused(cluster, FailBack()) == (
        "cannot fail back: a: down: connection refused (failoverkit follows promotions and never promotes)"
    )


def test_pause_and_resume(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.wish(Pause(), at=1.0)
    assert cluster.told(Paused) == [Paused("default", 1.0)]
    assert all(not names for names in cluster.routing.targets.values())
    paused = cluster.topology
    assert cluster.wish(Pause()).topology is paused
    cluster.wish(Resume(), at=2.0)
    assert cluster.told(Resumed) == [Resumed("default", 2.0)]
    assert cluster.targets(Target.PRIMARY) == ["a"]
    resumed = cluster.topology
    assert cluster.wish(Resume()).topology is resumed


def test_the_cluster_is_followed_while_paused(replicated: Make) -> None:
    cluster = replicated("ab")
    cluster.wish(Pause())
    cluster.says("b", "primary", 2)
    assert cluster.active == "b"
    assert cluster.targets(Target.PRIMARY) == []


@pytest.mark.parametrize("host", ["a", "b", "z"])
def test_a_host_that_nobody_prepares_may_be_warm_for_all_we_care(replicated: Make, host: str) -> None:
    cluster = replicated("ab")
    before = cluster.topology
    assert cluster.wish(Warmed(host)).topology is before
