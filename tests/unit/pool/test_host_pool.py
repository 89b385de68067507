"""The connections of one host: lending, checking, waiting, and the end of a generation."""

from __future__ import annotations

import pytest

from failoverkit.errors import FailoverkitError
from failoverkit.model import ErrorKind, Observation, Source, Target
from failoverkit.pool.stats import HostCounts
from failoverkit.pool.waiters import Closed
from failoverkit.testing import Background

SOON = 10.0


def checked_out(world):
    pooled = world.pool.checkout()
    assert pooled is not None
    return pooled


# -- lending ---------------------------------------------------------------------------------------------------------


def test_a_clean_connection_is_lent_again(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    assert world.pool.lent == {pooled.connection: pooled}
    world.pool.give_back(pooled)
    assert world.borrowed() is pooled
    assert world.pool.stats()["lendings"] == 2


def test_a_returned_connection_is_rolled_back(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    pooled.connection.cursor().execute("write x")
    world.pool.give_back(pooled)
    assert not pooled.connection.in_transaction


def test_a_broken_one_is_evidence_and_is_replaced(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    world.cluster.cut("a")
    world.pool.give_back(pooled)
    detail = "a returned connection was broken"
    assert world.observed == [Observation("a", 0, Source.CALLER, error=ErrorKind.CONNECTION_LOST, detail=detail)]
    pool = world.finish()
    assert (pool.counts().idle, pool.stats()["closed"]) == (1, 1)
    assert world.borrowed() is not pooled


def test_giving_back_twice_is_an_error(build) -> None:
    world = build()
    world.opened(1)
    pooled = world.borrowed()
    world.pool.give_back(pooled)
    with pytest.raises(FailoverkitError, match="given back twice"):
        world.pool.give_back(pooled)
    assert world.pool.counts().idle == 1


def test_who_waits_gets_what_is_given_back(build) -> None:
    world = build(max_size=1)
    world.opened(1)
    pooled = world.borrowed()
    first, second = world.waiter(), world.waiter()
    world.pool.enqueue([first, second])
    world.pool.give_back(pooled)
    assert first.wait(SOON) is pooled
    world.pool.put_aside(pooled)
    assert second.wait(SOON) is pooled


def test_a_connection_put_aside_is_as_proven_as_before(build) -> None:
    world = build(keepalive=1000.0)
    (pooled,) = world.opened(1)
    proven = pooled.used_at
    world.clock.advance(100.0)
    world.pool.put_aside(checked_out(world))
    assert (pooled.used_at, world.pool.stats()["lendings"]) == (proven, 0)
    assert world.pool.needs_check(pooled)


def test_a_connection_put_aside_after_its_generation_makes_room(build) -> None:
    world = build(max_size=1)
    world.opened(1)
    pooled = checked_out(world)
    world.pool.drain(1, 10.0)
    world.pool.put_aside(pooled)
    assert pooled.connection.closed
    assert world.finish().counts().idle == 1, "what is to be kept was opened in its place"


def test_use_begins_when_the_borrower_gets_it(build) -> None:
    world = build(check_idle_after=50.0)
    world.opened(1)
    world.clock.advance(40.0)
    pooled = checked_out(world)
    world.pool.begin_use(pooled)
    world.pool.give_back(pooled)
    world.clock.advance(40.0)
    assert not world.pool.needs_check(pooled)


# -- checking --------------------------------------------------------------------------------------------------------


def test_idle_for_longer_than_the_limit_is_checked(build) -> None:
    world = build(check_idle_after=2.0)
    (pooled,) = world.opened(1)
    world.clock.advance(2.0)
    assert not world.pool.needs_check(pooled)
    world.clock.advance(0.1)
    assert world.pool.needs_check(pooled)
    assert world.pool.take(world.now) is None, "not without the check"
    assert world.pool.check(checked_out(world), 1.0)
    assert not world.pool.needs_check(pooled)


def test_a_dead_one_is_dropped_and_replaced_without_blaming_the_host(build) -> None:
    world = build()
    world.opened(1)
    world.cluster.cut("a")
    assert not world.pool.check(checked_out(world), 1.0)
    assert world.observed == []
    pool = world.finish()
    assert (pool.counts().idle, pool.stats()["dead_idle"], pool.stats()["closed"]) == (1, 1, 1)


def test_a_demoted_one_is_dropped(build) -> None:
    world = build()
    world.opened(1)
    world.cluster.demote("a")
    pooled = checked_out(world)
    assert not world.pool.check(pooled, 1.0)
    assert pooled.connection.closed


def test_a_frozen_one_is_aborted_at_the_deadline_and_the_host_suspected(build) -> None:
    world = build()
    world.opened(1)
    world.cluster.hold("a", "check")
    pooled = checked_out(world)
    checking = Background(lambda: world.pool.check(pooled, 9.0))
    world.cluster.wait_until_blocked("a", "check")
    assert world.hurried[-1] == world.now + 9.0
    world.clock.advance(9.0)
    world.watchdog.expire(world.now)
    assert checking.result() is False
    detail = "an idle connection gave no answer in 9 s"
    assert world.observed == [Observation("a", 0, Source.CALLER, error=ErrorKind.TIMEOUT, detail=detail)]
    assert pooled.connection.closed


def test_a_driver_that_keeps_the_deadline_itself_is_evidence_as_well(build) -> None:
    world = build(check_timeout=0.0)
    world.opened(1)
    world.cluster.hold("a", "check")
    assert not world.pool.check(checked_out(world), 0.0)
    assert [observation.error for observation in world.observed] == [ErrorKind.TIMEOUT]
    world.cluster.release("a", "check")


def test_no_answer_to_a_borrower_in_a_hurry_is_no_evidence(build) -> None:
    world = build(check_timeout=9.0)
    world.opened(1)
    world.cluster.hold("a", "check")
    assert not world.pool.check(checked_out(world), 0.0)
    assert world.observed == []
    world.cluster.release("a", "check")


def test_an_interrupted_check_loses_no_room(build, calls) -> None:
    world = build(calls)
    world.opened(1)
    pooled = checked_out(world)
    calls.interruption = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        world.pool.check(pooled, 1.0)
    assert pooled.connection.closed
    assert world.finish().counts() == HostCounts(idle=1, lent=0, opening=0, waiting=0, generation=0)


# -- waiting ---------------------------------------------------------------------------------------------------------


def test_room_is_what_is_idle_or_may_be_opened(build) -> None:
    world = build(max_size=2)
    assert world.pool.has_room()
    world.opened(2)
    assert world.pool.has_room()
    first = world.borrowed()
    world.borrowed()
    assert not world.pool.has_room()
    world.pool.give_back(first)
    assert world.pool.has_room()


def test_waiters_of_targets_no_longer_served_are_released_in_order(build) -> None:
    world = build(max_size=1)
    world.opened(1)
    world.borrowed()
    targets = [Target.PRIMARY, Target.ANY, Target.PRIMARY, Target.STANDBY]
    waiters = [world.waiter(target) for target in targets]
    world.pool.enqueue(waiters)
    assert world.pool.release_waiters(frozenset({Target.ANY})) == [waiters[0], waiters[2], waiters[3]]
    assert list(world.pool._slots.waiting) == [waiters[1]]
    world.pool.withdraw(waiters[1])
    world.pool.withdraw(waiters[1])
    assert world.pool.counts().waiting == 0


def test_a_closed_pool_takes_no_waiters(build) -> None:
    world = build()
    world.pool.close()
    assert not world.pool.enqueue([world.waiter()])


# -- the part this host plays ----------------------------------------------------------------------------------------


def test_a_warm_up_is_told_once_when_all_are_open(build, turnstile) -> None:
    world = build(turnstile, max_connecting=1)
    world.pool.warm(2)
    for _ in range(2):
        turnstile.wait_until_inside(1)
        assert world.warmed == []
        turnstile.let_through(1)
    pool = world.finish()
    assert world.warmed == ["a"]
    assert pool.counts().idle == 2
    pool.play(primary=True, keep=1)
    assert world.warmed == ["a"]


def test_what_is_open_already_is_warm_at_once(build) -> None:
    world = build()
    world.opened(2)
    world.pool.warm(2)
    assert world.warmed == ["a"]


def test_a_warm_up_asks_for_no_more_than_may_be_open(build) -> None:
    world = build(max_size=2)
    world.pool.warm(5)
    world.finish()
    assert world.warmed == ["a"]
    assert world.cluster["a"].most_connections == 2


def test_connections_that_are_being_drained_are_not_warm(build, turnstile) -> None:
    world = build(turnstile, max_connecting=1)
    turnstile.let_through(2)
    world.opened(2)
    world.borrowed()
    world.borrowed()
    world.pool.play(primary=False, keep=0)
    world.pool.drain(1, 10.0)
    world.pool.warm(2)
    for _ in range(2):
        turnstile.wait_until_inside(1)
        assert world.warmed == []
        turnstile.let_through(1)
    world.finish()
    assert world.warmed == ["a"]


@pytest.mark.parametrize("end", ["cancelled", "discarded", "drained"])
def test_a_warm_up_that_ends_early_leaves_nothing_to_be_kept(build, end: str) -> None:
    world = build(max_connecting=1)
    world.cluster.fail_next_connect("a", times=1)
    world.pool.warm(3)
    world.finish()
    # Routing is published before the brain's effects are carried out.
    world.pool.play(primary=False, keep=0)
    if end == "cancelled":
        world.pool.cancel_warm()
    elif end == "discarded":
        world.pool.discard(1)
    else:
        world.pool.drain(1, 10.0)
    world.clock.advance(SOON)
    world.pool.tend(world.now)
    assert world.finish().counts().idle == 0
    assert (world.warmed, world.cluster["a"].connects) == ([], 1)


def test_a_host_that_begins_to_serve_is_not_held_up_by_old_failures(build) -> None:
    world = build()
    world.cluster.fail_next_connect("a")
    world.pool.play(primary=True, keep=1)
    assert world.finish().last_error is not None
    world.pool.start_serving()
    assert world.pool.last_error is None
    assert world.finish().counts().idle == 1


# -- the end of a generation -----------------------------------------------------------------------------------------


def test_a_lost_host_frees_its_borrowers_and_closes_without_a_goodbye(build, calls) -> None:
    world = build(calls)
    world.opened(2)
    lent = world.borrowed()
    (idle,) = world.pool._slots.idle
    world.pool.play(primary=False, keep=0)
    world.pool.discard(1)
    assert calls.made == [("abort", lent.connection), ("abort", idle.connection), ("close", idle.connection)]
    assert [(event.host, event.count) for event in world.told] == [("a", 1)]
    assert world.pool.counts() == HostCounts(idle=0, lent=1, opening=0, waiting=0, generation=1)
    world.pool.drop(lent)
    assert world.pool.counts().lent == 0
    assert world.pool.stats()["closed"] == 2


def test_a_host_left_while_alive_lets_borrowers_finish_and_keeps_fresh_connections(build) -> None:
    world = build()
    world.opened(2)
    lent = world.borrowed()
    (idle,) = world.pool._slots.idle
    world.pool.play(primary=False, keep=1)
    world.pool.drain(1, 10.0)
    pool = world.finish()
    assert (idle.connection.closed, lent.connection.closed) == (True, False)
    assert (pool.counts().idle, pool.is_current(lent)) == (1, False)
    pool.give_back(lent)
    assert lent.connection.closed


def test_a_closed_pool_turns_waiters_away_and_closes_what_comes_back(build) -> None:
    world = build(max_size=2)
    world.opened(2)
    lent, other = world.borrowed(), world.borrowed()
    waiter = world.waiter()
    world.pool.enqueue([waiter])
    world.pool.give_back(other)
    assert waiter.wait(SOON) is other
    world.pool.put_aside(other)
    late = world.waiter()
    world.borrowed()
    world.pool.enqueue([late])
    world.pool.close()
    assert late.wait(SOON) == Closed()
    assert not lent.connection.closed
    world.pool.give_back(lent)
    assert lent.connection.closed


def test_every_open_connection_is_known(build) -> None:
    world = build()
    world.opened(2)
    lent = world.borrowed()
    assert set(world.pool.everything()) == {lent, *world.pool._slots.idle}
    world.pool.play(primary=False, keep=0)
    world.pool.discard(1)
    assert world.pool.everything() == [lent], "aborted, and still in its borrower's hands"


def test_max_size_is_kept_while_connections_are_dropped(build) -> None:
    world = build(max_size=2)
    for _ in range(3):
        world.opened(2)
        world.pool.drop(world.borrowed())
    world.opened(2)
    waiters = [world.waiter() for _ in range(4)]
    world.pool.enqueue(waiters)
    world.finish()
    assert world.cluster["a"].most_connections == 2


def test_max_size_is_kept_while_connections_are_replaced(build) -> None:
    world = build(max_size=2, max_lifetime=100.0)
    for _ in range(3):
        world.opened(2)
        world.clock.advance(100.0)
        world.pool.tend(world.now)
        world.finish()
    assert world.cluster["a"].connects == 8
    assert world.cluster["a"].most_connections == 2
