"""The hosts of a URL: before its path, or as libpq and SQLAlchemy write them in the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from failoverkit.config.addresses import read_port
from failoverkit.config.hosts import KEY, PRIORITY, Endpoint, read_host_list
from failoverkit.config.problems import Invalid, Problems
from failoverkit.config.values import from_text


class Parameter(NamedTuple):
    """One name of the query with its undecoded values; ``where`` is the place to show."""

    where: str
    texts: list[str]


def read_url_hosts(
    before_path: str, parameters: dict[str, Parameter], where: str, problems: Problems
) -> tuple[Endpoint, ...]:
    """Return the hosts, taking out of the parameters those that are about hosts."""
    texts = _host_texts(before_path, parameters.pop("host", None), problems)
    ports, priorities = parameters.pop("port", None), parameters.pop("priority", None)
    endpoints = read_host_list(texts, where, problems)
    if problems.spoiled(KEY):
        return ()
    if ports:
        with problems.at(ports.where, KEY):
            endpoints = _with_ports(endpoints, ports.texts[0])
    if priorities:
        with problems.at(priorities.where, KEY):
            endpoints = _with_priorities(endpoints, priorities.texts[0])
    return endpoints


def _host_texts(before_path: str, listed: Parameter | None, problems: Problems) -> list[str]:
    if before_path and listed:
        with problems.at(listed.where, KEY):
            raise Invalid("hosts stand before the path already; keep one of both")
    if before_path:
        return before_path.split(",")
    return [text for value in listed.texts for text in value.split(",")] if listed else []


def _with_ports(endpoints: Sequence[Endpoint], text: str) -> tuple[Endpoint, ...]:
    if any(endpoint.port is not None for endpoint in endpoints):
        raise Invalid("a host has its port already; give ports in one place")
    ports = [read_port(part) for part in _one_each(text, len(endpoints))]
    return tuple(replace(endpoint, port=port) for endpoint, port in zip(endpoints, ports, strict=True))


def _with_priorities(endpoints: Sequence[Endpoint], text: str) -> tuple[Endpoint, ...]:
    priorities = [from_text(PRIORITY, part) for part in _one_each(text, len(endpoints))]
    return tuple(replace(endpoint, priority=priority) for endpoint, priority in zip(endpoints, priorities, strict=True))


def _one_each(text: str, hosts: int) -> list[str]:
    """Return one text for each host from a list that has one for each, or one for all."""
    parts = text.split(",")
    if not hosts:
        raise Invalid("there is no host in the URL that this could belong to")
    if len(parts) not in {1, hosts}:
        raise Invalid(f"expected one for all hosts or {hosts} with commas between, got {len(parts)}")
    return parts * hosts if len(parts) == 1 else parts
