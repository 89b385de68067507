"""Whatever comes in, out come sound settings or a ``ConfigError``, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from failoverkit.config import load
from failoverkit.config.catalogue import GROUPS, KEYS, Key
from failoverkit.config.checks import AT_MOST
from failoverkit.config.environment import VARIABLES
from failoverkit.config.keywords import KEYWORDS
from failoverkit.errors import ConfigError
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

thorough = profile(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

# Pieces that matter to the parsers, so that most inputs get past the first check.
LONG_MARKS = ["://", "%zz", "%00", "%ff", "%2F", "[::1]", "%25eth0"]
MARKS = [*"@:/?#&=%,.[]+ \t\n\0\x7f\ud800\u2028\u0665é'\"{}", *LONG_MARKS]
WORDS = [
    *KEYS,
    *(key.name for key in KEYS.values()),
    "host",
    "port",
    "priority",
    "password",
    "options.",
    "options.x",
    "sslmode",
]
VALUES = ["0", "1", "-1", "65536", "nan", "inf", "1e999", "9" * 50, "off", "true", "env:A", "env:B", "file:/", "a,b"]
pieces = st.one_of(st.sampled_from(MARKS), st.sampled_from(WORDS), st.sampled_from(VALUES), st.text(max_size=8))
jumble = st.lists(pieces, max_size=12).map("".join)
ENVIRON = {"A": "postgresql://app:pw@db1/orders", "B": "b\ud800", "FAILOVERKIT_POOL_MAX_SIZE": "50"}


def check_outcome(build: Callable[[], Settings]) -> None:
    """Check that the outcome is one of the two, and that it is sound."""
    outcome = outcome_of(build)
    if isinstance(outcome, Settings):
        check_settings(outcome)
    else:
        assert outcome.problems
        assert [problem for problem in outcome.problems if not problem.isprintable() or len(problem) > 1200] == []


def outcome_of(build: Callable[[], Settings]) -> Settings | ConfigError:
    try:
        return build()
    except ConfigError as error:
        return error


def check_settings(settings: Settings) -> None:
    assert settings.hosts or settings.discovery
    assert len({host.name for host in settings.hosts}) == len(settings.hosts)
    for key in KEYS.values():
        check_bounds(key, value_of(settings, key))
    for low, high in AT_MOST:
        assert value_of(settings, KEYS[low]) <= value_of(settings, KEYS[high])


def value_of(settings: Settings, key: Key) -> Any:
    group = key.path.rpartition(".")[0]
    return getattr(getattr(settings, group) if group else settings, key.name)


def check_bounds(key: Key, value: Any) -> None:
    if value is None:
        assert key.optional
        return
    assert type(value) is key.kind
    assert not key.choices or value in key.choices
    assert key.minimum is None or value >= key.minimum
    assert key.above is None or value > key.above
    assert key.maximum is None or value <= key.maximum


user_parts = st.one_of(st.just(""), jumble.map(lambda text: f"{text}@"), st.just("app:pw@"))
parameters = st.builds(
    "{}={}".format, st.one_of(st.sampled_from(WORDS), jumble), st.one_of(st.sampled_from(VALUES), jumble)
)
urls = st.builds(
    "{}://{}{}/{}?{}".format,
    st.one_of(st.just("postgresql"), jumble),
    user_parts,
    st.lists(st.one_of(st.sampled_from(["db1", "db2:5432", "[::1]:1", "%2Fsock"]), jumble), max_size=3).map(",".join),
    jumble,
    st.lists(parameters, max_size=4).map("&".join),
)


@thorough
@given(st.one_of(urls, jumble.map(lambda text: f"x://{text}"), jumble, st.text()))
def test_any_url(url):
    check_outcome(lambda: load(url, environ=ENVIRON))


scalars = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.sampled_from(VALUES), st.sampled_from([10**30, 5, 0.5]), jumble
)
tables = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(WORDS), jumble), inner, max_size=4)
    ),
    max_leaves=8,
)
groups = {
    group: st.dictionaries(st.sampled_from([field.name for field in fields(cls)]), scalars, max_size=3)
    for group, cls in GROUPS.items()
}
hosts = st.lists(
    st.dictionaries(st.sampled_from(["address", "port", "name", "priority", "tags", "options"]), tables, max_size=4),
    max_size=3,
)
likely = {
    "driver": st.one_of(st.just("x"), tables),
    "url": st.one_of(urls, st.just("env:A"), tables),
    "hosts": st.one_of(hosts, tables),
    "options": st.one_of(st.dictionaries(jumble, scalars, max_size=3), tables),
    "password": st.one_of(st.just("env:A"), scalars),
    "user": scalars,
    "strategy": scalars,
    **{group: st.one_of(items, tables) for group, items in groups.items()},
}
pools = st.one_of(
    st.sets(st.sampled_from(sorted(likely)), max_size=5).flatmap(
        lambda names: st.fixed_dictionaries({name: likely[name] for name in sorted(names)})
    ),
    tables,
)
documents = st.one_of(
    st.fixed_dictionaries({"pools": st.dictionaries(st.sampled_from(["orders", "a b", ""]), pools, max_size=2)}),
    st.fixed_dictionaries({"pools": st.fixed_dictionaries({"orders": pools}), "defaults": pools}),
    st.dictionaries(st.one_of(st.sampled_from(["pools", "defaults", "pool"]), jumble), tables, max_size=3),
)


def as_toml(value: Any) -> str:
    """Write a value as TOML, tables inline; what TOML cannot hold becomes text that is not TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(name)} = {as_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def document_as_toml(document: dict[str, Any]) -> str:
    return "".join(f"{as_toml(name)} = {as_toml(value)}\n" for name, value in document.items())


@thorough
@given(documents, st.sampled_from([None, "orders", "none", ""]))
def test_any_toml_document(toml_file, document, name):
    path = toml_file("")
    path.write_bytes(document_as_toml(document).encode(errors="replace"))
    check_outcome(lambda: load(path, name=name, environ=ENVIRON))


@thorough
@given(st.one_of(st.binary(max_size=60), st.builds(lambda text: text.encode(errors="replace"), jumble)))
def test_any_file(toml_file, content):
    path = toml_file("")
    path.write_bytes(content)
    check_outcome(lambda: load(path, environ={}))


variables = st.one_of(st.sampled_from(sorted(VARIABLES)), jumble.map(lambda text: f"FAILOVERKIT_{text}"))


@thorough
@given(st.dictionaries(variables, st.one_of(urls, st.sampled_from(VALUES), jumble, st.just("/")), max_size=4))
def test_any_environment(environ):
    check_outcome(lambda: load(environ=environ))


things = st.one_of(tables, st.none(), st.binary(max_size=5), st.just(object()), st.builds(Secret, jumble))


@thorough
@given(st.dictionaries(st.one_of(st.sampled_from(sorted(KEYWORDS)), jumble), things, max_size=4))
def test_any_keywords(keywords):
    given_names = {"name": keywords.pop("name", None)}
    keywords.pop("environ", None)
    check_outcome(lambda: load("x://db1", environ={}, **given_names, **keywords))


@pytest.mark.parametrize("source", [None, 5, b"x://db1", [], object(), {"url": "x://db1"}, float("nan")])
def test_any_other_source(source):
    with pytest.raises(ConfigError):
        load(source, environ={})
