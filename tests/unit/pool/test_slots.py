"""Every verb of the books of one host, without threads or time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from failoverkit.pool.slots import BACKOFF_LIMIT, NEVER_FAILED, Permit, Pooled, Slots, backoff

LATER = 1e6


class Ticket:
    """A waiter that keeps what it was given, or refuses because it has gone."""

    def __init__(self, gone: bool = False) -> None:
        self.gone = gone
        self.given: Pooled | None = None

    def give(self, outcome: Pooled) -> bool:
        if self.gone:
            return False
        self.given = outcome
        return True


def make(max_size: int = 3, max_connecting: int = 2, idle: int = 0) -> Slots:
    slots = Slots(max_size=max_size, max_connecting=max_connecting, check_after=0.5)
    slots.keep = idle
    for _ in range(idle):
        open_one(slots)
    slots.keep = 0
    return slots


def open_one(slots: Slots, now: float = 0.0, expires_at: float = LATER) -> Pooled:
    permit = slots.permit(now)
    assert permit is not None
    pooled = Pooled(object(), permit.generation, now, expires_at)
    assert slots.opened(permit, pooled)
    return pooled


def borrow(slots: Slots) -> Pooled:
    pooled = slots.checkout()
    assert pooled is not None
    return pooled


# -- the two verbs without a lock ------------------------------------------------------------------------------------


def test_take_lends_the_most_recently_used() -> None:
    slots = make(idle=2)
    first, second = slots.take(0.1), slots.take(0.1)
    assert first is not None
    assert second is not None
    assert slots.give(second)
    assert slots.give(first)
    assert slots.take(0.2) is first
    assert (first.used_at, first.uses, slots.lendings) == (0.2, 2, 3)


def test_take_of_nothing() -> None:
    assert make().take(0.0) is None


def test_take_leaves_alone_what_must_be_checked_first() -> None:
    slots = make(idle=1)
    assert slots.take(0.6) is None
    assert (len(slots.idle), len(slots.lent), slots.lendings) == (1, 0, 0)
    assert slots.take(0.5) is not None


def test_take_does_not_overtake_those_who_wait() -> None:
    slots = make(idle=1)
    slots.waiting[Ticket()] = None
    assert slots.take(0.0) is None
    assert slots.checkout() is None


def test_take_gives_up_what_turns_out_to_be_of_an_older_generation() -> None:
    slots = make(idle=1)
    # A discard on another thread, after the connection left the idle end and before it was entered as lent.
    slots.idle[0].generation = -7
    assert slots.take(0.0) is None
    assert not slots.lent
    assert slots.checkout() is None
    assert [pooled.generation for pooled in slots.settle(0.0)] == [-7]
    assert slots.total == 0


@pytest.mark.parametrize("why", ["older", "expired", "closed"])
def test_give_asks_to_settle_what_may_not_stay(why: str) -> None:
    slots = make(idle=1)
    pooled = slots.take(0.1)
    assert pooled is not None
    if why == "older":
        slots.drain(1)
    elif why == "expired":
        pooled.expires_at = 0.05
    else:
        slots.close()
    assert not slots.give(pooled)
    assert slots.settle(1.0) == [pooled]
    assert (slots.total, len(slots.idle)) == (0, 0)
    assert slots.lendings == 1, "its lendings are still counted"


def test_give_asks_to_settle_when_somebody_waits() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    gone, first, second = Ticket(gone=True), Ticket(), Ticket()
    slots.waiting.update(dict.fromkeys([gone, first, second]))
    assert not slots.give(pooled)
    assert slots.settle(1.0) == []
    assert (first.given, second.given) == (pooled, None)
    assert list(slots.waiting) == [second]
    assert slots.lent == {pooled.connection: pooled}


def test_a_connection_is_given_back_once() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    slots.give(pooled)
    with pytest.raises(KeyError):
        slots.give(pooled)
    assert list(slots.idle) == [pooled]


# -- lending under the lock ------------------------------------------------------------------------------------------


def test_a_refused_handoff_leaves_the_connection_idle() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    slots.waiting[Ticket(gone=True)] = None
    slots.give(pooled)
    slots.settle(1.0)
    assert list(slots.idle) == [pooled]
    assert not slots.lent
    assert slots.lendings == 1


def test_a_quicker_borrower_keeps_what_it_took() -> None:
    slots = make(idle=1)
    pooled = slots.idle[0]
    pooled.expires_at = 0.0

    class Quick(type(slots.idle)):  # type: ignore[misc]  # a deque whose element is gone when it is asked for
        def remove(self, value: object) -> None:
            raise ValueError

    slots.idle = Quick(slots.idle)
    assert slots.settle(1.0) == []
    assert slots.reserve_stale(100.0, 60.0) is None
    assert slots.total == 1


@pytest.mark.parametrize("verb", ["settle", "take_expired", "next_ageing", "reserve_stale"])
def test_what_is_idle_may_change_while_it_is_looked_at(verb: str) -> None:
    slots = make(idle=1)
    pooled = slots.idle[0]

    class Changing(type(slots.idle)):  # type: ignore[misc]  # a deque that a borrower changes in the middle, once
        changes = 1

        def __iter__(self) -> object:
            if self.changes:
                self.changes -= 1
                raise RuntimeError("deque mutated during iteration")
            return super().__iter__()

    slots.idle = Changing(slots.idle)
    arguments = {"settle": (LATER,), "take_expired": (LATER, 60.0), "next_ageing": (60.0, 60.0)}
    answer = getattr(slots, verb)(*arguments.get(verb, (LATER, 60.0)))
    assert answer in ([pooled], 60.0, pooled)


def test_a_borrowed_connection_does_not_keep_the_stack_of_its_last_borrower() -> None:
    slots = make(idle=2)
    lent = borrow(slots)
    lent.stack = "first"
    slots.give(lent)
    assert borrow(slots).stack is None
    slots.idle[0].stack = "second"
    reserved = slots.reserve_stale(LATER, 60.0)
    assert reserved is not None
    assert reserved.stack is None


def test_fresh_connections_are_of_the_present_generation() -> None:
    slots = make(idle=2)
    borrow(slots)
    assert slots.fresh == 2
    slots.drain(1)
    assert (slots.fresh, slots.total) == (0, 1)


def test_put_aside_leaves_no_trace() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    assert slots.put_aside(pooled, 9.0) == []
    assert list(slots.idle) == [pooled]
    assert (pooled.used_at, slots.lendings) == (0.0, 0)


def test_put_aside_after_a_discard_keeps_nothing() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    slots.discard(1)
    assert slots.put_aside(pooled, 0.0) == [pooled]
    assert not slots.lost


def test_put_aside_serves_who_waits() -> None:
    slots = make(idle=1)
    pooled = borrow(slots)
    ticket = Ticket()
    slots.waiting[ticket] = None
    slots.put_aside(pooled, 0.0)
    assert ticket.given is pooled


# -- opening ---------------------------------------------------------------------------------------------------------


def test_permits_follow_demand_and_ramp_up() -> None:
    slots = make(max_size=10, max_connecting=4)
    slots.waiting.update(dict.fromkeys(Ticket() for _ in range(8)))
    first = slots.permit(0.0)
    assert first is not None
    assert slots.permit(0.0) is None, "slow start: one at first"
    slots.opened(first, Pooled(object(), 0, 0.0, LATER))
    pair = [slots.permit(0.0) for _ in range(3)]
    assert [permit is not None for permit in pair] == [True, True, False]
    for permit in pair[:2]:
        assert permit is not None
        slots.opened(permit, Pooled(object(), 0, 0.0, LATER))
    four = [slots.permit(0.0) for _ in range(5)]
    assert sum(permit is not None for permit in four) == 4, "never more than max_connecting"


def test_no_permit_beyond_demand_or_size() -> None:
    slots = make(max_size=2, max_connecting=2)
    assert slots.permit(0.0) is None, "nobody wants one"
    slots.keep = 1
    open_one(slots)
    assert slots.permit(0.0) is None, "enough are kept"
    slots.keep = 2
    open_one(slots)
    borrow(slots)
    borrow(slots)
    slots.waiting[Ticket()] = None
    assert slots.permit(0.0) is None, "full"


def test_connections_on_their_way_out_are_not_those_to_be_kept() -> None:
    slots = make(max_size=3, idle=1)
    borrow(slots)
    slots.drain(1)
    slots.keep = 1
    fresh = open_one(slots)
    assert slots.permit(0.0) is None
    assert slots.take_expired(0.0, 60.0) == []
    assert slots.take_expired(1000.0, 60.0) == [], "the older one does not make this one superfluous"
    assert slots.next_ageing(60.0, LATER) == LATER
    assert list(slots.idle) == [fresh]


def test_no_permit_when_closed() -> None:
    slots = make()
    slots.keep = 1
    slots.close()
    assert slots.permit(0.0) is None
    assert slots.pause(0.0) == 0.0


def test_a_failed_opening_backs_off_and_falls_back_to_one_at_a_time() -> None:
    slots = make(max_size=10, max_connecting=4)
    slots.keep = 10
    open_one(slots)
    permit = slots.permit(0.0)
    assert permit is not None
    assert slots.open_failed(permit, 0.0, 0.5)
    assert slots.pause(0.0) == pytest.approx(0.025)
    assert slots.permit(0.02) is None
    again = slots.permit(0.025)
    assert again is not None
    assert slots.permit(0.025) is None
    slots.open_failed(again, 0.025, 0.5)
    assert slots.open_after == pytest.approx(0.075)
    slots.slow_start()
    assert (slots.open_after, slots.failures) == (NEVER_FAILED, 0)


def test_there_is_room_for_what_is_idle_or_may_be_opened_now() -> None:
    slots = make(max_size=1)
    slots.open_after = 5.0
    assert not slots.has_room(4.9)
    assert slots.has_room(5.0)
    slots.keep = 1
    open_one(slots, now=5.0)
    slots.open_after = 9.0
    assert slots.has_room(5.0)
    borrow(slots)
    assert not slots.has_room(9.0)


def test_no_pause_when_nothing_is_wanted() -> None:
    slots = make()
    slots.open_after = 5.0
    assert slots.pause(0.0) == 0.0


@given(st.integers(1, 2000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_full_jitter_under_a_limit(failures: int, roll: float) -> None:
    assert 0.0 <= backoff(failures, roll) <= BACKOFF_LIMIT
    assert backoff(failures, 0.0) == 0.0
    assert backoff(1, roll) <= 0.05


@pytest.mark.parametrize("end", ["opened", "open_failed"])
@pytest.mark.parametrize("why", ["older", "closed"])
def test_a_late_permit_changes_nothing(end: str, why: str) -> None:
    slots = make()
    slots.keep = 1
    permit = slots.permit(0.0)
    assert permit is not None
    if why == "older":
        slots.discard(1)
    else:
        slots.close()
    assert (slots.opening, slots.total) == (0, 1), "at the server it may be open already"
    if end == "opened":
        assert not slots.opened(permit, Pooled(object(), 0, 0.0, LATER))
        assert slots.total == 1, "until it is closed"
        slots.left(1)
    else:
        assert not slots.open_failed(permit, 0.0, 0.9)
    assert (slots.opening, slots.failures, slots.total) == (0, 0, 0)


def test_openings_of_an_older_generation_take_room_until_they_end() -> None:
    slots = make(max_size=1)
    slots.keep = 1
    overtaken = slots.permit(0.0)
    assert overtaken is not None
    slots.discard(1)
    assert slots.permit(0.0) is None, "the host may already have granted the other one"
    slots.open_failed(overtaken, 0.0, 0.9)
    assert slots.permit(0.0) is not None


def test_what_is_being_closed_takes_room() -> None:
    slots = make(max_size=1, idle=1)
    slots.idle[0].expires_at = 1.0
    slots.leaving += len(slots.settle(1.0))
    slots.keep = 1
    assert slots.permit(1.0) is None
    slots.left(1)
    assert slots.permit(1.0) is not None


# -- ageing ----------------------------------------------------------------------------------------------------------


def test_ageing() -> None:
    slots = make(max_size=4, idle=3)
    slots.keep = 1
    old, idle, fresh = slots.idle
    old.expires_at = 50.0
    fresh.idle_since = 95.0
    assert slots.next_ageing(100.0, 60.0) == 50.0
    assert slots.take_expired(100.0, 60.0) == [old, idle]
    assert list(slots.idle) == [fresh]
    assert slots.next_ageing(60.0, 500.0) == 500.0, "what is kept is not idle too long"
    assert slots.take_expired(1000.0, 60.0) == []


def test_idle_time_counts_from_the_last_use() -> None:
    slots = make(max_size=4, idle=1)
    slots.give(borrow(slots))
    assert slots.take_expired(100.0, 60.0) == [], "first seen idle now"
    assert slots.take_expired(159.0, 60.0) == []
    assert len(slots.take_expired(160.0, 60.0)) == 1


def test_next_ageing_of_nothing_is_never() -> None:
    assert make().next_ageing(1.0, 1.0) == float("inf")


def test_keepalive_reserves_and_puts_back_without_counting_as_use() -> None:
    slots = make(idle=2)
    stale, fresh = slots.idle
    fresh.used_at = 60.0
    assert slots.stale(70.0, 60.0) == [stale]
    assert slots.reserve_stale(70.0, 60.0) is stale
    assert slots.reserve_stale(70.0, 60.0) is None
    assert slots.total == 2, "a reserved connection still counts"
    assert slots.touched(stale, 71.0) == []
    assert list(slots.idle) == [stale, fresh]
    assert (stale.used_at, stale.idle_since, slots.lendings) == (71.0, 0.0, 0)


def test_touched_after_a_discard_is_not_kept() -> None:
    slots = make(idle=1)
    pooled = slots.reserve_stale(70.0, 60.0)
    assert pooled is not None
    slots.discard(1)
    assert slots.touched(pooled, 71.0) == [pooled]
    assert slots.total == 0
    assert not slots.lost


# -- the end of a generation -----------------------------------------------------------------------------------------


def test_discard_gives_what_to_close_and_what_to_abort_and_frees_the_room() -> None:
    slots = make(max_size=2, idle=2)
    lent = borrow(slots)
    slots.open_after = 9.0
    idle, aborted = slots.discard(7)
    assert (len(idle), aborted) == (1, [lent])
    assert (slots.generation, slots.total, slots.open_after) == (7, 0, NEVER_FAILED)
    assert slots.discard(8) == ([], [lent]), "what is still out is aborted again"
    assert not slots.give(lent)
    assert slots.settle(1.0) == [lent]
    assert not slots.lost


def test_discard_finds_a_connection_that_is_between_idle_and_lent() -> None:
    slots = make(idle=1)
    in_hand = slots.idle.pop()
    assert slots.discard(1) == ([], [in_hand])


def test_emptying_stops_when_borrowers_were_quicker() -> None:
    slots = make(idle=1)

    class Quick(type(slots.idle)):  # type: ignore[misc]  # a deque whose element is gone when it is asked for
        def pop(self) -> Pooled:
            raise IndexError

    slots.idle = Quick(slots.idle)
    assert slots.drain(1) == []


def test_drain_lets_lent_ones_finish() -> None:
    slots = make(max_size=3, idle=2)
    lent = borrow(slots)
    assert len(slots.drain(3)) == 1
    assert slots.total == 1, "a session that goes on counts against the size"
    slots.keep = 2
    open_one(slots)
    assert slots.older() == [lent]
    slots.give(lent)
    assert slots.settle(1.0) == [lent]
    assert slots.older() == []


def test_take_waiters_in_order() -> None:
    slots = make()
    tickets = [Ticket() for _ in range(3)]
    slots.waiting.update(dict.fromkeys(tickets))
    assert slots.take_waiters() == tickets
    assert not slots.waiting


def test_close_gives_what_was_idle_and_who_waited_and_is_final() -> None:
    slots = make(idle=1)
    ticket = Ticket()
    slots.waiting[ticket] = None
    idle, waited = slots.close()
    assert (len(idle), waited, slots.closed) == (1, [ticket], True)
    slots.discard(5)
    assert slots.closed, "a late effect does not open it again"


class Books(RuleBasedStateMachine):
    """Whatever happens, no connection is in two places, and none of an older generation is lent anew."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots(max_size=4, max_connecting=2)
        self.now = 0.0
        self.permits: list[Permit] = []
        self.tickets: list[Ticket] = []
        self.borrowed: list[Pooled] = []

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(quick=st.booleans())
    def borrow(self, quick: bool) -> None:
        pooled = (self.slots.take(self.now) if quick else None) or self.slots.checkout()
        if pooled is None:
            ticket = Ticket()
            self.tickets.append(ticket)
            self.slots.waiting[ticket] = None
            self.slots.dispatch()
        else:
            assert pooled.generation == self.slots.generation
            self.borrowed.append(pooled)
        self.collect()

    def collect(self) -> None:
        for ticket in [ticket for ticket in self.tickets if ticket.given]:
            self.tickets.remove(ticket)
            assert ticket.given is not None
            assert ticket.given.generation == self.slots.generation
            self.borrowed.append(ticket.given)

    @precondition(lambda self: self.tickets)
    @rule()
    def leave(self) -> None:
        self.tickets.pop(0).gone = True

    @precondition(lambda self: self.borrowed)
    @rule(broken=st.booleans())
    def give_back(self, broken: bool) -> None:
        pooled = self.borrowed.pop(0)
        if broken:
            self.slots.forget(pooled)
        elif not self.slots.give(pooled):
            self.slots.settle(self.now)
        self.collect()

    @rule()
    def ask_to_open(self) -> None:
        permit = self.slots.permit(self.now)
        if permit is not None:
            self.permits.append(permit)

    @precondition(lambda self: self.permits)
    @rule(fails=st.booleans(), roll=st.floats(0, 0.99))
    def opening_ends(self, fails: bool, roll: float) -> None:
        permit = self.permits.pop(0)
        if fails:
            self.slots.open_failed(permit, self.now, roll)
        elif not self.slots.opened(permit, Pooled(object(), permit.generation, self.now, self.now + 500.0)):
            self.slots.left(1)
        self.collect()

    @rule(discard=st.booleans())
    def host_is_left(self, discard: bool) -> None:
        generation = self.slots.generation + 1
        if discard:
            self.slots.discard(generation)
        else:
            self.slots.drain(generation)

    @rule()
    def age(self) -> None:
        self.slots.take_expired(self.now, 60.0)
        self.collect()

    @invariant()
    def every_connection_is_in_one_place(self) -> None:
        slots = self.slots
        places = [*slots.idle, *slots.lent.values()]
        assert len(set(places)) == len(places)
        assert set(places) == slots.members | slots.lost
        assert all(pooled.generation == slots.generation for pooled in slots.idle)
        assert 0 <= slots.opening <= slots.max_connecting
        assert slots.opening + slots.leaving == len(self.permits)
        assert slots.total <= slots.max_size
        assert set(self.borrowed) == set(slots.lent.values())

    @invariant()
    def nobody_waits_beside_an_idle_connection(self) -> None:
        assert not (self.slots.idle and self.slots.waiting)


TestBooks = Books.TestCase
