"""Plugins are found by name; nothing else is imported; every mistake is one clear error."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from failoverkit.errors import PluginError
from failoverkit.model import Host
from failoverkit.plugins import PluginInfo, installed, load
from failoverkit.plugins.entry_points import find
from failoverkit.settings import Settings

HOST = Host("db1:1", "db1", 1)


def settings(driver: str = "fake", **changes: object) -> Settings:
    return dataclasses.replace(Settings(driver=driver, hosts=(HOST,)), **changes)


def test_only_the_named_driver_is_imported(install):
    install("wanted", {"drivers": {"wanted": "wanted"}})
    install("unwanted", {"drivers": {"unwanted": "unwanted"}}, "raise RuntimeError('imported')")
    plugins = load(settings("wanted"))
    assert plugins.connect(HOST, settings("wanted"), 1.0) is not None
    assert "unwanted" not in sys.modules


def test_missing_driver_names_those_that_exist(install):
    install("acme", {"drivers": {"acme": "acme"}})
    with pytest.raises(PluginError, match=r"there is no driver named 'zzz'; installed: acme, fake\b"):
        load(settings("zzz"))


def test_missing_driver_hints_at_the_nearest_name():
    with pytest.raises(PluginError, match="did you mean 'fake'"):
        load(settings("fakee"))


@pytest.mark.parametrize(
    ("driver", "package"),
    [
        ("mysql+pymysql", "failoverkit-mysql"),
        ("mariadb", "failoverkit-mysql"),
        ("mssql", "failoverkit-sqlserver"),
    ],
)
def test_missing_driver_of_ours_says_what_to_install(nothing_of_ours, driver, package):
    with pytest.raises(PluginError, match=f"pip install {package}"):
        load(settings(driver))


def test_what_is_installed_is_not_to_be_installed(install):
    install("failoverkit-mysql", {"drivers": {"mysql+pymysql": "failoverkit_mysql"}})
    with pytest.raises(PluginError, match=r"no driver named 'mysql\+pymysqll'; did you mean 'mysql\+pymysql'\?"):
        load(settings("mysql+pymysqll"))


def test_missing_strategy_names_those_that_exist():
    with pytest.raises(PluginError, match="no strategy named 'latencyy'; did you mean 'latency'"):
        load(settings(strategy="latencyy"))


def test_missing_strategy_is_not_a_package_to_install():
    with pytest.raises(PluginError) as caught:
        load(settings(strategy="mysql"))
    assert "pip install" not in str(caught.value)


def test_two_packages_with_one_name_are_both_named(install):
    install("first", {"drivers": {"acme": "first"}})
    install("second", {"drivers": {"acme": "second"}})
    with pytest.raises(PluginError, match="driver named 'acme': first and second"):
        load(settings("acme"))


def test_a_clash_elsewhere_harms_nobody(install):
    install("first", {"drivers": {"acme": "first"}})
    install("second", {"drivers": {"acme": "second"}})
    assert find("driver", "fake").name == "fake"


def test_two_extensions_with_one_name_are_both_named(install):
    source = "from failoverkit.hookspecs import hookimpl\n@hookimpl\ndef failoverkit_on_event(event): pass"
    install("first", {"extensions": {"audit": "first"}}, source)
    install("second", {"extensions": {"audit": "second"}}, source)
    with pytest.raises(PluginError, match="extension named 'audit': first and second"):
        load(settings())


def test_import_failure_is_the_cause(install):
    install("broken", {"drivers": {"broken": "broken"}}, "raise RuntimeError('no libpq')")
    with pytest.raises(PluginError, match=r"driver 'broken' of package broken .* RuntimeError: no libpq") as caught:
        load(settings("broken"))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_missing_attribute_is_an_import_failure(install):
    install("broken", {"drivers": {"broken": "broken:nothing"}})
    with pytest.raises(PluginError, match="AttributeError"):
        load(settings("broken"))


@pytest.mark.parametrize("missing", ["failoverkit_connect", "failoverkit_classify_error"])
def test_driver_without_a_needed_hook(install, missing):
    kept = {"failoverkit_connect": "host", "failoverkit_classify_error": "error"}
    del kept[missing]
    [(name, argument)] = kept.items()
    install(
        "half",
        {"drivers": {"half": "half"}},
        f"from failoverkit.hookspecs import hookimpl\n@hookimpl\ndef {name}({argument}): return None",
    )
    with pytest.raises(PluginError, match=f"the driver 'half' of package half does not implement {missing}$"):
        load(settings("half"))


def test_installed_extensions_are_loaded_unless_switched_off(install):
    install(
        "greeter",
        {"extensions": {"greeter": "greeter"}},
        """
        from failoverkit.hookspecs import hookimpl

        @hookimpl
        def failoverkit_check_settings(settings):
            return ["greetings"]
        """,
    )
    assert load(settings(database="x")).check_settings(settings()) == ("greetings",)
    assert load(settings(extensions=False)).check_settings(settings()) != ("greetings",)


def test_discovery_is_loaded_when_named(install):
    install(
        "finder",
        {"discovery": {"finder": "finder"}},
        """
        from failoverkit.hookspecs import hookimpl
        from failoverkit.model import Host

        @hookimpl
        def failoverkit_discover_hosts(settings):
            return [Host("found", "10.0.0.1")]
        """,
    )
    found = load(settings(discovery="finder")).discover_hosts(settings())
    assert found == (Host("found", "10.0.0.1"),)


def test_discovery_that_finds_nothing_is_an_error(install):
    install(
        "finder",
        {"discovery": {"finder": "finder"}},
        """
        from failoverkit.hookspecs import hookimpl

        @hookimpl
        def failoverkit_discover_hosts(settings):
            return []
        """,
    )
    named = settings(discovery="finder")
    with pytest.raises(PluginError, match="'finder' found no host"):
        load(named).discover_hosts(named)


def test_listing_tells_kind_name_package_version_and_hooks(install):
    install("acme", {"drivers": {"acme": "acme"}}, version="3.2")
    expected = PluginInfo(
        "driver", "acme", "acme", "3.2", ("failoverkit_classify_error", "failoverkit_connect"), problem=""
    )
    assert expected in installed()


def test_listing_shows_the_built_in_plugins():
    names = {(info.kind, info.name) for info in installed() if info.package == "failoverkit"}
    assert names >= {
        ("default", "dbapi"),
        ("driver", "fake"),
        ("strategy", "priority"),
        ("strategy", "round-robin"),
        ("strategy", "latency"),
        ("cluster", "fake"),
    }


def test_listing_carries_the_problem_of_a_broken_plugin(install):
    install("broken", {"drivers": {"broken": "broken"}}, "import no_such_module")
    [info] = [info for info in installed() if info.name == "broken"]
    assert info.hooks == ()
    assert "No module named 'no_such_module'" in info.problem
