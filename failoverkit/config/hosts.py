"""From hosts as the user wrote them to the hosts of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failoverkit.config.addresses import PORT, check_address, default_name, identity, is_socket, read_host
from failoverkit.config.catalogue import Key
from failoverkit.config.driver_options import read_options, resolve_options
from failoverkit.config.layer import Given
from failoverkit.config.problems import Invalid, Problems, inside, shown
from failoverkit.config.suggestions import unknown_among
from failoverkit.config.values import plain_text, table, typed
from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import MOST

KEY = "hosts"
PRIORITY = Key(path="priority", kind=int, minimum=0, maximum=MOST)
NAME = Key(path="name", kind=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One host as it was written; what was left open is None."""

    where: str
    address: str
    port: int | None = None
    name: str | None = None
    priority: int | None = None
    tags: frozenset[str] = frozenset()
    options: Mapping[str, Given] = field(default_factory=dict, repr=False)

    @property
    def final_name(self) -> str:
        """The name given, or the one made of address and port."""
        return self.name or default_name(self.address, self.port)


def read_host_list(texts: Sequence[str], where: str, problems: Problems) -> tuple[Endpoint, ...]:
    """Return the hosts of a URL, each written ``address:port``."""
    endpoints = []
    for number, text in enumerate(texts, start=1):
        place = f"{where}: host {number}"
        with problems.at(place, KEY):
            address, port = read_host(text)
            endpoints.append(Endpoint(where=place, address=address, port=port))
    return tuple(endpoints)


def read_hosts(value: object, where: str, problems: Problems) -> tuple[Endpoint, ...]:
    """Return the hosts of a list whose items are tables, as in TOML, or ``Host`` values or texts (keywords)."""
    if not isinstance(value, list | tuple):
        raise Invalid(f"expected a list of hosts, got {shown(value)}")
    if not value:
        raise Invalid("expected at least one host, got an empty list")
    found = (_read_item(item, f"{where}[{index}]", problems) for index, item in enumerate(value))
    return tuple(endpoint for endpoint in found if endpoint is not None)


def to_hosts(endpoints: Sequence[Endpoint], environ: Mapping[str, str], problems: Problems) -> tuple[Host, ...]:
    """Return the hosts, named and with priorities. Where none has one, the order is the priority."""
    _check_distinct(endpoints, problems)
    _check_priorities(endpoints, problems)
    return tuple(
        Host(
            name=endpoint.final_name,
            address=endpoint.address,
            port=endpoint.port,
            priority=index if endpoint.priority is None else endpoint.priority,
            tags=endpoint.tags,
            options=resolve_options(endpoint.options, environ, problems),
        )
        for index, endpoint in enumerate(endpoints)
    )


def _read_item(item: object, where: str, problems: Problems) -> Endpoint | None:
    with problems.at(where, KEY):
        if isinstance(item, str):
            address, port = read_host(item)
            return Endpoint(where=where, address=address, port=port)
        return _from_table(_as_table(item), where, problems)
    return None


def _as_table(item: object) -> Mapping[str, Any]:
    if not isinstance(item, Host):
        return table(item)
    given = {name: getattr(item, name) for name in ("address", "port", "name", "priority", "tags")}
    # The options of a Host are final: a value that looks like a reference is none.
    final = {name: Secret(value) if isinstance(value, str) else value for name, value in table(item.options).items()}
    return {name: value for name, value in given.items() if value is not None} | {"options": final}


def _from_table(items: Mapping[str, Any], where: str, problems: Problems) -> Endpoint | None:
    fields: dict[str, Any] = {}
    for name, value in items.items():
        place = inside(where, name)
        if name == "options":
            fields[name] = read_options(value, place, problems)
        elif name in _FIELDS:
            with problems.at(place, KEY):
                fields[name] = _FIELDS[name](value)
        else:
            problems.add(place, unknown_among("key", name, [*_FIELDS, "options"]))
    if "address" not in items:
        raise Invalid("address is missing")
    return Endpoint(**fields, where=where) if "address" in fields else None


def _address(value: object) -> str:
    text = plain_text(value)
    if not is_socket(text) and (text.startswith("[") or "://" in text or text.count(":") == 1):
        raise Invalid(f"{shown(text)} is more than an address; write address and port as two keys, no brackets")
    return check_address(text)


def _tags(value: object) -> frozenset[str]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise Invalid(f"expected a list of texts, got {shown(value)}")
    return frozenset(plain_text(tag) for tag in value)


_FIELDS: Mapping[str, Callable[[object], object]] = {
    "address": _address,
    "port": lambda value: typed(PORT, value),
    "name": lambda value: typed(NAME, value),
    "priority": lambda value: typed(PRIORITY, value),
    "tags": _tags,
}


def _check_distinct(endpoints: Sequence[Endpoint], problems: Problems) -> None:
    servers: dict[object, str] = {}
    names: dict[str, str] = {}
    for endpoint in endpoints:
        server = (identity(endpoint.address), endpoint.port)
        if server in servers:
            problems.add(endpoint.where, f"{shown(endpoint.final_name)} is the same server as {servers[server]}")
        elif endpoint.final_name in names:
            first = names[endpoint.final_name]
            problems.add(endpoint.where, f"the name {shown(endpoint.final_name)} is taken by {first}")
        servers.setdefault(server, endpoint.where)
        names.setdefault(endpoint.final_name, endpoint.where)


def _check_priorities(endpoints: Sequence[Endpoint], problems: Problems) -> None:
    open_ones = [endpoint for endpoint in endpoints if endpoint.priority is None]
    if 0 < len(open_ones) < len(endpoints):
        for endpoint in open_ones:
            problems.add(endpoint.where, "priority is missing; give one to every host or to none")
