"""What is checked of a plugin before pluggy sees it: mistakes that pluggy passes over in silence."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pluggy

from failoverkit import hookspecs
from failoverkit.errors import PluginError
from failoverkit.hookspecs import PROJECT

REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "driver": ("failoverkit_connect", "failoverkit_classify_error"),
        "strategy": ("failoverkit_rank_hosts",),
        "discovery": ("failoverkit_discover_hosts",),
    }
)
"""Kind of plugin → the hooks it must implement itself."""

KNOWN = frozenset(name for name in vars(hookspecs) if name.startswith(f"{PROJECT}_"))
"""The names of all hooks."""

_reader = pluggy.PluginManager(PROJECT)


def hooks_of(plugin: object) -> dict[str, Any]:
    """Return the hooks a plugin implements, by name, without calling or registering anything.

    A hook that does not exist is among them, unless it is marked with ``optionalhook``.
    """
    found = {}
    for attribute in dir(plugin):
        options = _reader.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            name = options.get("specname") or attribute
            if name in KNOWN or not options.get("optionalhook"):
                found[name] = getattr(plugin, attribute)
    return found


def check_plugin(kind: str, label: str, plugin: object) -> None:
    """Raise ``PluginError`` when a plugin could not do what its author thinks it does."""
    if inspect.isclass(plugin):
        raise PluginError(f"{label} is a class; a plugin is an instance or a module")
    hooks = hooks_of(plugin)
    _refuse_unmarked(label, plugin, hooks)
    _refuse_unknown(label, hooks)
    missing = [name for name in REQUIRED.get(kind, ()) if name not in hooks]
    if missing:
        raise PluginError(f"{label} does not implement {' and '.join(missing)}")
    if not hooks:
        raise PluginError(f"{label} implements no hook")
    for name, function in hooks.items():
        _refuse_arguments_never_passed(label, name, function)


def _refuse_unmarked(label: str, plugin: object, hooks: Mapping[str, Any]) -> None:
    for attribute in dir(plugin):
        if attribute.startswith(f"{PROJECT}_") and attribute not in hooks:
            value = inspect.getattr_static(plugin, attribute)
            if inspect.isroutine(value) and not _is_marked(value):
                raise PluginError(f"{label}: {attribute} is not marked with @failoverkit.hookspecs.hookimpl")


def _refuse_unknown(label: str, hooks: Iterable[str]) -> None:
    """Do what pluggy's ``check_pending`` does later, whose text would show the plugin's repr, secrets and all."""
    for name in hooks:
        if name not in KNOWN:
            nearest = difflib.get_close_matches(name, KNOWN, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"the hooks are {', '.join(sorted(KNOWN))}"
            raise PluginError(f"{label}: there is no hook {name}; {hint}")


def _is_marked(function: object) -> bool:
    return hasattr(function, f"{PROJECT}_impl") or hasattr(function, f"{PROJECT}_spec")


def _refuse_arguments_never_passed(label: str, name: str, function: Any) -> None:
    """Pluggy passes plain positional arguments only; one with a default would silently keep it."""
    for parameter in inspect.signature(function).parameters.values():
        plain = parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        if not plain or parameter.default is not parameter.empty:
            raise PluginError(
                f"{label}: {name} takes {str(parameter)!r}, which would never be passed;"
                " name a hook's arguments plainly, without default or star"
            )
