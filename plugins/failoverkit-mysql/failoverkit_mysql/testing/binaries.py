"""Where MariaDB's server is: as the system's package manager installed it."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = "mysql_system_tables.sql"
# An ordinary user's path leaves out where servers are.
_PLACES = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"))


@dataclass(frozen=True)
class Binaries:
    """The server program, and the directory of the scripts that make its system tables."""

    server: Path
    scripts: Path


@functools.cache
def find_binaries() -> Binaries | None:
    """Return MariaDB's programs; None where it is not installed."""
    server = shutil.which("mariadbd", path=_PLACES)
    if server is None:
        return None
    prefix = Path(server).resolve().parents[1]
    for scripts in (prefix / "share" / name for name in ("mysql", "mariadb")):
        if (scripts / _SCRIPT).exists():
            return Binaries(Path(server), scripts)
    return None


def binaries() -> Binaries:
    """Return MariaDB's programs. Raises ``RuntimeError`` where it is not installed, saying what to install."""
    found = find_binaries()
    if found is None:
        raise RuntimeError("a local MariaDB cluster needs mariadbd (Debian, Ubuntu: the package mariadb-server-core)")
    return found
