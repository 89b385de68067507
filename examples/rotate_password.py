"""A wrapper that rotates a password: each new connection is opened with the one that is valid now.

Connections that are open live on; the pool is never restarted, and the password is never written down.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator

from failoverkit import FailoverPool, Secret, Settings, hookimpl
from failoverkit.testing import FakeCluster


class RotatePassword:
    """Asks ``fetch`` for the password before each opening. ``fetch`` is called from several threads."""

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch

    @hookimpl(wrapper=True)
    def failoverkit_credentials(self) -> Generator[None, Settings, Settings]:
        settings = yield  # as configured, or as another extension wants them
        return dataclasses.replace(settings, password=Secret(self._fetch()))


def main() -> None:
    cluster = FakeCluster(["db1", "db2"])
    vault = {"password": "monday"}
    cluster.password = "monday"
    with FailoverPool(cluster.url, extensions=[RotatePassword(lambda: vault["password"])]) as pool:
        with pool.connection() as connection:
            connection.cursor().execute("write opened on monday")

        cluster.password = vault["password"] = "tuesday"
        with pool.connection() as old, pool.connection() as new:
            old.cursor().execute("write opened on monday, used on tuesday")
            new.cursor().execute("write opened on tuesday")
    print(*cluster.values, sep="\n")


if __name__ == "__main__":
    main()
