"""From a URL, a TOML file, the environment and keywords to frozen settings; every check lives here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from failoverkit.config.build import build
from failoverkit.config.environment import read_environment
from failoverkit.config.keywords import read_keywords
from failoverkit.config.layer import Layer
from failoverkit.config.problems import Problems
from failoverkit.config.sources import read_source
from failoverkit.settings import Settings

__all__ = ["load"]


def load(
    source: str | Path | Settings | None = None,
    /,
    *,
    name: str | None = None,
    environ: Mapping[str, str] | None = None,
    **keywords: object,
) -> Settings:
    """Return the settings of one pool.

    ``source`` is a URL (a string with ``://``), the path of a TOML file, or None: then the variables
    ``FAILOVERKIT_URL`` and ``FAILOVERKIT_CONFIG`` say which pool is meant. ``name`` names the pool and picks it
    from a TOML file. ``keywords`` are settings by their plain names (``max_size=20, hold=30``), and ``driver``,
    ``hosts``, ``database``, ``user``, ``password``, ``options``, ``strategy``, ``discovery``, ``extensions``.
    Durations are seconds.

    What is said in several places: keywords come before the environment, that before the URL, that before the
    TOML file, and that before the defaults. ``environ`` stands for ``os.environ``; ``{}`` leaves it out. A
    ``Settings`` as the source has been through all that: only the keywords are laid over it.

    Raises ``ConfigError``, and no other error, with every problem there is. Thread-safe: nothing is kept.
    """
    problems = Problems()
    variables = os.environ if environ is None else environ
    base = source if isinstance(source, Settings) else None
    by_keyword = read_keywords(keywords if name is None else {"name": name, **keywords}, problems)
    picked = by_keyword["name"].value if "name" in by_keyword else None
    layer: Layer = {}
    if base is None:
        layer |= read_source(source, picked, variables, problems)
        layer |= read_environment(variables, problems)
    layer |= by_keyword
    return build(layer, base, variables, problems)
