"""Options that go to the driver as they are. Nothing is known of them here but which hold a secret."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from failoverkit.config.layer import Draft, Given, Layer
from failoverkit.config.problems import Invalid, Problems, inside, shown
from failoverkit.config.references import resolve
from failoverkit.config.values import option_text, table
from failoverkit.options import Options
from failoverkit.secrets import Secret, is_secret_name

LONGEST_NAME = 100


def option_name(name: str) -> str:
    """Return the name of an option, or raise ``Invalid`` when no driver can have one like it."""
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Invalid(f"{shown(name)} cannot be the name of a driver option")
    return name


def read_options(value: object, where: str, problems: Problems) -> Layer:
    """Return the options in a table, by plain name."""
    draft = Draft(problems)
    with problems.at(where):
        for name, given in table(value).items():
            place = inside(where, name)
            with problems.at(place):
                draft.put(option_name(name), place, partial(option_text, given))
    return draft.layer


def resolve_options(given: Mapping[str, Given], environ: Mapping[str, str], problems: Problems) -> Options:
    """Return the options with the references of secret ones resolved."""
    resolved = {}
    for name, (value, where) in given.items():
        with problems.at(where):
            resolved[name] = settle(value, environ) if is_secret_name(name) else _plain(value)
    return Options(resolved)


def settle(value: str | Secret, environ: Mapping[str, str]) -> str:
    """Return the final text of a secret: a ``Secret`` is final already, a text may be a reference."""
    return value.reveal() if isinstance(value, Secret) else resolve(value, environ)


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
