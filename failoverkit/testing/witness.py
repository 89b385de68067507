"""An independent witness: hears the same evidence as the brain and says when what the brain did must not be.

It keeps its own, plainer account of each host and believes nothing that the brain concluded. Scenarios and the
simulator ask it after every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from failoverkit.failover.brain import Step
from failoverkit.failover.commands import ClearQuarantine, Command, FailBack, FailOver
from failoverkit.failover.effects import Discard, Drain, Route, Suspend
from failoverkit.failover.routing import Routing
from failoverkit.failover.topology import Topology
from failoverkit.model import Candidate, ErrorKind, Observation, Report, Role, Source, State, Target
from failoverkit.settings import FailoverSettings

HARD = (ErrorKind.CONNECTION_LOST, ErrorKind.HOST_UNREACHABLE)


class PropertyBroken(AssertionError):
    """The brain did what it must never do."""


@dataclass(slots=True)
class Account:
    """What was heard of one host."""

    report: Report | None = None
    down: bool = False
    silences: int = 0
    answers: int = 0
    """Good probes in a row since it was down."""
    generation: int = 0
    left_with: Report | None = None
    """Its report when it was left while it was primary, and nothing proves that this is over."""
    rivalled_at: float = 0.0
    """When another host last claimed to be primary."""


@dataclass(slots=True)
class Witness:
    """Checks each step of one cluster. Not thread-safe; feed it in the order in which the brain is fed."""

    policy: FailoverSettings
    accounts: dict[str, Account]
    newest: dict[str | None, int] = field(default_factory=dict)
    lineage: str | None = None
    active: str | None = None
    previous: str | None = None
    has_roles: bool = False
    routed_at: float = float("-inf")
    by_hand: bool = False
    """An operator asked for a move that did not come yet."""

    @classmethod
    def of(cls, hosts: Iterable[str], policy: FailoverSettings) -> Witness:
        """Return a witness who has heard nothing yet."""
        return cls(policy, {name: Account() for name in hosts})

    # -- hearing ----------------------------------------------------------------------------------------------------

    def hear(self, observation: Observation, now: float) -> None:
        """Take evidence into account, unless it is of an older generation."""
        account = self.accounts[observation.host]
        if observation.generation < account.generation or observation.source is Source.CALLER:
            return
        self._note_rivals(now)
        if observation.report is not None:
            self._hear_report(observation.host, account, observation.report)
        elif observation.error in HARD:
            account.down, account.answers = True, 0
        elif observation.error is ErrorKind.TIMEOUT:
            self._hear_silence(account)
        self._note_rivals(now)

    def hear_wish(self, wish: Command) -> None:
        """Take an operator's wish into account, once it was granted."""
        if isinstance(wish, ClearQuarantine):
            self.accounts[wish.host].left_with = None
        self.by_hand = self.by_hand or isinstance(wish, (FailOver, FailBack))

    def _hear_report(self, host: str, account: Account, report: Report) -> None:
        ours = self.lineage is None or report.lineage == self.lineage
        known = self.newest.get(report.lineage) if ours else None
        if report.epoch is not None:
            self.newest[report.lineage] = max(report.epoch, self.newest.get(report.lineage, report.epoch))
        self.has_roles = self.has_roles or report.role is not Role.UNKNOWN
        account.report = report
        account.silences = 0
        account.answers += 1
        newer = known is not None and report.epoch is not None and report.epoch > known
        if account.answers >= self.policy.up_after or (newer and report.role is Role.PRIMARY):
            account.down = False
        if account.left_with is not None and _is_redeemed(account.left_with, report):
            account.left_with = None
        self._learn_lineage(host, report)

    def _learn_lineage(self, host: str, report: Report) -> None:
        if self.lineage is None:
            self.lineage = report.lineage if host == self.active else None
            return
        named = {account.report.lineage for account in self.accounts.values() if account.report} - {None}
        if len(named) == 1:
            self.lineage = named.pop()

    def _hear_silence(self, account: Account) -> None:
        account.silences += 1
        recovering = account.down and account.answers > 0
        if account.silences >= self.policy.down_after or recovering:
            account.down, account.answers = True, 0

    def _note_rivals(self, now: float) -> None:
        if not self.has_roles:
            return
        claiming = [name for name in self.accounts if self._claims(name)]
        for name, account in self.accounts.items():
            if any(other != name for other in claiming):
                account.rivalled_at = now
            elif now >= account.rivalled_at + self.policy.hold:
                account.left_with = None

    # -- judging ----------------------------------------------------------------------------------------------------

    def check(self, before: Topology, step: Step, routing: Routing, now: float) -> None:
        """Raise ``PropertyBroken`` if this step must not be."""
        self._check_effects(step, now)
        self._check_generations(before, step.topology)
        self._check_state(step.topology)
        self._check_targets(routing, now)

    def check_ignored(self, before: Topology, step: Step) -> None:
        """Raise ``PropertyBroken`` if a late message changed anything."""
        if step.topology is not before or step.effects or step.events:
            raise PropertyBroken("a late message changed something")

    def _check_effects(self, step: Step, now: float) -> None:
        for effect in step.effects:
            match effect:
                case Route(host):
                    self._check_move(host, now)
                    self._leave_for(host, now)
                case Suspend():
                    self.active, self.previous = None, self.active
                case Discard(host, generation) | Drain(host, generation):
                    account = self.accounts[host]
                    if generation != account.generation + 1:
                        raise PropertyBroken(f"{host}: generation {generation} follows {account.generation}")
                    account.generation = generation
                case _:
                    pass

    def _check_move(self, to: str, now: float) -> None:
        # A move that nothing forced: the host we leave could still serve.
        forced = self.active is None or not self._may_write(self.active, now) or self.by_hand
        if self.has_roles or forced or now - self.routed_at >= self.policy.hold:
            return
        raise PropertyBroken(f"went from {self.active} to {to} after {now - self.routed_at:g} s")

    def _leave_for(self, to: str, now: float) -> None:
        left = self.active or self.previous
        if left is not None and left != to:
            leaving, coming = self.accounts[left], self.accounts[to]
            if _is_unproven(leaving.report, coming.report):
                leaving.left_with = leaving.report
                leaving.rivalled_at = now
        self.active, self.previous, self.routed_at, self.by_hand = to, None, now, False
        report = self.accounts[to].report
        if self.lineage is None and report is not None:
            self.lineage = report.lineage

    def _check_generations(self, before: Topology, after: Topology) -> None:
        for name, view in after.hosts.items():
            if view.generation < before.hosts[name].generation or view.generation != self.accounts[name].generation:
                raise PropertyBroken(f"{name}: generation {view.generation} without an effect that says so")

    def _check_state(self, topology: Topology) -> None:
        if topology.active != self.active:
            raise PropertyBroken(f"{topology.active} is active, but the effects say {self.active}")
        if topology.active is None:
            if topology.state in (State.HEALTHY, State.FAILING_BACK):
                raise PropertyBroken(f"{topology.state.value}, and nothing serves")
            return
        preferred = topology.is_preferred(topology.hosts[topology.active])
        if preferred is not (topology.state in (State.HEALTHY, State.DEGRADED)):
            raise PropertyBroken(f"{topology.state.value}, and {topology.active} is active")

    def _check_targets(self, routing: Routing, now: float) -> None:
        if routing.paused:
            if any(routing.targets.values()):
                raise PropertyBroken("something is routed while paused")
            return
        writing = [candidate.name for candidate in routing.targets[Target.PRIMARY]]
        if (self.active is None) is not (writing == []) or (self.active and self.active not in writing):
            raise PropertyBroken(f"primary goes to {writing}, and {self.active} is active")
        for name in writing:
            if not self._may_write(name, now):
                raise PropertyBroken(f"writes are routed to {name}: {self.accounts[name]}")
        self._check_readers(routing.targets[Target.STANDBY])

    def _check_readers(self, candidates: Iterable[Candidate]) -> None:
        for candidate in candidates:
            report = self.accounts[candidate.name].report
            if not self._serves(candidate.name) or report is None or report.role is not Role.STANDBY:
                raise PropertyBroken(f"readers are routed to {candidate.name}: {self.accounts[candidate.name]}")

    def lost_hosts(self) -> list[str]:
        """Return the hosts on which nobody may be left waiting for an answer."""
        return [name for name, account in self.accounts.items() if account.down]

    # -- opinions ---------------------------------------------------------------------------------------------------

    def _may_write(self, name: str, now: float) -> bool:
        account = self.accounts[name]
        if account.report is None or not self._serves(name):
            return False
        if account.report.role is Role.UNKNOWN:
            return not self.has_roles
        if account.report.role is not Role.PRIMARY or self._is_stale(account.report):
            return False
        return account.left_with is None or now >= account.rivalled_at + self.policy.hold

    def _serves(self, name: str) -> bool:
        account = self.accounts[name]
        if account.report is None or account.down or not account.report.fit:
            return False
        return not self._is_foreign(account.report)

    def _claims(self, name: str) -> bool:
        account = self.accounts[name]
        if account.report is None or account.down or account.report.role is not Role.PRIMARY:
            return False
        return not self._is_stale(account.report) and not self._is_foreign(account.report)

    def _is_stale(self, report: Report) -> bool:
        return report.epoch is not None and report.epoch < self.newest[report.lineage]

    def _is_foreign(self, report: Report) -> bool:
        return None not in (self.lineage, report.lineage) and self.lineage != report.lineage


def _is_unproven(leaving: Report | None, coming: Report | None) -> bool:
    if leaving is None or coming is None or leaving.role is not Role.PRIMARY:
        return False
    if leaving.lineage != coming.lineage:
        return leaving.lineage is None or coming.lineage is None
    return leaving.epoch is None or coming.epoch is None or leaving.epoch >= coming.epoch


def _is_redeemed(left_with: Report, report: Report) -> bool:
    if report.role is Role.STANDBY:
        return True
    return left_with.epoch is not None and report.epoch is not None and report.epoch > left_with.epoch
