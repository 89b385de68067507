"""All hosts' probes together: on time, at once when there is reason, and none held up by another."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from failoverkit.clock import FAR
from failoverkit.model import ErrorKind, Observation
from failoverkit.monitor import monitor as module
from failoverkit.monitor.monitor import Monitor, Outlook
from failoverkit.plugins import load
from failoverkit.settings import MonitorSettings
from failoverkit.testing import FakeClock, FakeCluster

SOON = 10.0
HOUR = 3600.0


class Watched:
    """A monitor over two fake hosts, and what it told the pool it serves."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(["a", "b"])
        self.urgent = False
        self.tended: list[float] = []
        self.counts: Counter[str] = Counter()
        self.errors: list[ErrorKind] = []
        self._changed = threading.Condition()
        intervals = MonitorSettings(probe_interval=HOUR, probe_timeout=30.0, quick_interval=1.0)
        settings = dataclasses.replace(self.cluster.settings, monitor=intervals)
        outlook = Outlook(self._observe, lambda: self.urgent, lambda _: 0, lambda _: None, self._tend)
        self.monitor = Monitor(settings, load(settings), self.clock, outlook)

    def _observe(self, observation: Observation) -> None:
        with self._changed:
            self.counts[observation.host] += 1
            if observation.error is not None:
                self.errors.append(observation.error)
            self._changed.notify_all()

    def _tend(self, now: float) -> float:
        with self._changed:
            self.tended.append(now)
            self._changed.notify_all()
        return FAR

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, SOON)

    def wait_for(self, **counts: int) -> None:
        """Return when so many observations of each host were handed in."""
        self.wait_until(lambda: all(self.counts[host] >= count for host, count in counts.items()))

    def advance(self, seconds: float) -> None:
        """Let time pass. The threads sleep in real time and have to be told."""
        self.clock.advance(seconds)
        for ticker in (self.monitor._scheduler, *self.monitor._tickers.values()):
            with ticker._wake:
                ticker._wake.notify()

    def due(self, host: str) -> float:
        return self.monitor._tickers[host].due - self.clock()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(module.random, "random", lambda: 0.5)
    watched = Watched()
    watched.monitor.start()
    yield watched
    watched.cluster.stop()
    for thread in watched.monitor.stop():
        thread.join(SOON)
        assert not thread.is_alive()


@pytest.fixture
def calm(watched: Watched, until: Callable[..., None]) -> Watched:
    """Both hosts have been probed once, and nothing is due for an hour."""
    until(lambda: [watched.due(host) for host in "ab"] == [HOUR, HOUR])
    assert watched.counts == {"a": 1, "b": 1}
    return watched


def test_every_host_is_probed_at_once_and_then_at_its_interval(calm: Watched) -> None:
    assert calm.monitor._urgent_since is None


def test_threads_are_daemons_with_names(calm: Watched) -> None:
    threads = calm.monitor.stop()
    assert sorted(thread.name for thread in threads) == [
        "failoverkit-probe-a",
        "failoverkit-probe-b",
        "failoverkit-scheduler",
    ]
    assert all(thread.daemon for thread in threads)


def test_failed_work_wakes_the_hosts_prober_and_no_other(calm: Watched) -> None:
    calm.monitor.wake("b")
    calm.wait_for(b=2)
    assert calm.counts["a"] == 1


def test_when_things_turn_urgent_all_hosts_are_probed_soon(calm: Watched, until: Callable[..., None]) -> None:
    calm.urgent = True
    calm.monitor.look_around()
    assert [calm.due(host) for host in "ab"] == [1.0, 1.0]
    calm.advance(1.0)
    calm.wait_for(a=2, b=2)
    until(lambda: [calm.due(host) for host in "ab"] == [1.0, 1.0])
    calm.monitor.look_around()
    assert [calm.due(host) for host in "ab"] == [1.0, 1.0], "once it is urgent already, the pace is kept"
    calm.urgent = False
    calm.monitor.look_around()
    for host in "ab":
        calm.monitor.wake(host)
    until(lambda: [calm.due(host) for host in "ab"] == [HOUR, HOUR])


def test_urgent_probing_grows_slower(calm: Watched, until: Callable[..., None]) -> None:
    calm.urgent = True
    calm.monitor.look_around()
    for later, pause in ((9.0, 1.0), (2.0, 3.0), (50.0, 10.0)):
        calm.advance(later)
        calm.monitor.wake("a")
        until(lambda pause=pause: calm.due("a") == pause)


def test_a_host_without_a_connection_is_probed_less_often(calm: Watched, until: Callable[..., None]) -> None:
    calm.urgent = True
    calm.cluster.crash("b")
    calm.monitor.look_around()
    calm.monitor.wake("b")
    until(lambda: calm.due("b") == 2.0)


def test_a_hung_host_delays_no_other(calm: Watched) -> None:
    calm.cluster.hold("a", "probe")
    calm.monitor.wake("a")
    calm.cluster.wait_until_blocked("a", "probe")
    for count in (2, 3):
        calm.monitor.wake("b")
        calm.wait_for(b=count)
    assert calm.counts["a"] == 1


def test_a_hung_probe_is_ended_by_the_scheduler(calm: Watched) -> None:
    calm.cluster.hold("a", "probe")
    calm.monitor.wake("a")
    calm.cluster.wait_until_blocked("a", "probe")
    calm.advance(30.0)
    calm.wait_for(a=2)
    assert calm.errors == [ErrorKind.TIMEOUT]
    calm.cluster.wait_until(lambda: calm.cluster["a"].open_connections == 0)


def test_a_slow_probe_makes_the_others_quick_before_its_deadline(calm: Watched, until: Callable[..., None]) -> None:
    calm.cluster.hold("a", "probe")
    calm.monitor.wake("a")
    calm.cluster.wait_until_blocked("a", "probe")
    calm.advance(0.2)
    until(lambda: calm.monitor._urgent_since is not None)
    assert calm.due("b") == pytest.approx(1.0)
    assert calm.errors == []
    calm.cluster.release("a", "probe")
    calm.wait_for(a=2)
    calm.monitor.look_around()
    assert calm.monitor._urgent_since is None


def test_what_is_to_be_tended_is_tended_in_time(calm: Watched) -> None:
    before = len(calm.tended)
    calm.advance(5.0)
    calm.monitor.hurry(calm.clock())
    calm.wait_until(lambda: len(calm.tended) > before)
    assert calm.tended[-1] == calm.clock()


def test_a_stopped_monitor_closes_its_connections_and_leaves_no_thread(calm: Watched) -> None:
    threads = calm.monitor.stop()
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)
    assert [calm.cluster[host].open_connections for host in "ab"] == [0, 0]


def test_a_hung_host_does_not_hold_up_the_end_of_the_others(calm: Watched) -> None:
    calm.cluster.hold("a", "connect")
    calm.cluster.cut("a")
    calm.monitor.wake("a")
    calm.cluster.wait_until_blocked("a", "connect")
    threads = {thread.name: thread for thread in calm.monitor.stop()}
    hung = threads.pop("failoverkit-probe-a")
    for thread in threads.values():
        thread.join(SOON)
        assert not thread.is_alive()
    assert calm.cluster["b"].open_connections == 0
    assert hung.is_alive()
    calm.cluster.release("a", "connect")
    hung.join(SOON)
    assert calm.cluster["a"].open_connections == 0, "what it opened in the end is closed, too"


def test_one_that_was_never_started_has_no_threads() -> None:
    assert Watched().monitor.stop() == []
