"""The shell around the brain: folds evidence into the topology and has the effects carried out, in order.

Two queues keep the order without holding a lock while something slow runs: one of steps, one of events. Whoever adds a
step acts it out, unless somebody is at it already. Its events enter the second queue when its effects have been carried
out, so that an observer never hears of a move before it is made; observers are told on a thread of their own.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from failoverkit.clock import FAR, Clock
from failoverkit.events import Event
from failoverkit.failover import brain
from failoverkit.failover.brain import Step
from failoverkit.failover.commands import Command
from failoverkit.failover.effects import Effect
from failoverkit.failover.routing import Routing, route
from failoverkit.failover.topology import HostView, Topology
from failoverkit.model import Observation
from failoverkit.settings import FailoverSettings

T = TypeVar("T")

logger = logging.getLogger("failoverkit.conductor")

LOOK_AGAIN = 0.05
"""How often who waits for a step makes sure that somebody is at it, seconds."""


class Stage(Protocol):
    """Where steps are acted out: the pools."""

    def publish(self, routing: Routing) -> None:
        """Route by this from now on."""
        ...

    def carry_out(self, effect: Effect) -> None:
        """Do what the brain asks for."""
        ...


@dataclass(frozen=True, slots=True)
class _Act:
    """One step to be acted out, and the routing that belongs to it."""

    routing: Routing
    step: Step
    done: threading.Event = field(default_factory=threading.Event)


class _InOrder(Generic[T]):
    """Hands items to a handler one at a time, in the order in which they were added, outside every lock."""

    def __init__(self, handle: Callable[[T], None]) -> None:
        self._handle = handle
        self._items: deque[T] = deque()
        self._busy = threading.Lock()
        self._handler: int | None = None
        """The thread that hands items over now."""

    @property
    def is_handled_here(self) -> bool:
        """Whether the caller is called by the handler."""
        return self._handler == threading.get_ident()

    @property
    def holds_any(self) -> bool:
        """Whether something is waiting to be handed over."""
        return bool(self._items)

    def add(self, items: Sequence[T]) -> None:
        self._items.extend(items)

    def empty(self) -> None:
        # An item added after the loop and before the release is seen by its adder's own call or by the outer loop.
        while self._items and self._busy.acquire(blocking=False):
            self._handler = threading.get_ident()
            try:
                while self._items:
                    self._handle_next()
            finally:
                self._handler = None
                self._busy.release()

    def _handle_next(self) -> None:
        try:
            self._handle(self._items.popleft())
        except Exception:
            # A defect. What follows must be handled all the same, and whoever happens to do it is not to blame.
            logger.exception("unexpected error while a step was carried out")


class Conductor:
    """Owns the topology. Thread-safe; observers may call back into the pool.

    ``announce`` is called when there are events to be told: it sees to it that ``tell_all`` is called, best on another
    thread. It must not block.
    """

    def __init__(
        self,
        topology: Topology,
        policy: FailoverSettings,
        clock: Clock,
        stage: Stage,
        *,
        on_event: Callable[[Event], None],
        announce: Callable[[], None],
    ) -> None:
        self._topology = topology
        self._policy = policy
        self._clock = clock
        self._stage = stage
        self._folding = threading.Lock()
        self._acts: _InOrder[_Act] = _InOrder(self._act)
        self._events: _InOrder[Event] = _InOrder(on_event)
        self._announce = announce
        self._told_meanwhile: list[Event] = []
        """What was told while an act was carried out; touched by its thread alone."""

    @property
    def topology(self) -> Topology:
        """The newest topology: immutable, read without a lock."""
        return self._topology

    def view(self, host: str) -> HostView:
        """Return what is believed of one host now."""
        return self._topology.hosts[host]

    def observe(self, observation: Observation) -> None:
        """Fold one piece of evidence."""
        self._fold(lambda topology, now: brain.observe(topology, observation, self._policy, now))

    def command(self, command: Command) -> None:
        """Carry out an operator's wish; ``OperatorError`` when it cannot be.

        When this returns it has been carried out, except within an effect: then it follows after that.
        """
        act = self._fold(lambda topology, now: brain.command(topology, command, self._policy, now))
        if act is None or self._acts.is_handled_here:
            return
        while not act.done.wait(LOOK_AGAIN):
            # Another thread is at it, unless it was interrupted.
            self._perform()

    def tick(self, now: float) -> float:
        """Let time pass; return when to call again (infinity: time alone changes nothing)."""
        following = brain.next_tick_at(self._topology, self._policy)
        if following is not None and following <= now:
            self._fold(lambda topology, _: brain.tick(topology, self._policy, now))
            following = brain.next_tick_at(self._topology, self._policy)
        return FAR if following is None else following

    def tell(self, event: Event) -> None:
        """Have an event of the pool's own told, in order with the brain's."""
        if self._acts.is_handled_here:
            self._told_meanwhile.append(event)
        else:
            self._events.add((event,))
            self._announce()

    def tell_all(self) -> None:
        """Tell observers what there is to tell, unless another thread is at it."""
        self._events.empty()

    def _fold(self, fold: Callable[[Topology, float], Step]) -> _Act | None:
        with self._folding:
            before = self._topology
            step = fold(before, self._clock())
            if step.topology is before and not step.effects and not step.events:
                return None
            self._topology = step.topology
            act = _Act(route(step.topology, self._policy), step)
            self._acts.add((act,))
        self._perform()
        return act

    def _perform(self) -> None:
        self._acts.empty()
        if self._events.holds_any and not self._acts.is_handled_here:
            self._announce()

    def _act(self, act: _Act) -> None:
        try:
            self._stage.publish(act.routing)
            for effect in act.step.effects:
                self._stage.carry_out(effect)
        finally:
            told, self._told_meanwhile = self._told_meanwhile, []
            self._events.add((*act.step.events, *told))
            act.done.set()
