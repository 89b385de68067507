"""The driver ``fake``: in-memory servers for tests, with a remote control in ``FakeCluster``.

The database in the URL is the cluster's name: ``fake://a,b,c/fake-1``.
"""

from __future__ import annotations

from collections.abc import Sequence

from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Host, Report, Role
from failoverkit.settings import Settings
from failoverkit.testing.fake_cluster import find_fake_cluster
from failoverkit.testing.fake_connection import FakeConnection, FakeError


@hookimpl
def failoverkit_check_settings(settings: Settings) -> Sequence[str]:
    """The cluster must be alive and have the hosts; there are no options."""
    try:
        cluster = find_fake_cluster(settings.database)
    except LookupError as error:
        return [f"database: {error}"]
    known = [host.address for host in cluster.hosts]
    problems = [
        f"hosts: {host.address!r} is not in the fake cluster; it has {', '.join(known)}"
        for host in settings.hosts
        if host.address not in known
    ]
    return problems + [f"options.{key}: the fake driver has no options" for key in settings.options]


@hookimpl
def failoverkit_connect(host: Host, settings: Settings, timeout: float) -> FakeConnection:
    """Connect to a host of a live cluster; a wrong password is refused once the host answers."""
    cluster = find_fake_cluster(settings.database)
    connection = cluster[host.address].connect(timeout)
    try:
        cluster.log_in(settings.password)
    except FakeError:
        connection.close()
        raise
    return connection


@hookimpl
def failoverkit_role(connection: FakeConnection) -> Role:
    """What the host said when it answered last."""
    return connection.role


@hookimpl
def failoverkit_probe(connection: FakeConnection) -> Report:
    """Blocks on a frozen host until aborted, whatever the deadline, as C drivers do."""
    return connection.probe()


@hookimpl
def failoverkit_check(connection: FakeConnection, timeout: float) -> bool:
    """Alive when the host answers in time."""
    try:
        connection.call("check", timeout)
    except FakeError:
        return False
    return True


@hookimpl
def failoverkit_reset(connection: FakeConnection) -> bool:
    """Roll back what is open; nothing to do for a connection that is clean."""
    if not connection.in_transaction:
        return not connection.ended
    try:
        connection.rollback()
    except FakeError:
        return False
    return True


@hookimpl
def failoverkit_abort(connection: FakeConnection) -> bool:
    """Wake whoever is blocked on it."""
    connection.abort()
    return True


@hookimpl
def failoverkit_close(connection: FakeConnection) -> bool:
    """Never waits."""
    connection.close()
    return True


@hookimpl
def failoverkit_classify_error(error: BaseException) -> ErrorKind | None:
    """Fake errors carry their kind."""
    return error.kind if isinstance(error, FakeError) else None
