"""The state machine: one literal table, every cell written.

A signal says what is the case now; the table says what that means in each state. A cell whose next state is its own
and that has no actions means "stay". No code moves a cluster around this table: ``moves`` only carries cells out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from failoverkit.model import State


class _Explained(enum.Enum):
    """An enum whose members carry a sentence that says what they mean."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> _Explained:
        member = object.__new__(cls)
        member._value_ = value
        member.meaning = meaning
        return member


class Signal(_Explained):
    """What is the case, or what an operator wishes. "Better" and "worse" compare priorities."""

    HOST_IMPAIRED = ("host-impaired", "some host is not up or not what it should be; the active one serves")
    ALL_HOSTS_UP = ("all-hosts-up", "all hosts are up, and the active one is preferred")
    ACTIVE_LOST = ("active-lost", "the active host is gone; one that is not preferred can serve")
    ROLE_MOVED = ("role-moved", "the active host says that it is a standby; one that is not preferred is primary")
    PREFERRED_TOOK_OVER = ("preferred-took-over", "the active host is gone or demoted; a preferred one can serve")
    NO_HOST_LEFT = ("no-host-left", "the active host is gone or demoted, and nothing can serve")
    SPLIT_BRAIN = ("split-brain", "several primaries cannot be ordered, and the configuration says to suspend")
    PREFERRED_BACK = ("preferred-back", "nothing served; a preferred host can now")
    PREFERRED_STABLE = ("preferred-stable", "a host better than the active one was fit for the whole hold time")
    PREFERRED_WARM = ("preferred-warm", "enough connections are open on the preferred host that we prepared")
    BETTER_WARM = ("better-warm", "the same for a host that is better than the active one, yet not preferred")
    PREFERRED_LOST = ("preferred-lost", "the host that we prepared faltered")
    OPERATOR_CHOSE_OTHER = ("operator-chose-other", "failover by hand to a host that is not preferred")
    OPERATOR_CHOSE_PREFERRED = ("operator-chose-preferred", "failover by hand to a preferred host")
    OPERATOR_FAILS_BACK = ("operator-fails-back", "failback by hand")
    OPERATOR_PAUSES = ("operator-pauses", "an operator pauses lending")
    OPERATOR_RESUMES = ("operator-resumes", "an operator resumes lending")


class Action(_Explained):
    """What a move does. ``moves`` turns actions into effects."""

    ROUTE = ("route", "send primary to the host of the signal")
    DISCARD_PREVIOUS = ("discard previous", "the host we leave is lost: abort what is lent there")
    DRAIN_PREVIOUS = ("drain previous", "the host we leave is alive: what is lent there may finish")
    RELEASE_PREVIOUS = ("discard or drain previous", "drain it if it is a standby now, discard it otherwise")
    ABANDON_ACTIVE = (
        "discard or drain active",
        "there is nowhere to go: discard it if it is surely lost, drain it if it may be merely slow",
    )
    SUSPEND = ("suspend", "send primary nowhere: borrowers wait")
    WARM = ("warm", "prepare the host of the signal")
    CANCEL_WARM = ("cancel warm-up", "stop preparing, unless the host we prepared is the one we route to now")
    PAUSE = ("pause", "lend nothing, whatever is routed where")
    RESUME = ("resume", "lend again")


@dataclass(frozen=True, slots=True)
class Move:
    """One cell of the table."""

    next_state: State
    actions: tuple[Action, ...] = ()


HEALTHY = State.HEALTHY
DEGRADED = State.DEGRADED
FAILED_OVER = State.FAILED_OVER
FAILING_BACK = State.FAILING_BACK

ROUTE = Action.ROUTE
DISCARD_PREVIOUS = Action.DISCARD_PREVIOUS
DRAIN_PREVIOUS = Action.DRAIN_PREVIOUS
RELEASE_PREVIOUS = Action.RELEASE_PREVIOUS
ABANDON_ACTIVE = Action.ABANDON_ACTIVE
SUSPEND = Action.SUSPEND
WARM = Action.WARM
CANCEL_WARM = Action.CANCEL_WARM
PAUSE = Action.PAUSE
RESUME = Action.RESUME

TABLE: Mapping[tuple[State, Signal], Move] = MappingProxyType(
    {
        (HEALTHY, Signal.HOST_IMPAIRED): Move(DEGRADED),
        (DEGRADED, Signal.HOST_IMPAIRED): Move(DEGRADED),
        (FAILED_OVER, Signal.HOST_IMPAIRED): Move(FAILED_OVER),
        (FAILING_BACK, Signal.HOST_IMPAIRED): Move(FAILING_BACK),
        (HEALTHY, Signal.ALL_HOSTS_UP): Move(HEALTHY),
        (DEGRADED, Signal.ALL_HOSTS_UP): Move(HEALTHY),
        (FAILED_OVER, Signal.ALL_HOSTS_UP): Move(FAILED_OVER),
        (FAILING_BACK, Signal.ALL_HOSTS_UP): Move(FAILING_BACK),
        (HEALTHY, Signal.ACTIVE_LOST): Move(FAILED_OVER, (ROUTE, DISCARD_PREVIOUS)),
        (DEGRADED, Signal.ACTIVE_LOST): Move(FAILED_OVER, (ROUTE, DISCARD_PREVIOUS)),
        (FAILED_OVER, Signal.ACTIVE_LOST): Move(FAILED_OVER, (ROUTE, DISCARD_PREVIOUS)),
        (FAILING_BACK, Signal.ACTIVE_LOST): Move(FAILED_OVER, (CANCEL_WARM, ROUTE, DISCARD_PREVIOUS)),
        (HEALTHY, Signal.ROLE_MOVED): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (DEGRADED, Signal.ROLE_MOVED): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (FAILED_OVER, Signal.ROLE_MOVED): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (FAILING_BACK, Signal.ROLE_MOVED): Move(FAILED_OVER, (CANCEL_WARM, ROUTE, DRAIN_PREVIOUS)),
        (HEALTHY, Signal.PREFERRED_TOOK_OVER): Move(DEGRADED, (ROUTE, RELEASE_PREVIOUS)),
        (DEGRADED, Signal.PREFERRED_TOOK_OVER): Move(DEGRADED, (ROUTE, RELEASE_PREVIOUS)),
        (FAILED_OVER, Signal.PREFERRED_TOOK_OVER): Move(DEGRADED, (ROUTE, RELEASE_PREVIOUS)),
        (FAILING_BACK, Signal.PREFERRED_TOOK_OVER): Move(DEGRADED, (CANCEL_WARM, ROUTE, RELEASE_PREVIOUS)),
        (HEALTHY, Signal.NO_HOST_LEFT): Move(DEGRADED, (SUSPEND, ABANDON_ACTIVE)),
        (DEGRADED, Signal.NO_HOST_LEFT): Move(DEGRADED, (SUSPEND, ABANDON_ACTIVE)),
        (FAILED_OVER, Signal.NO_HOST_LEFT): Move(FAILED_OVER, (SUSPEND, ABANDON_ACTIVE)),
        (FAILING_BACK, Signal.NO_HOST_LEFT): Move(FAILED_OVER, (CANCEL_WARM, SUSPEND, ABANDON_ACTIVE)),
        (HEALTHY, Signal.SPLIT_BRAIN): Move(DEGRADED, (SUSPEND, ABANDON_ACTIVE)),
        (DEGRADED, Signal.SPLIT_BRAIN): Move(DEGRADED, (SUSPEND, ABANDON_ACTIVE)),
        (FAILED_OVER, Signal.SPLIT_BRAIN): Move(FAILED_OVER, (SUSPEND, ABANDON_ACTIVE)),
        (FAILING_BACK, Signal.SPLIT_BRAIN): Move(FAILED_OVER, (CANCEL_WARM, SUSPEND, ABANDON_ACTIVE)),
        (HEALTHY, Signal.PREFERRED_BACK): Move(HEALTHY),
        (DEGRADED, Signal.PREFERRED_BACK): Move(DEGRADED, (ROUTE, RELEASE_PREVIOUS)),
        (FAILED_OVER, Signal.PREFERRED_BACK): Move(DEGRADED, (ROUTE, RELEASE_PREVIOUS)),
        (FAILING_BACK, Signal.PREFERRED_BACK): Move(FAILING_BACK),
        (HEALTHY, Signal.PREFERRED_STABLE): Move(HEALTHY),
        (DEGRADED, Signal.PREFERRED_STABLE): Move(DEGRADED),
        (FAILED_OVER, Signal.PREFERRED_STABLE): Move(FAILING_BACK, (WARM,)),
        (FAILING_BACK, Signal.PREFERRED_STABLE): Move(FAILING_BACK),
        (HEALTHY, Signal.PREFERRED_WARM): Move(HEALTHY),
        (DEGRADED, Signal.PREFERRED_WARM): Move(DEGRADED),
        (FAILED_OVER, Signal.PREFERRED_WARM): Move(FAILED_OVER),
        (FAILING_BACK, Signal.PREFERRED_WARM): Move(HEALTHY, (ROUTE, DRAIN_PREVIOUS)),
        (HEALTHY, Signal.BETTER_WARM): Move(HEALTHY),
        (DEGRADED, Signal.BETTER_WARM): Move(DEGRADED),
        (FAILED_OVER, Signal.BETTER_WARM): Move(FAILED_OVER),
        (FAILING_BACK, Signal.BETTER_WARM): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (HEALTHY, Signal.PREFERRED_LOST): Move(HEALTHY),
        (DEGRADED, Signal.PREFERRED_LOST): Move(DEGRADED),
        (FAILED_OVER, Signal.PREFERRED_LOST): Move(FAILED_OVER),
        (FAILING_BACK, Signal.PREFERRED_LOST): Move(FAILED_OVER, (CANCEL_WARM,)),
        (HEALTHY, Signal.OPERATOR_CHOSE_OTHER): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (DEGRADED, Signal.OPERATOR_CHOSE_OTHER): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (FAILED_OVER, Signal.OPERATOR_CHOSE_OTHER): Move(FAILED_OVER, (ROUTE, DRAIN_PREVIOUS)),
        (FAILING_BACK, Signal.OPERATOR_CHOSE_OTHER): Move(FAILED_OVER, (CANCEL_WARM, ROUTE, DRAIN_PREVIOUS)),
        (HEALTHY, Signal.OPERATOR_CHOSE_PREFERRED): Move(HEALTHY, (ROUTE, DRAIN_PREVIOUS)),
        (DEGRADED, Signal.OPERATOR_CHOSE_PREFERRED): Move(DEGRADED, (ROUTE, DRAIN_PREVIOUS)),
        (FAILED_OVER, Signal.OPERATOR_CHOSE_PREFERRED): Move(DEGRADED, (ROUTE, DRAIN_PREVIOUS)),
        (FAILING_BACK, Signal.OPERATOR_CHOSE_PREFERRED): Move(DEGRADED, (CANCEL_WARM, ROUTE, DRAIN_PREVIOUS)),
        (HEALTHY, Signal.OPERATOR_FAILS_BACK): Move(HEALTHY),
        (DEGRADED, Signal.OPERATOR_FAILS_BACK): Move(DEGRADED),
        (FAILED_OVER, Signal.OPERATOR_FAILS_BACK): Move(FAILING_BACK, (WARM,)),
        (FAILING_BACK, Signal.OPERATOR_FAILS_BACK): Move(FAILING_BACK),
        (HEALTHY, Signal.OPERATOR_PAUSES): Move(HEALTHY, (PAUSE,)),
        (DEGRADED, Signal.OPERATOR_PAUSES): Move(DEGRADED, (PAUSE,)),
        (FAILED_OVER, Signal.OPERATOR_PAUSES): Move(FAILED_OVER, (PAUSE,)),
        (FAILING_BACK, Signal.OPERATOR_PAUSES): Move(FAILING_BACK, (PAUSE,)),
        (HEALTHY, Signal.OPERATOR_RESUMES): Move(HEALTHY, (RESUME,)),
        (DEGRADED, Signal.OPERATOR_RESUMES): Move(DEGRADED, (RESUME,)),
        (FAILED_OVER, Signal.OPERATOR_RESUMES): Move(FAILED_OVER, (RESUME,)),
        (FAILING_BACK, Signal.OPERATOR_RESUMES): Move(FAILING_BACK, (RESUME,)),
    }
)


def is_stay(state: State, move: Move) -> bool:
    """Say whether this cell, read in this state, changes nothing."""
    return move.next_state is state and not move.actions
