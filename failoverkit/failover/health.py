"""Fold one piece of evidence into the view of one host.

Hard evidence condemns at once, soft evidence only when it repeats, a caller's failed work never condemns alone, and
evidence that is not about health changes no health at all.
"""

from __future__ import annotations

from dataclasses import replace

from failoverkit.failover.topology import HostView
from failoverkit.model import ErrorKind, Health, Observation, Report, Role, Source
from failoverkit.settings import FailoverSettings

HARD = frozenset({ErrorKind.CONNECTION_LOST, ErrorKind.HOST_UNREACHABLE})
"""From a probe: the host is down, now."""
ABOUT_HEALTH = HARD | {ErrorKind.TIMEOUT, ErrorKind.ROLE_CHANGED}
"""From a caller: reason to suspect the host."""
WORTH_TELLING = frozenset({ErrorKind.REFUSED, ErrorKind.BUSY})
"""From a caller: not about health, yet the pool itself has a problem with the host. The rest is the caller's own."""

LATENCY_WEIGHT = 0.2
"""Weight of the newest probe in the moving average."""
MOST_FLAPS = 32
"""Enough to reach any limit; keeps the power of two small."""


def fold(
    view: HostView, observation: Observation, policy: FailoverSettings, now: float, newest: int | None
) -> HostView:
    """Return the view after this observation. ``newest`` is the newest epoch known of the cluster, if any."""
    if observation.source is Source.CALLER:
        return _after_work(view, observation)
    if observation.report is not None:
        return _after_answer(view, observation, observation.report, policy, now, newest=newest)
    if observation.error in HARD:
        return _down(view, _words(observation), hard=True)
    if observation.error is ErrorKind.TIMEOUT:
        return _after_silence(view, _words(observation), policy)
    if observation.error is ErrorKind.ROLE_CHANGED:
        return _suspected(view, _words(observation))
    return _with_problem(view, _words(observation), refused=observation.error is ErrorKind.REFUSED)


def hold_time(view: HostView, policy: FailoverSettings) -> float:
    """Return how long, in seconds, this host must be fit before traffic goes home to it."""
    return float(min(policy.hold * 2**view.flaps, policy.hold_limit))


def _after_work(view: HostView, observation: Observation) -> HostView:
    if observation.error in ABOUT_HEALTH:
        return _suspected(view, _words(observation))
    if observation.error in WORTH_TELLING:
        return _with_problem(view, _words(observation), refused=False)
    return view if view.heard else replace(view, heard=True)


def _after_answer(
    view: HostView,
    observation: Observation,
    report: Report,
    policy: FailoverSettings,
    now: float,
    *,
    newest: int | None,
) -> HostView:
    successes = view.successes + 1
    health = _health_after_answer(view.health, successes, policy, promoted=_is_promoted(report, newest))
    fit_for = _fit_for(view, report, policy, now)
    quiet = fit_for >= policy.hold_limit
    return replace(
        view,
        health=health,
        report=report,
        heard=True,
        failures=0,
        successes=successes,
        hard=False,
        detail=report.detail,
        problem="",
        refused=False,
        latency=_average(view.latency, observation.latency),
        last_good=now,
        fit_for=fit_for,
        returned=not quiet and (view.returned or _was_down(view)),
        flaps=0 if quiet else view.flaps,
    )


def _health_after_answer(before: Health, successes: int, policy: FailoverSettings, *, promoted: bool) -> Health:
    if before in (Health.DOWN, Health.RECOVERING) and successes < policy.up_after and not promoted:
        return Health.RECOVERING
    return Health.UP


def _is_promoted(report: Report, newest: int | None) -> bool:
    # A promotion is a fact that needs no second probe: the old primary is over.
    return report.role is Role.PRIMARY and report.epoch is not None and newest is not None and report.epoch > newest


def _fit_for(view: HostView, report: Report, policy: FailoverSettings, now: float) -> float:
    if not report.fit or view.health is not Health.UP or view.last_good is None:
        return 0.0
    # Only evidence counts: a clock that jumps, or a long silence, earns half the hold time at most.
    return view.fit_for + min(now - view.last_good, policy.hold / 2)


def _average(before: float | None, latency: float | None) -> float | None:
    if before is None or latency is None:
        return before if latency is None else latency
    return before + LATENCY_WEIGHT * (latency - before)


def _after_silence(view: HostView, detail: str, policy: FailoverSettings) -> HostView:
    failures = view.failures + 1
    if failures >= policy.down_after or view.health is Health.RECOVERING:
        return _down(view, detail, hard=view.hard, failures=failures)
    return replace(_suspected(view, detail), failures=failures)


def _down(view: HostView, detail: str, *, hard: bool, failures: int = 0) -> HostView:
    faltered = view.returned and view.health in (Health.UP, Health.SUSPECT)
    return replace(
        view,
        health=Health.DOWN,
        heard=True,
        failures=failures,
        successes=0,
        hard=hard,
        detail=detail,
        refused=False,
        fit_for=0.0,
        flaps=min(view.flaps + faltered, MOST_FLAPS),
    )


def _suspected(view: HostView, detail: str) -> HostView:
    if view.health is Health.UP:
        return replace(view, health=Health.SUSPECT, heard=True, detail=detail, fit_for=0.0)
    if view.health is Health.SUSPECT:
        return replace(view, detail=detail)
    # What was never up has nothing to lose, and what is down stays down.
    return replace(view, heard=True, detail=detail)


def _with_problem(view: HostView, detail: str, *, refused: bool) -> HostView:
    return replace(view, heard=True, detail=detail, problem=detail, refused=refused)


def _was_down(view: HostView) -> bool:
    return view.health in (Health.DOWN, Health.RECOVERING)


def _words(observation: Observation) -> str:
    if observation.detail or observation.error is None:
        return observation.detail
    return observation.error.value.replace("-", " ")
