"""The table: complete, as decided, and each cell carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failoverkit.failover.draft import Draft
from failoverkit.failover.effects import CancelWarm, Discard, Drain, Effect, Route, Suspend, Warm
from failoverkit.failover.moves import move
from failoverkit.failover.signals import Raised
from failoverkit.failover.states import TABLE, Action, Move, Signal, is_stay
from failoverkit.failover.topology import HostView, Loss, Standing, Topology
from failoverkit.model import Health, Host, Report, Role, State
from failoverkit.settings import FailoverSettings

# Columns: (H)EALTHY, (D)EGRADED, (F)AILED_OVER, FAILING_(B)ACK. A dot is "stay".
DECIDED = """
signal                    H              D              F              B
host-impaired             D:             .              .              .
all-hosts-up              .              H:             .              .
active-lost               F:route+lose   F:route+lose   F:route+lose   F:cancel+route+lose
role-moved                F:route+drain  F:route+drain  F:route+drain  F:cancel+route+drain
preferred-took-over       D:route+leave  D:route+leave  D:route+leave  D:cancel+route+leave
no-host-left              D:suspend+free D:suspend+free F:suspend+free F:cancel+suspend+free
split-brain               D:suspend+free D:suspend+free F:suspend+free F:cancel+suspend+free
preferred-back            .              D:route+leave  D:route+leave  .
preferred-stable          .              .              B:warm         .
preferred-warm            .              .              .              H:route+drain
better-warm               .              .              .              F:route+drain
preferred-lost            .              .              .              F:cancel
operator-chose-other      F:route+drain  F:route+drain  F:route+drain  F:cancel+route+drain
operator-chose-preferred  H:route+drain  D:route+drain  D:route+drain  D:cancel+route+drain
operator-fails-back       .              .              B:warm         .
operator-pauses           H:pause        D:pause        F:pause        B:pause
operator-resumes          H:resume       D:resume       F:resume       B:resume
"""
STATES = {"H": State.HEALTHY, "D": State.DEGRADED, "F": State.FAILED_OVER, "B": State.FAILING_BACK}
WORDS = {
    "route": Action.ROUTE,
    "lose": Action.DISCARD_PREVIOUS,
    "drain": Action.DRAIN_PREVIOUS,
    "leave": Action.RELEASE_PREVIOUS,
    "free": Action.ABANDON_ACTIVE,
    "suspend": Action.SUSPEND,
    "warm": Action.WARM,
    "cancel": Action.CANCEL_WARM,
    "pause": Action.PAUSE,
    "resume": Action.RESUME,
}


def read(cell: str, state: State) -> Move:
    if cell == ".":
        return Move(state)
    letter, _, actions = cell.partition(":")
    return Move(STATES[letter], tuple(WORDS[word] for word in actions.split("+") if word))


ROWS = [row.split() for row in DECIDED.strip().splitlines()]
CELLS = [
    (STATES[letter], Signal(row[0]), read(cell, STATES[letter]))
    for row in ROWS[1:]
    for letter, cell in zip(ROWS[0][1:], row[1:], strict=True)
]
CELL_NAMES = [f"{state.value}-{signal.value}" for state, signal, _ in CELLS]


def test_every_cell_is_written() -> None:
    assert set(TABLE) == {(state, signal) for state in State for signal in Signal}
    assert len(CELLS) == len(TABLE)


@pytest.mark.parametrize(("state", "signal", "decided"), CELLS, ids=CELL_NAMES)
def test_every_cell_is_as_decided(state: State, signal: Signal, decided: Move) -> None:
    assert TABLE[state, signal] == decided


def test_every_action_is_used() -> None:
    assert {action for cell in TABLE.values() for action in cell.actions} == set(Action)


@pytest.mark.parametrize("state", list(State))
def test_to_stay_is_to_change_nothing(state: State) -> None:
    assert is_stay(state, Move(state))
    assert not is_stay(state, Move(state, (Action.PAUSE,)))
    assert not is_stay(state, Move(State.HEALTHY if state is State.DEGRADED else State.DEGRADED))


POLICY = FailoverSettings(drain=7.0)
# What each action does here, where a (down by hard evidence) is active or was, b is routed to, and c is being prepared.
DONE: dict[Action, list[Effect]] = {
    Action.ROUTE: [Route("b")],
    Action.DISCARD_PREVIOUS: [Discard("a", 1)],
    Action.DRAIN_PREVIOUS: [Drain("a", 1, 7.0)],
    Action.RELEASE_PREVIOUS: [Discard("a", 1)],
    Action.ABANDON_ACTIVE: [Discard("a", 1)],
    Action.SUSPEND: [Suspend()],
    Action.WARM: [Warm("b")],
    Action.CANCEL_WARM: [CancelWarm("c")],
    Action.PAUSE: [],
    Action.RESUME: [],
}


def shaken(state: State) -> Topology:
    primary = Report(Role.PRIMARY, 1, "L")
    hosts = {
        "a": HostView(
            Host("a", "a"), 0, health=Health.DOWN, hard=True, standing=Standing.DOWN, report=primary, released=Loss.NONE
        ),
        "b": HostView(
            Host("b", "b"), 1, health=Health.UP, standing=Standing.WRITABLE, report=replace(primary, epoch=2)
        ),
        "c": HostView(Host("c", "c"), 2, health=Health.UP, standing=Standing.STANDBY, report=Report(Role.STANDBY)),
    }
    return Topology("orders", hosts, 0, state=state, active="a", warming="c", epochs={"L": 2}, has_roles=True)


@pytest.mark.parametrize(("state", "signal", "decided"), CELLS, ids=CELL_NAMES)
def test_every_cell_is_carried_out(state: State, signal: Signal, decided: Move) -> None:
    before = shaken(state)
    draft = Draft(before, POLICY, 1.0)
    move(draft, Raised(signal, "b"))
    assert draft.topology.state is decided.next_state
    assert draft.effects == [effect for action in decided.actions for effect in DONE[action]]
    assert before == shaken(state)
