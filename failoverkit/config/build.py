"""Builds the settings from the layers laid over one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failoverkit.config.catalogue import GROUPS, KEYS, keys_of_group
from failoverkit.config.checks import check_together
from failoverkit.config.driver_options import resolve_options, settle
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.hosts import to_hosts
from failoverkit.config.layer import OPTION, Layer
from failoverkit.config.problems import Problems
from failoverkit.model import Host
from failoverkit.options import Options
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

LOCAL = Host(name="local", address="")
"""The one host where only a database is given: a file, or the driver's own idea of where the server is."""


def build(layer: Layer, base: Settings | None, environ: Mapping[str, str], problems: Problems) -> Settings:
    """Return the settings that the merged layer gives; what it leaves open is taken from ``base`` or the defaults.

    Raises ``ConfigError`` with every problem noted so far and those found here.
    """
    values = {path: layer[path].value if path in layer else _fallback(path, base) for path in KEYS}
    check_together(values, layer, problems)
    password = _password(layer, base, environ, problems)
    options = _options(layer, base, environ, problems)
    hosts = _hosts(layer, base, environ, problems)
    if values["driver"] is None and not problems.spoiled("driver"):
        problems.add("driver", "is missing; pass a URL or the path of a TOML file, or set FAILOVERKIT_URL")
    problems.raise_any()
    groups: dict[str, Any] = {group: cls(**_of_group(group, values)) for group, cls in GROUPS.items()}
    return Settings(hosts=hosts, password=password, options=options, **_of_group("", values), **groups)


def _fallback(path: str, base: Settings | None) -> object:
    group, _, name = path.rpartition(".")
    if base is None:
        return KEYS[path].default
    return getattr(getattr(base, group) if group else base, name)


def _of_group(group: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[key.path] for name, key in keys_of_group(group).items()}


def _password(layer: Layer, base: Settings | None, environ: Mapping[str, str], problems: Problems) -> Secret | None:
    if "password" not in layer:
        return base.password if base else None
    with problems.at(layer["password"].where):
        return Secret(settle(layer["password"].value, environ))
    return None


def _options(layer: Layer, base: Settings | None, environ: Mapping[str, str], problems: Problems) -> Options:
    given = {key.removeprefix(OPTION): value for key, value in layer.items() if key.startswith(OPTION)}
    return Options({**(base.options if base else {}), **resolve_options(given, environ, problems)})


def _hosts(layer: Layer, base: Settings | None, environ: Mapping[str, str], problems: Problems) -> tuple[Host, ...]:
    if HOSTS in layer:
        return to_hosts(layer[HOSTS].value, environ, problems)
    if base is not None:
        return base.hosts
    if "discovery" in layer:
        return ()
    if "database" in layer:
        return (LOCAL,)
    if not problems.spoiled(HOSTS, "database", "discovery"):
        problems.add("hosts", "there is none; a URL names them before the path: postgresql://db1,db2/orders")
    return ()
