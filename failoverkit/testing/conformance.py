"""What a driver plugin must do against real servers.

Subclass ``DriverConformance`` in the plugin's tests, with a name that starts with ``Test``, and override fixtures::

    class TestConformance(DriverConformance):
        @pytest.fixture
        def driver(self):
            return "postgresql"

What a driver cannot do it says in a fixture that returns False; the suite then checks that it really cannot.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from failoverkit.model import ErrorKind, Host, Report, Role
from failoverkit.plugins import Plugins, load
from failoverkit.plugins.checks import hooks_of
from failoverkit.plugins.entry_points import find, import_plugin
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing.background import Background
from failoverkit.testing.clusters import LocalCluster
from failoverkit.testing.suite import Suite

TIMEOUT = 10.0


class DriverConformance(Suite):
    """Tests on one primary and one standby. The fixtures before the first test are there to be overridden."""

    @pytest.fixture
    def driver(self) -> str:
        """The driver's name as URLs name it."""
        raise NotImplementedError("override the fixture 'driver'")

    @pytest.fixture
    def cluster_name(self, driver: str) -> str:
        """The name of the local cluster to run on, where it is not the driver's."""
        return driver

    @pytest.fixture
    def cluster(self, cluster_name: str, shared_cluster: Callable[..., LocalCluster]) -> LocalCluster:
        """A started cluster with at least one standby, shared by the tests of the class."""
        return shared_cluster(cluster_name, standbys=1)

    @pytest.fixture
    def fragile_cluster(self, cluster: LocalCluster) -> Iterator[LocalCluster]:
        """The same, restored after the test."""
        yield cluster
        cluster.restore()

    @pytest.fixture
    def reports_role(self) -> bool:
        """Whether a probe tells a primary from a standby."""
        return True

    @pytest.fixture
    def knows_role_at_connect(self) -> bool:
        """Whether a new connection knows the role without asking."""
        return True

    @pytest.fixture
    def has_epoch(self) -> bool:
        """Whether a probe reports a number that grows with each promotion."""
        return True

    @pytest.fixture
    def has_read_only(self) -> bool:
        """Whether a standby refuses writes."""
        return True

    @pytest.fixture
    def survives_promotion(self) -> bool:
        """Whether a connection to a standby lives on when that is promoted."""
        return True

    @pytest.fixture
    def can_abort(self) -> bool:
        """Whether a call that waits for a silent server can be freed from another thread."""
        return True

    @pytest.fixture
    def checks_password(self) -> bool:
        """Whether the cluster refuses a wrong password."""
        return True

    @pytest.fixture
    def in_transaction(self) -> Callable[[Any], bool] | None:
        """A function that tells from what the client knows whether a connection is in a transaction, if it can."""
        return None

    @pytest.fixture
    def prepare(self) -> Sequence[str]:
        """Statements that make what ``write`` and ``count`` need, run and committed before."""
        return (
            "DROP TABLE IF EXISTS failoverkit_conformance",
            "CREATE TABLE failoverkit_conformance (n INTEGER)",
        )

    @pytest.fixture
    def ping(self) -> str:
        """A statement that any host answers with one row."""
        return "SELECT 1"

    @pytest.fixture
    def write(self) -> str:
        """A statement that writes one row."""
        return "INSERT INTO failoverkit_conformance VALUES (1)"

    @pytest.fixture
    def count(self) -> str:
        """A statement that answers with the number of rows written."""
        return "SELECT count(*) FROM failoverkit_conformance"

    @pytest.fixture
    def refused_on_standby(self) -> str:
        """A statement that writes, and needs nothing to be there before."""
        return "CREATE TABLE failoverkit_conformance_refused (n INTEGER)"

    @pytest.fixture
    def settings(self, driver: str, cluster: LocalCluster) -> Settings:
        """The cluster's settings, with this driver alone."""
        return dataclasses.replace(cluster.settings, driver=driver, extensions=False)

    @pytest.fixture
    def plugins(self, settings: Settings) -> Plugins:
        """The driver as a pool loads it."""
        return load(settings)

    @pytest.fixture
    def server(self, cluster: LocalCluster, plugins: Plugins, settings: Settings) -> Iterator[Servers]:
        """Opens connections by role and closes them after the test."""
        servers = Servers(cluster, plugins, settings)
        yield servers
        servers.close()

    def test_runs_a_statement(self, server: Servers, ping: str) -> None:
        assert len(rows(server.primary(), ping)) == 1

    def test_reset_ends_the_transaction(
        self, server: Servers, plugins: Plugins, prepare: Sequence[str], write: str, count: str
    ) -> None:
        commit(server.primary(), prepare)
        before = rows(server.primary(), count)
        connection = server.primary()
        run(connection, write)
        assert plugins.reset(connection) is True
        connection.commit()
        assert rows(server.primary(), count) == before

    def test_reset_leaves_no_transaction_open(
        self, server: Servers, plugins: Plugins, ping: str, in_transaction: Callable[[Any], bool] | None
    ) -> None:
        connection = server.primary()
        run(connection, ping)
        assert in_transaction is None or in_transaction(connection)
        assert plugins.reset(connection) is True
        assert in_transaction is None or not in_transaction(connection)

    def test_reset_connection_works_on(
        self, server: Servers, plugins: Plugins, prepare: Sequence[str], write: str, count: str
    ) -> None:
        commit(server.primary(), prepare)
        before = rows(server.primary(), count)[0][0]
        connection = server.primary()
        assert plugins.reset(connection) is True
        commit(connection, [write])
        assert plugins.reset(connection) is True
        assert rows(server.primary(), count)[0][0] == before + 1

    def test_two_connections_share_nothing(
        self, server: Servers, prepare: Sequence[str], write: str, count: str
    ) -> None:
        commit(server.primary(), prepare)
        before = rows(server.primary(), count)[0][0]
        both_written = threading.Barrier(2)

        def work(finish: str) -> int:
            connection = server.primary()
            run(connection, write)
            both_written.wait(TIMEOUT)
            getattr(connection, finish)()
            return id(connection)

        workers = [Background(lambda: work("commit")), Background(lambda: work("rollback"))]
        assert len({worker.result(TIMEOUT) for worker in workers}) == 2
        assert rows(server.primary(), count)[0][0] == before + 1

    def test_hooks_that_act_say_that_they_did(self, server: Servers, driver: str) -> None:
        hooks = hooks_of(import_plugin("driver", find("driver", driver)))
        acting = ["role", "probe", "check", "reset", "abort", "close"]
        connection = server.primary()
        answers = {
            name: call(hooks[f"failoverkit_{name}"], connection=connection, timeout=TIMEOUT)
            for name in acting
            if f"failoverkit_{name}" in hooks
        }
        assert [name for name, answer in answers.items() if answer is None] == []

    def test_probe_tells_the_roles(self, server: Servers, plugins: Plugins, reports_role: bool) -> None:
        roles = [probe(plugins, connection).role for connection in (server.primary(), server.standby())]
        assert roles == ([Role.PRIMARY, Role.STANDBY] if reports_role else [Role.UNKNOWN] * 2)

    def test_probe_leaves_no_transaction_open(
        self, server: Servers, plugins: Plugins, in_transaction: Callable[[Any], bool] | None
    ) -> None:
        connection = server.primary()
        assert probe(plugins, connection).fit
        assert in_transaction is None or not in_transaction(connection)

    def test_probe_sees_what_is_new(
        self, server: Servers, plugins: Plugins, prepare: Sequence[str], write: str, count: str
    ) -> None:
        commit(server.primary(), prepare)
        before = rows(server.primary(), count)[0][0]
        connection = server.primary()
        probe(plugins, connection)
        commit(server.primary(), [write])
        assert rows(connection, count)[0][0] == before + 1

    def test_role_is_known_at_connect(self, server: Servers, plugins: Plugins, knows_role_at_connect: bool) -> None:
        roles = [plugins.role(connection) for connection in (server.primary(), server.standby())]
        assert roles == ([Role.PRIMARY, Role.STANDBY] if knows_role_at_connect else [Role.UNKNOWN] * 2)

    def test_hosts_agree_on_epoch_and_lineage(self, server: Servers, plugins: Plugins, has_epoch: bool) -> None:
        reports = [probe(plugins, connection) for connection in (server.primary(), server.standby())]
        assert len({(report.epoch, report.lineage) for report in reports}) == 1
        assert (reports[0].epoch is not None) is has_epoch

    @pytest.mark.usefixtures("fragile_cluster")
    def test_epoch_grows_with_a_promotion(self, server: Servers, plugins: Plugins, has_epoch: bool) -> None:
        before = probe(plugins, server.primary())
        server.take_over()
        after = probe(plugins, server.primary())
        if has_epoch:
            assert after.epoch is not None
            assert before.epoch is not None
            assert (after.lineage, after.epoch > before.epoch) == (before.lineage, True)
        else:
            assert (before.epoch, after.epoch) == (None, None)

    @pytest.mark.usefixtures("fragile_cluster")
    def test_connection_to_a_promoted_standby(
        self, server: Servers, plugins: Plugins, refused_on_standby: str, survives_promotion: bool
    ) -> None:
        connection = server.standby()
        server.take_over()
        assert plugins.check(connection, TIMEOUT) is survives_promotion
        if survives_promotion:
            run(connection, refused_on_standby)
            assert plugins.reset(connection) is True
            assert plugins.role(connection) is not Role.STANDBY

    def test_standby_refuses_a_write(
        self, server: Servers, plugins: Plugins, refused_on_standby: str, has_read_only: bool
    ) -> None:
        connection = server.standby()
        if has_read_only:
            error = Background(lambda: run(connection, refused_on_standby)).error(TIMEOUT)
            assert plugins.classify_error(error) is ErrorKind.ROLE_CHANGED
        else:
            run(connection, refused_on_standby)
        assert plugins.reset(connection) is True

    def test_wrong_password_is_refused(
        self, server: Servers, plugins: Plugins, settings: Settings, checks_password: bool
    ) -> None:
        wrong = dataclasses.replace(settings, password=Secret("wrong-password"))
        attempt = Background(lambda: server.connect(server.primary_host, wrong))
        if checks_password:
            error = attempt.error(TIMEOUT)
            assert plugins.classify_error(error) is ErrorKind.REFUSED
            assert "wrong-password" not in f"{error} {error!r}"
        else:
            assert plugins.check(attempt.result(TIMEOUT), TIMEOUT) is True

    def test_live_connection_passes_the_check(self, server: Servers, plugins: Plugins) -> None:
        assert plugins.check(server.primary(), TIMEOUT) is True

    def test_crash_cuts_connections(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins, ping: str
    ) -> None:
        idle, busy = server.primary(), server.primary()
        fragile_cluster.crash(fragile_cluster.primary)
        error = Background(lambda: run(busy, ping)).error(TIMEOUT)
        assert plugins.classify_error(error) is ErrorKind.CONNECTION_LOST
        assert Background(lambda: plugins.check(idle, TIMEOUT)).result(TIMEOUT) is False
        assert plugins.reset(busy) is False

    def test_crash_in_the_middle_of_a_statement(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins, ping: str
    ) -> None:
        connection = server.primary()
        fragile_cluster.freeze(fragile_cluster.primary)
        statement = Background(lambda: run(connection, ping))
        fragile_cluster.crash(fragile_cluster.primary)
        assert plugins.classify_error(statement.error(TIMEOUT)) is ErrorKind.CONNECTION_LOST

    def test_crashed_host_is_unreachable(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins
    ) -> None:
        fragile_cluster.crash(fragile_cluster.primary)
        error = Background(server.primary).error(TIMEOUT)
        assert plugins.classify_error(error) is ErrorKind.HOST_UNREACHABLE

    def test_connects_again_after_a_restart(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins
    ) -> None:
        old = server.primary()
        fragile_cluster.restart(fragile_cluster.primary)
        assert plugins.check(old, TIMEOUT) is False
        assert plugins.check(server.primary(), TIMEOUT) is True

    def test_abort_frees_a_call_to_a_frozen_host(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins, ping: str, can_abort: bool
    ) -> None:
        connection = server.primary()
        fragile_cluster.freeze(fragile_cluster.primary)
        statement = Background(lambda: run(connection, ping))
        assert Background(lambda: plugins.abort(connection)).result(TIMEOUT) is can_abort
        if can_abort:
            assert plugins.classify_error(statement.error(TIMEOUT)) is ErrorKind.CONNECTION_LOST
        fragile_cluster.resume(fragile_cluster.primary)

    def test_connect_to_a_frozen_host_is_given_up(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins, settings: Settings
    ) -> None:
        fragile_cluster.freeze(fragile_cluster.primary)
        attempt = Background(lambda: server.connect(server.primary_host, settings, timeout=0.5))
        assert plugins.classify_error(attempt.error(TIMEOUT)) is ErrorKind.TIMEOUT
        fragile_cluster.resume(fragile_cluster.primary)

    def test_close_does_not_wait_for_a_frozen_host(
        self, fragile_cluster: LocalCluster, server: Servers, plugins: Plugins, ping: str
    ) -> None:
        connection = server.primary()
        run(connection, ping)
        fragile_cluster.freeze(fragile_cluster.primary)
        Background(lambda: plugins.close(connection)).result(TIMEOUT)
        fragile_cluster.resume(fragile_cluster.primary)
        assert plugins.check(connection, TIMEOUT) is False

    def test_closed_connection_does_no_harm(self, server: Servers, plugins: Plugins, ping: str) -> None:
        connection = server.primary()
        plugins.close(connection)
        plugins.close(connection)
        plugins.abort(connection)
        assert plugins.reset(connection) is False
        error = Background(lambda: run(connection, ping)).error(TIMEOUT)
        assert plugins.classify_error(error) is ErrorKind.CONNECTION_LOST


class Servers:
    """Opens connections to the primary and the first standby of a cluster, and remembers them."""

    def __init__(self, cluster: LocalCluster, plugins: Plugins, settings: Settings) -> None:
        self._cluster = cluster
        self._plugins = plugins
        self._settings = settings
        self._opened: list[Any] = []

    @property
    def primary_host(self) -> Host:
        """The host that was made primary last."""
        return next(host for host in self._cluster.hosts if host.name == self._cluster.primary)

    @property
    def standby_host(self) -> Host:
        """The first of the others."""
        return next(host for host in self._cluster.hosts if host.name != self._cluster.primary)

    def primary(self) -> Any:
        """Open a connection to the primary."""
        return self.connect(self.primary_host, self._settings)

    def standby(self) -> Any:
        """Open a connection to a standby."""
        return self.connect(self.standby_host, self._settings)

    def connect(self, host: Host, settings: Settings, timeout: float = 5.0) -> Any:
        """Open a connection to a host with these settings."""
        connection = self._plugins.connect(host, settings, timeout)
        self._opened.append(connection)
        return connection

    def take_over(self) -> None:
        """Crash the primary and promote the standby."""
        successor = self.standby_host.name
        self._cluster.crash(self._cluster.primary)
        self._cluster.promote(successor)

    def close(self) -> None:
        """Close everything that was opened."""
        for connection in self._opened:
            self._plugins.close(connection)


def run(connection: Any, statement: str) -> None:
    """Run one statement."""
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()


def commit(connection: Any, statements: Sequence[str]) -> None:
    """Run statements in one transaction and commit it."""
    for statement in statements:
        run(connection, statement)
    connection.commit()


def rows(connection: Any, statement: str) -> list[Any]:
    """Run one statement and return its rows."""
    cursor = connection.cursor()
    cursor.execute(statement)
    found = list(cursor.fetchall())
    cursor.close()
    return found


def probe(plugins: Plugins, connection: Any) -> Report:
    """Probe in the background, so that a probe that hangs fails the test."""
    return Background(lambda: plugins.probe(connection, TIMEOUT)).result(TIMEOUT)


def call(hook: Any, **arguments: Any) -> Any:
    """Call a hook with those of the arguments that it takes."""
    return hook(**{name: arguments[name] for name in inspect.signature(hook).parameters})
