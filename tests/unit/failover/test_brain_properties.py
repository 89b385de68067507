"""What holds for the brain whatever it is fed."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from failoverkit.errors import OperatorError
from failoverkit.failover import brain
from failoverkit.failover.brain import Step
from failoverkit.failover.commands import ClearQuarantine, Command, FailBack, FailOver, Pause, Resume, Warmed
from failoverkit.failover.routing import route
from failoverkit.failover.topology import Topology, begin
from failoverkit.model import ErrorKind, Host, Observation, Report, Role, Source, Target
from failoverkit.settings import FailoverSettings

HOSTS = ("a", "b", "c")
names = st.sampled_from(HOSTS)
reports = st.builds(
    Report,
    role=st.sampled_from(Role),
    epoch=st.none() | st.integers(0, 3),
    lineage=st.sampled_from([None, "L", "M"]),
    lag=st.none() | st.floats(0, 9),
    fit=st.booleans(),
)
# Strange ones too: a report from a caller, an epoch without a lineage, roles that come and go.
observations = st.one_of(
    st.builds(Observation, names, st.integers(0, 3), st.sampled_from(Source), report=reports),
    st.builds(Observation, names, st.integers(0, 3), st.sampled_from(Source), error=st.sampled_from(ErrorKind)),
)
wishes = st.one_of(
    st.builds(FailOver, names),
    st.builds(Warmed, names),
    st.builds(ClearQuarantine, names),
    st.sampled_from([FailBack(), Pause(), Resume()]),
)
policies = st.builds(
    FailoverSettings,
    down_after=st.integers(1, 3),
    up_after=st.integers(1, 3),
    failback=st.sampled_from(["automatic", "manual", "never"]),
    hold=st.sampled_from([0.0, 1.0, 60.0]),
    on_loss=st.sampled_from(["abort", "drain"]),
    split_brain=st.sampled_from(["stay", "suspend"]),
    max_lag=st.none() | st.just(1.0),
)
priorities = st.lists(st.integers(0, 2), min_size=len(HOSTS), max_size=len(HOSTS))
timelines = st.lists(st.tuples(st.floats(0, 100), st.none() | observations | wishes), max_size=25)


def fold(topology: Topology, fed: Observation | Command | None, policy: FailoverSettings, now: float) -> Step:
    if fed is None:
        return brain.tick(topology, policy, now)
    if isinstance(fed, Observation):
        return brain.observe(topology, fed, policy, now)
    try:
        return brain.command(topology, fed, policy, now)
    except OperatorError:
        return Step(topology)


@settings(deadline=None)
@given(priorities, policies, timelines)
def test_every_step_is_pure_and_comes_to_rest(
    ranks: list[int], policy: FailoverSettings, timeline: list[tuple[float, Observation | Command | None]]
) -> None:
    topology = begin([Host(name, name, priority=rank) for name, rank in zip(HOSTS, ranks, strict=True)])
    now = 0.0
    for pause, fed in timeline:
        now += pause
        before = deepcopy(topology)
        step = fold(topology, fed, policy, now)
        assert topology == before
        assert fold(topology, fed, policy, now) == step
        # All that follows from what is known has been done: time standing still adds nothing.
        assert brain.tick(step.topology, policy, now) == Step(step.topology)
        topology = step.topology
        following = brain.next_tick_at(topology, policy)
        assert following is None or following > now
        assert_routing_is_sound(topology, policy)


def assert_routing_is_sound(topology: Topology, policy: FailoverSettings) -> None:
    routing = route(topology, policy)
    serving = {target: {candidate.name for candidate in found} for target, found in routing.targets.items()}
    assert serving[Target.PRIMARY] <= serving[Target.ANY]
    assert serving[Target.STANDBY] <= serving[Target.ANY]
    assert serving[Target.PREFER_STANDBY] <= serving[Target.ANY]
    if not topology.paused:
        assert set(routing.reasons) == set(HOSTS) - serving[Target.PRIMARY]
    assert all(routing.reasons.values())
    assert not set(routing.warm) & serving[Target.PRIMARY] or topology.paused
