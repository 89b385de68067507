from __future__ import annotations

import pytest

from failoverkit.config import load
from failoverkit.errors import ConfigError
from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import FailoverSettings, MonitorSettings, PoolSettings, Settings

TWO_POOLS = """
    [defaults]
    strategy = "latency"
    [defaults.pool]
    max_size = 5
    acquire_timeout = 2

    [pools.orders]
    url = "postgresql://db1,db2/orders"

    [pools.stock]
    url = "postgresql://db3/stock"
    strategy = "priority"
    [pools.stock.pool]
    max_size = 7
"""


def test_a_pool_with_every_table(toml_file):
    path = toml_file(
        """
        [pools.orders]
        driver = "postgresql+psycopg2"
        database = "orders"
        user = "app"
        password = "pw"
        strategy = "round-robin"
        extensions = false

        [pools.orders.options]
        sslmode = "verify-full"
        keepalives = 1
        tcp_user_timeout = 0.5
        gssdelegation = true

        [pools.orders.pool]
        max_size = 20
        leak_after = "off"

        [pools.orders.monitor]
        probe_interval = 2

        [pools.orders.failover]
        failback = "manual"
        max_lag = 5

        [[pools.orders.hosts]]
        address = "db1.example.com"
        port = 5432
        name = "primary site"
        priority = 0
        tags = ["east", "ssd"]
        options = { sslrootcert = "/etc/ssl/east.pem" }

        [[pools.orders.hosts]]
        address = "2001:db8::2"
        priority = 10
        """
    )
    assert load(path, environ={}) == Settings(
        driver="postgresql+psycopg2",
        name="orders",
        database="orders",
        user="app",
        password=Secret("pw"),
        strategy="round-robin",
        extensions=False,
        options={
            "sslmode": "verify-full",
            "keepalives": "1",
            "tcp_user_timeout": "0.5",
            "gssdelegation": "true",
        },
        pool=PoolSettings(max_size=20),
        monitor=MonitorSettings(probe_interval=2.0),
        failover=FailoverSettings(failback="manual", max_lag=5.0),
        hosts=(
            Host(
                name="primary site",
                address="db1.example.com",
                port=5432,
                priority=0,
                tags=frozenset({"east", "ssd"}),
                options={"sslrootcert": "/etc/ssl/east.pem"},
            ),
            Host(name="2001:db8::2", address="2001:db8::2", priority=10),
        ),
    )


def test_a_whole_number_becomes_seconds_as_a_float(toml_file):
    path = toml_file('[pools.a]\nurl = "x://db1"\n[pools.a.failover]\nhold = 30\n')
    hold = load(path, environ={}).failover.hold
    assert (hold, type(hold)) == (30.0, float)


def test_the_only_pool_needs_no_name(toml_file):
    assert load(toml_file('[pools.orders]\nurl = "x://db1"\n'), environ={}).name == "orders"


def test_the_path_may_be_a_text(toml_file):
    assert load(str(toml_file('[pools.orders]\nurl = "x://db1"\n')), environ={}).name == "orders"


@pytest.mark.parametrize(("name", "strategy", "max_size"), [("orders", "latency", 5), ("stock", "priority", 7)])
def test_one_of_several_pools_with_defaults_for_all(name, strategy, max_size, toml_file):
    settings = load(toml_file(TWO_POOLS), name=name, environ={})
    assert (settings.name, settings.strategy, settings.pool.max_size) == (name, strategy, max_size)
    assert settings.pool.acquire_timeout == 2.0


def test_the_nearest_pool_is_suggested(toml_file):
    with pytest.raises(ConfigError) as caught:
        load(toml_file(TWO_POOLS), name="order", environ={})
    assert caught.value.problems == ("source: unknown pool 'order'; did you mean orders?",)


def test_only_the_pool_asked_for_is_checked(toml_file):
    path = toml_file(TWO_POOLS + '\n[pools.broken]\nurl = "env:NOT_SET_HERE"\n')
    assert load(path, name="orders", environ={}).name == "orders"


def test_options_of_defaults_and_pool_are_joined_one_by_one(toml_file):
    path = toml_file(
        """
        [defaults.options]
        sslmode = "require"
        application_name = "all"
        [pools.orders]
        url = "x://db1?application_name=orders"
        """
    )
    assert load(path, environ={}).options == {"sslmode": "require", "application_name": "orders"}


def test_a_url_by_reference(toml_file):
    path = toml_file('[pools.orders]\nurl = "env:ORDERS_URL"\n')
    settings = load(path, environ={"ORDERS_URL": "postgresql://app:pw@db1/orders"})
    assert (settings.user, settings.password) == ("app", Secret("pw"))


def test_the_options_of_a_host_are_laid_over_those_of_the_pool(toml_file):
    path = toml_file(
        """
        [pools.orders]
        driver = "postgresql"
        options = { sslmode = "require", application_name = "x" }
        hosts = [{ address = "db1", options = { sslmode = "disable" } }]
        """
    )
    settings = load(path, environ={})
    assert settings.options_of(settings.hosts[0]) == {"sslmode": "disable", "application_name": "x"}


def test_sockets_and_their_ports(toml_file):
    path = toml_file(
        """
        [pools.orders]
        driver = "postgresql"
        hosts = [{ address = "/run/a:b", port = 5433 }]
        """
    )
    assert load(path, environ={}).hosts == (Host(name="/run/a:b:5433", address="/run/a:b", port=5433),)
