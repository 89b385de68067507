"""A PostgreSQL primary and its standbys on loopback."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from failoverkit.testing.servers.ports import reserve_port
from failoverkit.testing.servers.server import ADDRESS
from failoverkit.testing.servers.server_cluster import ServerCluster, new_home
from failoverkit.testing.servers.waiting import wait_until
from failoverkit.testing.servers.workspace import workspace
from failoverkit_postgres.testing.binaries import Binaries, binaries
from failoverkit_postgres.testing.node import Node
from failoverkit_postgres.testing.template import DATABASE, SUPERUSER, USER, template


class PostgresCluster(ServerCluster[Node]):
    """One primary and its streaming standbys; a ``failoverkit.testing.clusters.LocalCluster``.

    Each server listens on a port of its own on 127.0.0.1 and is called by it: ``127.0.0.1:20001``. Users are
    ``app`` (an ordinary one, who may create tables) and ``postgres`` (the superuser); both log in with passwords.
    ``synchronous``: a commit waits until one standby has it too, so that promoting the most advanced standby
    loses nothing. ``max_connections`` and ``configuration`` (``postgresql.conf`` entries) hold for every server.
    ``version`` is 16 or 18.

    A context manager that starts and stops. Not for use by two threads at once.
    """

    def __init__(
        self,
        *,
        standbys: int = 2,
        version: int = 16,
        synchronous: bool = False,
        max_connections: int = 50,
        configuration: Mapping[str, str] | None = None,
    ) -> None:
        self._template = template(version)
        home, programs = new_home(), binaries(version)
        entries = {
            "max_connections": str(max_connections),
            "synchronous_standby_names": "ANY 1 (*)" if synchronous and standbys else "",
            **(configuration or {}),
        }
        nodes = [self._make_node(number, home, programs, entries) for number in range(1, standbys + 2)]
        super().__init__("postgresql", nodes, database=DATABASE, user=USER, password=self._template.user_password)

    def _make_node(self, number: int, home: Path, programs: Binaries, entries: Mapping[str, str]) -> Node:
        port = reserve_port(ADDRESS)
        return Node(
            name=f"{ADDRESS}:{port}",
            port=port,
            home=workspace().directory(f"n{number}", home),
            space=workspace(),
            programs=programs,
            template=self._template,
            configuration=entries,
        )

    @property
    def admin_url(self) -> str:
        """The URL for the superuser, password included."""
        return self.url_for(SUPERUSER, self._template.superuser_password)

    def start(self) -> None:
        """Make all servers from nothing and start them; all standbys stream when this returns."""
        self._primary = self._first
        for node in self._nodes.values():
            node.create()
            if node.name == self._primary:
                node.upstream = None
            else:
                node.upstream = self._nodes[self._primary]
                node.become_standby()
            node.launch()
        for node in self._nodes.values():
            node.wait_ready()
        self.wait_replicating()

    def stop(self) -> None:
        """Stop every server, frozen ones too, and remove what was written."""
        for node in self._nodes.values():
            node.stop(signal.SIGQUIT)
            node.destroy()

    def stop_fast(self, host: str) -> None:
        """Stop one server in order: sessions are cut, standbys get all there is, a checkpoint is written."""
        self.node(host).stop(signal.SIGINT)

    def stop_immediate(self, host: str) -> None:
        """Stop one server at once: sessions are cut, nothing is written; the next start recovers."""
        self.node(host).stop(signal.SIGQUIT)

    def restart(self, host: str) -> None:
        """Stop one server in order if it runs, and start it in its role. It accepts connections then."""
        self.stop_fast(host)
        self.node(host).launch()
        self.node(host).wait_ready()

    def promote(self, host: str) -> None:
        """Make a standby the primary. It accepts writes then; the other running standbys follow it.

        The old primary is left as it is. A standby that is ahead of the promoted one must be rewound: promote
        ``most_advanced()`` where nothing may be lost.
        """
        chosen = self.node(host)
        for node in self._nodes.values():
            # Before the promotion: a standby of a standby passes over to the new timeline without a pause.
            if node is not chosen and node.running and node.is_standby:
                node.follow(chosen)
        chosen.promote()
        self._primary = host

    def most_advanced(self) -> str:
        """Return the running standby that has received most. Raises ``RuntimeError`` when none runs."""
        running = [node for node in self.running_standbys if node.is_standby]
        if not running:
            raise RuntimeError("no standby runs")
        return max(running, key=Node.received).name

    def switch_over(self, host: str) -> None:
        """Move the primary to another host as an administrator would, losing nothing; the old one rejoins."""
        former = self._primary
        self.stop_fast(former)
        self.promote(host)
        self.rejoin(former)

    def rewind(self, host: str) -> None:
        """Stop a host if it runs, and undo what it wrote that the present primary never saw."""
        self.stop_immediate(host)
        self.node(host).rewind(self.node(self._primary))

    def rejoin(self, host: str) -> None:
        """Start a host as a standby of the present primary, rewound first if it was a primary."""
        node = self.node(host)
        self.stop_immediate(host)
        if not node.is_standby:
            self.rewind(host)
        node.follow(self.node(self._primary))
        node.launch()
        node.wait_ready()
        self._wait_following(node)

    def wait_replicating(self) -> None:
        """Wait until every running standby streams from the present primary and has replayed all it has."""
        for node in self.running_standbys:
            self._wait_following(node)

    def _wait_following(self, node: Node) -> None:
        primary = self.node(self._primary)
        wait_until(
            lambda: primary.is_streaming_to(node) and node.has_replayed(primary.written()),
            f"{node.name} to follow {primary.name}",
        )
