"""From settings to PyMySQL's parameters, and what is wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from failoverkit.model import Host
from failoverkit.secrets import is_secret_name
from failoverkit.settings import Settings
from failoverkit_mysql.parameter_tables import DEFAULTS, INSTEAD, NEEDS, OPTIONS

_DEFAULT_PORT = 3306


def parameters_of(host: Host, settings: Settings) -> dict[str, Any]:
    """Return the parameters of ``Connection`` for one host. They hold the password."""
    options = {name: OPTIONS[name](text) for name, text in settings.options_of(host).items()}
    given = {
        "user": settings.user,
        # As bytes: PyMySQL would take the text for Latin-1 and break off at what that does not have.
        "password": settings.password and settings.password.reveal().encode(),
        "database": settings.database,
        **_place(host),
    }
    return {**DEFAULTS, **{name: value for name, value in given.items() if value is not None}, **options}


def _place(host: Host) -> dict[str, object]:
    if host.address.startswith("/"):
        return {"unix_socket": host.address}
    return {"host": host.address, "port": host.port or _DEFAULT_PORT}


def problems_of(settings: Settings) -> list[str]:
    """Return everything that is wrong with the settings as far as it can be known without a server."""
    problems = list(_problems_of_options("options", settings.options))
    for index, host in enumerate(settings.hosts):
        problems += _problems_of_options(f"hosts[{index}].options", host.options)
    if "unix_socket" in settings.options and len(settings.hosts) > 1:
        problems.append("options.unix_socket: would send every host to one server; give each host its own")
    if not problems:
        problems += _problems_together(settings)
    return problems


def _problems_of_options(where: str, options: Mapping[str, str]) -> Iterator[str]:
    for name, value in options.items():
        problem = _problem_of_name(name) or _problem_of_value(name, value)
        if problem:
            yield f"{where}.{name}: {problem}"


def _problem_of_name(name: str) -> str | None:
    if name in INSTEAD:
        return f"not allowed here: {INSTEAD[name]}"
    if name in OPTIONS:
        return None
    nearest = difflib.get_close_matches(name, OPTIONS, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"there is no such option{hint}"


def _problem_of_value(name: str, value: str) -> str | None:
    try:
        OPTIONS[name](value)
    except ValueError as error:
        return f"{'the value' if is_secret_name(name) else repr(value)} {error}"
    return None


def _problems_together(settings: Settings) -> Iterator[str]:
    """Options that are right one by one may be wrong together, or alone."""
    told = set()
    for host in settings.hosts:
        for problem in _problems_of_one(settings.options_of(host)):
            if problem not in told:
                told.add(problem)
                yield problem


def _problems_of_one(options: Mapping[str, str]) -> Iterator[str]:
    read = {name: OPTIONS[name](text) for name, text in options.items()}
    for name, needed in NEEDS.items():
        if read.get(name) and needed not in read:
            yield f"options.{name}: needs {needed} beside it"
    if read.get("ssl_disabled"):
        for name, value in read.items():
            if name.startswith("ssl_") and name != "ssl_disabled" and value:
                yield f"options.{name}: contradicts ssl_disabled"
