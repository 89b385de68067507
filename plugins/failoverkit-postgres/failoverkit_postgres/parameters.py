"""From settings to libpq's parameters, and what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extensions

from failoverkit.model import Host
from failoverkit.settings import Settings
from failoverkit_postgres.parameter_tables import ALWAYS, DEFAULTS, INSTEAD, NAMES, NUMBERS


def parameters_of(host: Host, settings: Settings) -> dict[str, Any]:
    """Return the libpq parameters for one host. They hold the password."""
    given = {
        "user": settings.user,
        "password": settings.password and settings.password.reveal(),
        "dbname": settings.database,
    }
    where = {"host": host.address, "port": host.port}
    return {
        name: value
        for name, value in {**DEFAULTS, **given, **settings.options_of(host), **where, **ALWAYS}.items()
        if value is not None
    }


def problems_of(settings: Settings) -> list[str]:
    """Return everything that is wrong with the settings as far as it can be known without a server."""
    problems = list(_problems_of_options("options", settings.options))
    for index, host in enumerate(settings.hosts):
        problems += _problems_of_address(f"hosts[{index}].address", host.address)
        problems += _problems_of_options(f"hosts[{index}].options", host.options)
    if not problems:
        problems += _refusals(settings)
    return problems


def _problems_of_address(where: str, address: str) -> Iterator[str]:
    if "," in address:
        yield f"{where}: {address!r} is several addresses; make each a host of its own"


def _problems_of_options(where: str, options: Mapping[str, str]) -> Iterator[str]:
    for name, value in options.items():
        problem = _problem_of_name(name) or _problem_of_value(name, value)
        if problem:
            yield f"{where}.{name}: {problem}"


def _problem_of_name(name: str) -> str | None:
    if name in INSTEAD:
        return f"not allowed here: {INSTEAD[name]}"
    if _is_known(name):
        return None
    welcome = [name for name in NAMES if name not in INSTEAD and _is_known(name)]
    nearest = difflib.get_close_matches(name, welcome, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"libpq knows no such parameter{hint}"


def _problem_of_value(name: str, value: str) -> str | None:
    if name in NUMBERS and not value.strip().isdecimal():
        return f"{value!r} is not a whole number"
    return _refusal({name: value})


def _refusals(settings: Settings) -> Iterator[str]:
    """Options that are right one by one may be wrong together, a certificate authority and a weak sslmode say."""
    told = set()
    for host in settings.hosts:
        refusal = _refusal(settings.options_of(host))
        if refusal and refusal not in told:
            told.add(refusal)
            yield f"options: {refusal}"


def _is_known(name: str) -> bool:
    try:
        psycopg2.extensions.make_dsn(**{name: "1"})
    except (psycopg2.ProgrammingError, TypeError, ValueError):
        return False
    return True


def _refusal(options: Mapping[str, str]) -> str | None:
    """Ask libpq what it says against these options before it looks for a server.

    It is sent to a Unix socket that cannot exist, so it touches no network; whatever it says other than that there
    is no such socket is about the options.
    """
    said = _complaint(options)
    return None if said == _complaint({}) else said


def _complaint(options: Mapping[str, str]) -> str:
    nowhere = str(Path("/nonexistent/failoverkit"))
    try:
        where: dict[str, Any] = {**options, **ALWAYS, "host": nowhere, "port": 1}
        psycopg2.connect(**where, async_=True).close()
    except (psycopg2.Error, ValueError) as error:
        return str(error).strip()
    return ""
