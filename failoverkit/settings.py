"""The settings of one pool as frozen values, with defaults, bounds and meaning in one place.

``config`` builds these from a URL, TOML, the environment or keywords and checks them; the documentation's table is
checked against them. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from failoverkit.model import NO_OPTIONS, Host
from failoverkit.secrets import Secret

Failback = Literal["automatic", "manual", "never"]
OnLoss = Literal["abort", "drain"]
OnSplitBrain = Literal["stay", "suspend"]
Reset = Literal["transaction"]


def setting(  # noqa: D103 - a dataclass field with what config and docs need to know
    default: Any, doc: str, *, minimum: float | None = None, above: float | None = None, unit: str = ""
) -> Any:
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "above": above, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Sizes and times of the connection pool; key prefix ``pool.``."""

    min_size: int = setting(1, "connections kept open per host that serves", minimum=0)
    max_size: int = setting(10, "most connections per host", minimum=1)
    warm_standby: int = setting(1, "connections kept open to each standby that may be promoted", minimum=0)
    acquire_timeout: float = setting(5.0, "whole acquire, hosts and waiting included", above=0, unit="s")
    max_waiting: int = setting(0, "callers that may wait; 0 means no limit", minimum=0)
    max_lifetime: float = setting(
        1800.0, "age at which a connection is retired on return, less up to 5 % jitter", above=0, unit="s"
    )
    idle_timeout: float = setting(600.0, "idle time after which a connection above min_size is closed", above=0, unit="s")
    check_idle_after: float = setting(0.5, "idle time after which a connection is checked before it is lent", minimum=0, unit="s")
    check_timeout: float = setting(0.5, "deadline of that check", above=0, unit="s")
    keepalive: float = setting(60.0, "idle time after which a connection is touched", above=0, unit="s")
    leak_after: float | None = setting(None, "lending time after which a warning shows the borrower's stack; off by default", above=0, unit="s")
    max_connecting: int = setting(2, "openings at once per host", minimum=1)
    connect_timeout: float = setting(3.0, "one opening", above=0, unit="s")
    reset: Reset = setting("transaction", "how a returned connection is made reusable")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """Probing; key prefix ``monitor.``."""

    probe_interval: float = setting(1.0, "time between probes of one host while all is well", above=0, unit="s")
    probe_timeout: float = setting(0.5, "deadline of one probe", above=0, unit="s")
    quick_interval: float = setting(
        0.03, "time between probes while a host is suspect or nothing serves; grows while that lasts", above=0, unit="s"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverSettings:
    """What the brain goes by (its *policy*); key prefix ``failover.``."""

    down_after: int = setting(2, "soft evidence in a row that makes a host down", minimum=1)
    up_after: int = setting(2, "good probes in a row that bring a host back", minimum=1)
    failback: Failback = setting("automatic", "automatic, manual or never")
    hold: float = setting(60.0, "time the preferred host must be fit before traffic goes home", minimum=0, unit="s")
    hold_limit: float = setting(3600.0, "limit of the hold time, which each flap doubles", minimum=0, unit="s")
    drain: float = setting(10.0, "time lent connections of a demoted host get to finish", minimum=0, unit="s")
    on_loss: OnLoss = setting("abort", "what happens to lent connections of a lost host")
    split_brain: OnSplitBrain = setting("stay", "two primaries that cannot be ordered: stay with the active, or suspend")
    max_lag: float | None = setting(None, "standbys further behind are not used; unknown lag counts as more", minimum=0, unit="s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything one pool is made of. ``options`` go to the driver as they are (libpq parameters, for example)."""

    driver: str
    hosts: tuple[Host, ...]
    name: str = "default"
    database: str | None = None
    user: str | None = None
    password: Secret | None = None
    options: Mapping[str, str] = field(default=NO_OPTIONS, repr=False)
    strategy: str = "priority"
    discovery: str | None = None
    extensions: bool = True
    pool: PoolSettings = PoolSettings()
    monitor: MonitorSettings = MonitorSettings()
    failover: FailoverSettings = FailoverSettings()

    def options_of(self, host: Host) -> dict[str, str]:
        """Return the driver options of one host: the pool's, with the host's own laid over them."""
        return {**self.options, **host.options}
