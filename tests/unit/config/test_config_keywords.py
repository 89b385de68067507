from __future__ import annotations

import pytest

from failoverkit.config import load
from failoverkit.config.catalogue import BY_NAME, KEYS
from failoverkit.model import Host
from failoverkit.options import Options
from failoverkit.secrets import Secret
from failoverkit.settings import Settings


def test_a_pool_from_keywords_alone():
    settings = load(
        environ={},
        driver="postgresql",
        hosts=["db1:5432", "[::1]"],
        database="orders",
        password="pw",
        options={"sslmode": "require", "keepalives": 1, "sslpassword": Secret("x")},
        max_size=20,
        hold=30,
        failback="manual",
        leak_after=None,
    )
    assert settings.hosts == (
        Host(name="db1:5432", address="db1", port=5432, priority=0),
        Host(name="::1", address="::1", priority=1),
    )
    assert settings.options == {"sslmode": "require", "keepalives": "1", "sslpassword": "x"}
    assert (settings.database, settings.password) == ("orders", Secret("pw"))
    assert (settings.pool.max_size, settings.failover.hold) == (20, 30.0)
    assert (settings.failover.failback, settings.pool.leak_after) == ("manual", None)


def test_hosts_as_texts_tables_and_values():
    hosts = load(
        environ={},
        driver="x",
        hosts=[{"address": "db1", "tags": ("east",), "priority": 5}, Host(name="b", address="db2", priority=3)],
    ).hosts
    assert hosts == (
        Host(name="db1", address="db1", priority=5, tags=frozenset({"east"})),
        Host(name="b", address="db2", priority=3),
    )


def test_the_options_of_a_host_value_are_final_even_where_they_look_like_a_reference():
    host = Host(name="a", address="db1", options={"sslpassword": "env:X"})
    assert load(environ={}, driver="x", hosts=[host]).hosts[0].options == {"sslpassword": "env:X"}


def test_names_of_settings_are_unique_so_keywords_need_no_group():
    assert len(BY_NAME) == len(KEYS)


def test_settings_come_back_as_they_are():
    settings = load("x://app:pw@db1,db2/orders?sslmode=require&pool.max_size=3", environ={})
    assert load(settings) == settings


def test_keywords_are_laid_over_settings():
    settings = load("x://db1/orders?sslmode=require&pool.max_size=3", environ={})
    changed = load(settings, name="stock", max_size=4, options={"application_name": "x"}, hosts=["db2"])
    assert changed.name == "stock"
    assert changed.pool.max_size == 4
    assert changed.options == {"sslmode": "require", "application_name": "x"}
    assert changed.hosts == (Host(name="db2", address="db2"),)
    assert changed.database == "orders"


def test_the_environment_is_not_laid_over_settings_once_more(monkeypatch):
    settings = load("x://db1", environ={}, max_size=3)
    monkeypatch.setenv("FAILOVERKIT_POOL_MAX_SIZE", "23")
    assert load(settings).pool.max_size == 3


def test_a_resolved_secret_in_settings_is_not_resolved_again():
    settings = load("x://app:env:A@db1", environ={"A": "env:B"})
    assert load(settings, environ={}, max_size=3).password == Secret("env:B")


@pytest.mark.parametrize("name", ["pool", "monitor", "failover"])
def test_settings_are_frozen(name):
    settings = load("x://db1", environ={})
    with pytest.raises(AttributeError):
        setattr(settings, name, None)


def test_options_are_frozen_and_settings_can_be_keys():
    settings = load("x://db1?sslmode=require", environ={})
    assert isinstance(settings.options, Options)
    assert {settings: 1}[load("x://db1?sslmode=require", environ={})] == 1
    assert isinstance(settings, Settings)
