"""Brain, books and witness together, in one thread and without a clock: what scenarios and the simulator run on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from failoverkit.failover import brain
from failoverkit.failover.brain import Step
from failoverkit.failover.commands import Command, Warmed
from failoverkit.failover.routing import Routing, route
from failoverkit.failover.topology import begin
from failoverkit.model import Host, Observation, Target
from failoverkit.settings import FailoverSettings
from failoverkit.testing.paper_pool import Borrower, PaperPool
from failoverkit.testing.witness import PropertyBroken, Witness


class DryRun:
    """Folds inputs one after another, acts each step out on a paper pool, and has a witness check it.

    Every call may raise ``PropertyBroken``. ``now`` never goes back: each call's time is that of the last or later.
    """

    def __init__(
        self, hosts: Iterable[Host], policy: FailoverSettings, *, answers: Callable[[str], bool] = lambda _: True
    ) -> None:
        self.policy = policy
        self.topology = begin(hosts)
        self.routing: Routing = route(self.topology, policy)
        self.now = 0.0
        self.steps: list[Step] = []
        """The steps that changed something."""
        self.witness = Witness.of(self.topology.hosts, policy)
        self.pool = PaperPool(self.topology.hosts, answers=answers, on_lend=self._check_lending)
        self.pool.publish(self.routing, 0.0)

    def observe(self, observation: Observation) -> Step:
        """Fold one piece of evidence."""
        late = observation.generation < self.topology.hosts[observation.host].generation
        self.witness.hear(observation, self.now)
        before = self.topology
        step = brain.observe(before, observation, self.policy, self.now)
        if late:
            self.witness.check_ignored(before, step)
        return self._act(step)

    def command(self, wish: Command) -> Step:
        """Fold a wish; ``OperatorError`` when it cannot be carried out."""
        step = brain.command(self.topology, wish, self.policy, self.now)
        self.witness.hear_wish(wish)
        return self._act(step)

    def tick(self) -> Step:
        """Fold the passing of time."""
        return self._act(brain.tick(self.topology, self.policy, self.now))

    def advance(self, now: float) -> None:
        """Let time pass until ``now``, and do on the way what is due, when it is due."""
        while (due := self._next_due()) <= now:
            self.now = max(self.now, due)
            self.pool.pass_time(self.now)
            self.tick()
        self.now = now

    def borrow(self, name: str, target: Target, timeout: float) -> Borrower:
        """Ask for a connection."""
        return self.pool.borrow(name, target, self.now, timeout)

    def tell_warmed(self) -> None:
        """Say so to the brain if the hosts that it wants warm are."""
        for host in self.pool.take_warmed():
            self.command(Warmed(host))

    def _next_due(self) -> float:
        following = brain.next_tick_at(self.topology, self.policy)
        return min(self.pool.next_due(), float("inf") if following is None else following)

    def _act(self, step: Step) -> Step:
        before, self.topology = self.topology, step.topology
        if step.topology is before and not step.effects:
            return step
        self.steps.append(step)
        self.routing = route(step.topology, self.policy)
        self.witness.check(before, step, self.routing, self.now)
        self.pool.publish(self.routing, self.now)
        for effect in step.effects:
            self.pool.carry_out(effect, self.now)
        for host in self.witness.lost_hosts():
            if stuck := self.pool.stuck_on(host):
                raise PropertyBroken(f"{', '.join(stuck)} hang on {host}, which is lost")
        return step

    def _check_lending(self, borrower: Borrower) -> None:
        pooled = borrower.pooled
        if pooled is None:
            return
        if borrower.target is Target.PRIMARY and self.witness.active is None:
            raise PropertyBroken(f"{borrower.name} got a connection to {pooled.host} while nothing is routed")
        if pooled.host not in {candidate.name for candidate in self.routing.targets[borrower.target]}:
            raise PropertyBroken(f"{borrower.name} got a connection to {pooled.host}, which serves it not")
        if pooled.generation != self.pool.slots[pooled.host].generation:
            raise PropertyBroken(f"{borrower.name} got a connection of generation {pooled.generation}")
