"""Probes one host on a connection of its own, and turns every outcome into one observation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failoverkit.clock import FAR, Clock
from failoverkit.model import ErrorKind, Host, Observation, Report, Source
from failoverkit.monitor.schedule import slow_after
from failoverkit.plugins import Plugins
from failoverkit.secrets import first_line
from failoverkit.settings import Settings


@dataclass(frozen=True, slots=True)
class ProbeSurroundings:
    """What a prober needs of the world.

    ``generation_of`` and ``usual_latency`` are asked by host name; ``look_around`` is called when a probe takes
    unusually long.
    """

    settings: Settings
    plugins: Plugins
    clock: Clock
    observe: Callable[[Observation], None]
    generation_of: Callable[[str], int]
    usual_latency: Callable[[str], float | None]
    look_around: Callable[[], None]


class _Flight:
    """One probe under way. Guarded by the prober's lock."""

    __slots__ = ("connection", "generation", "is_slow", "started", "timeouts")

    def __init__(self, started: float, generation: int) -> None:
        self.started = started
        self.generation = generation
        self.connection: Any = None
        self.timeouts = 0
        self.is_slow = False


class Prober:
    """One host's probes. ``probe`` runs on the prober's own thread, ``watch`` on the scheduler's."""

    def __init__(self, host: Host, around: ProbeSurroundings) -> None:
        self.host = host
        self._around = around
        self._settings = around.settings.monitor
        self._lock = threading.Lock()
        self._flight: _Flight | None = None
        self._connection: Any = None
        self._stopped = False

    @property
    def is_connected(self) -> bool:
        """Whether the next probe needs no connect."""
        return self._connection is not None

    @property
    def slow_after(self) -> float:
        """How long a probe may take until it is unusually long, seconds."""
        return slow_after(self._around.usual_latency(self.host.name), self._settings)

    @property
    def is_slow(self) -> bool:
        """Whether a probe is under way that takes unusually long."""
        flight = self._flight
        return flight is not None and flight.is_slow

    # -- on the prober's thread -------------------------------------------------------------------------------------

    def probe(self) -> None:
        """Probe once and hand in the observation, unless the deadline passed meanwhile: then that was handed in."""
        around = self._around
        flight = _Flight(around.clock(), around.generation_of(self.host.name))
        with self._lock:
            if self._stopped:
                return
            self._flight = flight
        try:
            report = self._ask(flight)
        except Exception as error:  # noqa: BLE001 - the driver's own error, of whatever class
            self.disconnect()
            observation = self._failure(flight, error)
        else:
            latency = around.clock() - flight.started
            observation = Observation(self.host.name, flight.generation, Source.PROBE, report=report, latency=latency)
        with self._lock:
            self._flight = None
            is_moot = flight.timeouts > 0 or self._stopped
        if not is_moot:
            around.observe(observation)

    def _ask(self, flight: _Flight) -> Report:
        if self._connection is not None:
            try:
                return self._ask_on(flight, self._connection)
            except Exception:
                self.disconnect()
                if flight.timeouts or self._stopped:
                    raise
                # One lost session says nothing about the host (it may have been terminated): a fresh one tells.
        self._connection = self._around.plugins.connect(self.host, self._around.settings, self._settings.probe_timeout)
        try:
            return self._ask_on(flight, self._connection)
        finally:
            if not self._around.plugins.driver_probes:
                self.disconnect()

    def _ask_on(self, flight: _Flight, connection: Any) -> Report:
        with self._lock:
            flight.connection = connection
            if flight.timeouts or self._stopped:
                raise TimeoutError("connected after the deadline")
        return self._around.plugins.probe(connection, self._settings.probe_timeout)

    def _failure(self, flight: _Flight, error: Exception) -> Observation:
        kind = self._around.plugins.classify_error(error)
        detail = first_line(error, self._around.settings.hidden()) or type(error).__name__
        return Observation(self.host.name, flight.generation, Source.PROBE, error=kind, detail=detail)

    def disconnect(self) -> None:
        """Close the monitor's connection to this host, if it has one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._around.plugins.close(connection)

    # -- on the scheduler's thread ----------------------------------------------------------------------------------

    def watch(self, now: float, due: float) -> float:
        """Act on a probe that takes long; return when to look again. ``due`` is when the next probe begins."""
        slow = self.slow_after
        with self._lock:
            flight = self._flight
            if flight is None:
                # A prober between two probes has not said yet when the next one begins.
                return (now if due == FAR else due) + slow
            deadline = flight.started + self._settings.probe_timeout * (flight.timeouts + 1)
            is_overdue = now >= deadline
            turned_slow = not flight.is_slow and now >= flight.started + slow
            flight.is_slow = flight.is_slow or turned_slow
            connection = flight.connection if is_overdue and not flight.timeouts else None
            flight.timeouts += is_overdue
            next_look = deadline + self._settings.probe_timeout if is_overdue else deadline
        if turned_slow:
            self._around.look_around()
        if is_overdue:
            self._timed_out(flight, connection)
        return next_look if flight.is_slow else min(next_look, flight.started + slow)

    def _timed_out(self, flight: _Flight, connection: Any) -> None:
        if connection is not None:
            self._around.plugins.abort(connection)
        what = "no answer" if flight.connection is not None else "no connection"
        detail = f"{what} within {self._settings.probe_timeout * flight.timeouts:g} s"
        observation = Observation(
            self.host.name, flight.generation, Source.PROBE, error=ErrorKind.TIMEOUT, detail=detail
        )
        self._around.observe(observation)

    def stop(self) -> None:
        """Unblock a probe under way, and let it and any later one come to nothing: the monitor stops."""
        with self._lock:
            self._stopped = True
            connection = self._flight.connection if self._flight else None
        if connection is not None:
            self._around.plugins.abort(connection)
