from __future__ import annotations

import pytest

from failoverkit.config import load
from failoverkit.config.catalogue import KEYS
from failoverkit.config.environment import VARIABLES
from failoverkit.errors import ConfigError
from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import PoolSettings, Settings


def test_a_pool_from_a_url_in_the_environment():
    variables = {"FAILOVERKIT_URL": "postgresql://db1/orders", "FAILOVERKIT_POOL_MAX_SIZE": "20"}
    settings = load(environ=variables)
    assert (settings.hosts[0].address, settings.pool.max_size) == ("db1", 20)


def test_a_pool_from_single_variables_where_nothing_needs_encoding():
    settings = load(
        environ={
            "FAILOVERKIT_DRIVER": "postgresql",
            "FAILOVERKIT_HOSTS": "db1:5432,[::1]",
            "FAILOVERKIT_DATABASE": "orders",
            "FAILOVERKIT_USER": "app",
            "FAILOVERKIT_PASSWORD": "p@ss/w%rd?",
            "FAILOVERKIT_STRATEGY": "latency",
            "FAILOVERKIT_EXTENSIONS": "false",
            "FAILOVERKIT_NAME": "orders",
            "FAILOVERKIT_POOL_LEAK_AFTER": "off",
        }
    )
    assert settings == Settings(
        driver="postgresql",
        hosts=(
            Host(name="db1:5432", address="db1", port=5432, priority=0),
            Host(name="::1", address="::1", priority=1),
        ),
        name="orders",
        database="orders",
        user="app",
        password=Secret("p@ss/w%rd?"),
        strategy="latency",
        extensions=False,
        pool=PoolSettings(leak_after=None),
    )


def test_a_pool_from_a_file_named_in_the_environment(toml_file):
    path = toml_file('[pools.orders]\nurl = "x://db1"\n[pools.stock]\nurl = "x://db2"\n')
    variables = {"FAILOVERKIT_CONFIG": str(path), "FAILOVERKIT_NAME": "stock"}
    assert load(environ=variables).name == "stock"
    assert load(name="orders", environ=variables).name == "orders"


def test_a_url_by_reference():
    variables = {"FAILOVERKIT_URL": "env:DATABASE_URL", "DATABASE_URL": "postgresql://db1/orders"}
    assert load(environ=variables).database == "orders"


def test_the_process_environment_is_read_when_none_is_given(monkeypatch):
    monkeypatch.setenv("FAILOVERKIT_POOL_MAX_SIZE", "23")
    assert load("x://db1").pool.max_size == 23


def test_an_empty_environment_leaves_it_out(monkeypatch):
    monkeypatch.setenv("FAILOVERKIT_POOL_MAX_SIZE", "23")
    assert load("x://db1", environ={}).pool.max_size == 10


def test_variables_of_others_are_nothing_to_us():
    assert load("x://db1", environ={"PGHOST": "db9", "FAILOVER": "x", "failoverkit_url": "y"}).hosts[0].name == "db1"


def test_every_setting_has_its_variable():
    missing = {path for path in KEYS if f"FAILOVERKIT_{path.upper().replace('.', '_')}" not in VARIABLES}
    assert missing == set()


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_every_variable_is_checked(variable):
    with pytest.raises(ConfigError) as caught:
        load(environ={"FAILOVERKIT_URL": "x://db1", variable: ""})
    assert [problem.partition(":")[0] for problem in caught.value.problems if variable in problem] == [variable]
