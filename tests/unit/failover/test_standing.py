"""What a host is good for."""

from __future__ import annotations

import pytest

from failoverkit.failover.standing import (
    claims_primary,
    is_behind,
    is_demoted,
    is_foreign,
    is_sound,
    is_up,
    loss_of,
    standing_of,
    writers,
)
from failoverkit.failover.topology import HostView, Loss, Quarantine, Standing, Topology
from failoverkit.model import Health, Host, Report, Role

SILENT = Report()
PRIMARY, STANDBY, UNKNOWN = Role.PRIMARY, Role.STANDBY, Role.UNKNOWN


def view(name: str = "a", health: Health = Health.UP, report: Report = SILENT, **known: object) -> HostView:
    return HostView(Host(name, name), 0, health=health, report=report, **known)  # type: ignore[arg-type]


def cluster(*views: HostView, **known: object) -> Topology:
    known.setdefault("epochs", {"L": 2, None: 2})
    return Topology("p", {known.name: known for known in views}, 0, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "has_roles", "standing"),
    [
        (Report(PRIMARY, 2, "L"), True, Standing.WRITABLE),
        (Report(PRIMARY, 2), True, Standing.WRITABLE),
        (Report(PRIMARY), True, Standing.WRITABLE),
        (Report(PRIMARY, 1, "L"), True, Standing.STALE),
        (Report(PRIMARY, 1), True, Standing.STALE),
        (Report(PRIMARY, 1, "L", fit=False), True, Standing.STALE),
        (Report(PRIMARY, 2, "L", fit=False), True, Standing.UNFIT),
        (Report(PRIMARY, 9, "other"), True, Standing.FOREIGN),
        (Report(STANDBY, 2, "L"), True, Standing.STANDBY),
        (Report(STANDBY, 1, "L"), True, Standing.STANDBY),
        (Report(STANDBY, 2, "L", fit=False), True, Standing.UNFIT),
        (Report(UNKNOWN), False, Standing.WRITABLE),
        (Report(UNKNOWN), True, Standing.UNDECIDED),
        (Report(UNKNOWN, fit=False), False, Standing.UNFIT),
    ],
)
@pytest.mark.parametrize("health", [Health.UP, Health.SUSPECT])
def test_standing_of_a_host_that_answers(health: Health, report: Report, has_roles: bool, standing: Standing) -> None:
    known = view(health=health, report=report)
    assert standing_of(cluster(known, lineage="L", has_roles=has_roles), known) is standing


@pytest.mark.parametrize(
    ("health", "standing"),
    [
        (Health.UNKNOWN, Standing.UNKNOWN),
        (Health.DOWN, Standing.DOWN),
        (Health.RECOVERING, Standing.RECOVERING),
    ],
)
def test_standing_of_a_host_that_does_not(health: Health, standing: Standing) -> None:
    known = view(health=health, report=Report(PRIMARY, 2, "L"))
    assert standing_of(cluster(known, lineage="L"), known) is standing


def test_a_quarantined_primary_is_not_writable_but_a_standby_is_a_standby() -> None:
    kept = Quarantine(None)
    primary, standby = (view(report=Report(role), quarantine=kept) for role in (PRIMARY, STANDBY))
    assert standing_of(cluster(primary), primary) is Standing.QUARANTINED
    assert standing_of(cluster(standby), standby) is Standing.STANDBY


@pytest.mark.parametrize(
    ("cluster_lineage", "lineage", "foreign"),
    [(None, None, False), (None, "L", False), ("L", None, False), ("L", "L", False), ("L", "M", True)],
)
def test_only_two_known_lineages_make_a_stranger(
    cluster_lineage: str | None, lineage: str | None, foreign: bool
) -> None:
    known = view(report=Report(lineage=lineage))
    assert is_foreign(cluster(known, lineage=cluster_lineage), known) is foreign


def test_behind() -> None:
    known = cluster()
    assert is_behind(known, view(report=Report(STANDBY, 1, "L")))
    assert not is_behind(known, view(report=Report(STANDBY, 2, "L")))
    assert not is_behind(known, view(report=Report(STANDBY)))


@pytest.mark.parametrize("health", list(Health))
def test_up_means_that_it_answers(health: Health) -> None:
    assert is_up(view(health=health)) is (health in (Health.UP, Health.SUSPECT))


@pytest.mark.parametrize("standing", list(Standing))
def test_claims(standing: Standing) -> None:
    claiming = view(report=Report(PRIMARY), standing=standing)
    assert claims_primary(claiming) is (standing not in (Standing.STALE, Standing.FOREIGN))
    assert not claims_primary(view(report=Report(STANDBY), standing=standing))
    assert not claims_primary(view(health=Health.DOWN, report=Report(PRIMARY), standing=standing))


@pytest.mark.parametrize(
    ("known", "loss"),
    [
        (view(standing=Standing.WRITABLE), Loss.NONE),
        (view(health=Health.RECOVERING, standing=Standing.RECOVERING), Loss.NONE),
        (view(health=Health.DOWN, standing=Standing.DOWN), Loss.SILENT),
        (view(health=Health.DOWN, standing=Standing.DOWN, hard=True), Loss.DEAD),
        (view(health=Health.SUSPECT, standing=Standing.STALE), Loss.DEAD),
        (view(health=Health.DOWN, standing=Standing.FOREIGN), Loss.DEAD),
        (view(standing=Standing.STALE), Loss.FORBIDDEN),
        (view(standing=Standing.FOREIGN), Loss.FORBIDDEN),
    ],
)
def test_loss(known: HostView, loss: Loss) -> None:
    assert loss_of(known) is loss


def test_nobody_writes_while_nothing_is_active() -> None:
    assert writers(cluster(view(standing=Standing.WRITABLE))) == ()


def test_one_host_writes_where_there_are_roles() -> None:
    both = [view(name, report=Report(PRIMARY), standing=Standing.WRITABLE) for name in "ab"]
    assert [known.name for known in writers(cluster(*both, active="b"))] == ["b"]


def test_equal_hosts_share_the_writes_where_there_are_no_roles() -> None:
    up = [view(name, standing=Standing.WRITABLE) for name in "ab"]
    lost = view("c", health=Health.DOWN, standing=Standing.DOWN)
    spare = HostView(Host("d", "d", priority=1), 3, health=Health.UP, standing=Standing.WRITABLE)
    assert [known.name for known in writers(cluster(*up, lost, spare, active="b"))] == ["a", "b"]
    assert [known.name for known in writers(cluster(*up, lost, spare, active="d"))] == ["d"]


@pytest.mark.parametrize("standing", list(Standing))
def test_sound_and_demoted(standing: Standing) -> None:
    good = standing in (Standing.WRITABLE, Standing.STANDBY)
    assert is_sound(view(standing=standing)) is good
    assert not is_sound(view(health=Health.SUSPECT, standing=standing))
    assert is_demoted(view(standing=standing)) is (standing is Standing.STANDBY)
