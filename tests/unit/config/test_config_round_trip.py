"""What is written down as a URL, a file or keywords is what is read."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from failoverkit.config import load
from failoverkit.config.addresses import default_name, identity
from failoverkit.config.catalogue import GROUPS, KEYS, Key, keys_of_group
from failoverkit.config.checks import AT_MOST
from failoverkit.model import Host
from failoverkit.options import Options
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

thorough = profile(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

letters = st.characters(exclude_categories=["Cs", "Cc"])
readable = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
secrets = st.text(letters, min_size=1, max_size=12).filter(lambda text: not text.startswith(("env:", "file:")))
option_names = st.from_regex(r"x[a-z0-9]{0,8}", fullmatch=True)
options = st.dictionaries(option_names, st.text(letters, min_size=1, max_size=12), max_size=3).map(Options)
addresses = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{2,5})?", fullmatch=True),
    st.ip_addresses().map(str),
    readable.map(lambda text: f"/{text}"),
)
hosts = st.builds(
    Host,
    name=st.none(),
    address=addresses,
    port=st.one_of(st.none(), st.integers(1, 65535)),
    priority=st.integers(0, 5),
).map(lambda host: replace(host, name=default_name(host.address, host.port)))


def server(host: Host) -> tuple[str, int | None]:
    return identity(host.address), host.port


def name_of(host: Host) -> str:
    return host.name


host_lists = st.lists(hosts, min_size=1, max_size=4, unique_by=(server, name_of))


def values(key: Key) -> st.SearchStrategy[Any]:
    if key.choices:
        return st.sampled_from(key.choices)
    if key.kind is bool:
        return st.booleans()
    if key.kind is str:
        return readable
    if key.kind is int:
        return st.integers(int(key.minimum or 0), int(key.maximum or 0))
    number = st.floats(key.minimum or 0.0, key.maximum, exclude_min=key.above is not None)
    return st.one_of(st.none(), number) if key.optional else number


def group(name: str) -> st.SearchStrategy[Any]:
    chosen = {key.name: values(key) for key in keys_of_group(name).values()}
    pairs = [pair for pair in AT_MOST if pair[0].startswith(name)]
    ordered = st.fixed_dictionaries(chosen).map(lambda given: put_in_order(given, pairs))
    return ordered.map(lambda given: GROUPS[name](**given))


def put_in_order(given: dict[str, Any], pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Lower what may not be more than another."""
    lowered = {KEYS[low].name: min(given[KEYS[low].name], given[KEYS[high].name]) for low, high in pairs}
    return {**given, **lowered}


all_settings = st.builds(
    Settings,
    driver=st.sampled_from(["postgresql", "postgresql+psycopg2", "x.y-z_1"]),
    hosts=host_lists.map(tuple),
    name=readable,
    database=st.one_of(st.none(), readable),
    user=st.one_of(st.none(), readable),
    password=st.one_of(st.none(), secrets.map(Secret)),
    options=options,
    strategy=readable,
    discovery=st.one_of(st.none(), readable),
    extensions=st.booleans(),
    **{name: group(name) for name in GROUPS},
)


def groups_of(settings: Settings) -> dict[str, dict[str, Any]]:
    return {
        name: {field.name: getattr(getattr(settings, name), field.name) for field in fields(cls)}
        for name, cls in GROUPS.items()
    }


def encoded(text: str) -> str:
    return quote(text, safe="")


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "off" if value is None else str(value)


def host_in_url(host: Host) -> str:
    address = f"[{encoded(host.address)}]" if ":" in host.address and host.address[0] != "/" else encoded(host.address)
    # The colons of an IPv6 address stand as they are.
    address = address.replace("%3A", ":") if address.startswith("[") else address
    return address if host.port is None else f"{address}:{host.port}"


def as_url(settings: Settings) -> str:
    user = encoded(settings.user or "")
    password = f":{encoded(settings.password.reveal())}" if settings.password else ""
    user_part = f"{user}{password}@" if settings.user or settings.password else ""
    grouped = {
        f"{group}.{name}": value for group, items in groups_of(settings).items() for name, value in items.items()
    }
    words = {
        "name": settings.name,
        "strategy": settings.strategy,
        "discovery": settings.discovery,
        "extensions": settings.extensions,
        "priority": ",".join(str(host.priority) for host in settings.hosts),
    }
    query = {name: value for name, value in words.items() if value is not None} | grouped | dict(settings.options)
    parameters = "&".join(f"{name}={quote(as_text(value), safe=',')}" for name, value in query.items())
    hosts_part = ",".join(map(host_in_url, settings.hosts))
    return f"{settings.driver}://{user_part}{hosts_part}/{encoded(settings.database or '')}?{parameters}"


def toml_value(value: object) -> str:
    return json.dumps(as_text(value) if value is None else value, ensure_ascii=False)


def toml_table(items: dict[str, Any]) -> str:
    return "".join(f"{toml_value(name)} = {toml_value(value)}\n" for name, value in items.items())


def as_toml(settings: Settings) -> str:
    pool = f"pools.{toml_value(settings.name)}"
    plain = {
        "driver": settings.driver,
        "database": settings.database,
        "user": settings.user,
        "password": settings.password.reveal() if settings.password else None,
        "strategy": settings.strategy,
        "discovery": settings.discovery,
        "extensions": settings.extensions,
    }
    tables = {"options": dict(settings.options), **groups_of(settings)}
    text = f"[{pool}]\n" + toml_table({name: value for name, value in plain.items() if value is not None})
    text += "".join(f"[{pool}.{name}]\n{toml_table(items)}" for name, items in tables.items())
    for host in settings.hosts:
        items = {"address": host.address, "port": host.port, "name": host.name, "priority": host.priority}
        text += f"[[{pool}.hosts]]\n" + toml_table({name: item for name, item in items.items() if item is not None})
    return text


def as_keywords(settings: Settings) -> dict[str, Any]:
    flat = {name: value for items in groups_of(settings).values() for name, value in items.items()}
    plain = {
        name: getattr(settings, name)
        for name in ("driver", "hosts", "name", "database", "user", "password", "options", "strategy", "discovery",
                     "extensions")
    }  # fmt: skip
    return {name: value for name, value in plain.items() if value is not None} | flat


@thorough
@given(all_settings)
def test_a_url_comes_back(settings):
    assert load(as_url(settings), environ={}) == settings


@thorough
@given(all_settings)
def test_a_file_comes_back(toml_file, settings):
    path = toml_file("")
    path.write_text(as_toml(settings), encoding="utf-8")
    assert load(path, environ={}) == settings


@thorough
@given(all_settings)
def test_keywords_come_back(settings):
    assert load(environ={}, **as_keywords(settings)) == settings
