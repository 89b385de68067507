"""The settings of one pool as frozen values, with defaults, bounds and meaning in one place.

``config`` builds these from a URL, TOML, the environment or keywords and checks them; the documentation's
table is checked against them. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from failoverkit.model import NO_OPTIONS, Host
from failoverkit.secrets import Secret, is_secret_name

Failback = Literal["automatic", "manual", "never"]
OnLoss = Literal["abort", "drain"]
OnSplitBrain = Literal["stay", "suspend"]
Reset = Literal["transaction"]

LONGEST = 2_000_000.0
"""Seconds, about 23 days. Sockets count a timeout as 32-bit milliseconds; longer ones overflow them."""

MOST = 1_000_000
"""No count is larger: a number beyond it is a slip of the keyboard."""


def about(
    doc: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    unit: str = "",
) -> dict[str, Any]:
    """Return the metadata of a setting: what the checks and the documentation need to know of it."""
    return {"doc": doc, "minimum": minimum, "above": above, "maximum": maximum, "unit": unit}


def count(doc: str, *, minimum: int) -> dict[str, Any]:
    """Return the metadata of a whole number."""
    return about(doc, minimum=minimum, maximum=MOST)


def seconds(doc: str, *, minimum: float | None = None) -> dict[str, Any]:
    """Return the metadata of a duration: at least ``minimum``, or more than 0 when there is none."""
    return about(doc, minimum=minimum, above=0.0 if minimum is None else None, maximum=LONGEST, unit="s")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Sizes and times of the connection pool; key prefix ``pool.``."""

    min_size: int = field(default=1, metadata=count("connections kept open per host that serves", minimum=0))
    max_size: int = field(default=10, metadata=count("most connections per host", minimum=1))
    warm_standby: int = field(
        default=1, metadata=count("connections kept open to each standby that may be promoted", minimum=0)
    )
    acquire_timeout: float = field(default=5.0, metadata=seconds("whole acquire, hosts and waiting included"))
    max_waiting: int = field(default=0, metadata=count("callers that may wait; 0 means no limit", minimum=0))
    max_lifetime: float = field(
        default=1800.0,
        metadata=seconds("age at which a connection is retired on return, less up to 5 % jitter"),
    )
    idle_timeout: float = field(
        default=600.0, metadata=seconds("idle time after which a connection above min_size is closed")
    )
    check_idle_after: float = field(
        default=0.5,
        metadata=seconds("idle time after which a connection is checked before it is lent", minimum=0),
    )
    check_timeout: float = field(default=0.5, metadata=seconds("deadline of that check"))
    keepalive: float = field(default=60.0, metadata=seconds("idle time after which a connection is touched"))
    leak_after: float | None = field(
        default=None,
        metadata=seconds("lending time after which a warning shows the borrower's stack; off by default"),
    )
    max_connecting: int = field(default=2, metadata=count("openings at once per host", minimum=1))
    connect_timeout: float = field(default=3.0, metadata=seconds("one opening"))
    reset: Reset = field(default="transaction", metadata=about("how a returned connection is made reusable"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """Probing; key prefix ``monitor.``."""

    probe_interval: float = field(default=1.0, metadata=seconds("time between probes of one host while all is well"))
    probe_timeout: float = field(default=0.5, metadata=seconds("deadline of one probe"))
    quick_interval: float = field(
        default=0.03,
        metadata=seconds("time between probes while a host is suspect or nothing serves; grows while that lasts"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverSettings:
    """What the brain goes by (its *policy*); key prefix ``failover.``."""

    down_after: int = field(default=2, metadata=count("soft evidence in a row that makes a host down", minimum=1))
    up_after: int = field(default=2, metadata=count("good probes in a row that bring a host back", minimum=1))
    failback: Failback = field(
        default="automatic",
        metadata=about("whether traffic goes home to the preferred host by itself"),
    )
    hold: float = field(
        default=60.0,
        metadata=seconds("time the preferred host must be fit before traffic goes home", minimum=0),
    )
    hold_limit: float = field(
        default=3600.0, metadata=seconds("limit of the hold time, which each flap doubles", minimum=0)
    )
    drain: float = field(
        default=10.0,
        metadata=seconds("time lent connections of a demoted host get to finish", minimum=0),
    )
    on_loss: OnLoss = field(default="abort", metadata=about("what happens to lent connections of a lost host"))
    split_brain: OnSplitBrain = field(
        default="stay",
        metadata=about("two primaries that cannot be ordered: stay with the active, or suspend"),
    )
    max_lag: float | None = field(
        default=None,
        metadata=seconds("standbys further behind are not used; unknown lag counts as more", minimum=0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything one pool is made of. ``options`` go to the driver as they are (libpq parameters, say)."""

    driver: str = field(metadata=about("the driver, named as URLs name it"))
    hosts: tuple[Host, ...] = field(metadata=about("the database servers"))
    name: str = field(default="default", metadata=about("the pool's name in events, logs and metrics"))
    database: str | None = field(default=None, metadata=about("database; not given, the driver decides"))
    user: str | None = field(default=None, metadata=about("user; not given, the driver decides"))
    password: Secret | None = field(default=None, metadata=about("the password, or a reference to it"))
    options: Mapping[str, str] = field(
        default=NO_OPTIONS, repr=False, metadata=about("the driver's own options, passed on as they are")
    )
    strategy: str = field(default="priority", metadata=about("strategy that ranks the hosts which may serve"))
    discovery: str | None = field(default=None, metadata=about("plugin that finds the hosts"))
    extensions: bool = field(default=True, metadata=about("whether installed extensions are loaded"))
    pool: PoolSettings = PoolSettings()
    monitor: MonitorSettings = MonitorSettings()
    failover: FailoverSettings = FailoverSettings()

    def options_of(self, host: Host) -> dict[str, str]:
        """Return the driver options of one host: the pool's, with the host's own laid over them."""
        return {**self.options, **host.options}

    def hidden(self) -> tuple[str, ...]:
        """Return every secret text in these settings, for blotting out of messages."""
        options = [self.options, *(host.options for host in self.hosts)]
        named = [text for group in options for name, text in group.items() if is_secret_name(name)]
        password = [self.password.reveal()] if self.password else []
        return tuple(text for text in [*password, *named] if text)
