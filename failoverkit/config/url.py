"""Reads a pool's URL. Nothing is corrected: what does not mean exactly one thing is a problem.

``driver://user:password@host:port,host:port/database?key=value&key=value``
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from failoverkit.config.catalogue import KEYS
from failoverkit.config.driver_options import option_name
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.layer import OPTION, Draft, Given, Layer
from failoverkit.config.percent import decoded
from failoverkit.config.problems import Invalid, Problems, shown
from failoverkit.config.suggestions import nearest, unknown
from failoverkit.config.url_hosts import Parameter, read_url_hosts
from failoverkit.config.values import from_text, plain_text, secret_text, typed

_AFTER_SCHEME = re.compile(r"(?:([^/?@]*)@)?([^/?@]*)(?:/([^?@]*))?(?:\?([^@]*))?")
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")

# `driver` is not among them: the scheme names ours, and ODBC has an option of that name.
WORDS = frozenset({"password", "host", "port", "priority", *KEYS} - {"driver"})
"""The names in the query that are ours; any other without a dot is the driver's."""

_PREFIXES = "a name with a dot begins with pool., monitor., failover. or options."

_BY_NAME = {full.rpartition(".")[2]: full for full in WORDS}
_OWN = _BY_NAME | {full: full for full in WORDS}
_DISTINCT = [name for name in _OWN if "_" in name]
"""Names no driver has anything like: `keepalive`, for one, is too near to libpq's `keepalives`."""


def read_url(text: str, where: str, problems: Problems) -> Layer:
    """Return what a URL gives. What is wrong with it is noted; no message shows its user's part."""
    draft = Draft(problems)
    with problems.at(where, "driver", HOSTS, "database"):
        scheme, hosts, pairs = _split(text)
        draft.put("driver", f"{where}: driver", partial(typed, KEYS["driver"], scheme))
        parameters = _by_key(pairs, where, problems)
        endpoints = read_url_hosts(hosts, parameters, where, problems)
        if endpoints:
            draft.layer[HOSTS] = Given(endpoints, where)
        for key, (place, texts) in parameters.items():
            draft.put(key, place, partial(_read_value, key, texts[0]))
    return draft.layer


def _split(text: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Return scheme, hosts, and all else as names with undecoded values."""
    if not text.isprintable() or any(character.isspace() for character in text):
        raise Invalid("holds a blank or a character that cannot be printed; percent-encode it (a blank is %20)")
    if "#" in text:
        raise Invalid("holds a '#'; write it as %23")
    scheme, mark, rest = text.partition("://")
    if not mark:
        raise Invalid("is not a URL; one looks like postgresql://user:password@db1:5432,db2:5432/orders")
    match = _AFTER_SCHEME.fullmatch(rest)
    if not match:
        raise Invalid(
            "an '@' stands only between the user's part and the hosts; write any other as %40"
            " (and in a user or password '/' as %2F and '?' as %3F)"
        )
    user, hosts, database, query = match.groups()
    if hosts and database and database.startswith("/"):
        raise Invalid("two slashes stand before the database; write one")
    path = [("database", database)] if database else []
    return scheme, hosts, [*_user_part(user), *path, *_query(query)]


def _user_part(text: str | None) -> list[tuple[str, str]]:
    if text is None:
        return []
    user, colon, password = text.partition(":")
    if not text:
        raise Invalid("nothing stands before the '@'; write a user or remove the '@'")
    given = [("user", user)] if user else []
    return [*given, ("password", password)] if colon else given


def _query(text: str | None) -> list[tuple[str, str]]:
    if text is None:
        return []
    pieces = [piece.partition("=") for piece in text.split("&")]
    return [(name, value) for name, _, value in pieces]


def _by_key(pairs: Sequence[tuple[str, str]], where: str, problems: Problems) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for encoded, text in pairs:
        with problems.at(where):
            name = decoded(encoded)
            place = f"{where}: {name if _SIMPLE_NAME.fullmatch(name) else shown(name)}"
            with problems.at(place):
                key = _key_of(name)
                found.setdefault(key, Parameter(place, [])).texts.append(text)
    for key, parameter in found.items():
        if len(parameter.texts) > 1 and key != "host":
            problems.add(parameter.where, "is given twice; keep one")
    return found


def _key_of(name: str) -> str:
    """Return the key of a layer that a name in the query means, or raise ``Invalid``."""
    if not name:
        raise Invalid("a parameter without a name; each is written name=value, with one '&' between two")
    if name in WORDS:
        return name
    if name.startswith(OPTION):
        return OPTION + option_name(name.removeprefix(OPTION))
    if "." in name:
        raise Invalid(unknown("key", name, _nearest_key(name), _PREFIXES))
    own = nearest(name, _OWN, cutoff=1.0) or nearest(name, _DISTINCT, cutoff=0.85)
    if own is not None:
        raise Invalid(f"did you mean {_OWN[own]}? To give it to the driver, write {shown(OPTION + name)}")
    return OPTION + option_name(name)


def _nearest_key(name: str) -> str | None:
    full = nearest(name, WORDS, cutoff=0.8)
    own = full or nearest(name.rpartition(".")[2], _BY_NAME)
    return _OWN[own] if own else None


def _read_value(key: str, text: str) -> object:
    value = decoded(text)
    if not value:
        raise Invalid("is empty; write a value or leave it out")
    if key == "password":
        return secret_text(value)
    return plain_text(value) if key.startswith(OPTION) else from_text(KEYS[key], value)
