"""What borrowers and observers see when a host is lost, moves or comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from failoverkit import FailoverPool, Health, NoHostAvailable, OperatorError, State
from failoverkit.events import ActiveChanged, ConnectionsAborted, HostHealthChanged, StateChanged
from failoverkit.model import ErrorKind
from failoverkit.testing import Background, FakeClock, FakeCluster, FakeError

ASLEEP = {"probe_interval": 3600.0, "probe_timeout": 3600.0}
"""Probes come when they are woken, and for no other reason."""


def run(pool: FailoverPool, statement: str, *, timeout: float = 10.0) -> str:
    """Run one statement in a block of its own; return the host that it ran on."""
    with pool.connection(timeout=timeout) as connection:
        connection.cursor().execute(statement)
        return pool.host_of(connection)


def view(pool: FailoverPool, host: str):
    return pool._assembly.conductor.view(host)


# -- a host is lost --------------------------------------------------------------------------------------------------


def test_work_goes_on_where_the_new_primary_is(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool()
    assert run(pool, "write first") == "a"
    cluster.crash("a")
    cluster.promote("b")
    told.wait_for(ActiveChanged, active="b")
    assert run(pool, "write second") == "b"
    assert [(written.value, written.host) for written in cluster.log] == [("first", "a"), ("second", "b")]
    status = pool.status()
    assert (status.state, status.active) == (State.FAILED_OVER, "b")


def test_a_callers_failed_work_is_enough_to_find_out(open_pool, cluster: FakeCluster) -> None:
    pool = open_pool(**ASLEEP)
    cluster.crash("a")
    cluster.promote("b")
    with pytest.raises(FakeError, match="crashed") as caught:
        run(pool, "write lost")
    (note,) = caught.value.__notes__
    assert note.startswith("failoverkit: pool 'default', host a: connection-lost. a is ")
    assert run(pool, "write saved") == "b"
    assert cluster.values == ["saved"]


def test_whoever_is_stuck_on_a_frozen_primary_comes_free(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool()
    cluster.hold("a", "execute")
    stuck = [Background(lambda: run(pool, "write lost")) for _ in range(3)]
    cluster.wait_until_blocked("a", "execute", count=3)
    cluster.freeze("a")
    told.wait_for(HostHealthChanged, host="a", health=Health.DOWN)
    cluster.promote("b")
    for caller in stuck:
        error = caller.error()
        assert isinstance(error, FakeError)
        assert error.kind is ErrorKind.CONNECTION_LOST
    assert run(pool, "write saved") == "b"
    cluster.resume("a")
    assert cluster.values == ["saved"]


def test_aborted_borrowers_are_told_of(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool()
    held = [pool.getconn() for _ in range(2)]
    cluster.crash("a")
    cluster.promote("b")
    assert told.wait_for(ConnectionsAborted, host="a").count == 2
    told.wait_for(ActiveChanged, active="b")
    assert all(connection.closed for connection in held)
    for connection in held:
        pool.putconn(connection)


def test_silence_condemns_only_when_it_repeats(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(down_after=3)
    cluster.hold("c", "probe", "connect")
    told.wait_for(HostHealthChanged, host="c", health=Health.DOWN)
    assert [event.health for event in told.of(HostHealthChanged) if event.host == "c"][-2:] == [
        Health.SUSPECT,
        Health.DOWN,
    ]
    assert view(pool, "c").failures >= 3
    cluster.release("c", "probe", "connect")


def test_one_good_answer_does_not_bring_a_host_back(open_pool, cluster: FakeCluster, told) -> None:
    open_pool(up_after=3)
    cluster.crash("c")
    told.wait_for(HostHealthChanged, host="c", health=Health.DOWN)
    cluster.accept("c")
    told.wait_for(HostHealthChanged, host="c", previous=Health.RECOVERING, health=Health.UP)
    told.wait_for(HostHealthChanged, host="c", previous=Health.DOWN, health=Health.RECOVERING)


def test_a_refusal_moves_nothing(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(min_size=0, max_lifetime=1e-9)
    cluster.refuse("a", ErrorKind.REFUSED)
    with pytest.raises(FakeError) as caught:
        pool.getconn(timeout=10.0)
    assert caught.value.kind is ErrorKind.REFUSED
    assert pool.status().active == "a"
    assert {event.active for event in told.of(ActiveChanged)} <= {"a"}


def test_nothing_serves_until_one_comes_back_and_those_who_wait_are_served_in_order(
    open_pool, cluster: FakeCluster, told, standing
) -> None:
    pool = open_pool(max_size=1)
    for host in "abc":
        cluster.crash(host)
    told.wait_for(ActiveChanged, active=None)
    callers = []
    for count in range(1, 5):
        callers.append(Background(lambda: pool.getconn(timeout=60.0)))
        standing(count)
    assert pool.status().waiting == 4
    cluster.accept("a")
    for done, caller in enumerate(callers, start=1):
        connection = caller.result()
        assert [one.running for one in callers] == [False] * done + [True] * (4 - done)
        pool.putconn(connection)


def test_the_search_is_quick_while_nothing_serves(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(**ASLEEP)
    for host in "abc":
        cluster.crash(host)
    with pytest.raises(FakeError, match="crashed"):
        run(pool, "write lost")
    told.wait_for(ActiveChanged, active=None)
    cluster.accept("a")
    assert run(pool, "write saved") == "a"


def test_an_hour_between_probes_delays_no_caller_that_waits_already(
    open_pool, cluster: FakeCluster, told, standing
) -> None:
    pool = open_pool(**ASLEEP)
    cluster.crash("a")
    with pytest.raises(FakeError, match="crashed"):
        run(pool, "write lost")
    told.wait_for(ActiveChanged, active=None)
    caller = Background(lambda: run(pool, "write saved", timeout=60.0))
    standing(1)
    cluster.promote("c")
    assert caller.result() == "c"


def test_no_host_is_explained_host_by_host(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool()
    for host in "abc":
        cluster.crash(host)
    for host in "abc":
        told.wait_for(HostHealthChanged, host=host, health=Health.DOWN)
    with pytest.raises(NoHostAvailable) as caught:
        pool.getconn(timeout=0.01)
    assert set(caught.value.reasons) == {"a", "b", "c"}
    assert all(reason.startswith("down: ") for reason in caught.value.reasons.values())


# -- warm standbys ---------------------------------------------------------------------------------------------------


def test_warm_connections_survive_the_promotion_and_are_used(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(warm_standby=2, max_connecting=1)
    ready = {"b": 3, "c": 3}
    cluster.wait_until(lambda: {host: cluster[host].open_connections for host in ready} == ready)
    connects = cluster["b"].connects
    cluster.crash("a")
    cluster.promote("b")
    told.wait_for(ActiveChanged, active="b")
    held = [pool.getconn() for _ in range(2)]
    assert {connection.host for connection in held} == {"b"}
    assert cluster["b"].connects == connects
    for connection in held:
        pool.putconn(connection)


def test_openings_on_a_new_primary_start_slowly(open_pool, cluster: FakeCluster, told, standing) -> None:
    pool = open_pool(warm_standby=0, max_connecting=4, connect_timeout=60.0)
    cluster.crash("a")
    told.wait_for(ActiveChanged, active=None)
    callers = [Background(lambda: pool.getconn(timeout=60.0)) for _ in range(6)]
    standing(6)
    cluster.hold("b", "connect")
    cluster.promote("b")
    cluster.wait_until_blocked("b", "connect")
    assert next(host for host in pool.status().hosts if host.name == "b").opening == 1
    cluster.release("b", "connect")
    for connection in [caller.result() for caller in callers]:
        pool.putconn(connection)


# -- a host is left while alive --------------------------------------------------------------------------------------


def switch_over(cluster: FakeCluster, told) -> None:
    """Have a and b change places, with all connections alive."""
    cluster.demote("a")
    told.wait_for(ActiveChanged, active=None)
    cluster.promote("b")
    told.wait_for(ActiveChanged, active="b")


def test_a_demoted_hosts_borrowers_may_finish(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(drain=3600.0)
    held = pool.getconn()
    switch_over(cluster, told)
    held.cursor().execute("ping")
    assert not held.closed
    pool.putconn(held)
    assert held.closed, "it is of an older generation"
    assert told.of(ConnectionsAborted) == []


def test_a_drain_has_an_end(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(drain=0.01)
    held = pool.getconn()
    switch_over(cluster, told)
    told.wait_for(ConnectionsAborted, host="a")
    assert held.closed
    pool.putconn(held)


def test_a_lost_hosts_borrowers_may_finish_where_that_is_wished(open_pool, cluster: FakeCluster, told) -> None:
    pool = open_pool(on_loss="drain", drain=3600.0)
    held = pool.getconn()
    cluster.refuse("a")
    cluster.hold("a", "probe")
    told.wait_for(HostHealthChanged, host="a", health=Health.DOWN)
    cluster.promote("b")
    told.wait_for(ActiveChanged, active="b")
    assert not held.closed
    cluster.release("a", "probe")
    pool.putconn(held)


# -- who may read ----------------------------------------------------------------------------------------------------


def test_standbys_that_lag_are_not_read_from(open_pool, cluster: FakeCluster, until) -> None:
    pool = open_pool(max_lag=5.0)
    cluster.set("b", lag=30.0)
    cluster.set("c", lag=1.0)
    until(lambda: view(pool, "b").lag == 30.0 and view(pool, "c").lag == 1.0)
    held = [pool.getconn("standby", timeout=10.0) for _ in range(4)]
    assert {connection.host for connection in held} == {"c"}
    cluster.set("c", lag=None)
    until(lambda: view(pool, "c").lag is None)
    with pytest.raises(NoHostAvailable):
        pool.getconn("standby", timeout=0.01)
    held.append(pool.getconn("prefer-standby", timeout=10.0))
    assert held[-1].host == "a"
    for connection in held:
        pool.putconn(connection)


# -- going home ------------------------------------------------------------------------------------------------------


class Roleless:
    """Two hosts without roles, a pool over them, and time that is passed by hand."""

    def __init__(self, open_pool, until: Callable[..., None], **settings: object) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(["a", "b"], roles=False)
        self.pool: FailoverPool = open_pool(
            of=self.cluster,
            clock=self.clock,
            probe_interval=1e6,
            probe_timeout=1e6,
            hold=60.0,
            drain=10.0,
            max_lifetime=1e6,
            idle_timeout=1e6,
            keepalive=1e6,
            check_idle_after=1e6,
            **settings,
        )
        self._until = until

    def lose_a(self) -> None:
        self.cluster.crash("a")
        self._monitor.wake("a")
        self._until(lambda: self.pool.status().active == "b" and view(self.pool, "a").health is Health.DOWN)
        self.cluster.accept("a")

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps of a second, with a probe of every host after each."""
        for _ in range(int(seconds)):
            self.clock.advance(1.0)
            for host in "ab":
                self._monitor.wake(host)
            self._until(lambda: all(view(self.pool, host).last_good == self.clock() for host in "ab"))

    @property
    def state(self) -> State:
        return self.pool.status().state

    @property
    def _monitor(self):
        return self.pool._assembly._monitor


def test_traffic_goes_home_after_the_hold_time_to_warm_connections(open_pool, until, told) -> None:
    scene = Roleless(open_pool, until)
    held = [scene.pool.getconn() for _ in range(2)]
    for connection in held:
        scene.pool.putconn(connection)
    scene.lose_a()
    held = [scene.pool.getconn() for _ in range(3)]
    scene.pass_time(60)
    assert (scene.state, scene.pool.status().active) == (State.FAILED_OVER, "b")
    scene.pass_time(3)
    told.wait_for(ActiveChanged, previous="b", active="a")
    until(lambda: scene.state is State.HEALTHY)
    states = [event.state for event in told.of(StateChanged)]
    assert states[-3:] == [State.FAILED_OVER, State.FAILING_BACK, State.HEALTHY]
    assert next(host for host in scene.pool.status().hosts if host.name == "a").idle >= 3, "as many as were in use on b"
    assert not any(connection.closed for connection in held), "what is lent on b may finish"
    scene.pass_time(10)
    told.wait_for(ConnectionsAborted, host="b")
    for connection in held:
        scene.pool.putconn(connection)


@pytest.mark.parametrize("failback", ["manual", "never"])
def test_traffic_stays_where_it_is_unless_it_may_go_home(open_pool, until, told, failback: str) -> None:
    scene = Roleless(open_pool, until, failback=failback)
    scene.lose_a()
    scene.pass_time(130)
    assert (scene.state, scene.pool.status().active) == (State.FAILED_OVER, "b")
    if failback == "never":
        with pytest.raises(OperatorError, match="never"):
            scene.pool.fail_back()
    else:
        scene.pool.fail_back()
        told.wait_for(ActiveChanged, previous="b", active="a")
        until(lambda: scene.state is State.HEALTHY)


def test_a_host_that_falters_again_is_not_gone_home_to(open_pool, until, told) -> None:
    scene = Roleless(open_pool, until)
    scene.lose_a()
    scene.pass_time(40)
    scene.lose_a()
    scene.pass_time(40)
    assert scene.pool.status().active == "b"
    assert len(told.of(ActiveChanged)) == 2


# -- an operator's wishes --------------------------------------------------------------------------------------------


def test_a_pause_and_a_resume_within_one_acquire(open_pool, standing) -> None:
    pool = open_pool()
    pool.pause()
    assert pool.status().paused
    caller = Background(lambda: run(pool, "ping", timeout=60.0))
    standing(1)
    pool.resume()
    assert caller.result() == "a"


def test_a_pause_leaves_what_is_lent_alone(open_pool) -> None:
    pool = open_pool()
    with pool.connection() as connection:
        pool.pause()
        connection.cursor().execute("write x")
    with pytest.raises(NoHostAvailable, match="paused"):
        pool.getconn(timeout=0.01)
    pool.resume()


def test_failing_over_by_hand_and_back(open_pool, until, told) -> None:
    scene = Roleless(open_pool, until)
    scene.pool.fail_over(to="b")
    assert run(scene.pool, "write x") == "b"
    with pytest.raises(OperatorError, match="b is active already"):
        scene.pool.fail_over(to="b")
    scene.pool.fail_back()
    told.wait_for(ActiveChanged, previous="b", active="a")
    assert run(scene.pool, "write y") == "a"


def test_a_suspend_and_a_resume_within_one_acquire(open_pool, cluster: FakeCluster, told, standing) -> None:
    pool = open_pool()
    cluster.crash("a")
    told.wait_for(ActiveChanged, active=None)
    caller = Background(lambda: run(pool, "write x", timeout=60.0))
    standing(1)
    cluster.accept("a")
    assert caller.result() == "a"
