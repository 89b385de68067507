"""Reads keyword arguments. Names of settings are unique, so they need no group: ``max_size=20, hold=30``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from failoverkit.config.catalogue import BY_NAME
from failoverkit.config.driver_options import read_options
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.hosts import read_hosts
from failoverkit.config.layer import OPTION, Draft, Layer
from failoverkit.config.problems import Problems, inside
from failoverkit.config.suggestions import nearest, unknown
from failoverkit.config.values import secret_text, typed

KEYWORDS = frozenset({*BY_NAME, "password", "options", HOSTS})


def read_keywords(keywords: Mapping[str, object], problems: Problems) -> Layer:
    """Return what the keywords give."""
    draft = Draft(problems)
    for name, value in keywords.items():
        if name in BY_NAME:
            draft.put(BY_NAME[name].path, name, partial(typed, BY_NAME[name], value))
        elif name == "password":
            draft.put(name, name, partial(secret_text, value))
        elif name == HOSTS:
            draft.put(name, name, partial(read_hosts, value, name, problems))
        elif name == "options":
            options = read_options(value, name, problems)
            draft.layer |= {OPTION + option: given for option, given in options.items()}
        else:
            problems.add(inside("", name), unknown("keyword", name, nearest(name, KEYWORDS), "none of ours is like it"))
    return draft.layer
