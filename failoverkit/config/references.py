"""Secrets by reference: ``env:NAME`` and ``file:/path`` stand for a value kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from failoverkit.config.files import read_text
from failoverkit.config.problems import Invalid, shown
from failoverkit.config.values import plain_text

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_LAST_LINE_END = re.compile(r"\r?\n\Z")


def resolve(text: str, environ: Mapping[str, str]) -> str:
    """Return what a reference stands for; any other text is its own value.

    What is found is taken as it is, so a secret that itself begins with ``env:`` can be referred to. Raises
    ``Invalid`` when there is nothing there; the message names the variable or file and shows no content.
    """
    kind, _, target = text.partition(":")
    if kind == "env":
        return _from_variable(target, environ)
    if kind == "file":
        return _from_file(target)
    return text


def _from_variable(name: str, environ: Mapping[str, str]) -> str:
    if not _VARIABLE.fullmatch(name):
        raise Invalid("'env:' needs the name of an environment variable, as in env:DB_PASSWORD")
    if name not in environ:
        raise Invalid(f"refers to the environment variable {name}, which is not set")
    return _content(f"the environment variable {name}", environ[name])


def _from_file(path: str) -> str:
    if not Path(path).is_absolute():
        raise Invalid("'file:' needs an absolute path, as in file:/run/secrets/db_password")
    what = f"the file {shown(path)}"
    try:
        text = read_text(Path(path))
    except Invalid as invalid:
        raise Invalid(f"refers to {what}: {invalid}") from None
    # Editors and `echo` end a file with a newline, which is never part of the secret.
    return _content(what, _LAST_LINE_END.sub("", text))


def _content(what: str, text: str) -> str:
    try:
        return plain_text(text)
    except Invalid as invalid:
        raise Invalid(f"refers to {what}, which {invalid}") from None
