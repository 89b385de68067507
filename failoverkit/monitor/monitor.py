"""The monitor: one scheduler and one prober per host, each on a daemon thread of its own."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from failoverkit.clock import Clock
from failoverkit.model import Observation
from failoverkit.monitor.prober import Prober, ProbeSurroundings
from failoverkit.monitor.schedule import pause
from failoverkit.plugins import Plugins
from failoverkit.settings import Settings
from failoverkit.threads import Ticker


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the monitor asks of the pool it serves; every callable may be called from any of its threads.

    ``observe`` takes the evidence; ``is_urgent`` says whether a host is suspect or nothing serves; ``generation_of``
    and ``usual_latency`` are asked by host name; ``tend`` does what is due by now and returns when to come again.
    """

    observe: Callable[[Observation], None]
    is_urgent: Callable[[], bool]
    generation_of: Callable[[str], int]
    usual_latency: Callable[[str], float | None]
    tend: Callable[[float], float]


class Monitor:
    """Probes every host until stopped. Thread-safe. A hung host delays neither the others nor the scheduler."""

    def __init__(self, settings: Settings, plugins: Plugins, clock: Clock, outlook: Outlook) -> None:
        self._settings = settings.monitor
        self._clock = clock
        self._outlook = outlook
        self._urgent_since: float | None = None
        around = ProbeSurroundings(
            settings,
            plugins,
            clock,
            outlook.observe,
            outlook.generation_of,
            outlook.usual_latency,
            self.look_around,
        )
        self._probers = {host.name: Prober(host, around) for host in settings.hosts}
        self._tickers = {
            name: Ticker(f"failoverkit-probe-{name}", self._probing(prober), clock, prober.disconnect)
            for name, prober in self._probers.items()
        }
        self._scheduler = Ticker("failoverkit-scheduler", self._schedule, clock)

    def start(self) -> None:
        """Begin probing."""
        for ticker in self._tickers.values():
            ticker.start()
        self._scheduler.start()

    def stop(self) -> list[threading.Thread]:
        """Stop probing; return the threads, which end as soon as a probe under way has, and close its connection."""
        tickers = [self._scheduler, *self._tickers.values()]
        for ticker in tickers:
            ticker.stop()
        for prober in self._probers.values():
            prober.stop()
        return [ticker.thread for ticker in tickers if ticker.thread.is_alive()]

    def hurry(self, at: float) -> None:
        """Have ``tend`` called at ``at`` at the latest."""
        self._scheduler.hurry(at)

    def wake(self, host: str) -> None:
        """Probe this host now: somebody's work failed there."""
        self._hurry_prober(host, self._clock())

    def look_around(self) -> None:
        """Probe all hosts soon, if things have just turned urgent. Called after evidence was folded.

        A probe that takes unusually long is urgent, too, before its deadline: it is no evidence yet, but a promotion
        elsewhere would explain the silence.
        """
        urgent = self._outlook.is_urgent() or any(prober.is_slow for prober in self._probers.values())
        now = self._clock()
        if urgent and self._urgent_since is None:
            self._urgent_since = now
            for name in self._tickers:
                self._hurry_prober(name, now + self._pause(name, now))
        elif not urgent:
            self._urgent_since = None

    def _hurry_prober(self, name: str, at: float) -> None:
        self._tickers[name].hurry(at)
        self._scheduler.hurry(at + self._probers[name].slow_after)

    def _pause(self, name: str, now: float) -> float:
        since = self._urgent_since
        urgent_for = None if since is None else now - since
        connected = self._probers[name].is_connected
        return pause(self._settings, urgent_for=urgent_for, connected=connected, roll=random.random())  # noqa: S311

    def _probing(self, prober: Prober) -> Callable[[float], float]:
        def probe(_: float) -> float:
            prober.probe()
            now = self._clock()
            return now + self._pause(prober.host.name, now)

        return probe

    def _schedule(self, now: float) -> float:
        looks = [prober.watch(now, self._tickers[name].due) for name, prober in self._probers.items()]
        return min(self._outlook.tend(now), *looks)
