"""A MariaDB primary and its replicas on loopback."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from failoverkit.testing.servers.ports import reserve_port
from failoverkit.testing.servers.server import ADDRESS
from failoverkit.testing.servers.server_cluster import ServerCluster, new_home
from failoverkit.testing.servers.waiting import wait_until
from failoverkit.testing.servers.workspace import workspace
from failoverkit_mysql.testing.binaries import binaries
from failoverkit_mysql.testing.node import Node
from failoverkit_mysql.testing.template import DATABASE, SUPERUSER, USER, template

_SEMI_SYNCHRONOUS = {
    "rpl-semi-sync-master-wait-point": "AFTER_SYNC",
    # Milliseconds. Past it a commit is acknowledged although no standby has it. The server's own default: a new
    # primary that nobody follows yet makes its first writers wait this long.
    "rpl-semi-sync-master-timeout": "10000",
}


class MariaDBCluster(ServerCluster[Node]):
    """One primary and its replicas, by GTID; a ``failoverkit.testing.clusters.LocalCluster``.

    Each server listens on a port of its own on 127.0.0.1 and is called by it: ``127.0.0.1:20001``. Users are
    ``app`` (an ordinary one, owner of the database ``app``, who may monitor replicas) and ``root``; both log in with
    passwords. ``synchronous``: semi-synchronous replication; a commit waits until one standby has received it, so that
    promoting the most advanced standby loses nothing. ``max_connections`` and ``configuration`` (options of
    ``mariadbd`` without their dashes) hold for every server. Needs ``mariadbd`` on this machine.

    A context manager that starts and stops. Not for use by two threads at once.
    """

    def __init__(
        self,
        *,
        standbys: int = 2,
        synchronous: bool = False,
        max_connections: int = 100,
        configuration: Mapping[str, str] | None = None,
    ) -> None:
        self._template = template()
        self._synchronous = synchronous and standbys > 0
        options = {
            "max-connections": str(max_connections),
            **(_SEMI_SYNCHRONOUS if self._synchronous else {}),
            **(configuration or {}),
        }
        home = new_home()
        nodes = [self._make_node(number, home, options) for number in range(1, standbys + 2)]
        super().__init__("mariadb", nodes, database=DATABASE, user=USER, password=self._template.user_password)

    def _make_node(self, number: int, home: Path, options: Mapping[str, str]) -> Node:
        port = reserve_port(ADDRESS)
        return Node(
            name=f"{ADDRESS}:{port}",
            port=port,
            home=workspace().directory(f"n{number}", home),
            space=workspace(),
            number=number,
            programs=binaries(),
            template=self._template,
            configuration=options,
            synchronous=self._synchronous,
        )

    @property
    def admin_url(self) -> str:
        """The URL for the superuser, password included."""
        return self.url_for(SUPERUSER, self._template.superuser_password)

    def start(self) -> None:
        """Make all servers from nothing and start them; all standbys replicate when this returns."""
        self._primary = self._first
        for node in self._nodes.values():
            node.create()
            node.is_standby = node.name != self._primary
            node.launch()
        for node in self._nodes.values():
            node.wait_ready()
        for name in self.standbys:
            self.node(name).follow(self.node(self._primary))
        self.wait_replicating()

    def stop(self) -> None:
        """Stop every server, frozen ones too, and remove what was written."""
        for node in self._nodes.values():
            node.kill()
            node.destroy()

    def stop_fast(self, host: str) -> None:
        """Stop one server in order: sessions are cut, replicas get all there is."""
        self.node(host).stop(signal.SIGTERM)

    def restart(self, host: str) -> None:
        """Stop one server in order if it runs, and start it in its role. It accepts connections then."""
        self.stop_fast(host)
        self.node(host).launch()
        self.node(host).wait_ready()

    def promote(self, host: str) -> None:
        """Make a standby the primary. It accepts writes then; the other running standbys follow it.

        The old primary is left as it is. A standby that is ahead of the promoted one cannot follow it: promote
        ``most_advanced()`` where nothing may be lost.
        """
        chosen = self.node(host)
        chosen.replay_all()
        for node in self.running_standbys:
            # Before the promotion: a semi-synchronous primary that nobody follows makes its first writers wait.
            if node is not chosen and node.is_standby:
                node.follow(chosen)
        chosen.open_for_writes()
        self._primary = host

    def most_advanced(self) -> str:
        """Return the running standby that has received most. Raises ``RuntimeError`` when none runs."""
        running = [node for node in self.running_standbys if node.is_standby]
        if not running:
            raise RuntimeError("no standby runs")
        return max(running, key=Node.received).name

    def switch_over(self, host: str) -> None:
        """Move the primary to another host as an administrator would, losing nothing; the old one rejoins.

        Nothing is stopped: sessions on the old primary live on and find it read-only.
        """
        former, chosen = self.node(self._primary), self.node(host)
        former.demote()
        wait_until(lambda: chosen.has_replayed(former.written()), f"{chosen.name} to have it all")
        self.promote(host)
        former.follow(chosen)
        self.wait_replicating()

    def rewind(self, host: str) -> None:
        """Stop a former primary if it runs and throw away all its data; it gets everything anew when it rejoins.

        Every server keeps the log of its whole life, and all began as copies of one directory.
        """
        node = self.node(host)
        node.kill()
        node.create()
        node.is_standby = True

    def rejoin(self, host: str) -> None:
        """Start a host as a standby of the present primary, from nothing if it was a primary."""
        node = self.node(host)
        if not node.is_standby:
            self.rewind(host)
        self.stop_fast(host)
        node.launch()
        node.wait_ready()
        node.follow(self.node(self._primary))
        self._wait_following(node)

    def wait_replicating(self) -> None:
        """Wait until every running standby follows the present primary and has replayed all it has."""
        for node in self.running_standbys:
            self._wait_following(node)
        if self._synchronous and self.running_standbys:
            primary = self.node(self._primary)
            wait_until(lambda: _acknowledging(primary) > 0, f"a standby to acknowledge commits of {primary.name}")

    def _wait_following(self, node: Node) -> None:
        primary = self.node(self._primary)
        wait_until(
            lambda: node.is_following(primary) and node.has_replayed(primary.written()),
            f"{node.name} to follow {primary.name}",
        )


def _acknowledging(primary: Node) -> int:
    return int(primary.query("SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_master_clients'")[0][1])
