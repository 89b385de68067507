"""What is done to connections between borrowers: ageing, keepalive, leaks, the end of a drain."""

from __future__ import annotations

import threading

import pytest

from failoverkit.events import ConnectionLeaked, ConnectionsAborted
from failoverkit.pool.upkeep import SHORTEST_PAUSE

FAR = float("inf")


# -- ageing ----------------------------------------------------------------------------------------------------------


def test_what_has_reached_its_lifetime_is_replaced(build) -> None:
    world = build(max_lifetime=100.0, idle_timeout=1000.0, keepalive=1000.0)
    (old,) = world.opened(1)
    assert world.pool.tend(world.now) == old.expires_at
    world.clock.advance(old.expires_at - world.now)
    world.pool.tend(world.now)
    pool = world.finish()
    assert old.connection.closed
    assert (pool.counts().idle, pool.stats()["closed"], pool.stats()["opened"]) == (1, 1, 2)


def test_what_has_reached_its_lifetime_while_it_was_lent_is_retired_on_return(build) -> None:
    world = build(max_lifetime=100.0, check_idle_after=1000.0)
    world.opened(1)
    world.clock.advance(94.0)
    pooled = world.borrowed()
    pooled.expires_at = world.now
    world.pool.give_back(pooled)
    assert pooled.connection.closed
    assert world.finish().counts().idle == 1


def test_idle_connections_above_what_is_kept_are_closed(build) -> None:
    world = build(idle_timeout=60.0, keepalive=1000.0)
    world.opened(3)
    world.pool.play(primary=True, keep=1)
    assert world.pool.tend(world.now) == world.now + 60.0
    world.clock.advance(59.0)
    world.pool.tend(world.now)
    assert world.pool.counts().idle == 3
    world.clock.advance(1.0)
    world.pool.tend(world.now)
    assert (world.finish().counts().idle, world.cluster["a"].open_connections) == (1, 1)


def test_the_next_round_comes_before_what_is_lent_now_can_be_idle_for_long(build) -> None:
    world = build(idle_timeout=60.0, keepalive=30.0)
    world.opened(1)
    world.borrowed()
    assert world.pool.tend(world.now) == world.now + 30.0


def test_what_is_overdue_is_looked_at_again_after_a_pause(build) -> None:
    world = build(keepalive=30.0)
    world.opened(2)
    world.cluster.hold("a", "check")
    world.clock.advance(31.0)
    assert world.pool.tend(world.now) == world.now + SHORTEST_PAUSE, "one of the two is being touched"
    world.cluster.release("a", "check")


# -- keepalive -------------------------------------------------------------------------------------------------------


def test_idle_connections_are_touched(build) -> None:
    world = build(keepalive=30.0)
    pair = world.opened(2)
    world.clock.advance(30.0)
    world.pool.tend(world.now)
    pool = world.finish()
    assert [pooled.used_at for pooled in pair] == [world.now, world.now]
    assert pool.counts().idle == 2
    assert pool.stats()["lendings"] == 0
    assert world.hurried[-1] == world.now, "so that the next touch is planned"
    assert pool.tend(world.now) == world.now + 30.0


def test_what_was_used_lately_is_not_touched(build) -> None:
    world = build(keepalive=30.0)
    world.opened(1)
    world.clock.advance(29.9)
    world.pool.tend(world.now)
    assert world.running() == []


def test_a_dead_one_found_by_keepalive_is_replaced(build) -> None:
    world = build(keepalive=30.0)
    (dead,) = world.opened(1)
    world.cluster.cut("a")
    world.clock.advance(30.0)
    world.pool.tend(world.now)
    pool = world.finish()
    assert dead not in pool._slots.members
    assert (pool.counts().idle, pool.stats()["dead_idle"]) == (1, 1)


def test_a_hung_touch_holds_up_nobody_and_counts_as_lent(build) -> None:
    world = build(keepalive=30.0, check_timeout=9.0)
    world.opened(2)
    world.cluster.hold("a", "check")
    world.clock.advance(30.0)
    world.pool.tend(world.now)
    world.cluster.wait_until_blocked("a", "check")
    world.pool.tend(world.now)
    (keeper,) = world.running()
    assert (keeper.name, keeper.daemon) == ("failoverkit-keep-a", True)
    assert (world.pool.counts().idle, world.pool.counts().lent) == (1, 1)
    world.cluster.release("a", "check")
    assert world.finish().counts().idle == 2


def test_what_is_touched_while_its_generation_ends_is_closed(build) -> None:
    world = build(keepalive=30.0)
    world.opened(1)
    world.cluster.hold("a", "check")
    world.clock.advance(30.0)
    world.pool.tend(world.now)
    world.cluster.wait_until_blocked("a", "check")
    world.pool.play(primary=False, keep=0)
    world.pool.drain(1, 10.0)
    world.cluster.release("a", "check")
    assert (world.finish().counts().idle, world.cluster["a"].open_connections) == (0, 0)


def test_no_thread_to_be_had_puts_keepalive_off(build, monkeypatch) -> None:
    world = build(keepalive=30.0)
    (pooled,) = world.opened(1)
    proven = pooled.used_at
    world.clock.advance(30.0)

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as scarce:
        scarce.setattr(threading.Thread, "start", start)
        assert world.pool.tend(world.now) == world.now + SHORTEST_PAUSE
    assert (world.pool.counts().idle, pooled.used_at) == (1, proven)
    world.pool.tend(world.now)
    world.finish()
    assert pooled.used_at == world.now


# -- drain -----------------------------------------------------------------------------------------------------------


def test_what_is_still_lent_at_the_end_of_a_drain_is_aborted(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    world.pool.play(primary=False, keep=0)
    world.pool.drain(1, 10.0)
    assert world.hurried[-1] == world.now + 10.0
    world.clock.advance(9.9)
    assert world.pool.tend(world.now) == pytest.approx(world.now + 0.1)
    assert not pooled.connection.closed
    world.clock.advance(0.1)
    world.pool.tend(world.now)
    assert pooled.connection.closed
    assert world.told == [ConnectionsAborted("default", world.now, "a", 1)]
    assert world.pool.stats()["aborted"] == 1
    world.pool.tend(world.now)
    assert len(world.told) == 1, "once"


def test_what_comes_back_during_a_drain_is_closed_and_nothing_is_told(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    world.pool.play(primary=False, keep=0)
    world.pool.drain(1, 10.0)
    world.pool.give_back(pooled)
    assert pooled.connection.closed
    world.clock.advance(10.0)
    world.pool.tend(world.now)
    assert world.told == []


def test_a_host_that_serves_again_drains_no_more(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    world.pool.drain(1, 10.0)
    world.pool.start_serving()
    world.clock.advance(10.0)
    world.pool.tend(world.now)
    assert not pooled.connection.closed


def test_a_lost_host_has_nothing_left_to_drain(build) -> None:
    world = build()
    world.opened(1)
    world.borrowed()
    world.pool.drain(1, 10.0)
    world.pool.discard(2)
    world.clock.advance(10.0)
    world.pool.tend(world.now)
    assert [event.count for event in world.told] == [1], "aborted when it was lost, and not again"


# -- leaks -----------------------------------------------------------------------------------------------------------


def lend_to_a_forgetful_borrower(world):
    pooled = world.pool.checkout()
    world.pool.begin_use(pooled)
    world.pool.note_borrower(pooled)
    return pooled


def test_a_leak_is_told_once_with_the_borrowers_stack(build) -> None:
    world = build(leak_after=20.0)
    world.opened(1)
    lend_to_a_forgetful_borrower(world)
    assert world.hurried[-1] == world.now + 20.0
    assert world.pool.tend(world.now) == world.now + 20.0
    world.clock.advance(19.0)
    world.pool.tend(world.now)
    assert world.told == []
    world.clock.advance(2.0)
    world.pool.tend(world.now)
    (leaked,) = world.told
    assert isinstance(leaked, ConnectionLeaked)
    assert (leaked.host, leaked.lent_for) == ("a", 21.0)
    assert "test_a_leak_is_told_once_with_the_borrowers_stack" in leaked.stack
    world.clock.advance(100.0)
    world.pool.tend(world.now)
    assert len(world.told) == 1


def test_what_is_returned_in_time_is_no_leak(build) -> None:
    world = build(leak_after=20.0)
    world.opened(1)
    world.pool.give_back(lend_to_a_forgetful_borrower(world))
    world.clock.advance(100.0)
    world.pool.tend(world.now)
    assert world.told == []


def test_each_lending_is_watched_anew(build) -> None:
    world = build(leak_after=20.0)
    world.opened(1)
    for _ in range(2):
        pooled = lend_to_a_forgetful_borrower(world)
        world.clock.advance(20.0)
        world.pool.tend(world.now)
        world.pool.give_back(pooled)
    assert len(world.told) == 2


def test_time_spent_idle_is_not_time_lent(build) -> None:
    world = build(leak_after=20.0, check_idle_after=1000.0, keepalive=1000.0)
    world.opened(1)
    world.pool.give_back(lend_to_a_forgetful_borrower(world))
    world.clock.advance(500.0)
    lend_to_a_forgetful_borrower(world)
    world.pool.tend(world.now)
    assert world.told == []


@pytest.mark.parametrize("by", ["a borrower's check", "keepalive"])
def test_the_last_borrower_is_not_blamed_for_a_check(build, by: str) -> None:
    world = build(leak_after=20.0, keepalive=400.0)
    world.opened(1)
    world.pool.give_back(lend_to_a_forgetful_borrower(world))
    world.clock.advance(500.0)
    if by == "keepalive":
        assert world.pool._slots.reserve_stale(world.now, 400.0)
    else:
        assert world.pool.checkout()
    world.pool.tend(world.now)
    assert world.told == []


def test_leaks_are_not_looked_for_unless_asked(build) -> None:
    world = build()
    world.opened(1)
    lend_to_a_forgetful_borrower(world)
    assert world.hurried[-1] == FAR
    world.clock.advance(1e6)
    world.pool.tend(world.now)
    assert world.told == []
