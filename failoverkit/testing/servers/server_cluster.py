"""What local clusters of every database have in common."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar
from urllib.parse import quote

from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing.servers.server import ADDRESS, Server
from failoverkit.testing.servers.workspace import workspace

ServerT = TypeVar("ServerT", bound=Server)

_numbers = itertools.count(1)


def new_home() -> Path:
    """Make the directory of a new cluster."""
    return workspace().directory(f"cluster-{next(_numbers)}")


class ServerCluster(Generic[ServerT]):
    """Names, addresses and the plain verbs; a database's own cluster adds how to start, promote and rejoin.

    A context manager that starts and stops. Not for use by two threads at once.
    """

    def __init__(self, driver: str, nodes: Sequence[ServerT], *, database: str, user: str, password: str) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._first = self._primary = nodes[0].name
        self._settings = Settings(
            driver=driver, hosts=self.hosts, database=database, user=user, password=Secret(password)
        )

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The servers, the first primary first. The same for the whole life of the cluster."""
        return tuple(Host(node.name, ADDRESS, node.port) for node in self._nodes.values())

    @property
    def settings(self) -> Settings:
        """Settings of a pool over all hosts for an ordinary user."""
        return self._settings

    @property
    def url(self) -> str:
        """The same as a URL, password included."""
        password = self._settings.password
        return self.url_for(self._settings.user or "", password.reveal() if password else "")

    def url_for(self, user: str, password: str) -> str:
        """Return the URL for another user."""
        where = f"{','.join(self._nodes)}/{self._settings.database}"
        return f"{self._settings.driver}://{user}:{quote(password, safe='')}@{where}"

    @property
    def primary(self) -> str:
        """The name of the host that was made primary last, whether it runs or not."""
        return self._primary

    @property
    def standbys(self) -> tuple[str, ...]:
        """The names of all other hosts, whether they run or not."""
        return tuple(name for name in self._nodes if name != self._primary)

    def node(self, host: str) -> ServerT:
        """Return one server, for what the verbs here do not do. Raises ``KeyError`` for an unknown host."""
        return self._nodes[host]

    @property
    def running_standbys(self) -> list[ServerT]:
        """The standbys that can answer."""
        return [node for node in map(self.node, self.standbys) if node.running and not node.frozen]

    def start(self) -> None:
        """Make all servers from nothing and start them; all standbys replicate when this returns."""
        raise NotImplementedError

    def stop(self) -> None:
        """Stop every server, frozen ones too, and remove what was written."""
        raise NotImplementedError

    def restore(self) -> None:
        """Make everything new again: the first host primary, all others standbys, no data of earlier work."""
        self.stop()
        self.start()

    def crash(self, host: str) -> None:
        """Kill one server and its children without notice, as ``kill -9`` does."""
        self.node(host).kill()

    def freeze(self, host: str) -> None:
        """Stop one server and its children from running; the kernel goes on answering for its sockets."""
        self.node(host).freeze()

    def resume(self, host: str) -> None:
        """Let a frozen server go on where it was. It does not know what happened meanwhile."""
        self.node(host).resume()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
