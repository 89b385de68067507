"""The working parts of one pool in one process, built complete and joined by callables."""

from __future__ import annotations

import threading
from typing import Any

from failoverkit.clock import FAR, Clock
from failoverkit.conductor import Conductor
from failoverkit.failover.commands import Warmed
from failoverkit.failover.effects import CancelWarm, Discard, Drain, Effect, Route, Suspend, Warm
from failoverkit.failover.routing import Routing, route
from failoverkit.failover.topology import HostView, begin
from failoverkit.model import Health, HostStatus, Observation, PoolStatus, Source
from failoverkit.monitor.monitor import Monitor, Outlook
from failoverkit.plugins import Plugins
from failoverkit.pool.host_pool import HostPool
from failoverkit.pool.lender import Lender
from failoverkit.pool.routed_pool import RoutedPool
from failoverkit.pool.surroundings import Surroundings
from failoverkit.settings import Settings
from failoverkit.threads import Ticker
from failoverkit.watchdog import Watchdog


class Assembly:
    """One pool's brain, monitor and host pools. Thread-safe. Never reused: the child of a fork builds its own."""

    def __init__(self, settings: Settings, plugins: Plugins, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._running = False
        self._life = threading.Lock()
        """Held while the monitor's threads start, so that ``close`` finds them all."""
        topology = begin(settings.hosts, pool=settings.name)
        self._herald = Ticker("failoverkit-events", self._tell_events, clock)
        self.conductor = Conductor(
            topology, settings.failover, clock, self, on_event=plugins.on_event, announce=self._announce
        )
        outlook = Outlook(self._observe, self._is_urgent, self._generation_of, self._usual_latency, self._tend)
        self._monitor = Monitor(settings, plugins, clock, outlook)
        self._watchdog = Watchdog(clock, plugins.abort, self._monitor.hurry)
        around = Surroundings(
            settings=settings,
            plugins=plugins,
            clock=clock,
            watchdog=self._watchdog,
            observe=self._observe,
            tell=self.conductor.tell,
            hurry=self._monitor.hurry,
            warmed=self._warmed,
        )
        self._host_pools = {host.name: HostPool(host, around) for host in settings.hosts}
        self.routed = RoutedPool(self._host_pools, around, route(topology, settings.failover), self.start)
        self.lender = Lender(self.routed, self._host_pools, around, self._situation)

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the monitor once, and not after ``close``."""
        if not self._running:
            with self._life:
                self._start_locked()

    def _start_locked(self) -> None:
        if not self._running and not self.routed.is_closed:
            self._running = True
            self._herald.start()
            self._monitor.start()

    def close(self, timeout: float) -> None:
        """Stop everything; wait up to ``timeout`` seconds for the threads."""
        with self._life:
            self.routed.close()
            running, self._running = self._running, False
        threads = self._monitor.stop() if running else []
        # The scheduler, which looks after deadlines, is no more.
        self._watchdog.end()
        for pool in self._host_pools.values():
            pool.close()
            threads.extend(pool.threads())
        deadline = self._clock() + timeout
        self._join(threads, deadline)
        if running:
            # The last one, because the end of the others may have been worth telling.
            self._herald.stop()
            self._join([self._herald.thread], deadline)
        self.conductor.tell_all()

    def _join(self, threads: list[threading.Thread], deadline: float) -> None:
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - self._clock()))

    def abandon(self) -> list[Any]:
        """Give up everything without touching it (in the child of a fork); return the parent's connections."""
        self.lender.inherited = True
        self.routed.abandon()
        pooled = [entry for pool in self._host_pools.values() for entry in pool.everything()]
        return [self._monitor, *(entry.connection for entry in pooled)]

    # -- the stage: what the brain asks for -------------------------------------------------------------------------

    def publish(self, routing: Routing) -> None:
        """Route by this from now on."""
        self.routed.publish(routing)

    def carry_out(self, effect: Effect) -> None:
        """Do what the brain asks for."""
        match effect:
            case Route(host):
                self._host_pools[host].start_serving()
            case Discard(host, generation):
                self._host_pools[host].discard(generation)
            case Drain(host, generation, limit):
                self._host_pools[host].drain(generation, limit)
            case Warm(host):
                self._host_pools[host].warm(self._size_of_active())
            case CancelWarm(host):
                self._host_pools[host].cancel_warm()
            case Suspend():
                pass  # the published routing says it all: there is no primary in it

    def _size_of_active(self) -> int:
        active = self.conductor.topology.active
        counts = self._host_pools[active].counts() if active else None
        return max(1, self._settings.pool.min_size, counts.idle + counts.lent if counts else 0)

    # -- what the parts ask of each other ---------------------------------------------------------------------------

    def _announce(self) -> None:
        if self._running:
            self._herald.hurry(self._clock())
        else:
            # Before the start and after the end there is no thread for it.
            self.conductor.tell_all()

    def _tell_events(self, _: float) -> float:
        self.conductor.tell_all()
        return FAR

    def _observe(self, observation: Observation) -> None:
        self.conductor.observe(observation)
        if observation.source is Source.CALLER:
            self._monitor.wake(observation.host)
        self._monitor.look_around()

    def _warmed(self, host: str) -> None:
        self.conductor.command(Warmed(host))

    def _tend(self, now: float) -> float:
        times = [self.conductor.tick(now), self._watchdog.expire(now)]
        times.extend(pool.tend(now) for pool in self._host_pools.values())
        return min(times, default=FAR)

    def _is_urgent(self) -> bool:
        topology = self.conductor.topology
        return topology.active is None or any(view.health is Health.SUSPECT for view in topology.hosts.values())

    def _generation_of(self, host: str) -> int:
        return self.conductor.view(host).generation

    def _usual_latency(self, host: str) -> float | None:
        return self.conductor.view(host).latency

    # -- looking at it ----------------------------------------------------------------------------------------------

    def _situation(self, host: str) -> str:
        """Say in one sentence what is believed of a host and where new work goes."""
        topology = self.conductor.topology
        health = self.conductor.view(host).health.value
        if topology.active is None:
            return f"{host} is {health}; nothing can serve now, new work waits for a host that may take writes."
        return f"{host} is {health}; new work goes to {topology.active}."

    def status(self) -> PoolStatus:
        """Return a frozen picture of the pool."""
        # What borrowers go by, which may be a moment behind what is known already.
        routing = self.routed.routing
        hosts = tuple(self._host_status(view, routing) for view in self.conductor.topology.hosts.values())
        return PoolStatus(routing.state, routing.active, routing.paused, hosts, self.routed.waiting)

    def _host_status(self, view: HostView, routing: Routing) -> HostStatus:
        counts = self._host_pools[view.name].counts()
        return HostStatus(
            name=view.name,
            health=view.health,
            role=view.role,
            active=view.name == routing.active,
            stale=view.stale,
            quarantined=view.quarantined,
            epoch=view.epoch,
            lag=view.lag,
            latency=view.latency,
            reason=routing.reasons.get(view.name, ""),
            idle=counts.idle,
            lent=counts.lent,
            opening=counts.opening,
            waiting=counts.waiting,
            generation=view.generation,
        )

    def stats(self) -> dict[str, dict[str, int]]:
        """Return counters per host."""
        return {name: pool.stats() for name, pool in self._host_pools.items()}
