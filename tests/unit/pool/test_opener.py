"""Openings: on demand, a few at a time, with pauses after failures, and harmless when they come too late."""

from __future__ import annotations

import threading

import pytest

from failoverkit.errors import RoleMismatch
from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Observation, Source, Target
from failoverkit.pool import opener
from failoverkit.pool.opener import LIFETIME_JITTER
from failoverkit.pool.waiters import Moved

SOON = 10.0


@pytest.fixture
def roll(monkeypatch):
    """Chance stands at the middle."""
    monkeypatch.setattr(opener.random, "random", lambda: 0.5)
    return 0.5


def test_what_is_to_be_kept_is_opened(build) -> None:
    world = build()
    world.pool.play(primary=True, keep=3)
    pool = world.finish()
    assert (pool.counts().idle, world.cluster["a"].open_connections) == (3, 3)
    assert pool.stats()["opened"] == 3


def test_who_waits_gets_what_is_opened(build) -> None:
    world = build()
    waiter = world.waiter()
    assert world.pool.enqueue([waiter])
    pooled = waiter.wait(SOON)
    assert pooled.connection.host == "a"
    assert world.finish().counts().lent == 1


def test_openings_start_slowly_and_are_never_more_than_max_connecting(build, turnstile) -> None:
    world = build(turnstile, max_connecting=2)
    world.pool.play(primary=True, keep=6)
    for inside in (1, 2, 2):
        turnstile.wait_until_inside(inside)
        assert world.pool.counts().opening == inside
        turnstile.let_through(inside)
    turnstile.wait_until_inside(1)
    turnstile.let_through(1)
    assert world.finish().counts().idle == 6
    assert turnstile.most_inside == 2


def test_openers_are_daemons_with_a_name(build, turnstile) -> None:
    world = build(turnstile)
    world.pool.play(primary=True, keep=1)
    turnstile.wait_until_inside(1)
    assert [(thread.name, thread.daemon) for thread in world.running()] == [("failoverkit-open-a", True)]
    turnstile.let_through(1)
    world.finish()
    assert world.running() == []


def test_lifetimes_are_spread_so_that_connections_do_not_retire_together(build) -> None:
    world = build(max_lifetime=100.0)
    ends = [pooled.expires_at - world.now for pooled in world.opened(5)]
    assert all(100.0 * (1 - LIFETIME_JITTER) <= end <= 100.0 for end in ends)
    assert len(set(ends)) == 5


def test_a_failed_opening_is_told_and_the_next_one_waits(build, roll) -> None:
    world = build()
    world.cluster.fail_next_connect("a")
    world.pool.play(primary=True, keep=1)
    pool = world.finish()
    detail = "opening a connection failed (host-unreachable)"
    assert world.observed == [
        Observation("a", 0, Source.CALLER, error=ErrorKind.HOST_UNREACHABLE, detail=detail),
    ]
    assert str(pool.last_error) == "a refuses connections: host-unreachable"
    due = world.now + 0.025
    assert pytest.approx(due) in world.hurried
    assert pool.tend(world.now) == pytest.approx(due)
    world.clock.advance(0.026)
    pool.tend(world.now)
    assert world.finish().counts().idle == 1
    assert pool.last_error is None
    assert {key: pool.stats()[key] for key in ("opened", "open_failed")} == {"opened": 1, "open_failed": 1}


def test_failures_in_a_row_make_the_pauses_longer(build, roll) -> None:
    world = build()
    world.cluster.fail_next_connect("a", times=3)
    pauses = []
    world.pool.play(primary=True, keep=1)
    for _ in range(3):
        pool = world.finish()
        pauses.append(pool.tend(world.now) - world.now)
        world.clock.advance(pauses[-1] + 0.001)
        pool.tend(world.now)
    assert pauses == pytest.approx([0.025, 0.05, 0.1])


@pytest.mark.parametrize(
    ("kind", "leaving"),
    [
        (ErrorKind.HOST_UNREACHABLE, ["with alternatives"]),
        (ErrorKind.TIMEOUT, ["with alternatives"]),
        (ErrorKind.REFUSED, ["with alternatives", "without"]),
        (ErrorKind.BUSY, ["with alternatives"]),
    ],
)
def test_who_walks_on_after_a_failure(build, kind: ErrorKind, leaving: list[str]) -> None:
    world = build(max_connecting=1)
    world.cluster.fail_next_connect("a", kind)
    waiters = {
        "with alternatives": world.waiter(Target.ANY, has_alternatives=True),
        "without": world.waiter(),
    }
    world.pool.enqueue(waiters.values())
    pool = world.finish()
    outcomes = {name: waiter.leave() for name, waiter in waiters.items()}
    assert [name for name, outcome in outcomes.items() if outcome] == leaving
    assert pool.counts().waiting == 2 - len(leaving)
    for outcome in filter(None, outcomes.values()):
        assert outcome == Moved("a", pool.last_error)
        assert outcome.error.kind is kind


def test_a_standby_is_not_what_the_pool_of_a_primary_came_for(build) -> None:
    world = build()
    world.cluster.demote("a")
    world.pool.play(primary=True, keep=1)
    pool = world.finish()
    assert isinstance(pool.last_error, RoleMismatch)
    assert [observation.error for observation in world.observed] == [ErrorKind.ROLE_CHANGED]
    assert (pool.counts().idle, world.cluster["a"].open_connections) == (0, 0)


def test_where_no_primary_is_expected_a_standby_will_do(build) -> None:
    world = build()
    world.pools["b"].play(primary=False, keep=1)
    assert world.finish("b").counts().idle == 1


def test_an_opening_that_a_new_generation_overtook_is_closed(build) -> None:
    world = build(max_size=1)
    world.cluster.hold("a", "connect")
    world.pool.play(primary=True, keep=1)
    world.cluster.wait_until_blocked("a", "connect")
    world.pool.discard(1)
    assert world.running()
    assert not world.pool.has_room(), "it may be open at the server already"
    world.pool.play(primary=True, keep=0)
    world.cluster.release("a", "connect")
    pool = world.finish()
    assert (pool.counts().idle, world.cluster["a"].open_connections) == (0, 0)
    assert pool.has_room()


def test_the_room_of_an_overtaken_opening_is_used_once_it_has_ended(build) -> None:
    world = build(max_size=1)
    world.cluster.hold("a", "connect")
    world.pool.play(primary=True, keep=1)
    world.cluster.wait_until_blocked("a", "connect")
    world.pool.discard(1)
    world.cluster.release("a", "connect")
    pool = world.finish()
    assert (pool.counts().idle, pool.counts().generation) == (1, 1)
    assert world.cluster["a"].most_connections == 1


def test_a_failure_of_an_older_generation_holds_nothing_up(build) -> None:
    world = build()
    world.cluster.hold("a", "connect")
    world.pool.play(primary=True, keep=1)
    world.cluster.wait_until_blocked("a", "connect")
    world.pool.play(primary=True, keep=0)
    world.pool.discard(1)
    world.cluster.crash("a")
    pool = world.finish()
    assert pool.last_error is None
    assert world.observed[0].generation == 0, "the brain sees that it is late"
    world.cluster.accept("a")
    pool.play(primary=True, keep=1)
    assert world.finish().counts().idle == 1, "at once, without a pause"


def test_an_opening_that_ends_after_the_close_leaves_nothing_open(build) -> None:
    world = build()
    world.cluster.hold("a", "connect")
    world.pool.play(primary=True, keep=1)
    world.cluster.wait_until_blocked("a", "connect")
    world.pool.close()
    world.cluster.release("a", "connect")
    world.finish()
    assert world.cluster["a"].open_connections == 0


def test_no_thread_to_be_had_is_a_failed_opening(build, monkeypatch) -> None:
    world = build()

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    world.pool.play(primary=True, keep=1)
    monkeypatch.undo()
    assert (world.pool.counts().opening, world.running()) == (0, [])
    assert str(world.pool.last_error) == "can't start new thread"
    assert [observation.error for observation in world.observed] == [ErrorKind.OTHER]
    world.clock.advance(SOON)
    world.pool.tend(world.now)
    assert world.finish().counts().idle == 1


def test_whatever_a_driver_raises_the_room_is_free_again(build) -> None:
    class Exiting:
        error: BaseException | None = SystemExit("a driver that wants to leave")

        @hookimpl
        def failoverkit_credentials(self) -> None:
            if self.error is not None:
                raise self.error

    exiting = Exiting()
    world = build(exiting)
    world.pool.play(primary=True, keep=1)
    pool = world.finish()
    assert (pool.counts().opening, pool.last_error) == (0, exiting.error)
    exiting.error = None
    world.clock.advance(SOON)
    pool.tend(world.now)
    assert world.finish().counts().idle == 1


def test_an_opening_is_given_the_connect_timeout(build) -> None:
    given: list[float] = []

    class Asked:
        @hookimpl
        def failoverkit_connect(self, timeout: float) -> None:
            given.append(timeout)

    world = build(Asked(), connect_timeout=7.0)
    world.opened(1)
    assert given == [7.0]
