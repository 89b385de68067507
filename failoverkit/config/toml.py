"""Reads one pool of a TOML file: ``[defaults]``, over them ``[pools.NAME]``, over that the URL given there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from failoverkit.config.catalogue import KEYS
from failoverkit.config.files import MISSING, read_text
from failoverkit.config.layer import Draft, Layer
from failoverkit.config.pool_table import read_defaults, read_pool
from failoverkit.config.problems import Invalid, Problems, inside, shown
from failoverkit.config.suggestions import unknown_among
from failoverkit.config.values import table, typed

_PATH = re.compile(r"([A-Za-z]:)?[^:]*")

TABLES = ("defaults", "pools")


def read_toml(path: Path, name: str | None, environ: Mapping[str, str], problems: Problems) -> Layer:
    """Return what the file gives for the pool of this name, or for its only pool.

    Raises ``Invalid`` when the file as a whole is of no use; the message names it.
    """
    document = _parse(path)
    for key in sorted(document.keys() - set(TABLES)):
        problems.add(inside("", key), unknown_among("table", key, TABLES))
    pools = _pools(document)
    defaults = read_defaults(document.get("defaults", {}), "defaults", problems)
    chosen = _choose(pools, name)
    where = inside("pools", chosen)
    draft = Draft(problems)
    draft.put("name", where, lambda: typed(KEYS["name"], chosen))
    return defaults | read_pool(pools[chosen], where, environ, problems) | draft.layer


def _parse(path: Path) -> dict[str, Any]:
    file = _shown_path(str(path))
    try:
        return tomllib.loads(read_text(path))
    except Invalid as invalid:
        hint = " (a URL would have '://')" if str(invalid) == MISSING else ""
        raise Invalid(f"{file}: {invalid}{hint}") from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file} is not TOML: {error}") from None
    except (ValueError, RecursionError):  # a number of 5000 digits, ten thousand brackets
        raise Invalid(f"{file} is not TOML that can be read: a number too long or nested too deep") from None


def _shown_path(path: str) -> str:
    # What has no '://' is taken for a path; with a colon it may be a URL gone wrong, with its password.
    return shown(path) if _PATH.fullmatch(path) else "'***'"


def _pools(document: Mapping[str, Any]) -> Mapping[str, Any]:
    pools = document.get("pools", {})
    if not isinstance(pools, dict):
        raise Invalid(f"pools: expected a table, got {shown(pools)}")
    if not pools:
        raise Invalid("the file has no pool; write a table [pools.NAME]")
    return table(pools)


def _choose(pools: Mapping[str, Any], name: str | None) -> str:
    if name is None and len(pools) > 1:
        raise Invalid(f"the file has several pools; pass name= with one of: {', '.join(map(shown, sorted(pools)))}")
    if name is None:
        return next(iter(pools))
    if name not in pools:
        raise Invalid(unknown_among("pool", name, pools))
    return name
