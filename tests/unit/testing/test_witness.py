"""The witness objects: each thing that must never be, shown to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from failoverkit.failover.brain import Step
from failoverkit.failover.effects import Discard, Drain, Route, Suspend
from failoverkit.failover.routing import Routing, route
from failoverkit.failover.topology import Topology
from failoverkit.model import Host, Observation, Report, Role, Source, State, Target
from failoverkit.settings import FailoverSettings
from failoverkit.testing.dry_run import DryRun
from failoverkit.testing.witness import PropertyBroken

POLICY = FailoverSettings(hold=30.0)


@pytest.fixture
def run() -> DryRun:
    """Return a cluster with a primary (a) and a standby (b), both well."""
    run = DryRun([Host("a", "a"), Host("b", "b", priority=1)], POLICY)
    run.observe(Observation("a", 0, Source.PROBE, Report(Role.PRIMARY, 1, "L")))
    run.observe(Observation("b", 0, Source.PROBE, Report(Role.STANDBY, 1, "L")))
    return run


def objection(run: DryRun, step: Step, routing: Routing | None = None) -> str:
    with pytest.raises(PropertyBroken) as caught:
        run.witness.check(run.topology, step, routing or route(step.topology, POLICY), 1.0)
    return str(caught.value)


def changed(topology: Topology, host: str, **what: Any) -> Topology:
    return replace(topology, hosts={**topology.hosts, host: replace(topology.hosts[host], **what)})


def rerouted(run: DryRun, target: Target, host: str) -> Routing:
    found = run.routing.targets[Target.ANY]
    candidates = tuple(candidate for candidate in found if candidate.name == host)
    return replace(run.routing, targets={**run.routing.targets, target: candidates})


def test_what_is_right_passes(run: DryRun) -> None:
    run.witness.check(run.topology, Step(run.topology), run.routing, 1.0)
    assert run.topology.active == "a"


@pytest.mark.parametrize("effect", [Discard("a", 2), Drain("a", 0, 1.0)])
def test_generations_that_skip_or_stay(run: DryRun, effect: Discard | Drain) -> None:
    assert objection(run, Step(run.topology, (effect,))) == f"a: generation {effect.generation} follows 0"


@pytest.mark.parametrize("generation", [-1, 1])
def test_generations_that_change_without_an_effect(run: DryRun, generation: int) -> None:
    said = objection(run, Step(changed(run.topology, "a", generation=generation)))
    assert said == f"a: generation {generation} without an effect that says so"


def test_an_active_host_without_an_effect(run: DryRun) -> None:
    assert objection(run, Step(replace(run.topology, active="b"))) == "b is active, but the effects say a"


@pytest.mark.parametrize("state", [State.HEALTHY, State.FAILING_BACK])
def test_a_good_state_while_nothing_serves(run: DryRun, state: State) -> None:
    suspended = Step(replace(run.topology, active=None, state=state), (Suspend(),))
    assert objection(run, suspended) == f"{state.value}, and nothing serves"


def test_a_state_that_does_not_fit_the_active_host(run: DryRun) -> None:
    assert objection(run, Step(replace(run.topology, state=State.FAILED_OVER))) == "failed-over, and a is active"


def test_writes_to_a_standby(run: DryRun) -> None:
    said = objection(run, Step(replace(run.topology, active="b", state=State.FAILED_OVER), (Route("b"),)))
    assert said.startswith("writes are routed to b: ")


def test_writes_elsewhere_than_to_the_active_host(run: DryRun) -> None:
    said = objection(run, Step(run.topology), rerouted(run, Target.PRIMARY, "b"))
    assert said == "primary goes to ['b'], and a is active"


def test_writes_nowhere_although_a_host_is_active(run: DryRun) -> None:
    said = objection(run, Step(run.topology), rerouted(run, Target.PRIMARY, "nowhere"))
    assert said == "primary goes to [], and a is active"


def test_readers_on_a_primary(run: DryRun) -> None:
    said = objection(run, Step(run.topology), rerouted(run, Target.STANDBY, "a"))
    assert said.startswith("readers are routed to a: ")


def test_something_routed_while_paused(run: DryRun) -> None:
    said = objection(run, Step(run.topology), replace(run.routing, paused=True))
    assert said == "something is routed while paused"


def test_a_move_that_nothing_forced() -> None:
    run = DryRun([Host("a", "a"), Host("b", "b", priority=1)], POLICY)
    for host in "ab":
        run.observe(Observation(host, 0, Source.PROBE, Report()))
    step = Step(replace(run.topology, active="b", state=State.FAILED_OVER), (Route("b"),))
    assert objection(run, step) == "went from a to b after 1 s"


def test_a_late_message_that_changes_something(run: DryRun) -> None:
    run.witness.check_ignored(run.topology, Step(run.topology))
    with pytest.raises(PropertyBroken, match="a late message changed something"):
        run.witness.check_ignored(run.topology, Step(replace(run.topology)))


def test_a_connection_lent_while_nothing_is_routed(run: DryRun) -> None:
    run.witness.active = None
    with pytest.raises(PropertyBroken, match="w got a connection to a while nothing is routed"):
        run.borrow("w", Target.PRIMARY, 1.0)


def test_a_connection_lent_to_a_host_that_does_not_serve(run: DryRun) -> None:
    run.routing = rerouted(run, Target.PRIMARY, "nowhere")
    with pytest.raises(PropertyBroken, match="w got a connection to a, which serves it not"):
        run.borrow("w", Target.PRIMARY, 1.0)
