"""Keywords come before the environment, that before the URL, that before the TOML file, that before the defaults."""

from __future__ import annotations

import itertools

import pytest

from failoverkit.config import load
from failoverkit.secrets import Secret

LEVELS = ("keyword", "environment", "url", "pool", "defaults")
WORTH = {"keyword": 15, "environment": 14, "url": 13, "pool": 12, "defaults": 11, "nothing": 10}
SUBSETS = [chosen for size in range(len(LEVELS) + 1) for chosen in itertools.combinations(LEVELS, size)]


@pytest.mark.parametrize("given", SUBSETS, ids="+".join)
def test_the_highest_level_that_says_something_holds(given, toml_file):
    def said(level: str, text: str) -> str:
        return text.format(WORTH[level]) if level in given else ""

    path = toml_file(
        f"""
        [defaults.pool]
        {said("defaults", "max_size = {}")}
        [pools.orders]
        url = "x://db1?{said("url", "pool.max_size={}&")}sslmode=require"
        [pools.orders.pool]
        {said("pool", "max_size = {}")}
        """
    )
    variables = {"FAILOVERKIT_POOL_MAX_SIZE": "14"} if "environment" in given else {}
    keywords = {"max_size": 15} if "keyword" in given else {}
    settings = load(path, environ=variables, **keywords)
    assert settings.pool.max_size == WORTH[given[0] if given else "nothing"]


def test_a_source_in_code_comes_before_the_one_the_environment_names(toml_file):
    variables = {"FAILOVERKIT_URL": "x://db9", "FAILOVERKIT_CONFIG": "/no/such/file", "FAILOVERKIT_NAME": "nine"}
    settings = load("x://db1", environ=variables)
    assert (settings.hosts[0].address, settings.name) == ("db1", "default")


def test_single_variables_count_for_a_source_in_code_too():
    settings = load("x://app:old@db1", environ={"FAILOVERKIT_PASSWORD": "new", "FAILOVERKIT_HOSTS": "db2"})
    assert (settings.password, settings.hosts[0].address) == (Secret("new"), "db2")


def test_the_url_of_the_environment_is_laid_over_its_file(toml_file):
    path = toml_file('[pools.orders]\nurl = "x://db1?strategy=latency&pool.max_size=3"\n')
    variables = {"FAILOVERKIT_CONFIG": str(path), "FAILOVERKIT_URL": "x://db2?pool.max_size=4"}
    settings = load(environ=variables)
    assert (settings.hosts[0].address, settings.strategy, settings.pool.max_size) == ("db2", "latency", 4)


def test_a_name_in_code_comes_before_all_others(toml_file):
    variables = {"FAILOVERKIT_URL": "x://db1?name=url", "FAILOVERKIT_NAME": "environment"}
    assert load(environ=variables).name == "environment"
    assert load(name="code", environ=variables).name == "code"
    assert load("x://db1?name=url", environ=variables).name == "url"


def test_a_value_that_is_overruled_is_checked_all_the_same():
    with pytest.raises(Exception, match=r"^url: pool\.max_size: expected a whole number"):
        load("x://db1?pool.max_size=many", environ={}, max_size=3)


def test_a_reference_that_is_overruled_is_not_followed():
    assert load("x://app:env:GONE@db1", environ={}, password="pw").password == Secret("pw")
