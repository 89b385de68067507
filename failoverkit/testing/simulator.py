"""Random fault schedules against the brain and a pool on paper, with a witness at each step. No threads, no clock.

One seed is one schedule: the same seed gives the same schedule on every machine. ``simulate(seed)`` raises
``ScheduleFailed``, which names the seed; ``python -m failoverkit.testing.simulator SEED`` replays it and tells each
move.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from failoverkit.errors import OperatorError
from failoverkit.failover.brain import Step
from failoverkit.failover.commands import ClearQuarantine, Command, FailBack, FailOver, Pause, Resume
from failoverkit.model import ErrorKind, Host, Observation, Report, Source, Target
from failoverkit.settings import FailoverSettings
from failoverkit.testing.dry_run import DryRun
from failoverkit.testing.fake_world import Kind, World
from failoverkit.testing.witness import PropertyBroken

CALLERS_ERRORS = (ErrorKind.CONNECTION_LOST, ErrorKind.TIMEOUT, ErrorKind.ROLE_CHANGED, ErrorKind.OTHER, ErrorKind.BUSY)
PAUSES = (0.02, 0.1, 0.5, 0.5, 1.0, 1.0, 3.0)
"""Time between two moves, seconds."""
JUMP = 100_000.0
"""How far a clock jumps, seconds."""
RECOVERY_ROUNDS = 3
"""After so many rounds of good probes, all hosts being well, something must serve."""


class ScheduleFailed(AssertionError):
    """A property did not hold. The message names the seed, which replays it."""


def simulate(seed: int, tell: Callable[[str], None] | None = None) -> list[Step]:
    """Run one schedule; return the steps that changed something. ``tell`` is called with each move."""
    schedule = _Schedule(seed, tell)
    try:
        schedule.run()
    except PropertyBroken as error:
        replay = f"python -m failoverkit.testing.simulator {seed}"
        message = f"seed {seed}, at {schedule.dry_run.now:g}: {error} (replay it: {replay})"
        raise ScheduleFailed(message) from error
    return schedule.dry_run.steps


class _Schedule:
    """One random cluster, one random policy, and what befalls them."""

    def __init__(self, seed: int, tell: Callable[[str], None] | None) -> None:
        chance = self._chance = random.Random(seed)  # noqa: S311 - chance that can be replayed is the point
        self._tell = tell
        names = "abcd"[: chance.randint(1, 4)]
        self._world = World(names, chance.choice(list(Kind)), chance)
        hosts = [
            Host(name, name, priority=priority) for name, priority in zip(names, _priorities(chance), strict=False)
        ]
        self.dry_run = DryRun(hosts, _policy(chance), answers=self._world.answers)
        self._names = list(names)
        self._sent: list[Observation] = []
        self._borrowed = 0
        self._say(self._world.kind.value, hosts, self.dry_run.policy)

    def run(self) -> None:
        chance = self._chance
        for _ in range(chance.randint(6, 16)):
            jump = JUMP if chance.random() < 0.01 else 0.0
            self.dry_run.advance(self.dry_run.now + chance.choice(PAUSES) + jump)
            if chance.random() < 0.45:
                self._say(self._world.befall())
            chance.choice(_MOVES)(self)
            self._probe_some()
            self.dry_run.tell_warmed()
        self._recover()

    def _say(self, *what: object) -> None:
        if self._tell is not None:
            topology = self.dry_run.topology
            words = " ".join(map(str, what))
            self._tell(f"{self.dry_run.now:9.2f} {topology.state.value:12} {topology.active or '-':2} {words}")

    # -- moves ------------------------------------------------------------------------------------------------------

    def _probe_some(self) -> None:
        for name in self._chance.sample(self._names, self._chance.randint(1, len(self._names))):
            self._probe(name)

    def _probe(self, name: str) -> None:
        found = self._world.probe(name)
        self._send(name, Source.PROBE, found)

    def _send(self, name: str, source: Source, found: Report | ErrorKind) -> None:
        generation = self.dry_run.topology.hosts[name].generation
        observation = (
            Observation(name, generation, source, report=found, latency=0.001)
            if isinstance(found, Report)
            else Observation(name, generation, source, error=found)
        )
        self._sent.append(observation)
        self.dry_run.observe(observation)
        self._say(source.value, name, found)

    def fail_work(self) -> None:
        """A caller's work on some host fails."""
        self._send(self._chance.choice(self._names), Source.CALLER, self._chance.choice(CALLERS_ERRORS))

    def repeat_old_message(self) -> None:
        """A message that was sent before arrives once more, late or not."""
        if self._sent:
            observation = self._chance.choice(self._sent)
            self.dry_run.observe(observation)
            self._say("again", observation)

    def borrow(self) -> None:
        """Somebody asks for a connection, and gives back what he had."""
        self._borrowed += 1
        name, target = f"w{self._borrowed % 6}", self._chance.choice(list(Target))
        if name in self.dry_run.pool.borrowers:
            self.dry_run.pool.give_back(name, self.dry_run.now)
        borrower = self.dry_run.borrow(name, target, self._chance.choice((0.5, 5.0)))
        self._say(name, "asks for", target.value, borrower.fate)

    def wish(self) -> None:
        """An operator asks for something, sensible or not."""
        wish = self._any_wish()
        try:
            self.dry_run.command(wish)
        except OperatorError as error:
            self._say(wish, "is refused:", error)
        else:
            self._say(wish)

    def _any_wish(self) -> Command:
        host = self._chance.choice(self._names)
        wishes = (FailOver(host), FailOver(host), FailBack(), Pause(), Resume(), Resume(), ClearQuarantine(host))
        return self._chance.choice(wishes)

    def wait(self) -> None:
        """Nothing happens."""
        self.dry_run.tick()

    # -- the end ----------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        leader = self._world.heal()
        self._say("all is well again", leader)
        self.dry_run.command(Resume())
        for _ in range(RECOVERY_ROUNDS):
            self.dry_run.advance(self.dry_run.now + self.dry_run.policy.hold)
            for name in self._names:
                self._probe(name)
            self.dry_run.tell_warmed()
        if self.dry_run.topology.active is None:
            raise PropertyBroken("all hosts are well, and nothing serves")
        if leader and self.dry_run.topology.active != leader:
            raise PropertyBroken(f"{leader} is primary, but {self.dry_run.topology.active} is active")


_MOVES: tuple[Callable[[_Schedule], None], ...] = (
    _Schedule.wait,
    _Schedule.wait,
    _Schedule.borrow,
    _Schedule.borrow,
    _Schedule.borrow,
    _Schedule.fail_work,
    _Schedule.repeat_old_message,
    _Schedule.wish,
)


def _priorities(chance: random.Random) -> tuple[int, ...]:
    return chance.choice(((0, 1, 2, 3), (0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 1, 2), (1, 0, 0, 2)))


def _policy(chance: random.Random) -> FailoverSettings:
    hold = chance.choice((0.0, 0.3, 2.0, 10.0))
    return FailoverSettings(
        down_after=chance.randint(1, 3),
        up_after=chance.randint(1, 3),
        failback=chance.choice(("automatic", "automatic", "automatic", "manual", "never")),
        hold=hold,
        hold_limit=hold * chance.choice((1, 4, 64)),
        drain=chance.choice((0.0, 1.0, 10.0)),
        on_loss=chance.choice(("abort", "drain")),
        split_brain=chance.choice(("stay", "suspend")),
    )


if __name__ == "__main__":
    simulate(int(sys.argv[1]), print)
