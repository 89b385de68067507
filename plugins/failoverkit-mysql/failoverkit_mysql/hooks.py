"""The plugin: failoverkit's hooks for MySQL and MariaDB. What each must do is said in ``failoverkit.hookspecs``.

There is no hook for the role at connect: the protocol tells none, and asking would cost a round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Host, Report
from failoverkit.settings import Settings
from failoverkit_mysql import probing, sessions
from failoverkit_mysql.connection import Connection
from failoverkit_mysql.error_kinds import kind_of
from failoverkit_mysql.opening import open_within
from failoverkit_mysql.parameters import parameters_of, problems_of


@hookimpl
def failoverkit_check_settings(settings: Settings) -> Sequence[str]:
    return problems_of(settings)


@hookimpl
def failoverkit_connect(host: Host, settings: Settings, timeout: float) -> Connection:
    return open_within(timeout, parameters_of(host, settings), host.name)


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
