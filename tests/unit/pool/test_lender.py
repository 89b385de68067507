"""Lending and taking back: the fast way and its second look, and what an error in a borrower's block means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.errors import FailoverkitError, OutcomeUnknown, PoolTimeout
from failoverkit.model import ErrorKind, Target
from failoverkit.pool.lender import CHAIN, LOST, Lender, Lending
from failoverkit.testing import FakeError

BROKEN = sorted(LOST | {ErrorKind.ROLE_CHANGED}, key=lambda kind: kind.value)
HARMLESS = sorted(set(ErrorKind) - set(BROKEN), key=lambda kind: kind.value)


class Desk:
    """A scene and a lender in it."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.world = scene.world
        self.pool = scene.world.pool
        scene.publish("a")
        scene.finish()
        self.lender = Lender(scene.routed, scene.world.pools, scene.world.around, lambda host: f"So it is with {host}.")

    def fails(self, error: BaseException) -> ErrorKind:
        """Have a borrower's block raise this."""
        return self.lender.take_back_failed(self.lender.borrow(), error)

    def lending(self) -> Lending:
        return Lending(self.lender, Target.PRIMARY, None)

    def run(self, work: Callable[[Any], object]) -> None:
        """Write a value and do some work in a block."""
        with self.lending() as connection:
            connection.cursor().execute("write x")
            work(connection)


@pytest.fixture
def open_desk(stage) -> Callable[..., Desk]:
    def make(*extensions: object, **settings: object) -> Desk:
        return Desk(stage(*extensions, **settings))

    return make


# -- lending ---------------------------------------------------------------------------------------------------------


def test_the_fast_way_takes_no_lock(open_desk) -> None:
    desk = open_desk()
    with desk.pool._lock:
        pooled = desk.lender.borrow()
        assert desk.lender.give_back_connection(pooled.connection)
    assert desk.scene.started == 0, "the monitor runs, or there would be no fast way"


def test_a_connection_taken_while_the_routing_changed_is_not_lent(open_desk, after) -> None:
    desk = open_desk()
    after(desk.pool, "take", lambda: desk.scene.publish("b"))
    assert desk.lender.borrow().host == "b"
    assert desk.pool.counts().lent == 0
    assert desk.pool.stats()["lendings"] == 0


def test_what_has_been_idle_for_long_goes_the_careful_way(open_desk) -> None:
    desk = open_desk()
    desk.world.cluster.cut("a")
    desk.world.clock.advance(1.0)
    assert not desk.lender.borrow().connection.closed


def test_other_targets_go_the_careful_way(open_desk) -> None:
    desk = open_desk()
    desk.scene.publish("a", "b")
    assert desk.lender.borrow(Target.STANDBY).host == "b"


def test_the_acquire_timeout_is_the_pools_unless_given(open_desk) -> None:
    desk = open_desk(acquire_timeout=7.0, max_size=1)
    asked: list[float] = []
    desk.scene.routed.acquire = lambda target, timeout: asked.append(timeout) or desk.pool.checkout()
    for timeout in (None, 0.5):
        desk.scene.routed.fast = None
        desk.pool.put_aside(desk.lender.borrow(timeout=timeout))
    assert asked == [7.0, 0.5]


def test_who_borrows_is_remembered_when_leaks_are_looked_for(open_desk) -> None:
    desk = open_desk(leak_after=5.0)
    pooled = desk.lender.borrow()
    assert "test_who_borrows_is_remembered_when_leaks_are_looked_for" in pooled.stack
    assert open_desk().lender.borrow().stack is None


# -- taking back by connection ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [Target.PRIMARY, Target.STANDBY])
def test_connections_are_known_while_they_are_lent(open_desk, target: Target) -> None:
    desk = open_desk()
    desk.scene.publish("a", "b")
    pooled = desk.lender.borrow(target)
    assert desk.lender.host_of(pooled.connection) == pooled.host
    assert desk.lender.give_back_connection(pooled.connection)
    assert desk.lender.host_of(pooled.connection) is None
    assert not desk.lender.give_back_connection(pooled.connection)
    assert not desk.lender.drop_connection(pooled.connection)


def test_a_dropped_connection_is_closed(open_desk) -> None:
    desk = open_desk()
    pooled = desk.lender.borrow()
    assert desk.lender.drop_connection(pooled.connection)
    assert pooled.connection.closed
    assert desk.pool.counts().lent == 0


def test_connections_of_others_are_unknown(open_desk) -> None:
    desk = open_desk()
    foreign = desk.world.cluster["a"].connect(1.0)
    assert not desk.lender.give_back_connection(foreign)
    assert not desk.lender.drop_connection(foreign)
    assert desk.lender.host_of(foreign) is None


# -- errors in a block -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BROKEN)
def test_an_error_that_breaks_the_connection_is_evidence_and_gets_a_note(open_desk, kind: ErrorKind) -> None:
    desk = open_desk()
    pooled = desk.lender.borrow()
    error = FakeError(kind, "oops")
    assert desk.lender.take_back_failed(pooled, error) is kind
    assert pooled.connection.closed
    assert [(seen.host, seen.error) for seen in desk.world.observed] == [("a", kind)]
    assert error.__notes__ == [f"failoverkit: pool 'default', host a: {kind.value}. So it is with a."]


@pytest.mark.parametrize("kind", HARMLESS)
def test_any_other_error_is_the_borrowers_own(open_desk, kind: ErrorKind) -> None:
    desk = open_desk()
    pooled = desk.lender.borrow()
    pooled.connection.cursor().execute("write x")
    error = FakeError(kind, "oops")
    desk.lender.take_back_failed(pooled, error)
    assert not pooled.connection.closed
    assert not pooled.connection.in_transaction, "rolled back"
    assert desk.world.observed == []
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize("error", [OSError("disk full"), TimeoutError("another service"), ConnectionResetError()])
def test_network_errors_of_the_application_are_not_the_databases(open_desk, error: OSError) -> None:
    desk = open_desk()
    assert desk.fails(error) is ErrorKind.OTHER
    assert desk.world.observed == []
    assert desk.pool.counts().idle == 1


def raised_from(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def raised_during(error: BaseException, other: BaseException) -> BaseException:
    error.__context__ = other
    return error


@pytest.mark.parametrize("link", [raised_from, raised_during])
def test_the_drivers_error_is_found_behind_the_applications(open_desk, link) -> None:
    desk = open_desk()
    lost = FakeError(ErrorKind.CONNECTION_LOST, "gone")
    wrapped = link(ValueError("order failed"), link(OSError("retry failed"), lost))
    assert desk.fails(wrapped) is ErrorKind.CONNECTION_LOST
    assert lost.__notes__
    assert not hasattr(wrapped, "__notes__")


def test_a_chain_of_errors_is_not_followed_for_ever(open_desk) -> None:
    desk = open_desk()
    error: BaseException = FakeError(ErrorKind.CONNECTION_LOST, "gone")
    for _ in range(CHAIN):
        error = raised_from(ValueError(), error)
    assert desk.fails(error) is ErrorKind.OTHER
    loop = ValueError()
    loop.__context__ = ValueError()
    loop.__context__.__context__ = loop
    assert desk.fails(loop) is ErrorKind.OTHER


def test_failoverkits_own_errors_are_about_other_connections(open_desk) -> None:
    desk = open_desk()
    timed_out = PoolTimeout("no other connection", stage="connect", counts={})
    nested = raised_from(timed_out, FakeError(ErrorKind.HOST_UNREACHABLE, "no route"))
    assert desk.fails(nested) is ErrorKind.OTHER
    assert desk.world.observed == []


def test_an_interrupt_is_no_evidence(open_desk) -> None:
    desk = open_desk()
    assert desk.fails(KeyboardInterrupt()) is ErrorKind.OTHER
    assert desk.pool.counts().idle == 1


# -- the block -------------------------------------------------------------------------------------------------------


def test_a_block_that_succeeds_is_committed(open_desk) -> None:
    desk = open_desk()
    with desk.lending() as connection:
        connection.cursor().execute("write x")
    assert desk.world.cluster.values == ["x"]
    assert desk.pool.counts().idle == 1


def test_a_block_that_raises_is_rolled_back(open_desk) -> None:
    desk = open_desk()
    error = ValueError("the application's own")

    def work(connection: Any) -> None:
        raise error

    with pytest.raises(ValueError, match="own") as caught:
        desk.run(work)
    assert caught.value is error
    assert desk.world.cluster.values == []
    assert desk.pool.counts().idle == 1


@pytest.mark.parametrize("moment", ["commit", "commit-answer"])
def test_a_loss_during_commit_has_an_unknown_outcome(open_desk, before, moment: str) -> None:
    desk = open_desk()

    def work(connection: Any) -> None:
        if moment == "commit":
            desk.world.cluster.cut("a")
        else:
            before(connection, "_forget_transaction", lambda: desk.world.cluster.cut("a"))

    with pytest.raises(OutcomeUnknown, match=r"look before doing it again\. So it is with a") as caught:
        desk.run(work)
    assert isinstance(caught.value.__cause__, FakeError)
    assert caught.value.__cause__.__notes__
    assert desk.world.cluster.values == (["x"] if moment == "commit-answer" else [])
    assert [seen.error for seen in desk.world.observed] == [ErrorKind.CONNECTION_LOST]


def test_a_commit_that_is_refused_has_a_known_outcome(open_desk) -> None:
    desk = open_desk()
    with pytest.raises(FakeError) as caught:
        desk.run(lambda _: desk.world.cluster.demote("a"))
    assert caught.value.kind is ErrorKind.ROLE_CHANGED
    assert desk.world.cluster.values == []


def test_a_commit_that_fails_for_another_reason_passes_unchanged(open_desk) -> None:
    desk = open_desk()
    with pytest.raises(ZeroDivisionError), desk.lending() as connection:
        connection.commit = lambda: 1 / 0
    assert desk.pool.counts().idle == 1


def test_giving_back_inside_the_block_is_found_out(open_desk) -> None:
    desk = open_desk()
    with pytest.raises(FailoverkitError, match="given back twice"), desk.lending() as connection:
        desk.lender.give_back_connection(connection)


def test_what_was_lent_before_a_fork_is_left_alone_in_the_child(open_desk) -> None:
    desk = open_desk()
    with desk.lending() as connection:
        connection.cursor().execute("write x")
        desk.lender.inherited = True
    assert connection.in_transaction
    assert desk.world.cluster.values == []
