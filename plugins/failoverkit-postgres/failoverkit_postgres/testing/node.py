"""One PostgreSQL server of a cluster: its directory, its configuration, its process."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from failoverkit.testing.servers.server import ADDRESS, Server
from failoverkit_postgres.testing.binaries import Binaries
from failoverkit_postgres.testing.shared_memory import remove_leftover
from failoverkit_postgres.testing.template import DATABASE, SUPERUSER, Template

_CONFIGURATION = {
    "listen_addresses": ADDRESS,
    "shared_buffers": "16MB",
    # Inside the data directory, where a killed server's leftovers go with the rest.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "wal_log_hints": "on",
    "wal_keep_size": "64MB",
    "max_wal_size": "128MB",
    "autovacuum": "off",
    "wal_retrieve_retry_interval": "100ms",
    "wal_receiver_status_interval": "1s",
}
_ACCESS = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass
class Node(Server):
    """One server; ``upstream`` is whom it follows."""

    programs: Binaries
    template: Template
    configuration: Mapping[str, str]
    upstream: Node | None = None

    @property
    def is_standby(self) -> bool:
        return (self.data / "standby.signal").exists()

    def create(self) -> None:
        """Copy the template into the home."""
        self.destroy()
        self.space.copy(self.template.path, self.data)
        self.space.write(self.home / "pg_hba.conf", _ACCESS)

    def destroy(self) -> None:
        """Remove the data of a server that does not run."""
        remove_leftover(self.data / "postmaster.pid")
        shutil.rmtree(self.data, ignore_errors=True)

    def follow(self, upstream: Node) -> None:
        """Name the server to replicate from. A running standby changes over at once."""
        self.upstream = upstream
        self._configure()
        if self.running and not self.frozen:
            self.live.send(signal.SIGHUP)

    def become_standby(self) -> None:
        """Make the next start a standby's."""
        self.space.write(self.data / "standby.signal", "")

    def launch(self) -> None:
        """Start the server and return; ``wait_ready`` waits for it."""
        self._configure()
        self.spawn((self.programs["postgres"], "-D", self.data, "-c", f"config_file={self._config_file}"))

    def accepts_connections(self) -> bool:
        """Say whether the server says so itself."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.live.pid) and lines[7].strip() == "ready"

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement as superuser on a connection of its own and return the rows, if any."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def connect(self) -> Any:
        """Open a superuser's connection in autocommit mode; the caller closes it."""
        connection = psycopg2.connect(
            host=ADDRESS,
            port=self.port,
            dbname=DATABASE,
            user=SUPERUSER,
            password=self.template.superuser_password,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection

    def promote(self) -> None:
        """Make it a primary; it accepts writes when this returns."""
        if not self.query("SELECT pg_promote(true, 10)")[0][0]:
            raise RuntimeError(f"{self.name} was not promoted: {self.last_words()}")

    def rewind(self, source: Node) -> None:
        """Undo, in the stopped server's files, what ``source`` never saw, and make it a standby."""
        # Up to PostgreSQL 15 the tool knows the source's new timeline only from a checkpoint.
        source.query("CHECKPOINT")
        with suppress(FileNotFoundError):
            (self.data / "standby.signal").unlink()
        self.space.run(
            [
                self.programs["pg_rewind"],
                f"--target-pgdata={self.data}",
                f"--config-file={self._config_file}",
                f"--source-server={source.conninfo(SUPERUSER)}",
                "--no-sync",
            ],
            environment={"PGPASSWORD": source.template.superuser_password},
        )
        self.become_standby()

    def is_streaming_to(self, standby: Node) -> bool:
        """Say whether that standby is connected to this server and has caught up with it once."""
        statement = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name = %s"
        return bool(self.query(statement, standby.name)[0][0])

    def written(self) -> str:
        """Return how far a primary has written its log."""
        return str(self.query("SELECT pg_current_wal_lsn()")[0][0])

    def has_replayed(self, position: str) -> bool:
        """Say whether a standby has replayed the log that far."""
        return bool(self.query("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position)[0][0])

    def received(self) -> int:
        """Return how far a standby has received the log, in bytes from its beginning."""
        return int(self.query("SELECT pg_last_wal_receive_lsn() - '0/0'")[0][0])

    def conninfo(self, user: str) -> str:
        """Describe how to connect, without the password, for PostgreSQL's own programs."""
        return f"host={ADDRESS} port={self.port} user={user} dbname={DATABASE}"

    @property
    def _config_file(self) -> Path:
        # Outside the data directory: pg_rewind copies the source's files over all that is inside.
        return self.home / "postgresql.conf"

    def _configure(self) -> None:
        settings = {
            **_CONFIGURATION,
            "port": str(self.port),
            "data_directory": str(self.data),
            "hba_file": str(self.home / "pg_hba.conf"),
            "unix_socket_directories": str(self.home),
            **self.configuration,
        }
        if self.upstream:
            password = self.upstream.template.superuser_password
            settings["primary_conninfo"] = (
                f"{self.upstream.conninfo(SUPERUSER)} password={password} application_name={self.name}"
            )
        lines = (f"{key} = '{value}'\n" for key, value in settings.items())
        self.space.write(self._config_file, "".join(lines))
