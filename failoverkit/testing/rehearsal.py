"""Faults on a local cluster under load, measured as callers see them."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from failoverkit.clock import monotonic
from failoverkit.failover_pool import FailoverPool
from failoverkit.testing.clusters import LocalCluster
from failoverkit.testing.verdict import Verdict, judge
from failoverkit.testing.workload import Attempt, Workload

UNTIL_PROMOTION = 1.0
"""Time between a fault and the promotion, seconds: what a cluster manager would take at best."""
FREED_WITHIN = 2.5
"""A caller still in the attempt it was in at the fault, this many seconds later, is stuck."""
RECOVERY_LIMIT = 15.0
"""How long a rehearsal waits for all writers to write again."""


@dataclass(frozen=True, slots=True)
class FaultResult:
    """What callers saw of one fault. Times are seconds; None: it did not happen."""

    name: str
    gap_s: float | None
    """From the fault to the first commit on the new primary."""
    gap_after_promotion_s: float | None
    """From the end of the promotion to the same."""
    all_writing_s: float | None
    """From the fault until every writer has committed on the new primary."""
    freed_s: float | None
    """From the fault until the last caller came out of the attempt it was in."""
    errors: int
    errors_per_writer: int
    """The most that one writer saw."""
    unknown: int
    stuck: int
    stale: int
    """Commits acknowledged by the old primary to attempts begun after the promotion, and rows found only there."""
    kinds: dict[str, int] = field(default_factory=dict)


class Rehearsal:
    """Runs faults one after the other against a started cluster, under one workload. Not thread-safe.

    ``tell`` is given one sentence for each thing that is done.
    """

    def __init__(
        self, cluster: LocalCluster, pool: FailoverPool, workload: Workload, tell: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._pool = pool
        self._workload = workload
        self._tell = tell
        self._pace = threading.Event()
        self.results: list[FaultResult] = []

    def run_for(self, seconds: float) -> None:
        """Let the workload run."""
        self._pace.wait(seconds)

    def kill(self) -> str:
        """SIGKILL the primary and promote a standby; return the old primary, which stays down."""
        return self._unplanned("sigkill", "kills", self._cluster.crash)

    def freeze(self) -> str:
        """SIGSTOP the primary and promote a standby; return the old primary, which stays frozen."""
        return self._unplanned("sigstop", "freezes", self._cluster.freeze)

    def switch_over(self, to: str) -> None:
        """Move the primary as an administrator would, with everything in order."""
        old = self._cluster.primary
        self._tell(f"an administrator stops {old} in order and makes {to} the primary")
        with self._measured("switchover", old) as moments:
            self._cluster.switch_over(to)
            moments["promoted"] = monotonic()

    def rejoin(self, host: str) -> None:
        """Bring an old primary back as a standby."""
        self._tell(f"{host} comes back as a standby")
        self._cluster.rejoin(host)

    def resume(self, old: str) -> None:
        """Let a frozen old primary go on, and count what is written to it: it does not know that it is over."""
        self._tell(f"{old} wakes up and still believes that it is the primary")
        began = monotonic()
        self._cluster.resume(old)
        self.run_for(1.5)
        taken = [attempt for attempt in self._workload.writes.since(began) if attempt.host == old and not attempt.error]
        only_there = self._rows_on(old).keys() - self._workload.rows(self._pool).keys()
        last = self.results[-1]
        self.results[-1] = dataclasses.replace(last, stale=last.stale + max(len(taken), len(only_there)))

    def judge(self) -> Verdict:
        """Compare what the writers were told with what is in the database now. Call when they have stopped."""
        return judge(self._workload.writes.since(0.0), self._workload.rows(self._pool))

    def _rows_on(self, host: str) -> Counter[tuple[str, int]]:
        settings = self._pool.settings
        alone = tuple(known for known in settings.hosts if known.name == host)
        with FailoverPool(dataclasses.replace(settings, hosts=alone)) as pool:
            return self._workload.rows(pool)

    def _unplanned(self, name: str, verb: str, strike: Callable[[str], None]) -> str:
        old = self._cluster.primary
        self._tell(f"{name.upper()} {verb} the primary {old}")
        with self._measured(name, old) as moments:
            strike(old)
            self._pace.wait(max(0.0, moments["fault"] + UNTIL_PROMOTION - monotonic()))
            new = self._cluster.most_advanced()
            self._tell(f"{new} is promoted")
            self._cluster.promote(new)
            moments["promoted"] = monotonic()
        return old

    @contextmanager
    def _measured(self, name: str, old: str) -> Iterator[dict[str, float]]:
        moments = {"fault": monotonic()}
        yield moments
        self._wait_until_all_write(old, moments["fault"])
        self._pace.wait(max(0.0, moments["fault"] + FREED_WITHIN - monotonic()))
        self.results.append(self._result(name, old, **moments))

    def _wait_until_all_write(self, old: str, fault: float) -> None:
        limit = monotonic() + RECOVERY_LIMIT
        while monotonic() < limit:
            back = {attempt.worker for attempt in self._commits_elsewhere(old, fault)}
            if back.issuperset(self._workload.writers):
                return
            self._pace.wait(0.02)

    def _commits_elsewhere(self, old: str, since: float) -> list[Attempt]:
        return [a for a in self._workload.writes.since(since) if not a.error and a.host != old]

    def _result(self, name: str, old: str, *, fault: float, promoted: float) -> FaultResult:
        attempts = self._workload.writes.since(fault)
        commits = self._commits_elsewhere(old, fault)
        firsts: dict[str, float] = {}
        for commit in commits:
            firsts.setdefault(commit.worker, commit.ended)
        failed = [attempt for attempt in attempts if attempt.error]
        first = commits[0].ended if commits else None
        in_flight = [a.ended for a in attempts + self._workload.reads.since(fault) if a.began < promoted]
        stuck = {
            *self._workload.writes.under_way_since_before(promoted),
            *self._workload.reads.under_way_since_before(promoted),
        }
        return FaultResult(
            name=name,
            gap_s=_seconds(first, fault),
            gap_after_promotion_s=_seconds(first, promoted),
            all_writing_s=_seconds(max(firsts.values()), fault) if len(firsts) == len(self._workload.writers) else None,
            freed_s=None if stuck else _seconds(max(in_flight, default=fault), fault),
            errors=len(failed),
            errors_per_writer=max(Counter(attempt.worker for attempt in failed).values(), default=0),
            unknown=sum(attempt.unknown for attempt in failed),
            stuck=len(stuck) + sum(ended - fault > FREED_WITHIN for ended in in_flight),
            stale=sum(a.host == old and a.began > promoted and not a.error for a in attempts),
            kinds=dict(Counter(attempt.error.split(":", 1)[0] for attempt in failed)),
        )


def _seconds(later: float | None, earlier: float) -> float | None:
    return None if later is None else round(max(0.0, later - earlier), 4)
