"""FailoverPool: what users hold. Wires configuration, plugins, brain, monitor and pools together."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from failoverkit import config, forking
from failoverkit.assembly import Assembly
from failoverkit.clock import Clock, monotonic
from failoverkit.errors import ConfigError, FailoverkitError, PoolClosed
from failoverkit.failover.commands import ClearQuarantine, FailBack, FailOver, Pause, Resume
from failoverkit.model import PoolStatus, Target
from failoverkit.plugins import Plugins, load
from failoverkit.pool.lender import Lending
from failoverkit.settings import Settings

PRIMARY = Target.PRIMARY
_NOT_LENT = "this connection is not lent by this pool (given back twice?)"


class FailoverPool:
    """A connection pool over the hosts of one replicated database, which keeps working when a host is lost.

    ``source``: a URL (``"postgresql://user:pw@db1,db2/orders"``), the path of a TOML file, ready ``Settings``, or
    nothing, for the environment alone. ``name`` chooses among several pools of a file. ``strategy``: the name of an
    installed strategy, or an object with the ``failoverkit_rank_hosts`` hook. ``extensions``: objects with hooks.
    Further keywords are settings by their short names (``max_size=20``, ``hold=30.0``); they win over all else.

    Raises ``ConfigError`` with every problem found, ``PluginError`` when a plugin is missing or broken. Nothing is
    connected until first use: threads start with the first borrower, ``wait_until_ready`` or ``with``.

    Thread-safe. In the child of a fork the pool starts empty, on first use.
    """

    def __init__(
        self,
        source: str | Path | Settings | None = None,
        /,
        *,
        name: str | None = None,
        strategy: str | object | None = None,
        extensions: Sequence[object] = (),
        environ: Mapping[str, str] | None = None,
        clock: Clock = monotonic,
        **keywords: Any,
    ) -> None:
        if isinstance(strategy, str):
            keywords["strategy"] = strategy
        settings = config.load(source, name=name, environ=environ, **keywords)
        ranking = None if isinstance(strategy, str) else strategy
        self._plugins = load(settings, strategy=ranking, extensions=extensions)
        self._settings = _with_hosts(settings, self._plugins)
        self._clock = clock
        self._starting = threading.Lock()
        self._is_open = True
        self._assembly = Assembly(self._settings, self._plugins, clock)
        self._lender = self._assembly.lender
        self._routed = self._assembly.routed
        forking.register(self)

    # -- borrowing --------------------------------------------------------------------------------------------------

    def connection(self, target: str | Target = PRIMARY, *, timeout: float | None = None) -> Lending:
        """Borrow a connection for a ``with`` block, which gets the driver's own connection object.

        Commits when the block succeeds, rolls back when it raises. ``target``: ``primary``, ``standby``,
        ``prefer-standby`` or ``any``. ``timeout`` in seconds bounds the whole acquire (default ``acquire_timeout``).

        On entry raises ``PoolTimeout``, ``NoHostAvailable``, ``TooManyWaiting``, ``PoolClosed``, or the driver's own
        error when the host refuses. On exit raises ``OutcomeUnknown`` when the connection was lost during COMMIT.
        """
        return Lending(self._lender, target if target is PRIMARY else _target(target), timeout)

    def getconn(self, target: str | Target = PRIMARY, *, timeout: float | None = None) -> Any:
        """Borrow a connection without ``with``; give it back with ``putconn``. Errors as ``connection``."""
        return self._lender.borrow(target if target is PRIMARY else _target(target), timeout).connection

    def putconn(self, connection: Any, *, close: bool = False) -> None:
        """Give back what ``getconn`` returned; an open transaction is rolled back. ``close``: do not reuse it.

        Raises ``FailoverkitError`` for a connection that is not lent by this pool.
        """
        lender = self._lender
        found = lender.drop_connection(connection) if close else lender.give_back_connection(connection)
        if not found and not forking.is_parents(connection):
            raise FailoverkitError(_NOT_LENT)

    def host_of(self, connection: Any) -> str:
        """Return the name of the host that a lent connection goes to; no round trip.

        Raises ``FailoverkitError`` for a connection that is not lent by this pool.
        """
        host = self._lender.host_of(connection)
        if host is None:
            raise FailoverkitError(_NOT_LENT)
        return host

    # -- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the monitor, if it is not running. Borrowing does so by itself."""
        with self._starting:
            if not self._is_open:
                raise PoolClosed(f"pool {self._settings.name!r} is closed")
            self._assembly.start()

    def wait_until_ready(self, timeout: float | None = None) -> None:
        """Return when the primary can be used; raise as ``connection`` after ``timeout`` seconds."""
        with self.connection(timeout=timeout):
            pass

    def close(self, timeout: float = 5.0) -> None:
        """Stop the monitor, close idle connections, turn waiters away; may be called more than once.

        Lent connections are closed when they come back. Waits up to ``timeout`` seconds for the pool's threads; one
        that hangs in a connect to a silent host ends with that connect.
        """
        with self._starting:
            self._is_open = False
        self._assembly.close(timeout)

    def __enter__(self) -> FailoverPool:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def after_fork_in_child(self) -> list[Any]:
        """Begin anew with nothing of the parent's. Called by the interpreter after a fork, not by users."""
        inherited = self._assembly.abandon()
        self._starting = threading.Lock()
        self._assembly = Assembly(self._settings, self._plugins, self._clock)
        self._lender = self._assembly.lender
        self._routed = self._assembly.routed
        if not self._is_open:
            self._assembly.close(0.0)
        return inherited

    # -- an operator's wishes ---------------------------------------------------------------------------------------

    def fail_over(self, *, to: str) -> None:
        """Route ``primary`` to another host that may take writes. ``OperatorError`` when it may not."""
        self._assembly.conductor.command(FailOver(to))

    def fail_back(self) -> None:
        """Route ``primary`` home to the preferred host as soon as it is fit. ``OperatorError`` when it may not be."""
        self._assembly.conductor.command(FailBack())

    def pause(self) -> None:
        """Lend nothing until ``resume``; borrowers wait within their own deadlines."""
        self._assembly.conductor.command(Pause())

    def resume(self) -> None:
        """Lend again after ``pause``."""
        self._assembly.conductor.command(Resume())

    def clear_quarantine(self, host: str) -> None:
        """Let a quarantined host take writes again: an operator knows that it may."""
        self._assembly.conductor.command(ClearQuarantine(host))

    # -- looking at it ----------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings in effect."""
        return self._settings

    def status(self) -> PoolStatus:
        """Return a frozen picture of the pool: state, active host, per-host health and counts."""
        return self._assembly.status()

    def stats(self) -> dict[str, dict[str, int]]:
        """Return counters since the pool was made, per host."""
        return self._assembly.stats()

    def __repr__(self) -> str:
        hosts = ",".join(host.name for host in self._settings.hosts)
        return f"<FailoverPool {self._settings.name!r} {self._settings.driver} {hosts}>"


def _with_hosts(settings: Settings, plugins: Plugins) -> Settings:
    """Return the settings with discovered hosts, after the driver has checked them."""
    if settings.discovery is not None:
        settings = dataclasses.replace(settings, hosts=plugins.discover_hosts(settings))
    problems = plugins.check_settings(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _target(word: object) -> Target:
    try:
        return Target(word)
    except ValueError:
        valid = ", ".join(target.value for target in Target)
        raise ConfigError([f"target: {word!r} is not one of {valid}"]) from None
