"""The brain's doors: fold one observation, one tick or one command into a new topology, effects and events.

Pure: the same topology, input, policy and time give the same step. Nothing here waits, reads a clock or fails on
strange evidence. Safe to call from any thread; whoever keeps the topology must make sure that steps follow one another.
"""

from __future__ import annotations

from dataclasses import dataclass

from failoverkit.events import Event, HostHealthChanged, HostProblem, HostRoleChanged
from failoverkit.failover import health
from failoverkit.failover.assessment import assess
from failoverkit.failover.commands import Command
from failoverkit.failover.draft import Draft
from failoverkit.failover.effects import Effect
from failoverkit.failover.learning import newest_epoch, with_view
from failoverkit.failover.moves import move
from failoverkit.failover.quarantine import due_at
from failoverkit.failover.release import release_lost_hosts
from failoverkit.failover.signals import Raised, raised
from failoverkit.failover.states import TABLE, is_stay
from failoverkit.failover.topology import HostView, Topology
from failoverkit.failover.wishes import carry_out
from failoverkit.model import Observation
from failoverkit.settings import FailoverSettings

MOST_MOVES = 8
"""More than one step ever makes. A mistake in the table must not keep the pool in a loop."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one fold gave. The shell publishes the topology's routing, carries out the effects, emits the events."""

    topology: Topology
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()


def observe(topology: Topology, observation: Observation, policy: FailoverSettings, now: float) -> Step:
    """Fold one piece of evidence.

    ``now`` is the monotonic time in seconds. Evidence of an older generation, or of a host that is not in the
    topology, changes nothing: the step then holds the very same topology.
    """
    before = topology.hosts.get(observation.host)
    if before is None or observation.generation < before.generation:
        return Step(topology)
    newest = newest_epoch(topology, observation.report)
    after = health.fold(before, observation, policy, now, newest)
    if after is before:
        return Step(topology)
    draft = Draft(with_view(topology, after), policy, now)
    _tell_host(draft, before, after)
    return _settled(draft)


def tick(topology: Topology, policy: FailoverSettings, now: float) -> Step:
    """Fold the passing of time. Harmless at any time; it matters at ``next_tick_at``."""
    return _settled(Draft(topology, policy, now))


def next_tick_at(topology: Topology, policy: FailoverSettings) -> float | None:
    """Return when time alone will change something, in monotonic seconds; ``None`` when it will not."""
    due = (due_at(view, policy.hold) for view in topology.hosts.values())
    return min((at for at in due if at is not None), default=None)


def command(topology: Topology, wish: Command, policy: FailoverSettings, now: float) -> Step:
    """Fold an operator's wish, or the shell's word that a host is warm.

    Raises ``OperatorError`` with the reason when the wish cannot be carried out; nothing has changed then. A wish for
    what is already the case changes nothing.
    """
    draft = Draft(topology, policy, now)
    carry_out(draft, wish)
    return _settled(draft)


def _settled(draft: Draft) -> Step:
    assess(draft)
    for _ in range(MOST_MOVES):
        signal = _next_signal(draft)
        if signal is None:
            break
        move(draft, signal)
        assess(draft)
    release_lost_hosts(draft)
    return Step(draft.topology, tuple(draft.effects), tuple(draft.events))


def _next_signal(draft: Draft) -> Raised | None:
    state = draft.topology.state
    for signal in raised(draft.topology, draft.policy, draft.now):
        if not is_stay(state, TABLE[state, signal.signal]):
            return signal
    return None


def _tell_host(draft: Draft, before: HostView, after: HostView) -> None:
    pool, now, name = draft.topology.pool, draft.now, after.name
    if after.health is not before.health:
        reason = after.detail or "it answered"
        draft.tell(HostHealthChanged(pool, now, name, before.health, after.health, reason))
    if after.report.role is not before.report.role or after.report.epoch != before.report.epoch:
        draft.tell(HostRoleChanged(pool, now, name, before.role, after.role, after.epoch))
    if after.problem and after.problem != before.problem:
        draft.tell(HostProblem(pool, now, name, after.problem))
