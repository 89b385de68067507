"""The suites for drivers fail when a driver is broken: one planted bug for each of their tests."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Report, Role
from failoverkit.plugins import load
from failoverkit.secrets import Secret
from failoverkit.testing import DriverConformance, DriverContract, FakeCluster, FakeError
from failoverkit.testing.conformance import Servers

SECRET = "planted-secret"

STATEMENTS: dict[str, Any] = {
    "prepare": (),
    "ping": "ping",
    "write": "write x",
    "count": "count",
    "refused_on_standby": "write x",
}
CAPABILITIES = {
    "reports_role": True,
    "knows_role_at_connect": True,
    "has_epoch": True,
    "has_read_only": True,
    "survives_promotion": True,
    "can_abort": True,
    "checks_password": False,
}


ON_THE_FAKE_DRIVER = """
from failoverkit.testing.fake_driver import *
from failoverkit.hookspecs import hookimpl

@hookimpl
def failoverkit_{hook}
"""


def run(suite: type, test: str, fixtures: dict[str, Any]) -> None:
    """Run one test of a suite with these fixtures."""
    function = getattr(suite(), test)
    function(**{name: fixtures[name] for name in inspect.signature(function).parameters})


def hook(**functions: Any) -> SimpleNamespace:
    return SimpleNamespace(**{f"failoverkit_{name}": hookimpl(function) for name, function in functions.items()})


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    cluster = FakeCluster(["a", "b"])
    yield cluster
    cluster.stop()  # whatever a failed test left blocked comes free


def conformance_fixtures(cluster: FakeCluster, bug: object | None) -> dict[str, Any]:
    plugins = load(cluster.settings, extensions=[] if bug is None else [bug])
    return {
        **STATEMENTS,
        **CAPABILITIES,
        "in_transaction": lambda connection: connection.in_transaction,
        "driver": "fake",
        "cluster": cluster,
        "fragile_cluster": cluster,
        "plugins": plugins,
        "settings": cluster.settings,
        "server": Servers(cluster, plugins, cluster.settings),
    }


def leaky_connect(host, settings):
    raise FakeError(ErrorKind.REFUSED, f"wrong password {settings.password.reveal()}")


def connect_to_the_first(settings, timeout):
    """Ignores the host it is given."""
    return FakeCluster.__getitem__(_find(settings), "a").connect(timeout)


def _find(settings):
    from failoverkit.testing.fake_cluster import find_fake_cluster

    return find_fake_cluster(settings.database)


def probe_in_a_transaction(connection):
    connection.run("ping")
    return connection.probe()


def probe_with_a_snapshot(connection):
    """What a probe in a transaction of a database with snapshots does to the next statement."""
    count = connection.run("count")
    connection.run = lambda statement: count
    return connection.probe()


SHARED: list[Any] = []


def one_connection_for_all(host, settings, timeout):
    if not SHARED or SHARED[0].closed:
        SHARED[:] = [_find(settings)[host.address].connect(timeout)]
    return SHARED[0]


def kind(answer: ErrorKind) -> SimpleNamespace:
    return hook(classify_error=lambda error: answer)


def ok(connection):
    return True


CONFORMANCE_BUGS = [
    ("test_runs_a_statement", hook(connect=lambda host: object())),
    ("test_reset_ends_the_transaction", hook(reset=ok)),
    ("test_reset_leaves_no_transaction_open", hook(reset=ok)),
    ("test_reset_connection_works_on", hook(reset=lambda connection: connection.close() or True)),
    ("test_two_connections_share_nothing", hook(connect=one_connection_for_all)),
    ("test_probe_tells_the_roles", hook(probe=lambda connection: Report(role=Role.PRIMARY))),
    ("test_probe_leaves_no_transaction_open", hook(probe=probe_in_a_transaction)),
    ("test_probe_sees_what_is_new", hook(probe=probe_with_a_snapshot)),
    ("test_role_is_known_at_connect", hook(role=lambda connection: Role.UNKNOWN)),
    ("test_role_is_known_at_connect", hook(connect=connect_to_the_first)),
    ("test_hosts_agree_on_epoch_and_lineage", hook(probe=lambda connection: Report(lineage=connection.host))),
    ("test_hosts_agree_on_epoch_and_lineage", hook(probe=lambda connection: Report())),
    ("test_epoch_grows_with_a_promotion", hook(probe=lambda connection: Report(epoch=1))),
    ("test_connection_to_a_promoted_standby", hook(check=lambda connection: False)),
    ("test_connection_to_a_promoted_standby", hook(role=lambda connection: Role.STANDBY)),
    ("test_standby_refuses_a_write", kind(ErrorKind.OTHER)),
    ("test_wrong_password_is_refused", hook(connect=leaky_connect)),
    ("test_live_connection_passes_the_check", hook(check=lambda connection: False)),
    ("test_crash_cuts_connections", kind(ErrorKind.OTHER)),
    ("test_crash_cuts_connections", hook(check=ok)),
    ("test_crash_cuts_connections", hook(reset=ok)),
    ("test_crash_in_the_middle_of_a_statement", kind(ErrorKind.TIMEOUT)),
    ("test_crashed_host_is_unreachable", kind(ErrorKind.CONNECTION_LOST)),
    ("test_connects_again_after_a_restart", hook(check=ok)),
    ("test_abort_frees_a_call_to_a_frozen_host", hook(abort=lambda connection: False)),
    ("test_connect_to_a_frozen_host_is_given_up", kind(ErrorKind.HOST_UNREACHABLE)),
    ("test_close_does_not_wait_for_a_frozen_host", hook(close=ok)),
    ("test_closed_connection_does_no_harm", hook(reset=ok)),
    ("test_closed_connection_does_no_harm", kind(ErrorKind.OTHER)),
]


@pytest.mark.parametrize(("test", "bug"), CONFORMANCE_BUGS)
def test_conformance_catches(cluster, test, bug):
    fixtures = conformance_fixtures(cluster, bug)
    with pytest.raises((AssertionError, AttributeError, FakeError)):
        run(DriverConformance, test, fixtures)


def test_every_conformance_test_has_a_bug():
    tests = {name for name in vars(DriverConformance) if name.startswith("test_")}
    assert {test for test, _ in CONFORMANCE_BUGS} | {"test_hooks_that_act_say_that_they_did"} == tests


def test_hook_that_acts_and_says_nothing_is_caught(cluster, install):
    install(
        "mute",
        {"drivers": {"mute": "mute"}},
        ON_THE_FAKE_DRIVER.format(hook="reset(connection): connection.rollback()"),
    )
    fixtures = {**conformance_fixtures(cluster, None), "driver": "mute"}
    with pytest.raises(AssertionError, match="reset"):
        run(DriverConformance, "test_hooks_that_act_say_that_they_did", fixtures)


@pytest.mark.parametrize("capability", [name for name in CAPABILITIES if name != "has_epoch"])
def test_a_capability_that_is_denied_or_claimed_wrongly_is_caught(cluster, capability):
    tests = [
        name
        for name, test in vars(DriverConformance).items()
        if name.startswith("test_") and capability in inspect.signature(test).parameters
    ]
    assert tests
    for test in tests:
        fixtures = {**conformance_fixtures(cluster, None), capability: not CAPABILITIES[capability]}
        with pytest.raises((AssertionError, FakeError)):
            run(DriverConformance, test, fixtures)
        cluster.restore()


def contract_fixtures(cluster: FakeCluster, driver: str = "fake") -> dict[str, Any]:
    settings = dataclasses.replace(cluster.settings, driver=driver, password=Secret(SECRET))
    closed, deaf = cluster.hosts
    cluster.crash(closed.name)
    cluster.freeze(deaf.name)
    return {
        "driver": driver,
        "settings": settings,
        "plugins": load(settings),
        "closed_host": closed,
        "deaf_host": deaf,
        "bad_options": {"sslmode": "require"},
        "sample_errors": {kind: [FakeError(kind, "sample")] for kind in ErrorKind},
        "unknown_kinds": frozenset(),
    }


CONTRACT_BUGS = [
    ("test_has_no_problem_with_good_settings", "check_settings(): return ['options.x: no']"),
    ("test_names_each_bad_option", "check_settings(): return []"),
    ("test_names_each_bad_option", "check_settings(): return ['something is wrong']"),
    ("test_closed_port_is_unreachable", "classify_error(error): return ErrorKind.CONNECTION_LOST"),
    ("test_deaf_port_is_given_up", "classify_error(error): return ErrorKind.HOST_UNREACHABLE"),
    ("test_shows_no_secret", "check_settings(settings): return [settings.password.reveal()]"),
    ("test_shows_no_secret", "connect(settings): raise FakeError(ErrorKind.OTHER, settings.password.reveal())"),
    ("test_tells_every_kind_of_error", "classify_error(error): return ErrorKind.REFUSED"),
    ("test_leaves_errors_of_others_alone", "classify_error(error): return ErrorKind.REFUSED"),
    ("test_leaves_errors_of_others_alone", "classify_error(error): return error.kind"),
    ("test_classifies_errors_without_any_detail", "classify_error(error): return error.args[0]"),
    ("test_classifies_errors_without_any_detail", "classify_error(error): return 'timeout'"),
]


@pytest.mark.parametrize(("test", "bug"), CONTRACT_BUGS)
def test_contract_catches(cluster, install, test, bug):
    install("buggy", {"drivers": {"buggy": "buggy"}}, ON_THE_FAKE_DRIVER.format(hook=bug))
    with pytest.raises((AssertionError, AttributeError, IndexError)):
        run(DriverContract, test, contract_fixtures(cluster, "buggy"))


@pytest.mark.parametrize(
    "wrong", [{"unknown_kinds": frozenset({ErrorKind.BUSY})}, {"sample_errors": {}}, {"bad_options": {}}]
)
def test_contract_catches_a_wrong_fixture(cluster, wrong):
    test = "test_names_each_bad_option" if "bad_options" in wrong else "test_says_which_kinds_it_cannot_tell"
    with pytest.raises(AssertionError):
        run(DriverContract, test, {**contract_fixtures(cluster), **wrong})


def test_contract_catches_a_driver_without_its_hooks(install):
    install("empty", {"drivers": {"empty": "empty"}}, "")
    with pytest.raises(AssertionError, match="failoverkit_connect"):
        run(DriverContract, "test_brings_the_hooks_a_driver_needs", {"driver": "empty"})


def test_every_contract_test_has_a_bug():
    tests = {name for name in vars(DriverContract) if name.startswith("test_")}
    with_other_bugs = {"test_brings_the_hooks_a_driver_needs", "test_says_which_kinds_it_cannot_tell"}
    assert {test for test, _ in CONTRACT_BUGS} | with_other_bugs == tests
