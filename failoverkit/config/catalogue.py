"""Every key there is, read off the dataclasses in ``settings``: a setting is declared there and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType, NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from failoverkit.settings import FailoverSettings, MonitorSettings, PoolSettings, Settings

Group = type[PoolSettings] | type[MonitorSettings] | type[FailoverSettings]

GROUPS: Mapping[str, Group] = MappingProxyType(
    {"pool": PoolSettings, "monitor": MonitorSettings, "failover": FailoverSettings}
)

OFF = "off"
"""How a duration that may be absent is switched off in text and in TOML, which has no null."""

COMPOSED = frozenset({"hosts", "password", "options", *GROUPS})
"""Fields of ``Settings`` that are more than one plain value; the readers know each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One plain setting: its full name (``pool.max_size``) and what may be written for it."""

    path: str
    kind: type[int | float | bool | str]
    choices: tuple[str, ...] = ()
    optional: bool = False
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    default: object = None
    unit: str = ""
    doc: str = ""

    @property
    def name(self) -> str:
        """The name without its group."""
        return self.path.rpartition(".")[2]

    @property
    def can_be_off(self) -> bool:
        """Whether ``off`` may be written for it."""
        return self.optional and self.kind is float

    @property
    def expected(self) -> str:
        """What may be written for it, in words."""
        words = _alternatives(self.choices) if self.choices else self._expected_kind()
        return f"{words}, or {OFF}" if self.can_be_off else words

    def _expected_kind(self) -> str:
        if self.kind is int:
            return f"a whole number from {self.minimum:.0f} to {self.maximum:.0f}"
        if self.kind is float and self.above is not None:
            return f"seconds as a number above {self.above:.0f}, at most {self.maximum:.0f}"
        if self.kind is float:
            return f"seconds as a number from {self.minimum:.0f} to {self.maximum:.0f}"
        return "true or false" if self.kind is bool else "text"


def _alternatives(choices: tuple[str, ...]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _key(path: str, hint: Any, default: object, metadata: Mapping[str, Any]) -> Key:
    is_choice = get_origin(hint) is Literal
    kinds = [] if is_choice else [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
    return Key(
        path=path,
        kind=kinds[0] if kinds else str,
        choices=get_args(hint) if is_choice else (),
        optional=NoneType in get_args(hint),
        default=None if default is MISSING else default,
        **metadata,
    )


def _keys_of(cls: type[Settings] | Group, prefix: str) -> list[Key]:
    hints = get_type_hints(cls)
    return [
        _key(prefix + field.name, hints[field.name], field.default, field.metadata)
        for field in fields(cls)
        if prefix or field.name not in COMPOSED
    ]


def _all_keys() -> list[Key]:
    grouped = [key for prefix, cls in GROUPS.items() for key in _keys_of(cls, f"{prefix}.")]
    return _keys_of(Settings, "") + grouped


KEYS: Mapping[str, Key] = MappingProxyType({key.path: key for key in _all_keys()})
"""All plain settings by full name."""

BY_NAME: Mapping[str, Key] = MappingProxyType({key.name: key for key in KEYS.values()})
"""The same by the name without the group, which is unique."""


def keys_of_group(group: str) -> dict[str, Key]:
    """Return the keys of one group (``""``: those of the pool as a whole) by the name without the group."""
    return {key.name: key for key in KEYS.values() if key.path.rpartition(".")[0] == group}
