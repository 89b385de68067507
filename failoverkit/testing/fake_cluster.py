"""An in-memory cluster for the fake driver, and its remote control.

A pool reaches it by its URL, ``fake://a,b,c/<name>``, as long as somebody holds the ``FakeCluster``::

    cluster = FakeCluster(["a", "b", "c"])      # a is the primary
    pool = FailoverPool(cluster.url)
    cluster.crash("a")
    cluster.promote("b")

Replication is perfect: the hosts share one log of committed values.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Sequence
from urllib.parse import quote

from failoverkit.model import ErrorKind, Host, Report, Role
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing.fake_clock import FakeClock
from failoverkit.testing.fake_connection import FakeError
from failoverkit.testing.fake_host import OPERATIONS, FakeHost, Written

_numbers = itertools.count(1)
_live: weakref.WeakValueDictionary[str, FakeCluster] = weakref.WeakValueDictionary()
_registry_lock = threading.Lock()


class FakeCluster:
    """Fake hosts by name. The first is the primary, the others are standbys. Safe to use from many threads.

    ``roles=False`` makes a database without roles: every host says ``UNKNOWN`` and takes writes. With a ``clock``,
    slow hosts move that clock instead of taking real time. Set ``password`` to have it asked for at connect. It is
    a ``LocalCluster`` as well.
    """

    def __init__(
        self,
        hosts: Sequence[str] = ("a", "b", "c"),
        *,
        name: str | None = None,
        roles: bool = True,
        clock: FakeClock | None = None,
    ) -> None:
        self.name = name or f"fake-{next(_numbers)}"
        self.password: str | None = None
        self.log: list[Written] = []
        self._changed = threading.Condition()
        self._roles = roles
        self._primary = hosts[0]
        self._hosts = {host: FakeHost(host, self._first_report(host), self.log, self._changed, clock) for host in hosts}
        with _registry_lock:
            if self.name in _live:
                raise ValueError(f"there is a fake cluster named {self.name!r} already")
            _live[self.name] = self

    def __getitem__(self, host: str) -> FakeHost:
        """Return one host, to look at. Raises ``KeyError``."""
        return self._hosts[host]

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts as a pool's settings name them, the first preferred."""
        return tuple(Host(name, name, priority=place) for place, name in enumerate(self._hosts))

    @property
    def settings(self) -> Settings:
        """Settings of a pool over all hosts."""
        password = None if self.password is None else Secret(self.password)
        return Settings(driver="fake", hosts=self.hosts, database=self.name, password=password)

    @property
    def url(self) -> str:
        """The URL of a pool over all hosts."""
        login = "" if self.password is None else f":{quote(self.password, safe='')}@"
        return f"fake://{login}{','.join(self._hosts)}/{self.name}"

    @property
    def primary(self) -> str:
        """The host that was made primary last, whether it runs or not."""
        return self._primary

    @property
    def values(self) -> list[str]:
        """The values committed so far."""
        return [written.value for written in tuple(self.log)]

    def log_in(self, password: Secret | None) -> None:
        """Raise ``FakeError`` when a password is set and this is another."""
        if self.password is not None and password != Secret(self.password):
            raise FakeError(ErrorKind.REFUSED, "wrong password")

    # What a test does to its servers: the LocalCluster part.

    def start(self) -> None:
        """Start every host."""
        self.restore()

    def stop(self) -> None:
        """Crash every host."""
        for host in self._hosts:
            self.crash(host)

    def crash(self, host: str) -> None:
        """Cut every connection of a host and refuse new ones."""
        self._hosts[host].refuse(ErrorKind.HOST_UNREACHABLE)
        self._hosts[host].cut("the host crashed")
        self._hosts[host].release(OPERATIONS)

    def freeze(self, host: str) -> None:
        """Block every call to a host, present and future, until it is resumed or the call aborted."""
        self._hosts[host].hold(OPERATIONS)

    def resume(self, host: str) -> None:
        """Let a frozen host go on."""
        self._hosts[host].release(OPERATIONS)

    def restart(self, host: str) -> None:
        """Cut every connection and accept new ones, in the same role."""
        self._hosts[host].cut("the host restarted")
        self.accept(host)
        self.resume(host)

    def promote(self, host: str) -> None:
        """Make a host the primary of a new epoch. Connections live on; the old primary is left as it is."""
        self._hosts[host].change(role=self._role(primary=True), epoch=self._next_epoch(), lag=None, lag_bytes=None)
        self._primary = host

    def rewind(self, host: str) -> None:
        """Crash a host. Nothing is to be thrown away: the log is shared."""
        self.crash(host)

    def rejoin(self, host: str) -> None:
        """Start a host as a standby of the present primary."""
        self._hosts[host].change(
            role=self._role(primary=False),
            epoch=self._hosts[self._primary].report.epoch,
            lag=0.0,
            lag_bytes=0,
        )
        self.restart(host)

    def restore(self) -> None:
        """Bring every host back, quick and willing: the first as primary, the others as standbys."""
        first, *others = self._hosts
        if self._primary != first:
            self.promote(first)
        self.restart(first)
        for host in others:
            self.rejoin(host)
        for host in self._hosts:
            self.slow(host, 0.0)

    def most_advanced(self) -> str:
        """Return a standby; all of them have everything."""
        return next(name for name, host in self._hosts.items() if host.report.role is Role.STANDBY)

    def switch_over(self, host: str) -> None:
        """Make another host primary and the old one its standby."""
        former = self._primary
        self.crash(former)
        self.promote(host)
        self.rejoin(former)

    # What only a fake server can do.

    def set(self, host: str, **facts: object) -> None:
        """Change what a host's probes say: any field of ``Report``."""
        self._hosts[host].change(**facts)

    def demote(self, host: str) -> None:
        """Make a primary a standby whose connections live on and may not write any more."""
        self._hosts[host].change(role=Role.STANDBY, lag=0.0, lag_bytes=0)

    def cut(self, host: str) -> None:
        """Cut every open connection of a host, which goes on accepting new ones."""
        self._hosts[host].cut("cut")

    def refuse(self, host: str, kind: ErrorKind = ErrorKind.HOST_UNREACHABLE) -> None:
        """Refuse new connections: ``REFUSED`` is a bad password, ``BUSY`` too many connections."""
        self._hosts[host].refuse(kind)

    def accept(self, host: str) -> None:
        """Accept new connections again."""
        self._hosts[host].refuse(None)

    def fail_next_connect(self, host: str, kind: ErrorKind = ErrorKind.HOST_UNREACHABLE, times: int = 1) -> None:
        """Refuse the next so many connections."""
        self._hosts[host].fail_next(kind, times)

    def slow(self, host: str, seconds: float) -> None:
        """Delay every call to a host; 0 for none. A call with a shorter deadline fails when it has passed."""
        self._hosts[host].slow_down(seconds)

    def hold(self, host: str, *operations: str) -> None:
        """Stop calls in the middle: ``"connect"``, ``"probe"``, ``"commit"`` …, see ``OPERATIONS``."""
        self._hosts[host].hold(operations)

    def release(self, host: str, *operations: str) -> None:
        """Let held calls go on."""
        self._hosts[host].release(operations)

    def expire(self, host: str) -> None:
        """Let held ``connect`` and ``check`` calls run into their deadline now."""
        self._hosts[host].expire()

    def wait_until_blocked(self, host: str, *operations: str, count: int = 1, timeout: float = 10.0) -> None:
        """Return when so many calls are stopped on a host, in any of the operations or in those named.

        Raises ``TimeoutError`` after ``timeout`` seconds.
        """
        self._hosts[host].wait_until_blocked(operations or tuple(OPERATIONS), count, timeout)

    def wait_until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        """Return when ``condition`` holds; it is asked again whenever a connection opens, ends, or is blocked.

        Raises ``TimeoutError`` after ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise TimeoutError(f"it did not happen within {timeout} s")

    def __repr__(self) -> str:
        return f"<FakeCluster {self.name}: {', '.join(self._hosts)}>"

    def _first_report(self, host: str) -> Report:
        if not self._roles:
            return Report()
        primary = host == self._primary
        lag = None if primary else 0.0
        return Report(role=self._role(primary=primary), epoch=1, lineage=self.name, lag=lag)

    def _role(self, *, primary: bool) -> Role:
        if not self._roles:
            return Role.UNKNOWN
        return Role.PRIMARY if primary else Role.STANDBY

    def _next_epoch(self) -> int | None:
        epochs = [host.report.epoch for host in self._hosts.values() if host.report.epoch is not None]
        return max(epochs) + 1 if epochs else None


def find_fake_cluster(name: str | None) -> FakeCluster:
    """Return the live cluster with that name. Raises ``LookupError``."""
    with _registry_lock:
        cluster = _live.get(name or "")
    if cluster is None:
        raise LookupError(f"there is no fake cluster named {name!r}; make a FakeCluster first and keep it")
    return cluster


def local_fake_cluster(*, standbys: int = 2, synchronous: bool = True) -> FakeCluster:  # noqa: ARG001 - it always is
    """Return a cluster of one primary and this many standbys: the ``ClusterFactory`` named ``fake``."""
    return FakeCluster([f"host{number}" for number in range(1, standbys + 2)])
