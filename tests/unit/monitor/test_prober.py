"""One host's probes: what each outcome is evidence of, and what is done about those that hang."""

from __future__ import annotations

from typing import Any

import pytest

from failoverkit.clock import FAR
from failoverkit.hookspecs import hookimpl
from failoverkit.model import ErrorKind, Observation, Role, Source
from failoverkit.testing import Background, FakeError

TIMEOUT = 2.0


@pytest.fixture
def watch(start) -> Any:
    return start(probe_timeout=TIMEOUT)


def hold(watch: Any, operation: str) -> Background[None]:
    """Begin a probe that stops in the middle."""
    watch.cluster.hold("a", operation)
    probing = Background(watch.prober.probe)
    watch.cluster.wait_until_blocked("a", operation)
    return probing


def timed_out(what: str, seconds: float, generation: int = 0) -> Observation:
    detail = f"no {what} within {seconds:g} s"
    return Observation("a", generation, Source.PROBE, error=ErrorKind.TIMEOUT, detail=detail)


# -- outcomes --------------------------------------------------------------------------------------------------------


def test_an_answer_is_handed_in_with_its_latency(watch) -> None:
    watch.generation = 3
    watch.cluster["a"]._clock = watch.clock
    watch.cluster.slow("a", 0.25)
    watch.prober.probe()
    (seen,) = watch.observed
    assert (seen.host, seen.generation, seen.source, seen.error) == ("a", 3, Source.PROBE, None)
    assert seen.report.role is Role.PRIMARY
    assert seen.latency == 0.5, "the connect included"
    watch.prober.probe()
    assert watch.observed[1].latency == 0.25


def test_one_connection_serves_all_probes(watch) -> None:
    assert not watch.prober.is_connected
    for _ in range(3):
        watch.prober.probe()
    assert watch.prober.is_connected
    assert watch.cluster["a"].connects == 1


def test_connects_and_probes_have_the_same_deadline(start, timeouts) -> None:
    watch = start(timeouts, probe_timeout=TIMEOUT)
    watch.prober.probe()
    assert timeouts.given == [("connect", TIMEOUT), ("probe", TIMEOUT)]


def test_a_refused_connect_is_handed_in_without_secrets(start) -> None:
    class Talkative:
        @hookimpl
        def failoverkit_connect(self):
            raise FakeError(ErrorKind.REFUSED, "hunter2 is not the password\nDETAIL: more")

    watch = start(Talkative())
    watch.prober.probe()
    detail = "*** is not the password"
    assert watch.observed == [Observation("a", 0, Source.PROBE, error=ErrorKind.REFUSED, detail=detail)]


def test_an_error_without_words_is_named(start) -> None:
    class Silent:
        @hookimpl
        def failoverkit_connect(self):
            raise ConnectionRefusedError

    watch = start(Silent())
    watch.prober.probe()
    assert (watch.observed[0].error, watch.observed[0].detail) == (
        ErrorKind.HOST_UNREACHABLE,
        "ConnectionRefusedError",
    )


def test_the_loss_of_the_monitors_own_session_is_no_evidence(watch) -> None:
    watch.prober.probe()
    watch.cluster.cut("a")
    watch.prober.probe()
    assert [seen.error for seen in watch.observed] == [None, None]
    assert watch.cluster["a"].connects == 2


def test_a_fresh_connection_that_fails_is(watch) -> None:
    watch.prober.probe()
    watch.cluster.crash("a")
    watch.prober.probe()
    assert watch.observed[-1].error is ErrorKind.HOST_UNREACHABLE
    assert not watch.prober.is_connected


def test_a_driver_without_a_probe_is_asked_by_connecting_anew(watch) -> None:
    watch.plugins.driver_probes = False
    for _ in range(2):
        watch.prober.probe()
    assert (watch.cluster["a"].connects, watch.cluster["a"].open_connections) == (2, 0)
    assert not watch.prober.is_connected
    assert [seen.error for seen in watch.observed] == [None, None]


# -- probes that hang ------------------------------------------------------------------------------------------------


def test_a_hung_probe_is_aborted_from_another_thread_and_counts_once(watch) -> None:
    probing = hold(watch, "probe")
    assert watch.look(TIMEOUT - 0.1) == pytest.approx(0.1)
    assert watch.observed == []
    watch.look(0.1)
    assert watch.observed == [timed_out("answer", 2.0)]
    probing.result()
    assert watch.observed == [timed_out("answer", 2.0)], "its end adds nothing"
    assert not watch.prober.is_connected
    assert watch.cluster["a"].open_connections == 0


def test_a_probe_on_an_old_connection_that_hangs_is_not_tried_again_on_a_new_one(watch) -> None:
    watch.prober.probe()
    probing = hold(watch, "probe")
    watch.look(TIMEOUT)
    probing.result()
    assert watch.cluster["a"].connects == 1


def test_a_hung_connect_counts_again_and_again(watch) -> None:
    watch.generation = 5
    probing = hold(watch, "connect")
    for times in (1, 2, 3):
        assert watch.look(TIMEOUT) == pytest.approx(TIMEOUT)
        assert watch.observed[-1] == timed_out("connection", TIMEOUT * times, generation=5)
    watch.cluster.release("a", "connect")
    probing.result()
    assert len(watch.observed) == 3, "the connection came too late to be asked"
    assert watch.cluster["a"].open_connections == 0


def test_a_late_failure_adds_nothing(watch) -> None:
    probing = hold(watch, "connect")
    watch.look(TIMEOUT)
    watch.cluster.crash("a")
    probing.result()
    assert watch.observed == [timed_out("connection", 2.0)]


def test_the_next_probe_begins_afresh(watch) -> None:
    probing = hold(watch, "probe")
    watch.look(TIMEOUT)
    probing.result()
    watch.cluster.release("a", "probe")
    watch.prober.probe()
    assert watch.observed[-1].error is None
    assert not watch.prober.is_slow


# -- slow probes -----------------------------------------------------------------------------------------------------


def test_a_probe_that_takes_unusually_long_makes_others_look(watch) -> None:
    watch.latency = 0.1
    probing = hold(watch, "probe")
    assert watch.look(0.3) == pytest.approx(0.1)
    assert (watch.looked_around, watch.prober.is_slow) == (0, False)
    assert watch.look(0.1) == pytest.approx(TIMEOUT - 0.4)
    assert (watch.looked_around, watch.prober.is_slow) == (1, True)
    watch.look(0.1)
    assert watch.looked_around == 1, "once for each probe"
    assert watch.observed == []
    watch.cluster.release("a", "probe")
    probing.result()
    assert not watch.prober.is_slow


# -- when to look ----------------------------------------------------------------------------------------------------


def test_between_probes_the_scheduler_comes_when_the_next_one_would_be_slow(watch) -> None:
    watch.latency = 0.1
    assert watch.prober.watch(watch.now, watch.now + 7.0) == pytest.approx(watch.now + 7.4)


def test_a_prober_that_has_not_said_when_it_probes_next_is_looked_at_soon(watch) -> None:
    watch.latency = 0.1
    assert watch.prober.watch(watch.now, FAR) == pytest.approx(watch.now + 0.4)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_a_probe_under_way_at_the_end_comes_free_and_is_no_evidence(watch) -> None:
    watch.prober.probe()
    probing = hold(watch, "probe")
    watch.prober.stop()
    probing.result()
    assert len(watch.observed) == 1
    assert watch.cluster["a"].connects == 1, "and it connects no more"
    assert watch.cluster["a"].open_connections == 0


def test_a_connect_under_way_at_the_end_comes_to_nothing(watch) -> None:
    probing = hold(watch, "connect")
    watch.prober.stop()
    watch.cluster.release("a", "connect")
    probing.result()
    assert watch.observed == []
    assert watch.cluster["a"].open_connections == 0


def test_a_stopped_prober_probes_no_more(watch) -> None:
    watch.prober.stop()
    watch.prober.probe()
    assert (watch.observed, watch.cluster["a"].connects) == ([], 0)


def test_disconnecting_closes_what_is_open(watch) -> None:
    watch.prober.probe()
    watch.prober.disconnect()
    watch.prober.disconnect()
    assert watch.cluster["a"].open_connections == 0
