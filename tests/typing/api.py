"""The public API used in every way; type-checked, never run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_type

from failoverkit import (
    Candidate,
    FailoverPool,
    FailoverSettings,
    Host,
    HostStatus,
    MonitorSettings,
    OutcomeUnknown,
    PoolSettings,
    PoolStatus,
    PoolTimeout,
    Secret,
    Selection,
    Settings,
    State,
    Target,
    hookimpl,
)


class Reversed:
    """A strategy passed as an object."""

    @hookimpl
    def failoverkit_rank_hosts(self, candidates: Sequence[Candidate], selection: Selection) -> Sequence[Candidate]:
        return list(reversed(candidates)) if selection.target is Target.ANY else candidates


def make() -> None:
    FailoverPool()
    FailoverPool("postgresql://app@db1,db2/orders")
    FailoverPool("postgresql://app@db1,db2/orders", strategy="latency", max_size=20, hold=30.0)
    FailoverPool("pools.toml", name="orders", strategy=Reversed(), extensions=[object()])
    FailoverPool(
        Settings(
            driver="postgresql",
            hosts=(Host("a", "db1", 5432), Host("b", "db2", priority=1, tags=frozenset({"eu"}))),
            password=Secret("secret"),
            pool=PoolSettings(max_size=20),
            monitor=MonitorSettings(probe_interval=0.5),
            failover=FailoverSettings(failback="manual"),
        )
    )


def use(pool: FailoverPool) -> None:
    with pool, pool.connection() as connection:
        assert_type(connection, Any)
    with pool.connection("prefer-standby", timeout=0.5), pool.connection(Target.STANDBY):
        pass
    connection = pool.getconn("any", timeout=1.0)
    assert_type(pool.host_of(connection), str)
    pool.putconn(connection)
    pool.putconn(connection, close=True)
    pool.wait_until_ready(10.0)
    assert_type(pool.status(), PoolStatus)
    assert_type(pool.status().state, State)
    assert_type(pool.status().active, str | None)
    assert_type(pool.status().hosts, tuple[HostStatus, ...])
    assert_type(pool.stats(), dict[str, dict[str, int]])
    assert_type(pool.settings, Settings)


def operate(pool: FailoverPool) -> None:
    pool.fail_over(to="b")
    pool.fail_back()
    pool.pause()
    pool.resume()
    pool.clear_quarantine("a")
    pool.close(timeout=1.0)


def fail(pool: FailoverPool) -> None:
    try:
        pool.start()
    except PoolTimeout as error:
        assert_type(error.stage, str)
        assert_type(error.counts, dict[str, int])
    except OutcomeUnknown:
        pass
