"""One new database directory per PostgreSQL version and process, to be copied instead of made again."""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass
from pathlib import Path

from failoverkit.testing.servers.workspace import workspace
from failoverkit_postgres.testing.binaries import binaries

DATABASE = "postgres"
SUPERUSER = "postgres"
USER = "app"


@dataclass(frozen=True)
class Template:
    """A database directory of a server that was stopped in order, and the passwords of its two users."""

    path: Path
    superuser_password: str
    user_password: str


@functools.cache
def template(version: int) -> Template:
    """Return the template of that version. The passwords are of this process alone."""
    space, programs = workspace(), binaries(version)
    home = space.directory(f"template-{version}")
    made = Template(home / "data", secrets.token_urlsafe(12), secrets.token_urlsafe(12))
    password_file = home / "password"
    space.write(password_file, made.superuser_password)
    space.run([
        programs["initdb"], "--pgdata", made.path, "--username", SUPERUSER, "--pwfile", password_file,
        "--auth", "scram-sha-256", "--no-sync", "--no-instructions", "--wal-segsize", "1",
        "--encoding", "UTF8", "--no-locale",
    ])  # fmt: skip
    password_file.unlink()
    space.run(
        # A standby may not allow fewer connections than this directory last ran with.
        [programs["postgres"], "--single", "-D", made.path, "-c", "max_connections=5", "-F", DATABASE],
        stdin=f"CREATE ROLE {USER} LOGIN PASSWORD '{made.user_password}';\nGRANT CREATE ON SCHEMA public TO {USER};\n",
    )
    return made
