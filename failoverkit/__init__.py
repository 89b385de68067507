"""Connection pools that keep working when a replicated database fails over.

Names are imported when they are first used: a program that only may use a pool, or a test run on a machine that only
has failoverkit installed, pays next to nothing for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from failoverkit.errors import (
        ConfigError,
        FailoverkitError,
        NoHostAvailable,
        OperatorError,
        OutcomeUnknown,
        PluginError,
        PoolClosed,
        PoolTimeout,
        TooManyWaiting,
    )
    from failoverkit.failover_pool import FailoverPool
    from failoverkit.hookspecs import hookimpl
    from failoverkit.model import (
        Candidate,
        ErrorKind,
        Health,
        Host,
        HostStatus,
        PoolStatus,
        Report,
        Role,
        Selection,
        State,
        Target,
    )
    from failoverkit.secrets import Secret
    from failoverkit.settings import FailoverSettings, MonitorSettings, PoolSettings, Settings

__all__ = [
    "Candidate",
    "ConfigError",
    "ErrorKind",
    "FailoverPool",
    "FailoverSettings",
    "FailoverkitError",
    "Health",
    "Host",
    "HostStatus",
    "MonitorSettings",
    "NoHostAvailable",
    "OperatorError",
    "OutcomeUnknown",
    "PluginError",
    "PoolClosed",
    "PoolSettings",
    "PoolStatus",
    "PoolTimeout",
    "Report",
    "Role",
    "Secret",
    "Selection",
    "Settings",
    "State",
    "Target",
    "TooManyWaiting",
    "hookimpl",
]

_HOMES = {
    "errors": (
        "ConfigError",
        "FailoverkitError",
        "NoHostAvailable",
        "OperatorError",
        "OutcomeUnknown",
        "PluginError",
        "PoolClosed",
        "PoolTimeout",
        "TooManyWaiting",
    ),
    "failover_pool": ("FailoverPool",),
    "hookspecs": ("hookimpl",),
    "model": (
        "Candidate",
        "ErrorKind",
        "Health",
        "Host",
        "HostStatus",
        "PoolStatus",
        "Report",
        "Role",
        "Selection",
        "State",
        "Target",
    ),
    "secrets": ("Secret",),
    "settings": ("FailoverSettings", "MonitorSettings", "PoolSettings", "Settings"),
}
"""Where each name lives."""


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"failoverkit.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'failoverkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
