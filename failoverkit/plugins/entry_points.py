"""Find plugins by name among the entry points of installed packages. Only what is named is imported."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.metadata import EntryPoint
from types import MappingProxyType

from failoverkit.errors import PluginError

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "driver": "failoverkit.drivers",
        "strategy": "failoverkit.strategies",
        "discovery": "failoverkit.discovery",
        "extension": "failoverkit.extensions",
        "cluster": "failoverkit.clusters",
    }
)
"""Kind of plugin → the entry-point group it is found in."""

OUR_PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "failoverkit-postgres",
        "mysql": "failoverkit-mysql",
        "mariadb": "failoverkit-mysql",
        "mssql": "failoverkit-sqlserver",
    }
)
"""Dialect → the package of this project that brings its driver."""


def entries(kind: str) -> tuple[EntryPoint, ...]:
    """Return every entry point of one kind, in the order of their names. Nothing is imported."""
    return tuple(sorted(metadata.entry_points(group=GROUPS[kind]), key=lambda entry: (entry.name, package_of(entry))))


def entries_without_doubles(kind: str) -> tuple[EntryPoint, ...]:
    """Return the same as ``entries``, or raise ``PluginError`` when two packages claim one name."""
    found = entries(kind)
    _refuse_doubles(kind, found)
    return found


def find(kind: str, name: str) -> EntryPoint:
    """Return the entry point of that kind and name. Nothing is imported.

    Raises ``PluginError`` when there is none, naming those that exist, and when two packages claim the name.
    """
    everything = entries(kind)
    claims = [entry for entry in everything if entry.name == name]
    _refuse_doubles(kind, claims)
    if not claims:
        raise PluginError(_not_found(kind, name, everything))
    return claims[0]


def import_plugin(kind: str, entry: EntryPoint) -> object:
    """Import what an entry point names.

    Raises ``PluginError``, with the failure as its cause, whatever the plugin's module raised.
    """
    try:
        plugin: object = entry.load()
    except Exception as error:
        raise PluginError(
            f"the {kind} {entry.name!r} of package {package_of(entry)} could not be imported"
            f" from {entry.value!r}: {type(error).__name__}: {error}"
        ) from error
    return plugin


def package_of(entry: EntryPoint) -> str:
    """Return the name of the package that declares an entry point."""
    return entry.dist.name if entry.dist else "unknown"


def version_of(entry: EntryPoint) -> str:
    """Return the version of the package that declares an entry point."""
    return entry.dist.version if entry.dist else "unknown"


def _refuse_doubles(kind: str, claims: Sequence[EntryPoint]) -> None:
    """Raise ``PluginError`` when one name is claimed twice. ``claims`` come in the order of their names."""
    for first, second in itertools.pairwise(claims):
        if first.name == second.name:
            packages = f"{package_of(first)} and {package_of(second)}"
            raise PluginError(f"two packages bring a {kind} named {first.name!r}: {packages}; uninstall one")


def _not_found(kind: str, name: str, installed: Sequence[EntryPoint]) -> str:
    parts = [f"there is no {kind} named {name!r}"]
    names = [entry.name for entry in installed]
    package = OUR_PACKAGES.get(name.partition("+")[0]) if kind in {"driver", "cluster"} else None
    nearest = difflib.get_close_matches(name, names, n=1)
    if package and package not in map(package_of, installed):
        parts.append(f"install it with: pip install {package}")
    elif nearest:
        parts.append(f"did you mean {nearest[0]!r}?")
    parts.append(f"installed: {', '.join(names) or 'none'}")
    return "; ".join(parts)
