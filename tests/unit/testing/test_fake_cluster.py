"""The remote control of the fake driver."""

from __future__ import annotations

import gc

import pytest

from failoverkit.model import ErrorKind, Report, Role
from failoverkit.secrets import Secret
from failoverkit.testing import Background, FakeClock, FakeCluster, FakeConnection, FakeError
from failoverkit.testing.fake_cluster import find_fake_cluster, local_fake_cluster
from failoverkit.testing.fake_host import OPERATIONS, Written

NO_HURRY = 60.0


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(["a", "b", "c"])


def connect(cluster: FakeCluster, host: str = "a", timeout: float = NO_HURRY) -> FakeConnection:
    return cluster[host].connect(timeout)


def write(connection: FakeConnection, value: str) -> None:
    connection.cursor().execute(f"write {value}")
    connection.commit()


def rows(connection: FakeConnection, statement: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def kind_of(call: Background) -> ErrorKind:
    error = call.error()
    assert isinstance(error, FakeError)
    return error.kind


class TestRegistry:
    def test_found_by_name_while_alive(self, cluster):
        assert find_fake_cluster(cluster.name) is cluster

    def test_forgotten_with_its_last_holder(self):
        name = FakeCluster().name
        gc.collect()
        with pytest.raises(LookupError, match=f"no fake cluster named '{name}'"):
            find_fake_cluster(name)

    def test_name_is_taken_once(self, cluster):
        with pytest.raises(ValueError, match="already"):
            FakeCluster(name=cluster.name)

    def test_url_and_settings_name_the_same_hosts(self, cluster):
        assert cluster.url == f"fake://a,b,c/{cluster.name}"
        assert [host.name for host in cluster.settings.hosts] == ["a", "b", "c"]
        assert cluster.settings.database == cluster.name

    def test_password_is_part_of_both(self, cluster):
        cluster.password = "s p"
        assert cluster.url == f"fake://:s%20p@a,b,c/{cluster.name}"
        assert cluster.settings.password == Secret("s p")
        assert "s p" not in repr(cluster)

    def test_factory_for_suites(self):
        made = local_fake_cluster(standbys=1)
        assert [host.name for host in made.hosts] == ["host1", "host2"]


class TestStatements:
    def test_commit_puts_all_into_the_log(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write %s-%s", ("x", 1))
        connection.cursor().execute("write y")
        assert cluster.values == []
        connection.commit()
        assert cluster.log == [Written("x-1", "a", 1), Written("y", "a", 1)]
        assert rows(connect(cluster, "b"), "read") == [("x-1",), ("y",)]

    def test_rollback_forgets(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write x")
        connection.rollback()
        connection.commit()
        assert cluster.values == []

    def test_answers(self, cluster):
        connection = connect(cluster, "b")
        answers = {verb: rows(connection, verb) for verb in ("ping", "role", "count", "read")}
        assert answers == {"ping": [(1,)], "role": [("standby",)], "count": [(0,)], "read": []}

    def test_cursor_gives_each_row_once(self, cluster):
        write(connect(cluster), "x")
        write(connect(cluster), "y")
        cursor = connect(cluster).cursor()
        cursor.execute("read")
        assert cursor.fetchone() == ("x",)
        assert list(cursor) == [("y",)]
        assert cursor.fetchone() is None

    @pytest.mark.parametrize("kind", ErrorKind)
    def test_any_error_on_demand(self, cluster, kind):
        call = Background(lambda: rows(connect(cluster), f"fail {kind.value}"))
        assert kind_of(call) is kind

    def test_one_table_of_numbers(self, cluster):
        connection = connect(cluster)
        write(connection, "something else")
        for statement in ["CREATE TABLE t (writer int, number int)", "INSERT INTO t VALUES (1, 2)"]:
            connection.cursor().execute(statement)
        connection.commit()
        assert rows(connect(cluster, "b"), "SELECT writer, number FROM t") == [(1, 2)]

    def test_unknown_statement(self, cluster):
        with pytest.raises(FakeError, match="no statement 'DROP'"):
            rows(connect(cluster), "DROP TABLE t")

    @pytest.mark.parametrize("statement", ["CREATE TABLE t (n int)", "INSERT INTO t VALUES (1, 2)"])
    def test_standby_takes_no_sql_that_writes(self, cluster, statement):
        with pytest.raises(FakeError, match="takes no writes"):
            connect(cluster, "b").cursor().execute(statement)

    def test_standby_takes_no_writes(self, cluster):
        with pytest.raises(FakeError, match="b is a standby") as caught:
            write(connect(cluster, "b"), "x")
        assert caught.value.kind is ErrorKind.ROLE_CHANGED

    def test_demoted_in_the_middle_of_a_transaction(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write x")
        cluster.demote("a")
        with pytest.raises(FakeError) as caught:
            connection.commit()
        assert (caught.value.kind, cluster.values) == (ErrorKind.ROLE_CHANGED, [])

    def test_hosts_without_roles_take_writes_everywhere(self):
        cluster = FakeCluster(["a", "b"], roles=False)
        write(connect(cluster, "b"), "x")
        assert cluster.log == [Written("x", "b", None)]
        assert cluster["b"].present_report() == Report(position="1")


class TestRoles:
    def test_promotion_keeps_connections_and_raises_the_epoch(self, cluster):
        connection = connect(cluster, "b")
        cluster.promote("b")
        write(connection, "x")
        assert (connection.role, cluster.primary) == (Role.PRIMARY, "b")
        assert cluster.log == [Written("x", "b", 2)]
        assert cluster["a"].report.role is Role.PRIMARY

    def test_rejoin_makes_a_standby_of_the_same_epoch(self, cluster):
        cluster.crash("a")
        cluster.promote("b")
        cluster.rejoin("a")
        report = cluster["a"].report
        assert (report.role, report.epoch) == (Role.STANDBY, 2)
        assert not connect(cluster).closed

    def test_restore_brings_everything_home(self, cluster):
        cluster.crash("a")
        cluster.promote("b")
        cluster.freeze("c")
        cluster.slow("c", NO_HURRY)
        cluster.refuse("b", ErrorKind.BUSY)
        cluster.restore()
        roles = [connect(cluster, host).role for host in "abc"]
        assert (cluster.primary, roles) == ("a", [Role.PRIMARY, Role.STANDBY, Role.STANDBY])

    def test_facts_can_be_set(self, cluster):
        cluster.set("b", lag=4.0, lineage="other", fit=False, detail="syncing")
        report = cluster["b"].present_report()
        assert (report.lag, report.lineage, report.fit, report.detail) == (4.0, "other", False, "syncing")

    def test_no_such_fact(self, cluster):
        with pytest.raises(TypeError, match="lagg"):
            cluster.set("b", lagg=4.0)

    def test_no_such_host(self, cluster):
        with pytest.raises(KeyError):
            cluster.crash("z")


class TestConnecting:
    def test_connects_are_counted_granted_or_not(self, cluster):
        connect(cluster)
        cluster.refuse("a", ErrorKind.BUSY)
        assert kind_of(Background(lambda: connect(cluster))) is ErrorKind.BUSY
        assert (cluster["a"].connects, cluster["a"].open_connections) == (2, 1)

    def test_most_connections_at_once(self, cluster):
        first, _ = connect(cluster), connect(cluster)
        first.close()
        connect(cluster)
        assert (cluster["a"].open_connections, cluster["a"].most_connections) == (2, 2)

    def test_waiting_for_connections(self, cluster):
        waiting = Background(lambda: cluster.wait_until(lambda: cluster["a"].open_connections == 1))
        connection = connect(cluster)
        waiting.result()
        waiting = Background(lambda: cluster.wait_until(lambda: not cluster["a"].open_connections))
        connection.close()
        waiting.result()
        with pytest.raises(TimeoutError, match="did not happen"):
            cluster.wait_until(lambda: False, timeout=0.0)

    def test_refuse_until_accepted_again(self, cluster):
        cluster.refuse("a", ErrorKind.REFUSED)
        assert kind_of(Background(lambda: connect(cluster))) is ErrorKind.REFUSED
        cluster.accept("a")
        assert not connect(cluster).closed

    def test_next_connects_fail(self, cluster):
        cluster.fail_next_connect("a", ErrorKind.HOST_UNREACHABLE, times=2)
        kinds = [kind_of(Background(lambda: connect(cluster))) for _ in range(2)]
        assert kinds == [ErrorKind.HOST_UNREACHABLE] * 2
        assert not connect(cluster).closed

    def test_connect_stopped_in_the_middle(self, cluster):
        cluster.hold("a", "connect")
        call = Background(lambda: connect(cluster))
        cluster.wait_until_blocked("a", "connect")
        assert call.running
        cluster.release("a", "connect")
        assert call.result().host == "a"

    def test_crash_ends_a_held_connect(self, cluster):
        cluster.freeze("a")
        call = Background(lambda: connect(cluster))
        cluster.wait_until_blocked("a")
        cluster.crash("a")
        assert kind_of(call) is ErrorKind.HOST_UNREACHABLE

    def test_frozen_host_lets_a_connect_run_into_its_deadline(self, cluster):
        cluster.freeze("a")
        assert kind_of(Background(lambda: connect(cluster, timeout=0.01))) is ErrorKind.TIMEOUT

    def test_deadline_can_be_brought_forward(self, cluster):
        cluster.freeze("a")
        call = Background(lambda: connect(cluster))
        cluster.wait_until_blocked("a")
        cluster.expire("a")
        assert kind_of(call) is ErrorKind.TIMEOUT


class TestBlocking:
    def test_frozen_call_goes_on_when_resumed(self, cluster):
        connection = connect(cluster)
        cluster.freeze("a")
        call = Background(lambda: write(connection, "x"))
        cluster.wait_until_blocked("a", "execute")
        cluster.resume("a")
        call.result()
        assert cluster.values == ["x"]

    def test_frozen_between_the_call_and_the_log_commits_nothing(self, cluster):
        connection = connect(cluster)
        cluster.freeze("a")
        late = Background(lambda: cluster["a"].append(connection, ["late"]))
        connection.abort()
        assert kind_of(late) is ErrorKind.CONNECTION_LOST
        assert cluster.values == []

    def test_abort_frees_a_frozen_call(self, cluster):
        connection = connect(cluster)
        cluster.freeze("a")
        call = Background(connection.probe)
        cluster.wait_until_blocked("a", "probe")
        connection.abort()
        assert kind_of(call) is ErrorKind.CONNECTION_LOST

    def test_expiry_spares_calls_without_a_deadline(self, cluster):
        connection = connect(cluster)
        cluster.freeze("a")
        call = Background(connection.probe)
        cluster.wait_until_blocked("a", "probe")
        cluster.expire("a")
        cluster.wait_until_blocked("a", "probe")
        assert call.running
        cluster.resume("a")
        assert call.result().role is Role.PRIMARY

    def test_only_what_is_held_blocks(self, cluster):
        connection = connect(cluster)
        cluster.hold("a", "probe")
        write(connection, "x")
        assert cluster.values == ["x"]

    def test_loss_while_the_answer_to_commit_is_on_its_way(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write x")
        cluster.hold("a", "commit-answer")
        call = Background(connection.commit)
        cluster.wait_until_blocked("a", "commit-answer")
        cluster.crash("a")
        assert kind_of(call) is ErrorKind.CONNECTION_LOST
        assert cluster.values == ["x"]

    def test_loss_before_commit_arrives(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write x")
        cluster.hold("a", "commit")
        call = Background(connection.commit)
        cluster.wait_until_blocked("a", "commit")
        cluster.crash("a")
        assert kind_of(call) is ErrorKind.CONNECTION_LOST
        assert cluster.values == []

    def test_close_does_not_wait_for_a_frozen_host(self, cluster):
        connection = connect(cluster)
        cluster.freeze("a")
        connection.close()
        assert (connection.closed, cluster["a"].open_connections) == (True, 0)

    def test_waiting_for_what_does_not_happen(self, cluster):
        with pytest.raises(TimeoutError, match="0 of 1 calls blocked on a"):
            cluster.wait_until_blocked("a", timeout=0.0)

    def test_no_such_operation(self, cluster):
        with pytest.raises(ValueError, match="no such operation: conect"):
            cluster.hold("a", "conect")

    def test_every_operation_can_be_held(self, cluster):
        calls = {
            "connect": lambda connection: connect(cluster),
            "probe": lambda connection: connection.probe(),
            "check": lambda connection: connection.call("check", NO_HURRY),
            "execute": lambda connection: rows(connection, "ping"),
            "commit": lambda connection: connection.commit(),
            "commit-answer": lambda connection: connection.commit(),
            "rollback": lambda connection: connection.rollback(),
        }
        assert set(calls) == OPERATIONS
        for operation, call in calls.items():
            connection = connect(cluster)
            rows(connection, "ping")
            cluster.hold("a", operation)
            blocked = Background(lambda call=call, connection=connection: call(connection))
            cluster.wait_until_blocked("a", operation)
            cluster.release("a", operation)
            blocked.result()


class TestLosing:
    def test_cut_ends_connections_and_accepts_new_ones(self, cluster):
        old = connect(cluster)
        cluster.cut("a")
        assert kind_of(Background(lambda: rows(old, "ping"))) is ErrorKind.CONNECTION_LOST
        assert rows(connect(cluster), "ping") == [(1,)]

    def test_restart_cuts(self, cluster):
        old = connect(cluster)
        cluster.restart("a")
        assert old.closed
        assert rows(connect(cluster), "ping") == [(1,)]

    def test_crash_spares_the_others(self, cluster):
        other = connect(cluster, "b")
        cluster.crash("a")
        assert rows(other, "ping") == [(1,)]

    def test_what_was_not_committed_is_lost(self, cluster):
        connection = connect(cluster)
        connection.cursor().execute("write x")
        cluster.crash("a")
        assert kind_of(Background(connection.commit)) is ErrorKind.CONNECTION_LOST
        assert cluster.values == []

    def test_stop_crashes_all(self, cluster):
        cluster.stop()
        kinds = [kind_of(Background(lambda host=host: connect(cluster, host))) for host in "abc"]
        assert kinds == [ErrorKind.HOST_UNREACHABLE] * 3
        cluster.start()
        assert rows(connect(cluster), "ping") == [(1,)]


class TestSlowness:
    def test_slow_host_moves_the_fake_clock(self):
        clock = FakeClock(0.0)
        cluster = FakeCluster(clock=clock)
        connection = connect(cluster)
        cluster.slow("a", 2.0)
        connection.probe()
        assert clock() == 2.0

    def test_shorter_deadline_fails_when_it_has_passed(self):
        clock = FakeClock(0.0)
        cluster = FakeCluster(clock=clock)
        cluster.slow("a", 2.0)
        assert kind_of(Background(lambda: connect(cluster, timeout=0.5))) is ErrorKind.TIMEOUT
        assert clock() == 0.5

    def test_without_a_clock_it_waits_until_aborted(self, cluster):
        connection = connect(cluster)
        cluster.slow("a", NO_HURRY)
        call = Background(connection.probe)
        connection.abort()
        assert kind_of(call) is ErrorKind.CONNECTION_LOST


def test_repr_shows_where_things_go(cluster):
    connection = connect(cluster)
    assert repr(cluster) == f"<FakeCluster {cluster.name}: a, b, c>"
    assert repr(connection) == "<FakeConnection to a>"
    connection.close()
    assert repr(connection) == "<FakeConnection to a, closed by the client>"
