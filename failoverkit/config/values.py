"""Checks one value against its key. Text is read strictly: no unit, no underscore, no blank is guessed away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from failoverkit.config.catalogue import OFF, Key
from failoverkit.config.problems import Invalid, shown
from failoverkit.config.suggestions import nearest
from failoverkit.secrets import Secret

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_SURROGATE = re.compile("[\ud800-\udfff]")
"""What Python makes of a byte in the environment that is not UTF-8."""

_TRUTH = {"true": True, "false": False}
_DRIVER = re.compile(r"[a-z][a-z0-9_.-]*(\+[a-z0-9_.-]+)?")


def from_text(key: Key, text: str) -> Any:
    """Return the value that a URL or an environment variable means by this text, or raise ``Invalid``."""
    number = _number_in(key, text)
    if number is not None:
        return number if _in_bounds(key, number) else _refuse(key, text)
    if key.kind is bool:
        return typed(key, _TRUTH.get(text, text))
    return typed(key, text)


def _number_in(key: Key, text: str) -> int | float | None:
    if key.kind is int and _WHOLE.fullmatch(text):
        return int(text)
    if key.kind is float and _NUMBER.fullmatch(text):
        return float(text)
    return None


def typed(key: Key, value: object) -> Any:
    """Return a value from TOML or a keyword, or raise ``Invalid``. A whole number will do for seconds."""
    if value is None and key.can_be_off:
        return None
    if isinstance(value, str) and value == OFF and key.can_be_off:
        return None
    if key.kind is str:
        return _choice(key, value) if key.choices else _text(key, value)
    if key.kind is bool:
        return _truth(key, value)
    return _number(key, value)


def plain_text(value: object) -> str:
    """Return a text that any driver can take, or raise ``Invalid``; the message does not show it."""
    if not isinstance(value, str):
        raise Invalid(f"expected text, got {_type_only(value)}")
    if not value:
        raise Invalid("is empty; write a value or leave it out")
    if "\0" in value:
        raise Invalid("holds a NUL character")
    if _SURROGATE.search(value):
        raise Invalid("is not valid text: some of its bytes are not UTF-8")
    return value


def option_text(value: object) -> str | Secret:
    """Return a driver option as text, or raise ``Invalid``; the message does not show it."""
    if isinstance(value, Secret):
        return secret_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value) in {int, float}:
        return _number_text(value)
    if not isinstance(value, str):
        raise Invalid(f"expected text, a number, true or false, got {_type_only(value)}")
    return plain_text(value)


def secret_text(value: object) -> str | Secret:
    """Return a secret, or a reference to one, or raise ``Invalid``; the message does not show it."""
    if isinstance(value, Secret):
        plain_text(value.reveal())
        return value
    return plain_text(value)


def table(value: object) -> Mapping[str, Any]:
    """Return a TOML table (or a mapping from a keyword) whose names are texts, or raise ``Invalid``."""
    if not isinstance(value, Mapping):
        raise Invalid(f"expected a table, got {shown(value)}")
    for name in value:
        if not isinstance(name, str):
            raise Invalid(f"expected names that are texts, got {shown(name)}")
    return value


def _text(key: Key, value: object) -> str:
    text = plain_text(value)
    if not text.isprintable() or text != text.strip():
        raise Invalid(f"{shown(text)} has blanks around it or characters that cannot be printed")
    if key.path == "driver" and not _DRIVER.fullmatch(text):
        raise Invalid(f"{shown(text)} is not a driver name; it looks like postgresql or postgresql+psycopg2")
    return text


def _truth(key: Key, value: object) -> bool:
    if not isinstance(value, bool):
        _refuse(key, value)
    return value


def _choice(key: Key, value: object) -> str:
    if isinstance(value, str) and value in key.choices:
        return value
    near = nearest(value, key.choices) if isinstance(value, str) else None
    raise Invalid(_expectation(key, value) + (f"; did you mean {near}?" if near else ""))


def _number(key: Key, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(key, value)
    if not _in_bounds(key, value) or (key.kind is int and not isinstance(value, int)):
        _refuse(key, value)
    return int(value) if key.kind is int else float(value)


def _in_bounds(key: Key, value: float) -> bool:
    # NaN is in no bounds. A whole number is compared as it is: one of 400 digits has no float.
    return (
        (key.minimum is None or value >= key.minimum)
        and (key.above is None or value > key.above)
        and (key.maximum is None or value <= key.maximum)
    )


def _number_text(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 64:
        raise Invalid("is a huge number; write it as text if the driver really takes it")
    return str(value)


def _refuse(key: Key, value: object) -> NoReturn:
    raise Invalid(_expectation(key, value))


def _expectation(key: Key, value: object) -> str:
    return f"expected {key.expected}, got {shown(value)}"


def _type_only(value: object) -> str:
    names = {int: "a number", float: "a number", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), shown(value))
