"""What users hold: how it is made, what it says of itself, and that it tells no secrets."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator

import pytest

from failoverkit import ConfigError, FailoverkitError, FailoverPool, Health, Role, State
from failoverkit.errors import OperatorError, PluginError
from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Host
from failoverkit.testing import FakeCluster, FakeError

SECRET = "hunter2-and-more"


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(["a", "b"])


@pytest.fixture
def pool(cluster: FakeCluster) -> Iterator[FailoverPool]:
    with FailoverPool(cluster.url, name="orders", warm_standby=0) as pool:
        pool.wait_until_ready(10.0)
        yield pool


# -- how it is made --------------------------------------------------------------------------------------------------


def test_it_is_made_of_a_url_with_keywords_over_it(cluster: FakeCluster) -> None:
    pool = FailoverPool(f"{cluster.url}?pool.max_size=3", max_size=7, hold=5.0)
    assert (pool.settings.pool.max_size, pool.settings.failover.hold) == (7, 5.0)


def test_it_is_made_of_ready_settings(cluster: FakeCluster) -> None:
    settings = dataclasses.replace(cluster.settings, name="ready")
    assert FailoverPool(settings).settings == settings


def test_a_strategy_is_a_name_or_an_object(cluster: FakeCluster) -> None:
    class Last:
        @hookimpl
        def failoverkit_rank_hosts(self, candidates):
            return list(reversed(candidates))

    assert FailoverPool(cluster.url, strategy="round-robin").settings.strategy == "round-robin"
    with FailoverPool(cluster.url, strategy=Last()) as pool:
        pool.wait_until_ready(10.0)
        assert pool.host_of(pool.getconn("any", timeout=10.0)) == "b"


def test_an_unknown_strategy_is_an_error_that_names_those_there_are(cluster: FakeCluster) -> None:
    with pytest.raises((PluginError, ConfigError), match="round-robin"):
        FailoverPool(cluster.url, strategy="round-robbin")


def test_what_the_driver_has_to_say_of_the_settings_is_raised(cluster: FakeCluster) -> None:
    with pytest.raises(ConfigError, match="the fake driver has no options"):
        FailoverPool(f"{cluster.url}?sslmode=require")


def test_hosts_may_be_discovered(cluster: FakeCluster) -> None:
    class Finder:
        @hookimpl
        def failoverkit_discover_hosts(self):
            return [Host("b", "b")]

    settings = dataclasses.replace(cluster.settings, hosts=(), discovery="somewhere")
    from failoverkit.failover_pool import _with_hosts
    from failoverkit.plugins import load

    plugins = load(cluster.settings, extensions=[Finder()])
    assert [host.name for host in _with_hosts(settings, plugins).hosts] == ["b"]


def test_nothing_is_connected_before_the_first_use(cluster: FakeCluster) -> None:
    FailoverPool(cluster.url)
    assert cluster["a"].connects == 0


def test_start_watches_without_borrowing(cluster: FakeCluster) -> None:
    pool = FailoverPool(cluster.url)
    pool.start()
    pool.start()
    cluster.wait_until(lambda: cluster["b"].open_connections > 0)
    pool.close()


# -- what it says of itself ------------------------------------------------------------------------------------------


def test_status_is_a_picture_of_everything(pool: FailoverPool) -> None:
    held = pool.getconn()
    status = pool.status()
    assert (status.state, status.active, status.paused, status.waiting) == (State.HEALTHY, "a", False, 0)
    a, b = status.hosts
    assert (a.name, a.health, a.role, a.active, a.stale, a.quarantined) == (
        "a", Health.UP, Role.PRIMARY, True, False, False,
    )  # fmt: skip
    assert (a.epoch, a.lag, a.reason, a.idle, a.lent, a.opening, a.waiting, a.generation) == (
        1, None, "", 0, 1, 0, 0, 0,
    )  # fmt: skip
    assert a.latency is not None
    assert (b.active, b.role, b.lag, b.reason) == (False, Role.STANDBY, 0.0, "is a standby")
    with pytest.raises(dataclasses.FrozenInstanceError):
        status.active = "b"  # type: ignore[misc]
    pool.putconn(held)
    assert (held, pool.status().hosts[0].idle) == (held, 1)


def test_stats_count_what_happened(pool: FailoverPool, cluster: FakeCluster) -> None:
    before = pool.stats()["a"]
    pool.putconn(pool.getconn())
    pool.putconn(pool.getconn(), close=True)
    counted = pool.stats()["a"]
    assert counted["lendings"] - before["lendings"] == 2
    assert counted["closed"] - before["closed"] == 1
    assert set(counted) == {"lendings", "opened", "open_failed", "closed", "aborted", "dead_idle"}
    assert set(pool.stats()) == {"a", "b"}


def test_repr_says_which_pool_it_is(pool: FailoverPool) -> None:
    assert repr(pool) == "<FailoverPool 'orders' fake a,b>"


def test_the_host_of_a_connection(pool: FailoverPool) -> None:
    with pool.connection("standby") as connection:
        assert pool.host_of(connection) == "b"
    with pytest.raises(FailoverkitError, match="not lent by this pool"):
        pool.host_of(connection)


def test_operators_are_told_why_not(pool: FailoverPool) -> None:
    for wish, why in [
        (lambda: pool.fail_over(to="b"), "is a standby"),
        (lambda: pool.fail_over(to="x"), "there is no host x"),
        (pool.fail_back, "no host is preferred"),
        (lambda: pool.clear_quarantine("a"), "is not quarantined"),
    ]:
        with pytest.raises(OperatorError, match=why):
            wish()


def test_secrets_show_nowhere(cluster: FakeCluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.password = SECRET
    events: list[object] = []

    class Talkative:
        @hookimpl
        def failoverkit_on_event(self, event):
            events.append(event)

        @hookimpl
        def failoverkit_connect(self, settings):
            if refusing:
                raise FakeError(ErrorKind.BUSY, f"no room for {settings.password.reveal()}")

    refusing = False
    with caplog.at_level(logging.DEBUG), FailoverPool(cluster.url, extensions=[Talkative()]) as pool:
        pool.wait_until_ready(10.0)
        held = pool.getconn()
        refusing = True
        with pytest.raises(TimeoutError) as caught:
            pool.getconn(timeout=0.05)
        cluster.crash("b")
        pool.putconn(held)
        shown = [pool, pool.settings, pool.status(), pool.stats(), caught.value, *events, *caplog.messages]
    assert caught.value.__cause__ is not None
    assert [text for text in map(repr, shown) if SECRET in text] == []
    assert SECRET not in str(caught.value)
