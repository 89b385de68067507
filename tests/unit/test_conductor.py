"""The shell around the brain: order, re-entry, and slowness that holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from failoverkit.clock import FAR
from failoverkit.conductor import Conductor
from failoverkit.errors import OperatorError
from failoverkit.events import ActiveChanged, ConnectionsAborted, Event, Paused, Resumed
from failoverkit.failover.commands import FailOver, Pause, Resume
from failoverkit.failover.effects import Discard, Effect, Route
from failoverkit.failover.routing import Routing
from failoverkit.failover.topology import begin
from failoverkit.model import ErrorKind, Health, Host, Observation, Report, Role, Source, Target
from failoverkit.settings import FailoverSettings
from failoverkit.testing import Background, FakeClock

SOON = 10.0


class Theatre:
    """A conductor, a stage that keeps what was acted out, and an audience that keeps what it was told."""

    def __init__(self, **policy: Any) -> None:
        self.clock = FakeClock()
        self.seen: list[object] = []
        self.announced = 0
        self.on_publish: Callable[[Routing], object] = lambda routing: None
        self.on_effect: Callable[[Effect], object] = lambda effect: None
        self.on_event: Callable[[Event], object] = lambda event: None
        topology = begin([Host("a", "a"), Host("b", "b", priority=1)], pool="p")
        self.conductor = Conductor(
            topology,
            FailoverSettings(**policy),
            self.clock,
            self,
            on_event=self.hear,
            announce=self.announce,
        )

    def publish(self, routing: Routing) -> None:
        primaries = routing.targets[Target.PRIMARY]
        self.seen.append(primaries[0].name if primaries else None)
        self.on_publish(routing)

    def carry_out(self, effect: Effect) -> None:
        self.seen.append(effect)
        self.on_effect(effect)

    def announce(self) -> None:
        self.announced += 1
        self.conductor.tell_all()

    def hear(self, event: Event) -> None:
        self.seen.append(event)
        self.on_event(event)

    def says(self, host: str, role: Role, epoch: int = 1) -> None:
        generation = self.conductor.view(host).generation
        report = Report(role, epoch, "lineage")
        self.conductor.observe(Observation(host, generation, Source.PROBE, report=report, latency=0.001))

    def dies(self, host: str) -> None:
        generation = self.conductor.view(host).generation
        self.conductor.observe(Observation(host, generation, Source.PROBE, error=ErrorKind.HOST_UNREACHABLE))

    def open(self) -> None:
        """Let a be the primary and b its standby."""
        self.says("a", Role.PRIMARY)
        self.says("b", Role.STANDBY)
        self.seen.clear()

    def kinds(self) -> list[object]:
        return [type(thing) if isinstance(thing, Event) else thing for thing in self.seen]


@pytest.fixture
def theatre() -> Theatre:
    theatre = Theatre()
    theatre.open()
    return theatre


def test_routing_first_then_effects_then_events(theatre: Theatre) -> None:
    theatre.dies("a")
    theatre.seen.clear()
    theatre.says("b", Role.PRIMARY, 2)
    kinds = theatre.kinds()
    assert kinds[:2] == ["b", Route("b")]
    assert ActiveChanged in kinds[2:]
    assert all(isinstance(kind, type) for kind in kinds[2:])


def test_events_are_announced_only_when_there_are_some(theatre: Theatre) -> None:
    before = theatre.announced
    theatre.says("a", Role.PRIMARY)
    assert theatre.announced == before
    theatre.dies("b")
    assert theatre.announced == before + 1


def test_evidence_that_changes_nothing_is_not_acted_out(theatre: Theatre) -> None:
    theatre.conductor.observe(Observation("a", -1, Source.PROBE, error=ErrorKind.HOST_UNREACHABLE))
    assert theatre.seen == []


def test_the_newest_view_is_to_be_had(theatre: Theatre) -> None:
    theatre.dies("b")
    assert theatre.conductor.view("b").health is Health.DOWN
    assert theatre.conductor.topology.hosts["b"] is theatre.conductor.view("b")


def test_a_wish_that_cannot_be_carried_out_changes_nothing(theatre: Theatre) -> None:
    before = theatre.conductor.topology
    with pytest.raises(OperatorError, match="b"):
        theatre.conductor.command(FailOver("b"))
    assert theatre.conductor.topology is before
    assert theatre.seen == []


def test_time_matters_only_when_something_is_due() -> None:
    theatre = Theatre(hold=60.0)
    assert theatre.conductor.tick(theatre.clock()) == FAR
    for host, role in (("a", Role.PRIMARY), ("b", Role.STANDBY)):
        theatre.conductor.observe(Observation(host, 0, Source.PROBE, report=Report(role)))
    theatre.dies("a")
    theatre.conductor.observe(Observation("b", 0, Source.PROBE, report=Report(Role.PRIMARY)))
    generation = theatre.conductor.view("a").generation
    for _ in range(2):
        theatre.conductor.observe(Observation("a", generation, Source.PROBE, report=Report(Role.PRIMARY)))
    assert theatre.conductor.view("a").quarantined
    theatre.dies("b")
    due = theatre.clock() + 60.0
    assert theatre.conductor.tick(theatre.clock()) == due
    theatre.seen.clear()
    theatre.clock.advance(60.0)
    assert theatre.conductor.tick(theatre.clock()) == FAR
    assert not theatre.conductor.view("a").quarantined
    assert theatre.seen


def test_an_event_of_the_pools_own_is_told(theatre: Theatre) -> None:
    event = ConnectionsAborted("p", 0.0, "a", 1)
    theatre.conductor.tell(event)
    assert theatre.seen == [event]


def test_what_is_told_by_an_effect_comes_after_what_the_brain_says_of_it(theatre: Theatre) -> None:
    aborted = ConnectionsAborted("p", 0.0, "a", 1)
    theatre.on_effect = lambda effect: theatre.conductor.tell(aborted) if isinstance(effect, Discard) else None
    theatre.dies("a")
    assert theatre.seen[-1] is aborted
    told = [thing for thing in theatre.seen if isinstance(thing, Event)]
    assert theatre.seen[-len(told) :] == told, "all effects first"
    assert ActiveChanged in [type(event) for event in told[:-1]]


def test_a_wish_made_by_an_effect_follows_after_the_step(theatre: Theatre) -> None:
    theatre.on_effect = lambda effect: theatre.conductor.command(Pause()) if isinstance(effect, Route) else None
    theatre.dies("a")
    theatre.seen.clear()
    theatre.says("b", Role.PRIMARY, 2)
    kinds = theatre.kinds()
    # The step of the promotion, the step of the pause, then the events of the one and of the other.
    assert kinds[:3] == ["b", Route("b"), None]
    assert kinds.index(ActiveChanged) < kinds.index(Paused)


def test_an_observer_may_call_back(theatre: Theatre) -> None:
    def call_back(event: Event) -> None:
        if isinstance(event, Paused):
            theatre.conductor.command(Resume())
            assert not theatre.conductor.topology.paused

    theatre.on_event = call_back
    theatre.conductor.command(Pause())
    assert theatre.kinds() == [None, Paused, "a", Resumed]


def test_a_slow_observer_holds_up_no_other_threads_step(theatre: Theatre) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def be_slow(event: Event) -> None:
        if isinstance(event, Paused):
            arrived.set()
            assert go_on.wait(SOON)

    theatre.on_event = be_slow
    slow = Background(lambda: theatre.conductor.command(Pause()))
    assert arrived.wait(SOON)
    theatre.conductor.command(Resume())
    assert theatre.kinds() == [None, Paused, "a"], "carried out, and not told yet"
    go_on.set()
    slow.result()
    assert theatre.kinds() == [None, Paused, "a", Resumed], "told in order, by the thread that tells"


def test_an_observer_is_never_told_of_a_step_that_another_thread_still_acts_out(
    theatre: Theatre, until: Callable[..., None]
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def be_slow(routing: Routing) -> None:
        if routing.paused:
            arrived.set()
            assert go_on.wait(SOON)

    theatre.on_publish = be_slow
    slow = Background(lambda: theatre.conductor.command(Pause()))
    assert arrived.wait(SOON)
    theatre.dies("b")
    theatre.conductor.tell(ConnectionsAborted("p", 0.0, "a", 1))
    assert theatre.kinds() == [None, ConnectionsAborted]
    resuming = Background(lambda: theatre.conductor.command(Resume()))
    until(lambda: not theatre.conductor.topology.paused)
    assert resuming.running, "a wish is not done before it is carried out"
    go_on.set()
    resuming.result()
    slow.result()
    kinds = theatre.kinds()
    assert kinds[:2] == [None, ConnectionsAborted]
    assert [kind for kind in kinds[2:] if kind in (Paused, Resumed)] == [Paused, Resumed]


def test_an_effect_that_fails_does_not_silence_the_events_nor_what_follows(
    theatre: Theatre, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(effect: Effect) -> None:
        raise ZeroDivisionError

    theatre.on_effect = fail
    theatre.dies("a")
    assert caplog.messages == ["unexpected error while a step was carried out"]
    theatre.conductor.command(Pause())
    kinds = theatre.kinds()
    assert kinds.index(ActiveChanged) < kinds.index(Paused)


def test_a_wish_left_behind_by_an_interrupted_thread_is_carried_out_by_its_owner(
    theatre: Theatre, until: Callable[..., None]
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    def be_interrupted(routing: Routing) -> None:
        theatre.on_publish = lambda routing: None
        arrived.set()
        assert go_on.wait(SOON)
        raise KeyboardInterrupt

    theatre.on_publish = be_interrupted
    interrupted = Background(lambda: theatre.dies("b"))
    assert arrived.wait(SOON)
    pausing = Background(lambda: theatre.conductor.command(Pause()))
    until(lambda: theatre.conductor.topology.paused)
    go_on.set()
    assert isinstance(interrupted.error(), KeyboardInterrupt)
    pausing.result()
    assert Paused in theatre.kinds()


def test_many_threads_leave_nothing_behind_and_keep_the_order() -> None:
    theatre = Theatre()
    theatre.open()
    barrier = threading.Barrier(4)

    def wish() -> None:
        barrier.wait(SOON)
        for _ in range(50):
            theatre.conductor.command(Pause())
            theatre.conductor.command(Resume())

    for caller in [Background(wish) for _ in range(4)]:
        caller.result(30.0)
    told = [kind for kind in theatre.kinds() if isinstance(kind, type)]
    assert told[::2] == [Paused] * (len(told) // 2)
    assert told[1::2] == [Resumed] * (len(told) // 2)
    published = [kind for kind in theatre.kinds() if not isinstance(kind, type)]
    assert published == [None, "a"] * (len(told) // 2)
