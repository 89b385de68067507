"""Reads the table of one pool, ``[pools.NAME]``, and ``[defaults]``, which has most of the same keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from failoverkit.config.catalogue import GROUPS, keys_of_group
from failoverkit.config.driver_options import read_options
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.hosts import read_hosts
from failoverkit.config.layer import OPTION, Draft, Layer
from failoverkit.config.problems import Problems, inside
from failoverkit.config.references import resolve
from failoverkit.config.suggestions import unknown_among
from failoverkit.config.url import read_url
from failoverkit.config.values import plain_text, secret_text, table, typed

_PLAIN = {name: key for name, key in keys_of_group("").items() if name != "name"}
_COMMON = frozenset({*_PLAIN, *GROUPS, "password", "options"})
_POOL = frozenset({*_COMMON, HOSTS, "url"})


def read_defaults(value: object, where: str, problems: Problems) -> Layer:
    """Return what ``[defaults]`` gives to every pool of the file."""
    draft = Draft(problems)
    with problems.at(where):
        _read(table(value), where, _COMMON, draft)
    return draft.layer


def read_pool(value: object, where: str, environ: Mapping[str, str], problems: Problems) -> Layer:
    """Return what the table of a pool gives, its URL laid over the rest."""
    draft = Draft(problems)
    with problems.at(where, "driver", HOSTS):
        items = table(value)
        _read({name: item for name, item in items.items() if name != "url"}, where, _POOL, draft)
        if "url" in items:
            url = _read_url(items["url"], f"{where}.url", environ, problems)
            _check_said_once(draft.layer, url, problems)
            return draft.layer | url
    return draft.layer


def _read(items: Mapping[str, object], where: str, known: frozenset[str], draft: Draft) -> None:
    for name, value in items.items():
        place = inside(where, name)
        if name not in known:
            draft.problems.add(place, unknown_among("key", name, known))
        elif name in GROUPS:
            _read_group(name, value, place, draft)
        elif name == "options":
            options = read_options(value, place, draft.problems)
            draft.layer |= {OPTION + option: given for option, given in options.items()}
        else:
            draft.put(name, place, _reader(name, value, place, draft.problems))


def _reader(name: str, value: object, where: str, problems: Problems) -> Callable[[], object]:
    if name == "password":
        return partial(secret_text, value)
    if name == HOSTS:
        return partial(read_hosts, value, where, problems)
    return partial(typed, _PLAIN[name], value)


def _read_group(group: str, value: object, where: str, draft: Draft) -> None:
    keys = keys_of_group(group)
    with draft.problems.at(where):
        for name, item in table(value).items():
            place = inside(where, name)
            if name in keys:
                draft.put(keys[name].path, place, partial(typed, keys[name], item))
            else:
                draft.problems.add(place, unknown_among("key", name, keys))


def _read_url(value: object, where: str, environ: Mapping[str, str], problems: Problems) -> Layer:
    with problems.at(where, "driver", HOSTS, "database"):
        return read_url(resolve(plain_text(value), environ), where, problems)
    return {}


def _check_said_once(own: Layer, url: Layer, problems: Problems) -> None:
    """Note a driver or hosts beside a URL that has them: one of both would be ignored as a whole."""
    for key in sorted({"driver", HOSTS} & own.keys() & url.keys()):
        problems.add(own[key].where, "the url says this already; keep one of both")
