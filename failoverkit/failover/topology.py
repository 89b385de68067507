"""What the brain knows: one frozen view per host, and one frozen topology over them.

Nothing here decides anything. ``health`` folds evidence into a view, ``standing`` says what a view is good for.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from failoverkit.model import Health, Host, Report, Role, State

NOT_PROBED = Report()


class Standing(enum.Enum):
    """What one host is good for, seen from the whole cluster."""

    UNKNOWN = "unknown"
    """Nothing good was heard of it yet."""
    DOWN = "down"
    RECOVERING = "recovering"
    FOREIGN = "foreign"
    """It belongs to another cluster."""
    STALE = "stale"
    """It says PRIMARY with an epoch that is over."""
    QUARANTINED = "quarantined"
    """It says PRIMARY, but was left while it was primary, and no epoch proves that it is primary again."""
    UNFIT = "unfit"
    """It answers, and says that it must not be used."""
    STANDBY = "standby"
    UNDECIDED = "undecided"
    """It says no role, although the cluster has roles."""
    WRITABLE = "writable"
    """It may take writes."""


class Loss(enum.IntEnum):
    """How sure it is that a host's lent connections are of no more use; each step is worse than the one before."""

    NONE = 0
    SILENT = 1
    """Down by soft evidence alone: it may be merely slow."""
    DEAD = 2
    """Down by hard evidence, or silent while another host serves in its place."""
    FORBIDDEN = 3
    """Alive, but nothing may be written there: stale, or of another cluster."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why and since when a host may not take writes although it says PRIMARY.

    ``epoch`` is the one it had when it was left. ``alone_since`` is the time from which nobody else claims to be
    primary, ``None`` while somebody does.
    """

    epoch: int | None
    alone_since: float | None = None


@dataclass(frozen=True, slots=True)
class HostView:
    """Everything known of one host. Times are of the monotonic clock, durations in seconds."""

    host: Host
    index: int
    """Place in the configuration."""
    generation: int = 0
    health: Health = Health.UNKNOWN
    standing: Standing = Standing.UNKNOWN
    report: Report = NOT_PROBED
    """The last report of a probe, kept while the host is down."""
    heard: bool = False
    """Some evidence came in, of whatever kind."""
    failures: int = 0
    """Soft evidence in a row."""
    successes: int = 0
    """Good probes in a row since it was down."""
    hard: bool = False
    """Hard evidence says that it is down."""
    detail: str = ""
    """The last thing seen, one short sentence."""
    problem: str = ""
    """The last evidence that is not about health, until the next good probe."""
    refused: bool = False
    """That evidence was a refusal: a wrong password, a missing database."""
    latency: float | None = None
    """Moving average over the probes."""
    last_good: float | None = None
    fit_for: float = 0.0
    """How long good probes in a row prove it to be fit."""
    returned: bool = False
    """It has come back from being down, and was not quiet for the hold limit since."""
    flaps: int = 0
    """How often it went down again after it had returned."""
    quarantine: Quarantine | None = None
    released: Loss = Loss.FORBIDDEN
    """For which loss its connections were already given up. At first there are none to give up."""

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def role(self) -> Role:
        """What it last said it is."""
        return self.report.role

    @property
    def epoch(self) -> int | None:
        """The epoch it last reported."""
        return self.report.epoch

    @property
    def lag(self) -> float | None:
        """The lag it last reported."""
        return self.report.lag

    @property
    def stale(self) -> bool:
        """It is a stale primary."""
        return self.standing is Standing.STALE

    @property
    def quarantined(self) -> bool:
        """It is quarantined as a write target."""
        return self.quarantine is not None


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole cluster as one pool sees it. Immutable: folding gives a new one."""

    pool: str
    hosts: Mapping[str, HostView]
    """By name, in the order of the configuration."""
    best_priority: int
    state: State = State.DEGRADED
    active: str | None = None
    previous: str | None = None
    """The last active host, while nothing serves."""
    warming: str | None = None
    """The host that is being prepared to take over."""
    pinned: str | None = None
    """The host an operator chose by hand."""
    paused: bool = False
    routed_at: float = 0.0
    """When ``active`` last changed to a host."""
    has_roles: bool = False
    """Some host has said PRIMARY or STANDBY."""
    lineage: str | None = None
    """The lineage of this cluster: that of the first host routed."""
    epochs: Mapping[str | None, int] = field(default_factory=dict)
    """The newest epoch seen in each lineage."""
    claimants: tuple[str, ...] = ()
    """The hosts that all say PRIMARY and cannot be ordered, when there is more than one."""

    def is_preferred(self, view: HostView) -> bool:
        """Say whether the host is of the best priority."""
        return view.host.priority == self.best_priority


def begin(hosts: Iterable[Host], pool: str = "default") -> Topology:
    """Return the topology in which nothing is known yet. ``hosts`` are in the order of the configuration."""
    views = {host.name: HostView(host, index) for index, host in enumerate(hosts)}
    return Topology(pool, views, min(view.host.priority for view in views.values()))
