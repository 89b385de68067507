"""The temporary directory of this process's servers, and the user they run as.

Database servers refuse to run as root. Where the tests are root, they run as ``nobody``, who must be able to reach
binaries and data.
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from failoverkit.testing.servers import guardian

_TOOL_TIMEOUT = 60.0
_MEMORY_NEEDED = 2 << 30


@dataclass(frozen=True)
class ServerUser:
    """Another user that servers run as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Workspace:
    """Private directories, their owner, and how to run programs as that owner. ``owner`` None: this user.

    ``path`` is for data. ``programs`` is for copies of programs; it is made by whoever needs it.
    """

    path: Path
    programs: Path
    owner: ServerUser | None

    def directory(self, name: str, parent: Path | None = None) -> Path:
        """Make a new directory that only the servers' user may use."""
        path = (parent or self.path) / name
        path.mkdir(mode=0o700)
        self._give_away(path)
        return path

    def copy(self, source: Path, target: Path) -> None:
        """Copy a directory tree that the servers' user shall own."""
        shutil.copytree(source, target, symlinks=True)
        if self.owner:
            for path in [target, *target.rglob("*")]:
                self._give_away(path)

    def write(self, path: Path, text: str) -> None:
        """Write a file for the servers' user alone, in one step: a running server may be reading it."""
        new = path.with_name(path.name + ".new")
        new.touch(mode=0o600)
        new.write_text(text, encoding="utf-8")
        self._give_away(new)
        new.replace(path)

    def spawn(self, command: Sequence[str | Path], log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a server as a child of this process; all it says goes to ``log``."""
        return subprocess.Popen(  # noqa: S603 - a program of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.path,
            env=_environment({}),
            # Ctrl-C is for the tests, which then stop their servers in order.
            start_new_session=True,
            **self._identity(),
        )

    def run(
        self, command: Sequence[str | Path], *, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a tool to its end and return what it said. Raises ``RuntimeError`` when it fails."""
        done = subprocess.run(  # noqa: S603 - a program of ours
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_TOOL_TIMEOUT,
            check=False,
            cwd=self.path,
            env=_environment(environment or {}),
            **self._identity(),
        )
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr or done.stdout}")
        return str(done.stdout)

    def can_run(self, program: Path) -> bool:
        """Say whether the servers' user can reach and run this program."""
        try:
            self.run([program, "--version"])
        except (RuntimeError, OSError):
            return False
        return True

    def _identity(self) -> dict[str, Any]:
        if self.owner is None:
            return {}
        return {"user": self.owner.uid, "group": self.owner.gid, "extra_groups": []}

    def _give_away(self, path: Path) -> None:
        if self.owner:
            os.chown(path, self.owner.uid, self.owner.gid, follow_symlinks=False)


def _memory() -> Path | None:
    """Find a file system in memory: a cluster is a thousand small files, made again for every test."""
    shared = Path("/dev/shm")  # noqa: S108 - only looked at; the directory in it gets a random name
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < _MEMORY_NEEDED:
        return None
    return shared


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    # Nothing of the caller's environment: its variables or a locale would change what the servers do.
    return {"LC_ALL": "C", "PATH": os.defpath, **extra}


def _owner() -> ServerUser | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return ServerUser(nobody.pw_uid, nobody.pw_gid)


@functools.cache
def workspace() -> Workspace:
    """Return this process's workspace. It and its servers go when the process ends, even by ``kill -9``."""
    owner = _owner()
    path = Path(tempfile.mkdtemp(prefix="failoverkit-", dir=_memory())).resolve()
    programs = Path(tempfile.gettempdir(), path.name + "-programs").resolve()
    if owner:
        os.chown(path, owner.uid, owner.gid)
    watcher = subprocess.Popen(  # noqa: S603 - a program of ours
        [sys.executable, guardian.__file__, path, programs], stdin=subprocess.PIPE, start_new_session=True, cwd="/"
    )
    atexit.register(_dismiss, watcher, os.getpid())
    return Workspace(path, programs, owner)


def _dismiss(watcher: subprocess.Popen[bytes], creator: int) -> None:
    # A forked child runs the same exit handlers; the workspace is its parent's.
    if os.getpid() == creator and watcher.stdin:
        watcher.stdin.close()
        watcher.wait()
