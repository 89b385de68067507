"""One new database directory per process, to be copied instead of made again."""

from __future__ import annotations

import functools
import secrets
from dataclasses import dataclass
from pathlib import Path

from failoverkit.testing.servers.workspace import workspace
from failoverkit_mysql.testing.binaries import binaries

DATABASE = "app"
SUPERUSER = "root"
REPLICATION_USER = "replicator"
USER = "app"

SMALL = (
    "--innodb-data-file-path=ibdata1:5M:autoextend",
    "--innodb-temp-data-file-path=ibtmp1:2M:autoextend",
    "--innodb-autoextend-increment=1",
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-use-native-aio=OFF",
    "--aria-log-file-size=8M",
    "--aria-pagecache-buffer-size=2M",
    "--key-buffer-size=1M",
    "--performance-schema=OFF",
)
"""How the directory was made, and how every server on a copy of it must run."""

_SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")


@dataclass(frozen=True)
class Template:
    """A database directory of a server that was stopped in order, and the passwords of its users."""

    path: Path
    superuser_password: str
    replication_password: str
    user_password: str


@functools.cache
def template() -> Template:
    """Return the template. The passwords are of this process alone."""
    space, programs = workspace(), binaries()
    home = space.directory("template-mariadb")
    made = Template(space.directory("data", home), *(secrets.token_urlsafe(12) for _ in range(3)))
    space.run(
        [
            programs.server,
            "--no-defaults",
            "--bootstrap",
            f"--datadir={made.path}",
            f"--tmpdir={space.directory('tmp', home)}",
            "--skip-log-bin",
            *SMALL,
        ],
        stdin="\n".join([
            "CREATE DATABASE mysql;",
            "USE mysql;",
            "SET @auth_root_socket = NULL;",
            "SET @skip_auth_anonymous = 1;",
            *((programs.scripts / script).read_text(encoding="utf-8") for script in _SCRIPTS),
            # The scripts' own superusers have no password.
            "DELETE FROM global_priv WHERE User = 'root';",
            "DELETE FROM proxies_priv;",
            "FLUSH PRIVILEGES;",
            *_users(made),
            "",
        ]),
    )  # fmt: skip
    return made


def _users(made: Template) -> list[str]:
    return [
        f"CREATE DATABASE {DATABASE};",
        f"CREATE USER {SUPERUSER} IDENTIFIED BY '{made.superuser_password}';",
        f"GRANT ALL ON *.* TO {SUPERUSER} WITH GRANT OPTION;",
        f"CREATE USER {REPLICATION_USER} IDENTIFIED BY '{made.replication_password}';",
        f"GRANT REPLICATION SLAVE ON *.* TO {REPLICATION_USER};",
        # Whoever may not monitor replicas does not learn of their lag.
        f"CREATE USER {USER} IDENTIFIED BY '{made.user_password}';",
        f"GRANT SLAVE MONITOR ON *.* TO {USER};",
        f"GRANT ALL ON {DATABASE}.* TO {USER};",
    ]
