"""One MariaDB server of a cluster: its directory, its configuration, its process."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.cursors import DictCursor

from failoverkit.testing.servers.server import ADDRESS, Server
from failoverkit.testing.servers.waiting import wait_until
from failoverkit_mysql.testing.binaries import Binaries
from failoverkit_mysql.testing.template import DATABASE, REPLICATION_USER, SMALL, SUPERUSER, Template


@dataclass
class Node(Server):
    """One server. ``number`` is its id in replication; ``is_standby``: it starts read-only.

    ``synchronous``: as a primary, it waits for a standby's word before it acknowledges a commit.
    """

    number: int
    programs: Binaries
    template: Template
    configuration: Mapping[str, str]
    synchronous: bool
    is_standby: bool = False

    def create(self) -> None:
        """Copy the template into the home."""
        self.destroy()
        self.space.copy(self.template.path, self.data)
        self.space.directory("tmp", self.home)

    def destroy(self) -> None:
        """Remove the data of a server that does not run."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def launch(self) -> None:
        """Start the server and return; ``wait_ready`` waits for it."""
        options = {
            "datadir": self.data,
            "tmpdir": self.home / "tmp",
            "socket": self.home / "socket",
            "pid-file": self.home / "pid",
            "bind-address": ADDRESS,
            "port": self.port,
            "server-id": self.number,
            "read-only": _on(self.is_standby),
            "rpl-semi-sync-slave-enabled": _on(self.synchronous),
            # A standby would wait for standbys of its own.
            "rpl-semi-sync-master-enabled": _on(self.synchronous and not self.is_standby),
            # What is committed is in the kernel's hands: it outlives the process, and no more is asked of it here.
            "innodb-flush-log-at-trx-commit": 2,
            "skip-name-resolve": "ON",
            "log-bin": "binlog",
            "log-slave-updates": "ON",
            "binlog-format": "ROW",
            "gtid-strict-mode": "ON",
            "relay-log": "relay",
            "slave-net-timeout": 10,
            "log-warnings": 1,
            **self.configuration,
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self.spawn([self.programs.server, "--no-defaults", *SMALL, *arguments])

    def accepts_connections(self) -> bool:
        """Say whether the superuser can log in."""
        try:
            self.connect().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def connect(self) -> Any:
        """Open a superuser's connection in autocommit mode; the caller closes it."""
        return pymysql.connect(
            host=ADDRESS,
            port=self.port,
            user=SUPERUSER,
            password=self.template.superuser_password,
            database=DATABASE,
            connect_timeout=5,
            read_timeout=20,
            autocommit=True,
            ssl_disabled=True,
        )

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement as superuser on a connection of its own and return the rows, if any."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def replication(self) -> dict[str, Any]:
        """Return the state of a standby's replication; empty where there is none."""
        with closing(self.connect()) as connection, connection.cursor(DictCursor) as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            return dict(cursor.fetchone() or {})

    def follow(self, upstream: Node) -> None:
        """Replicate from another server, from where this one stands."""
        self._stop_replication()
        self.query(
            "CHANGE MASTER TO MASTER_HOST = %s, MASTER_PORT = %s, MASTER_USER = %s, MASTER_PASSWORD = %s,"
            " MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1, MASTER_HEARTBEAT_PERIOD = 1",
            ADDRESS,
            upstream.port,
            REPLICATION_USER,
            upstream.template.replication_password,
        )
        self.query(f"SET GLOBAL rpl_semi_sync_slave_enabled = {_on(self.synchronous)}")
        self.query("START SLAVE")

    def demote(self) -> None:
        """Take no more writes, and count the own ones as replicated."""
        self.query("SET GLOBAL read_only = ON")
        self.query("SET GLOBAL rpl_semi_sync_master_enabled = OFF")
        self.is_standby = True
        self.query("SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos")

    def replay_all(self) -> None:
        """Receive no more, and replay what was received."""
        self._stop_replication("IO_THREAD")
        received = self.received()
        wait_until(lambda: self.has_replayed(received), f"{self.name} to replay what it has")

    def open_for_writes(self) -> None:
        """Leave the upstream for good and accept writes."""
        self._stop_replication()
        self.query("RESET SLAVE ALL")
        self.query(f"SET GLOBAL rpl_semi_sync_master_enabled = {_on(self.synchronous)}")
        self.query("SET GLOBAL read_only = OFF")
        self.is_standby = False

    def _stop_replication(self, thread: str = "") -> None:
        # A semi-synchronous standby would first ask its primary to forget it, and wait for one that is frozen.
        self.query("SET GLOBAL rpl_semi_sync_slave_enabled = OFF")
        for (number,) in self.query("SELECT id FROM information_schema.processlist WHERE command = 'Slave_IO'"):
            with suppress(pymysql.err.OperationalError):  # it is gone already
                self.query(f"KILL {number}")
        self.query(f"STOP SLAVE {thread}")

    def written(self) -> int:
        """Return the number of the last transaction in the own log."""
        return _last(self.query("SELECT @@gtid_binlog_pos")[0][0])

    def received(self) -> int:
        """Return the number of the last transaction that a standby has received."""
        return max(_last(self.replication().get("Gtid_IO_Pos", "")), _last(self._replayed()))

    def has_replayed(self, number: int) -> bool:
        """Say whether a standby has replayed that transaction."""
        return _last(self._replayed()) >= number

    def _replayed(self) -> str:
        return str(self.query("SELECT @@gtid_slave_pos")[0][0])

    def is_following(self, upstream: Node) -> bool:
        """Say whether both threads run, from that server."""
        state = self.replication()
        running = (state.get("Slave_IO_Running"), state.get("Slave_SQL_Running")) == ("Yes", "Yes")
        return running and state["Master_Port"] == upstream.port


def _on(condition: bool) -> str:
    return "ON" if condition else "OFF"


def _last(position: str) -> int:
    # All transactions are in one domain: domain-server-number.
    return int(position.rsplit("-", 1)[1]) if position else 0
