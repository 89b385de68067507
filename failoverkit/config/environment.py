"""Reads ``FAILOVERKIT_…`` variables. A variable that means nothing is a problem, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from failoverkit.config.catalogue import KEYS
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.hosts import Endpoint, read_host_list
from failoverkit.config.layer import Draft, Layer
from failoverkit.config.problems import Problems, inside
from failoverkit.config.suggestions import nearest, unknown
from failoverkit.config.values import from_text, plain_text

PREFIX = "FAILOVERKIT_"

URL = f"{PREFIX}URL"
CONFIG = f"{PREFIX}CONFIG"
NAME = f"{PREFIX}NAME"
PASSWORD = f"{PREFIX}PASSWORD"

SOURCES = frozenset({URL, CONFIG, NAME})
"""Variables that say which pool is meant. They count only where the code does not say it itself."""

_KEYS = {PREFIX + path.upper().replace(".", "_"): key for path, key in KEYS.items() if path != "name"}
_LISTED = f"{PREFIX}HOSTS"

VARIABLES = frozenset({*SOURCES, *_KEYS, PASSWORD, _LISTED})
"""All variables there are."""

_SHORT = {key.name.upper(): variable for variable, key in _KEYS.items()} | {
    variable.removeprefix(PREFIX): variable for variable in VARIABLES
}
"""What people may write instead: ``MAX_SIZE`` and ``POOL_MAX_SIZE``."""


def read_environment(environ: Mapping[str, str], problems: Problems) -> Layer:
    """Return what the variables give, all but those that say which pool is meant."""
    draft = Draft(problems)
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        text = environ[variable]
        if variable not in VARIABLES:
            problems.add(inside("", variable), _unknown(variable))
        elif variable == PASSWORD:
            draft.put("password", variable, partial(plain_text, text))
        elif variable == _LISTED:
            draft.put(HOSTS, variable, partial(_hosts, text, problems))
        elif variable not in SOURCES:
            draft.put(_KEYS[variable].path, variable, partial(from_text, _KEYS[variable], text))
    return draft.layer


def _hosts(text: str, problems: Problems) -> tuple[Endpoint, ...]:
    return read_host_list(plain_text(text).split(","), _LISTED, problems)


def _unknown(variable: str) -> str:
    # Compared without the prefix, which makes any two of them look alike.
    near = nearest(variable.removeprefix(PREFIX), _SHORT)
    return unknown("variable", variable, _SHORT[near] if near else None, "none of ours is like it")
