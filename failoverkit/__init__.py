"""Connection pools that keep working when a replicated database fails over."""

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
