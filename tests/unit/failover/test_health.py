"""One host's health, evidence by evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from failoverkit.failover.health import ABOUT_HEALTH, HARD, LATENCY_WEIGHT, MOST_FLAPS, fold, hold_time
from failoverkit.failover.topology import HostView
from failoverkit.model import ErrorKind, Health, Host, Observation, Report, Role, Source
from failoverkit.settings import FailoverSettings

POLICY = FailoverSettings(down_after=2, up_after=2, hold=60, hold_limit=600)
NEUTRAL = sorted(set(ErrorKind) - ABOUT_HEALTH, key=lambda kind: kind.value)
PRIMARY = Report(Role.PRIMARY, 2, "L")


def view(health: Health = Health.UP, **known: object) -> HostView:
    return HostView(Host("a", "a"), 0, health=health, **known)  # type: ignore[arg-type]


def answer(
    before: HostView, report: Report = PRIMARY, *, now: float = 1.0, newest: int | None = None, latency: float = 0.1
) -> HostView:
    return fold(before, Observation("a", 0, Source.PROBE, report, latency=latency), POLICY, now, newest)


def probe_fails(before: HostView, kind: ErrorKind, detail: str = "oops") -> HostView:
    return fold(before, Observation("a", 0, Source.PROBE, error=kind, detail=detail), POLICY, 1.0, None)


def work_fails(before: HostView, kind: ErrorKind) -> HostView:
    return fold(before, Observation("a", 0, Source.CALLER, error=kind, detail="oops"), POLICY, 1.0, None)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Health.UNKNOWN, Health.UP),
        (Health.UP, Health.UP),
        (Health.SUSPECT, Health.UP),
        (Health.DOWN, Health.RECOVERING),
        (Health.RECOVERING, Health.RECOVERING),
    ],
)
def test_first_answer(before: Health, after: Health) -> None:
    assert answer(view(before)).health is after


def test_enough_answers_in_a_row_bring_a_host_back() -> None:
    once = answer(view(Health.DOWN, hard=True))
    assert (once.health, once.successes, once.hard) == (Health.RECOVERING, 1, False)
    assert answer(once).health is Health.UP


def test_one_answer_is_enough_when_the_policy_says_so() -> None:
    observation = Observation("a", 0, Source.PROBE, PRIMARY)
    eager = FailoverSettings(up_after=1)
    assert fold(view(Health.DOWN), observation, eager, 1.0, None).health is Health.UP


@pytest.mark.parametrize("before", [Health.DOWN, Health.RECOVERING])
def test_a_newer_epoch_brings_a_primary_back_at_once(before: Health) -> None:
    assert answer(view(before), newest=1).health is Health.UP


@pytest.mark.parametrize(
    ("report", "newest"),
    [
        (Report(Role.PRIMARY, 2, "L"), 2),
        (Report(Role.PRIMARY, 2, "L"), None),
        (Report(Role.PRIMARY), 1),
        (Report(Role.STANDBY, 2, "L"), 1),
    ],
)
def test_anything_less_than_a_newer_primary_recovers_slowly(report: Report, newest: int | None) -> None:
    assert answer(view(Health.DOWN), report, newest=newest).health is Health.RECOVERING


@pytest.mark.parametrize("kind", sorted(HARD, key=lambda kind: kind.value))
@pytest.mark.parametrize("before", list(Health))
def test_hard_evidence_condemns_at_once(before: Health, kind: ErrorKind) -> None:
    after = probe_fails(view(before, successes=1), kind)
    assert (after.health, after.hard, after.successes, after.detail) == (Health.DOWN, True, 0, "oops")


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        (Health.UNKNOWN, Health.UNKNOWN, Health.DOWN),
        (Health.UP, Health.SUSPECT, Health.DOWN),
        (Health.SUSPECT, Health.SUSPECT, Health.DOWN),
        (Health.DOWN, Health.DOWN, Health.DOWN),
        (Health.RECOVERING, Health.DOWN, Health.DOWN),
    ],
)
def test_soft_evidence_condemns_when_it_repeats(before: Health, first: Health, second: Health) -> None:
    once = probe_fails(view(before), ErrorKind.TIMEOUT)
    twice = probe_fails(once, ErrorKind.TIMEOUT)
    assert (once.health, twice.health) == (first, second)
    assert not twice.hard


def test_an_answer_between_two_silences_starts_the_count_again() -> None:
    once = probe_fails(view(), ErrorKind.TIMEOUT)
    again = probe_fails(answer(once), ErrorKind.TIMEOUT)
    assert again.health is Health.SUSPECT


def test_silence_does_not_soften_hard_evidence() -> None:
    silent = probe_fails(probe_fails(view(), ErrorKind.HOST_UNREACHABLE), ErrorKind.TIMEOUT)
    assert probe_fails(silent, ErrorKind.TIMEOUT).hard


@pytest.mark.parametrize("kind", NEUTRAL)
@pytest.mark.parametrize("before", list(Health))
def test_evidence_that_is_not_about_health_changes_none(before: Health, kind: ErrorKind) -> None:
    known = view(before, failures=1, successes=1)
    after = probe_fails(known, kind)
    refused = kind is ErrorKind.REFUSED
    assert after == replace(known, heard=True, detail="oops", problem="oops", refused=refused)


def test_an_answer_ends_a_problem() -> None:
    assert answer(probe_fails(view(), ErrorKind.REFUSED)).problem == ""


@pytest.mark.parametrize(
    ("before", "after"), [(health, Health.SUSPECT if health is Health.UP else health) for health in Health]
)
def test_a_probe_that_finds_another_role_only_makes_suspect(before: Health, after: Health) -> None:
    found = probe_fails(view(before, failures=1, fit_for=5.0), ErrorKind.ROLE_CHANGED)
    assert (found.health, found.failures, found.heard) == (after, 1, before is not Health.SUSPECT)


@pytest.mark.parametrize("kind", sorted(ABOUT_HEALTH, key=lambda kind: kind.value))
def test_failed_work_never_condemns_alone(kind: ErrorKind) -> None:
    after = view()
    for _ in range(50):
        after = work_fails(after, kind)
    assert (after.health, after.failures) == (Health.SUSPECT, 0)


@pytest.mark.parametrize("kind", [ErrorKind.REFUSED, ErrorKind.BUSY])
def test_a_caller_that_is_turned_away_is_a_problem_of_the_host(kind: ErrorKind) -> None:
    after = work_fails(view(), kind)
    assert (after.health, after.problem, after.refused) == (Health.UP, "oops", False)


@pytest.mark.parametrize("kind", [ErrorKind.OTHER, ErrorKind.RETRYABLE, ErrorKind.OUTCOME_UNKNOWN])
def test_a_callers_own_trouble_is_nobodys_business(kind: ErrorKind) -> None:
    heard = view(heard=True)
    assert work_fails(heard, kind) is heard
    assert work_fails(view(), kind) == view(heard=True)


def test_a_caller_reports_nothing() -> None:
    heard = view(heard=True)
    assert fold(heard, Observation("a", 0, Source.CALLER, PRIMARY), POLICY, 1.0, None) is heard


def test_an_error_without_words_gets_some() -> None:
    assert probe_fails(view(), ErrorKind.HOST_UNREACHABLE, detail="").detail == "host unreachable"


def test_latency_is_a_moving_average() -> None:
    first = answer(view(), latency=0.1)
    second = answer(first, latency=0.2)
    assert first.latency == 0.1
    assert 0 < LATENCY_WEIGHT < 1
    assert second.latency == pytest.approx(0.1 + LATENCY_WEIGHT * 0.1)
    unmeasured = fold(second, Observation("a", 0, Source.PROBE, PRIMARY), POLICY, 1.0, None)
    assert unmeasured.latency == second.latency


def test_fitness_is_earned_by_answers_in_a_row() -> None:
    first = answer(view(Health.UNKNOWN), now=10.0)
    second = answer(first, now=11.0)
    third = answer(second, now=13.0)
    assert [first.fit_for, second.fit_for, third.fit_for] == [0.0, 1.0, 3.0]


def test_a_clock_that_jumps_earns_half_the_hold_time_at_most() -> None:
    first = answer(view(Health.UNKNOWN), now=10.0)
    assert answer(first, now=1e9).fit_for == POLICY.hold / 2


@pytest.mark.parametrize(
    "falter",
    [
        lambda known: probe_fails(known, ErrorKind.TIMEOUT),
        lambda known: probe_fails(known, ErrorKind.HOST_UNREACHABLE),
        lambda known: work_fails(known, ErrorKind.CONNECTION_LOST),
        lambda known: answer(known, Report(fit=False)),
    ],
)
def test_fitness_is_lost_by_faltering(falter: object) -> None:
    assert falter(view(fit_for=50.0, last_good=0.0)).fit_for == 0.0  # type: ignore[operator]


def test_fitness_starts_again_after_suspicion() -> None:
    assert answer(view(Health.SUSPECT, last_good=0.0), now=30.0).fit_for == 0.0


def flap(before: HostView) -> HostView:
    return answer(answer(probe_fails(before, ErrorKind.HOST_UNREACHABLE)))


def test_each_flap_doubles_the_hold_time() -> None:
    back = flap(view())
    assert (back.returned, back.flaps, hold_time(back, POLICY)) == (True, 0, 60)
    back = flap(back)
    assert (back.flaps, hold_time(back, POLICY)) == (1, 120)
    assert hold_time(flap(back), POLICY) == 240


def test_the_hold_time_has_a_limit() -> None:
    back = view(returned=True, flaps=MOST_FLAPS)
    assert flap(back).flaps == MOST_FLAPS
    assert hold_time(back, POLICY) == 600


def test_a_host_that_was_never_up_does_not_flap() -> None:
    down = probe_fails(probe_fails(view(Health.DOWN, returned=True), ErrorKind.TIMEOUT), ErrorKind.TIMEOUT)
    assert down.flaps == 0


def test_flaps_are_forgiven_after_the_hold_limit() -> None:
    tried = view(returned=True, flaps=3, fit_for=599.0, last_good=10.0)
    nearly = answer(tried, now=10.5)
    assert (nearly.flaps, nearly.returned) == (3, True)
    quiet = answer(tried, now=11.0)
    assert (quiet.flaps, quiet.returned) == (0, False)


evidence = st.one_of(
    st.builds(lambda role: Observation("a", 0, Source.PROBE, Report(role)), st.sampled_from(Role)),
    st.builds(
        lambda source, kind: Observation("a", 0, source, error=kind),
        st.sampled_from(Source),
        st.sampled_from(ErrorKind),
    ),
)


@settings(deadline=None)
@given(st.lists(evidence, max_size=30))
def test_only_probes_condemn_and_only_good_probes_bring_back(timeline: list[Observation]) -> None:
    known = view(Health.UNKNOWN)
    for now, observation in enumerate(timeline):
        after = fold(known, observation, POLICY, float(now), None)
        if after.health is Health.DOWN and known.health is not Health.DOWN:
            assert observation.source is Source.PROBE
            assert observation.error in HARD | {ErrorKind.TIMEOUT}
        if after.health in (Health.UP, Health.RECOVERING) and after.health is not known.health:
            assert observation.source is Source.PROBE
            assert observation.report is not None
        assert after.heard
        assert after.generation == known.generation
        known = after
