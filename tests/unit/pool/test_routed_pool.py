"""The walk over hosts, the waiting, and what happens when the routing changes in the middle of either."""

from __future__ import annotations

import pytest

from failoverkit.errors import NoHostAvailable, PoolClosed, PoolTimeout, TooManyWaiting
from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Target
from failoverkit.pool.waiters import Waiter
from failoverkit.testing import FakeError

PRIMARY, STANDBY, ANY = Target.PRIMARY, Target.STANDBY, Target.ANY
PLENTY = 60.0


# -- routing ---------------------------------------------------------------------------------------------------------


def test_the_fast_way_is_open_while_one_host_serves_and_nothing_is_wrong(stage) -> None:
    scene = stage()
    assert scene.routed.fast is None
    scene.publish("a", "b")
    assert scene.routed.fast is scene.world.pools["a"]
    for about in ({"suspect": "a"}, {"paused": True}):
        scene.publish("a", "b", **about)
        assert scene.routed.fast is None
    scene.publish("ab")
    assert scene.routed.fast is None
    scene.publish("a", "b", suspect="b")
    assert scene.routed.fast is scene.world.pools["a"], "the other one's trouble"
    scene.routed.close()
    assert scene.routed.fast is None
    scene.publish("a")
    assert scene.routed.fast is None


def test_there_is_no_fast_way_while_leaks_are_looked_for(stage) -> None:
    scene = stage(leak_after=5.0)
    scene.publish("a")
    assert scene.routed.fast is None


def test_hosts_keep_what_their_part_asks_for(stage) -> None:
    scene = stage(min_size=2, warm_standby=1)
    scene.publish("a", "b", warm="b")
    scene.finish()
    assert [pool.counts().idle for pool in scene.world.pools.values()] == [2, 1]
    scene.publish("b", "a")
    scene.finish()
    assert [pool._slots.keep for pool in scene.world.pools.values()] == [0, 2]


def test_a_pause_keeps_the_connections_of_the_active_host(stage) -> None:
    scene = stage(min_size=2)
    scene.publish("a", "b", warm="b")
    scene.publish("a", "b", warm="b", paused=True)
    scene.finish()
    assert [pool._slots.keep for pool in scene.world.pools.values()] == [2, 1]


def test_a_routing_that_moves_nothing_moves_nobody(stage, standing) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    lent = scene.acquire()
    caller = scene.acquiring()
    standing(1)
    scene.publish("a", suspect="b")
    assert scene.world.pool.counts().waiting == 1
    scene.world.pool.give_back(lent)
    assert caller.result() is lent


# -- acquire ---------------------------------------------------------------------------------------------------------


def test_an_idle_connection_is_lent_and_its_use_begins(stage) -> None:
    scene = stage(check_idle_after=50.0)
    scene.publish("a")
    scene.finish()
    scene.world.clock.advance(40.0)
    pooled = scene.acquire()
    assert (pooled.host, pooled.used_at) == ("a", scene.world.now)
    assert scene.started == 1


def test_hosts_are_tried_as_the_strategy_ranks_them(stage) -> None:
    asked: list[tuple[list[str], int]] = []

    class Backwards:
        @hookimpl
        def failoverkit_rank_hosts(self, candidates, selection):
            asked.append(([candidate.name for candidate in candidates], selection.ticket))
            return list(reversed(candidates))

    scene = stage(Backwards())
    scene.publish("a", "b", warm="b")
    scene.finish()
    assert [scene.acquire(ANY).host, scene.acquire(ANY).host] == ["b", "b"], "b has room, though a has an idle one"
    assert asked == [(["a", "b"], 0), (["a", "b"], 1)]
    assert scene.acquire(STANDBY).host == "b", "one candidate needs no ranking"
    assert len(asked) == 2


def test_the_next_host_is_used_when_one_has_nothing_and_no_room(stage) -> None:
    scene = stage(max_size=1)
    scene.publish("a", "b")
    assert {scene.acquire(ANY).host, scene.acquire(ANY).host} == {"a", "b"}


def test_where_all_are_full_the_first_return_serves(stage, standing) -> None:
    scene = stage(max_size=1)
    scene.publish("a", "b")
    lent = {pooled.host: pooled for pooled in (scene.acquire(ANY), scene.acquire(ANY))}
    caller = scene.acquiring(ANY)
    standing(1)
    scene.world.pools["b"].give_back(lent["b"])
    assert caller.result() is lent["b"]
    assert [pool.counts().waiting for pool in scene.world.pools.values()] == [0, 0]


def test_a_host_that_cannot_be_reached_is_passed_over(stage) -> None:
    scene = stage()
    scene.world.cluster.crash("a")
    scene.publish("a", "b")
    assert scene.acquire(ANY).host == "b"


def test_when_every_host_fails_the_caller_waits_for_whichever_comes_back(stage, until) -> None:
    scene = stage()
    for host in "ab":
        scene.world.cluster.crash(host)
    scene.publish("", "ab")
    caller = scene.acquiring(STANDBY)
    until(lambda: [pool.counts().waiting for pool in scene.world.pools.values()] == [1, 1])
    scene.finish()
    scene.world.cluster.accept("b")
    scene.world.clock.advance(PLENTY / 2)
    for pool in scene.world.pools.values():
        pool.tend(scene.world.now)
    assert caller.result().host == "b"


def test_a_refusal_by_every_host_is_the_callers_answer(stage) -> None:
    scene = stage(min_size=0)
    scene.world.cluster.refuse("a", ErrorKind.REFUSED)
    scene.publish("a")
    with pytest.raises(FakeError) as caught:
        scene.acquire()
    assert caught.value.kind is ErrorKind.REFUSED
    assert caught.value.__notes__ == ["failoverkit: a refused the connection; this is not a failure of the host"]


def test_a_refusal_by_one_host_is_not(stage) -> None:
    scene = stage()
    scene.world.cluster.refuse("a", ErrorKind.REFUSED)
    scene.publish("a", "b")
    assert scene.acquire(ANY).host == "b"


def test_a_refusal_reaches_everybody_who_waits_with_one_note(stage, standing) -> None:
    scene = stage(max_connecting=1)
    scene.world.cluster.hold("a", "connect")
    scene.world.cluster.refuse("a", ErrorKind.REFUSED)
    scene.publish("a")
    callers = [scene.acquiring() for _ in range(3)]
    standing(3)
    scene.world.cluster.release("a", "connect")
    errors = [caller.error() for caller in callers]
    assert {type(error) for error in errors} == {FakeError}
    assert all(len(error.__notes__) == 1 for error in errors)


# -- checks before lending -------------------------------------------------------------------------------------------


def test_a_suspect_hosts_connections_are_checked(stage) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    scene.world.cluster.cut("a")
    scene.publish("a", suspect="a")
    pooled = scene.acquire()
    assert not pooled.connection.closed
    assert scene.world.pool.stats()["dead_idle"] == 1


def test_all_dead_ones_are_passed_over(stage) -> None:
    scene = stage(min_size=3)
    scene.publish("a")
    scene.finish()
    scene.world.pool.play(primary=True, keep=0)
    scene.world.cluster.cut("a")
    scene.world.clock.advance(1.0)
    assert not scene.acquire().connection.closed
    assert scene.world.pool.stats()["dead_idle"] == 3


def test_a_caller_out_of_time_leaves_what_it_cannot_check(stage, before) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    scene.world.clock.advance(1.0)
    before(scene.world.pool, "needs_check", lambda: scene.world.clock.advance(2.0))
    with pytest.raises(PoolTimeout) as caught:
        scene.acquire(timeout=2.0)
    assert caught.value.stage == "check"
    assert scene.world.pool.counts().idle == 1
    assert scene.acquire().uses == 1


def test_time_spent_waiting_after_a_check_is_waiting(stage) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    scene.finish()
    scene.world.cluster.cut("a")
    scene.world.cluster.hold("a", "connect")
    scene.world.clock.advance(1.0)
    with pytest.raises(PoolTimeout) as caught:
        scene.acquire(timeout=0.01)
    assert caught.value.stage == "connect"
    scene.world.cluster.release("a", "connect")


def test_a_host_that_stops_serving_during_the_check_is_not_used(stage, after) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    scene.world.clock.advance(1.0)
    after(scene.world.pool, "check", lambda: scene.publish("b", "a"))
    assert scene.acquire().host == "b"
    assert scene.world.pool.counts().lent == 0


# -- the routing changes in the middle -------------------------------------------------------------------------------


def test_a_connection_taken_from_a_host_that_serves_no_more_goes_back(stage, after) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    after(scene.world.pool, "checkout", lambda: scene.publish(paused=True))
    caller = scene.acquiring(timeout=0.01)
    assert isinstance(caller.error(), NoHostAvailable)
    assert scene.world.pool.counts().idle == 1


def test_a_connection_handed_over_before_its_generation_ended_is_not_used(stage, standing, before) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    lent = scene.acquire()
    caller = scene.acquiring()
    standing(1)

    def lose_a() -> None:
        scene.publish("b")
        scene.world.pool.discard(1)

    before(scene.routed, "_leave_line", lose_a)
    scene.world.pool.give_back(lent)
    assert caller.result().host == "b"
    assert scene.world.pool.counts().lent == 0


def test_a_connection_of_an_older_generation_is_not_used_though_its_host_still_serves(stage, standing, before) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    lent = scene.acquire()
    caller = scene.acquiring(ANY)
    standing(1)

    def demote_a() -> None:
        scene.publish("", "a")
        scene.world.pool.drain(1, 10.0)

    before(scene.routed, "_leave_line", demote_a)
    scene.world.pool.give_back(lent)
    assert caller.result().generation == 1
    assert lent.connection.closed


@pytest.mark.parametrize("moment", ["before the line", "after it"])
def test_a_routing_published_on_the_way_into_the_line_is_noticed(stage, moment: str, before, after) -> None:
    scene = stage()
    scene.world.cluster.crash("a")
    scene.publish("a")
    change = before if moment == "before the line" else after
    change(scene.routed, "_stand_in_line", lambda: scene.publish("b"))
    assert scene.acquiring().result().host == "b"
    assert scene.world.pool.counts().waiting == 0


@pytest.mark.parametrize("hosts", ["", "a"])
@pytest.mark.parametrize("moment", ["before the line", "after it"])
def test_a_close_on_the_way_into_the_line_is_noticed(stage, moment: str, hosts: str, before, after) -> None:
    scene = stage()
    scene.world.cluster.crash("a")
    scene.publish(hosts)

    def close() -> None:
        scene.routed.close()
        scene.world.pool.close()

    change = before if moment == "before the line" else after
    change(scene.routed, "_stand_in_line", close)
    assert isinstance(scene.acquiring().error(), PoolClosed)


def test_nobody_overtakes_those_who_are_being_placed(stage, standing, before) -> None:
    scene = stage()
    scene.world.pools["b"].play(primary=False, keep=1)
    scene.world.cluster.hold("a", "connect")
    scene.publish("a")
    scene.world.finish("b")
    caller = scene.acquiring()
    standing(1)
    assert scene.routed.fast is scene.world.pools["a"]
    seen = []
    before(scene.routed, "_rehome_waiters", lambda: seen.append(scene.routed.fast))
    scene.publish("b")
    assert caller.result().host == "b"
    assert seen == [None], "newcomers neither go to the old host nor overtake on the new one"
    assert scene.routed.fast is scene.world.pools["b"]
    scene.world.cluster.release("a", "connect")


# -- waiting ---------------------------------------------------------------------------------------------------------


def test_waiters_of_a_lost_host_are_served_in_order_by_the_new_one(stage, standing) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    scene.acquire()
    callers = []
    for count in range(1, 4):
        callers.append(scene.acquiring())
        standing(count)
    scene.publish("b")
    pool = scene.world.pools["b"]
    served = []
    for caller in callers:
        served.append(caller.result())
        assert [waiting.running for waiting in callers] == [False] * len(served) + [True] * (3 - len(served))
        pool.give_back(served[-1])
    assert {pooled.host for pooled in served} == {"b"}


def test_parked_callers_and_those_in_line_keep_their_order(stage, standing) -> None:
    scene = stage(max_size=1)
    parked_first = scene.acquiring()
    standing(1)
    scene.publish("", "b")
    scene.acquire(STANDBY)
    in_line = scene.acquiring(Target.PREFER_STANDBY)
    standing(2)
    parked_last = scene.acquiring()
    standing(3)
    scene.publish("a")
    served = []
    for caller in (parked_first, in_line, parked_last):
        served.append(caller.result())
        scene.world.pool.give_back(served[-1])
    assert [pooled.host for pooled in served] == ["a", "a", "a"]


def test_who_may_choose_between_hosts_walks_again(stage, standing) -> None:
    scene = stage()
    caller = scene.acquiring(ANY)
    standing(1)
    scene.publish("a", "b")
    assert caller.result().host in "ab"


def test_waiting_ends_when_it_has_become_hopeless(stage, standing) -> None:
    scene = stage()
    caller = scene.acquiring()
    standing(1)
    scene.publish(hopeless=True, reasons={"a": "wrong password", "b": "wrong password"})
    error = caller.error()
    assert isinstance(error, NoHostAvailable)
    assert error.reasons == {"a": "wrong password", "b": "wrong password"}


def test_too_many_waiting_are_turned_away_at_once(stage, standing) -> None:
    scene = stage(max_waiting=2)
    callers = [scene.acquiring() for _ in range(2)]
    standing(2)
    with pytest.raises(TooManyWaiting, match=r"2 callers wait already \(pool.max_waiting = 2\)"):
        scene.acquire()
    assert scene.routed.waiting == 2
    scene.routed.close()
    assert [type(caller.error()) for caller in callers] == [PoolClosed, PoolClosed]
    assert scene.routed.waiting == 0


@pytest.mark.parametrize("when", ["before anything came", "after the hand-off"])
def test_an_interrupted_caller_loses_no_connection(stage, monkeypatch, when: str) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    lent = scene.acquire()

    def interrupted(waiter: Waiter, timeout: float) -> None:
        if when == "after the hand-off":
            scene.world.pool.give_back(lent)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Waiter, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            scene.acquire()
    assert scene.routed.waiting == scene.world.pool.counts().waiting == 0
    if when == "before anything came":
        scene.world.pool.give_back(lent)
    assert scene.acquire() is lent


def test_a_caller_that_ran_out_of_time_is_passed_over(stage, standing) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    lent = scene.acquire()
    with pytest.raises(PoolTimeout):
        scene.acquire(timeout=0.001)
    caller = scene.acquiring()
    standing(1)
    scene.world.pool.give_back(lent)
    assert caller.result() is lent


# -- explaining ------------------------------------------------------------------------------------------------------


def test_all_lent(stage) -> None:
    scene = stage(max_size=1)
    scene.publish("a")
    scene.acquire()
    with pytest.raises(PoolTimeout) as caught:
        scene.acquire(timeout=0.001)
    error = caught.value
    assert (error.stage, error.counts) == ("wait", {"idle": 0, "lent": 1, "opening": 0, "waiting": 0})
    assert str(error) == (
        "pool 'default': no connection to a (primary) within 0.00 s, stage wait: 0 idle, 1 lent, 0 opening, 0 waiting"
    )
    assert error.__cause__ is None


def test_an_opening_that_hangs(stage) -> None:
    scene = stage()
    scene.world.cluster.hold("a", "connect")
    scene.publish("a")
    with pytest.raises(PoolTimeout) as caught:
        scene.acquire(timeout=0.001)
    assert (caught.value.stage, caught.value.counts["opening"]) == ("connect", 1)
    scene.world.cluster.release("a", "connect")


def test_openings_that_fail(stage) -> None:
    scene = stage()
    scene.world.cluster.refuse("a", ErrorKind.BUSY)
    scene.publish("a")
    scene.finish()
    with pytest.raises(PoolTimeout, match="last error: FakeError: a refuses connections: busy") as caught:
        scene.acquire(timeout=0.001)
    assert caught.value.stage == "connect"
    assert isinstance(caught.value.__cause__, FakeError)


def test_a_secret_in_a_drivers_words_is_blotted_out(stage) -> None:
    class Talkative:
        @hookimpl
        def failoverkit_connect(self, settings):
            raise FakeError(ErrorKind.BUSY, f"no room for the bearer of {settings.password.reveal()}")

    scene = stage(Talkative(), password="hunter2")
    scene.publish("a")
    scene.finish()
    with pytest.raises(PoolTimeout, match=r"no room for the bearer of \*\*\*") as caught:
        scene.acquire(timeout=0.001)
    assert "hunter2" not in str(caught.value)


def test_no_host_is_explained_host_by_host(stage) -> None:
    scene = stage()
    scene.publish(reasons={"a": "down: connection refused"})
    with pytest.raises(NoHostAvailable) as caught:
        scene.acquire(timeout=0.001)
    error = caught.value
    assert error.reasons == {"a": "down: connection refused", "b": "not yet probed"}
    assert error.stage == "route"
    assert str(error) == (
        "pool 'default': no host could serve primary within 0.00 s: a: down: connection refused; b: not yet probed"
    )


def test_a_pause_explains_itself(stage) -> None:
    scene = stage()
    scene.publish("a", paused=True)
    with pytest.raises(NoHostAvailable, match="lending is paused"):
        scene.acquire(timeout=0.001)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_a_closed_pool_lends_nothing(stage) -> None:
    scene = stage()
    scene.publish("a")
    scene.routed.close()
    with pytest.raises(PoolClosed, match="pool 'default' is closed"):
        scene.acquire()
    assert scene.started == 0


def test_what_a_caller_had_in_hand_while_the_pool_closed_is_closed(stage) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    # A borrower without the lock has taken it, sees that its generation is over, and puts it back.
    in_hand = scene.world.pool._slots.idle.pop()
    scene.routed.close()
    scene.world.pool.close()
    scene.world.pool._slots.idle.append(in_hand)
    with pytest.raises(PoolClosed):
        scene.acquire()
    assert in_hand.connection.closed


def test_a_lent_connection_is_found_wherever_it_was_lent(stage) -> None:
    scene = stage()
    scene.publish("a", "b")
    pooled = scene.acquire(STANDBY)
    assert scene.routed.find(pooled.connection) == (scene.world.pools["b"], pooled)
    scene.world.pools["b"].give_back(pooled)
    assert scene.routed.find(pooled.connection) is None


def test_an_abandoned_pool_lends_nothing_and_touches_nothing(stage) -> None:
    scene = stage()
    scene.publish("a")
    scene.finish()
    pool = scene.world.pool
    with pool._lock:
        scene.routed.abandon()
        with pytest.raises(PoolClosed):
            scene.acquire()
    assert (scene.routed.fast, pool.counts().idle, scene.started) == (None, 1, 0)
