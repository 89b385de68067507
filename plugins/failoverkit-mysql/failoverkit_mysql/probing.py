"""Asks a server about itself, in two round trips; in three where it is a member of a group.

The first is open to every user. The others need privileges that an application's user may not have; what is withheld
is not asked again on that connection, and the report is made without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymysql.cursors import DictCursor
from pymysql.err import DatabaseError

from failoverkit.model import Report
from failoverkit_mysql.roles import Facts, report_of

Row = Mapping[str, Any]

_WITHHELD = frozenset({1044, 1142, 1227})
"""Access denied: to a database, to a table, for want of a privilege."""

_NAMES = (
    "read_only", "super_read_only", "offline_mode",
    "gtid_current_pos", "gtid_executed",
    "group_replication_group_name", "group_replication_single_primary_mode", "server_uuid",
    "wsrep_on", "wsrep_ready", "wsrep_cluster_status", "wsrep_local_state_comment",
    "slaves_running",
)  # fmt: skip
"""Variables and status of either server; what it does not have is not in its answer."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one server is asked."""

    variables: str
    replication: str


def _variables(schema: str) -> str:
    names = ", ".join(f"'{name}'" for name in _NAMES)
    return " UNION ALL ".join(
        f"SELECT LOWER(variable_name) AS name, variable_value AS value FROM {schema}.{table}"  # noqa: S608 - all of it is written here
        f" WHERE variable_name IN ({names})"
        for table in ("global_variables", "global_status")
    )


MARIADB = Dialect(_variables("information_schema"), "SHOW ALL SLAVES STATUS")
MYSQL = Dialect(_variables("performance_schema"), "SHOW REPLICA STATUS")
MYSQL_BEFORE_8_0_22 = Dialect(_variables("performance_schema"), "SHOW SLAVE STATUS")

MEMBERS = (
    "SELECT m.member_id AS id, m.member_state AS state, m.member_role AS role,"
    " s.view_id AS view_id, s.count_transactions_remote_in_applier_queue AS queued"
    " FROM performance_schema.replication_group_members AS m"
    " LEFT JOIN performance_schema.replication_group_member_stats AS s ON s.member_id = m.member_id"
)


def dialect_of(version: str) -> Dialect:
    """Choose by what the server called itself at connect."""
    if "mariadb" in version.lower():
        return MARIADB
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    return MYSQL if numbers >= (8, 0, 22) else MYSQL_BEFORE_8_0_22


def probe(connection: Any) -> Report:
    """Ask the server for its role, lag and position. Raises PyMySQL's error when it does not answer."""
    dialect = dialect_of(connection.server_version)
    variables = {row["name"]: row["value"] for row in _ask(connection, dialect.variables)}
    return report_of(
        Facts(
            variables=variables,
            replication=_ask_if_allowed(connection, dialect.replication),
            members=_ask_if_allowed(connection, MEMBERS) if variables.get("group_replication_group_name") else None,
            multi_writer=getattr(connection, "multi_writer", False),
        )
    )


def _ask_if_allowed(connection: Any, statement: str) -> Sequence[Row] | None:
    withheld: set[str] = getattr(connection, "withheld", set())
    if statement in withheld:
        return None
    try:
        return _ask(connection, statement)
    except DatabaseError as error:
        if not error.args or error.args[0] not in _WITHHELD:
            raise
        withheld.add(statement)
        return None


def _ask(connection: Any, statement: str) -> Sequence[Row]:
    before = connection.server_status
    try:
        with connection.cursor(DictCursor) as cursor:
            cursor.execute(statement)
            rows: Sequence[Row] = cursor.fetchall()
            return rows
    finally:
        # These statements read no table of a storage engine, and so begin no transaction.
        connection.server_status = before
