"""Roles, lag and position, from rows as servers gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from failoverkit_mysql.probing import MARIADB, MYSQL, MYSQL_BEFORE_8_0_22, Dialect, dialect_of
from failoverkit_mysql.roles import Facts, report_of

from failoverkit.model import Report, Role

PRIMARY = {"read_only": "OFF", "gtid_current_pos": "0-1-17", "wsrep_on": "OFF", "slaves_running": "0"}
STANDBY = {"read_only": "ON", "gtid_current_pos": "0-1-17", "wsrep_on": "OFF", "slaves_running": "1"}


def mariadb_channel(io: str = "Yes", sql: str = "Yes", lag: int | None = 0) -> Mapping[str, Any]:
    return {"Connection_name": "", "Slave_IO_Running": io, "Slave_SQL_Running": sql, "Seconds_Behind_Master": lag}


def mysql_channel(io: str = "Yes", sql: str = "Yes", lag: int | None = 0, name: str = "") -> Mapping[str, Any]:
    return {
        "Channel_Name": name, "Replica_IO_Running": io, "Replica_SQL_Running": sql, "Seconds_Behind_Source": lag,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "role", "lag"),
    [
        pytest.param(Facts(PRIMARY, []), Role.PRIMARY, 0.0, id="writable, follows nobody"),
        pytest.param(Facts(STANDBY, [mariadb_channel()]), Role.STANDBY, 0.0, id="standby"),
        pytest.param(Facts(STANDBY, [mariadb_channel(lag=7)]), Role.STANDBY, 7.0, id="standby behind"),
        pytest.param(Facts(STANDBY, [mariadb_channel(sql="No", lag=None)]), Role.STANDBY, None, id="SQL thread stands"),
        pytest.param(Facts(STANDBY, [mariadb_channel("Connecting", lag=None)]), Role.STANDBY, None, id="primary gone"),
        pytest.param(Facts(STANDBY, []), Role.STANDBY, None, id="read-only, follows nobody"),
        pytest.param(Facts(STANDBY, None), Role.STANDBY, None, id="standby, lag withheld"),
        pytest.param(
            Facts(STANDBY, [mariadb_channel(lag=1), mariadb_channel(lag=5)]), Role.STANDBY, 5.0, id="follows two"
        ),
        pytest.param(
            Facts(STANDBY, [mariadb_channel(lag=1), mariadb_channel(lag=None)]), Role.STANDBY, None, id="one unknown"
        ),
        pytest.param(Facts(PRIMARY, [mariadb_channel()]), Role.STANDBY, 0.0, id="writable, but follows"),
        pytest.param(
            Facts(PRIMARY, [mariadb_channel("Connecting", lag=None)]), Role.STANDBY, None, id="writable, would follow"
        ),
        pytest.param(Facts(PRIMARY, [mariadb_channel("No", "Yes")]), Role.STANDBY, 0.0, id="still replays"),
        pytest.param(Facts(PRIMARY, [mariadb_channel("No", "No", None)]), Role.PRIMARY, 0.0, id="follows no more"),
        pytest.param(Facts(PRIMARY, [mariadb_channel()], multi_writer=True), Role.PRIMARY, 0.0, id="two masters"),
        pytest.param(
            Facts({**PRIMARY, "slaves_running": "1"}, None), Role.STANDBY, None, id="follows, as the count tells"
        ),
        pytest.param(Facts(PRIMARY, None), Role.PRIMARY, 0.0, id="follows nobody, as the count tells"),
        pytest.param(
            Facts({"read_only": "ON", "super_read_only": "ON"}, [mysql_channel(lag=2)]), Role.STANDBY, 2.0, id="MySQL"
        ),
        pytest.param(Facts({"read_only": "OFF", "super_read_only": "OFF"}, []), Role.PRIMARY, 0.0, id="MySQL primary"),
        pytest.param(Facts({"read_only": "NO_LOCK_NO_ADMIN"}, []), Role.STANDBY, None, id="MariaDB 12"),
    ],
)
def test_role_and_lag(facts: Facts, role: Role, lag: float | None) -> None:
    report = report_of(facts)
    assert (report.role, report.lag, report.fit) == (role, lag, True)


def test_a_writable_server_that_follows_another_says_why_it_is_no_primary() -> None:
    assert report_of(Facts(PRIMARY, [mariadb_channel()])).detail == "writable, but follows another server"
    assert report_of(Facts(STANDBY, [mariadb_channel()])).detail == ""


@pytest.mark.parametrize(
    ("variables", "position"),
    [
        ({"gtid_current_pos": "0-1-17,1-2-3"}, "0-1-17,1-2-3"),
        ({"gtid_executed": "8c2b:1-77,\n9d3c:1-4"}, "8c2b:1-77,9d3c:1-4"),
        ({"gtid_current_pos": ""}, None),
        ({}, None),
    ],
)
def test_position(variables: Mapping[str, str], position: str | None) -> None:
    assert report_of(Facts(variables, [])).position == position


def test_offline_mode_is_unfit() -> None:
    report = report_of(Facts({"read_only": "OFF", "offline_mode": "ON"}, []))
    assert (report.fit, report.detail) == (False, "offline mode")


GALERA = {
    "read_only": "OFF", "wsrep_on": "ON", "wsrep_ready": "ON", "wsrep_cluster_status": "Primary",
    "wsrep_local_state_comment": "Synced", "gtid_current_pos": "0-1-9",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "role", "fit", "detail"),
    [
        ({}, Role.UNKNOWN, True, ""),
        ({"read_only": "ON"}, Role.STANDBY, True, ""),
        ({"wsrep_ready": "OFF", "wsrep_cluster_status": "non-Primary"}, Role.UNKNOWN, False, "component non-Primary"),
        ({"wsrep_ready": "OFF", "wsrep_local_state_comment": "Joining"}, Role.UNKNOWN, False, "node Joining"),
        ({"wsrep_cluster_status": "non-Primary"}, Role.UNKNOWN, False, "component non-Primary"),
    ],
)
def test_galera(changes: Mapping[str, str], role: Role, fit: bool, detail: str) -> None:
    report = report_of(Facts({**GALERA, **changes}, []))
    assert (report.role, report.fit, report.epoch) == (role, fit, None)
    assert detail in report.detail
    assert bool(report.detail) is not fit


GROUP = {
    "read_only": "OFF", "super_read_only": "OFF", "server_uuid": "u1", "group_replication_group_name": "g",
    "group_replication_single_primary_mode": "ON", "gtid_executed": "g:1-5",
}  # fmt: skip
READ_ONLY = {"read_only": "ON", "super_read_only": "ON"}
VIEW = "15718289704352993:39"
APPLIER = mysql_channel("No", "Yes", None, "group_replication_applier")


def member(number: int, role: str, state: str = "ONLINE", queued: int | None = 0) -> Mapping[str, Any]:
    return {"id": f"u{number}", "role": role, "state": state, "view_id": VIEW, "queued": queued}


THREE = [member(1, "PRIMARY"), member(2, "SECONDARY"), member(3, "SECONDARY")]


def group(own: int = 1, members: Any = THREE, **changes: str) -> Report:
    return report_of(Facts({**GROUP, "server_uuid": f"u{own}", **changes}, [APPLIER], members))


def test_the_primary_of_a_group() -> None:
    report = group()
    assert (report.role, report.lag, report.fit) == (Role.PRIMARY, 0.0, True)
    assert (report.epoch, report.lineage) == ((15718289704352993 << 32) + 39, "g")


def test_a_later_view_is_a_larger_epoch_also_after_the_group_was_begun_anew() -> None:
    views = ["15718289704352993:39", "15718289704352993:40", "15718299704352993:1"]
    epochs = [group(members=[{**member(1, "PRIMARY"), "view_id": view}]).epoch for view in views]
    first, second, third = (epoch or 0 for epoch in epochs)
    assert 0 < first < second < third


@pytest.mark.parametrize(("queued", "lag"), [(0, 0.0), (3, None), (None, None)])
def test_a_secondary_of_a_group(queued: int | None, lag: float | None) -> None:
    report = group(2, [member(1, "PRIMARY"), member(2, "SECONDARY", queued=queued)], **READ_ONLY)
    assert (report.role, report.lag, report.fit) == (Role.STANDBY, lag, True)
    assert report.epoch is None, "a standby that is asked first must not depose the primary"


def test_a_group_of_primaries_has_no_roles() -> None:
    members = [member(1, "PRIMARY"), member(2, "PRIMARY")]
    assert group(1, members, group_replication_single_primary_mode="OFF").role is Role.UNKNOWN


@pytest.mark.parametrize("state", ["RECOVERING", "ERROR", "UNREACHABLE"])
def test_a_member_that_is_not_online_is_unfit(state: str) -> None:
    report = group(2, [member(1, "PRIMARY"), member(2, "SECONDARY", state)], **READ_ONLY)
    assert (report.fit, report.detail) == (False, f"group member is {state.lower()}")


@pytest.mark.parametrize(("unreachable", "fit"), [(1, True), (2, False)])
def test_a_primary_without_a_majority_is_unfit(unreachable: int, fit: bool) -> None:
    states = ["UNREACHABLE"] * unreachable + ["ONLINE"] * (2 - unreachable)
    others = [member(number, "SECONDARY", state) for number, state in enumerate(states, 2)]
    assert group(members=[member(1, "PRIMARY"), *others]).fit is fit


def test_a_server_that_left_its_group_is_judged_by_its_flags() -> None:
    assert group(members=[member(1, "", "OFFLINE")], **READ_ONLY).role is Role.STANDBY


@pytest.mark.parametrize(
    ("version", "dialect"),
    [
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", MARIADB),
        ("11.4.2-MariaDB", MARIADB),
        ("9.7.0", MYSQL),
        ("8.0.22-commercial", MYSQL),
        ("8.4.0-1.el9", MYSQL),
        ("8.0.21", MYSQL_BEFORE_8_0_22),
        ("5.7.44-log", MYSQL_BEFORE_8_0_22),
    ],
)
def test_each_server_is_asked_in_its_own_words(version: str, dialect: Dialect) -> None:
    assert dialect_of(version) is dialect
