"""The plugin: failoverkit's hooks for PostgreSQL. What each must do is said in ``failoverkit.hookspecs``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Host, Report, Role
from failoverkit.settings import Settings
from failoverkit_postgres import probing, sessions
from failoverkit_postgres.connection import Connection
from failoverkit_postgres.error_kinds import kind_of
from failoverkit_postgres.opening import open_within
from failoverkit_postgres.parameters import parameters_of, problems_of

_ROLES = {"on": Role.STANDBY, "off": Role.PRIMARY}


@hookimpl
def failoverkit_check_settings(settings: Settings) -> Sequence[str]:
    return problems_of(settings)


@hookimpl
def failoverkit_connect(host: Host, settings: Settings, timeout: float) -> Connection:
    return open_within(timeout, parameters_of(host, settings), host.name)


@hookimpl
def failoverkit_role(connection: Any) -> Role:
    # Sent by PostgreSQL 14 and later at connect, and again with the first answer after a promotion.
    return _ROLES.get(connection.get_parameter_status("in_hot_standby"), Role.UNKNOWN)


@hookimpl
def failoverkit_probe(connection: Any) -> Report:
    return probing.probe(connection)


@hookimpl
def failoverkit_check(connection: Any) -> bool:
    return sessions.check(connection)


@hookimpl
def failoverkit_reset(connection: Any) -> bool:
    return sessions.reset(connection)


@hookimpl
def failoverkit_abort(connection: Any) -> bool:
    return sessions.abort(connection)


@hookimpl
def failoverkit_close(connection: Any) -> bool:
    sessions.close(connection)
    return True


@hookimpl
def failoverkit_classify_error(error: BaseException) -> ErrorKind | None:
    return kind_of(error)
