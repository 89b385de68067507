"""Finds out which pool is meant: a URL, a TOML file, or what the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from failoverkit.config.catalogue import KEYS
from failoverkit.config.environment import CONFIG, NAME, URL
from failoverkit.config.hosts import KEY as HOSTS
from failoverkit.config.layer import Draft, Layer
from failoverkit.config.problems import Invalid, Problems, shown
from failoverkit.config.references import resolve
from failoverkit.config.toml import read_toml
from failoverkit.config.url import read_url
from failoverkit.config.values import plain_text, typed


def read_source(source: object, name: str | None, environ: Mapping[str, str], problems: Problems) -> Layer:
    """Return what the source given in code says, or, where it is None, the one the environment names."""
    if source is None:
        return _from_environment(name, environ, problems)
    with problems.at("source", "driver", HOSTS):
        if isinstance(source, str) and "://" in source:
            return read_url(source, "url", problems)
        if isinstance(source, Path):
            return read_toml(source, name, environ, problems)
        if isinstance(source, str):
            return read_toml(Path(plain_text(source)), name, environ, problems)
        raise Invalid(f"expected a URL, the path of a TOML file, Settings or None, got {shown(source)}")
    return {}


def _from_environment(name: str | None, environ: Mapping[str, str], problems: Problems) -> Layer:
    """Return what ``FAILOVERKIT_CONFIG`` gives, and laid over it what ``FAILOVERKIT_URL`` gives."""
    draft = Draft(problems)
    if NAME in environ:
        draft.put("name", NAME, lambda: typed(KEYS["name"], environ[NAME]))
    chosen = draft.layer["name"].value if name is None and draft.layer else name
    file: Layer = {}
    url: Layer = {}
    if CONFIG in environ:
        with problems.at(CONFIG, "driver", HOSTS):
            file = read_toml(_file_in(environ[CONFIG]), chosen, environ, problems)
    if URL in environ:
        with problems.at(URL, "driver", HOSTS):
            url = read_url(resolve(plain_text(environ[URL]), environ), URL, problems)
    return file | url | draft.layer


def _file_in(text: str) -> Path:
    if "://" in text:
        raise Invalid(f"is a URL, and expected was the path of a TOML file; {URL} takes a URL")
    return Path(plain_text(text))
