"""The plugin contract. Each hook's docstring says When, Where, Must, Returns and Default.

A plugin is a module or object whose functions carry these names and ``@hookimpl``. It takes only the arguments it
wants. In a first-result hook ``None`` means "ask the next", so a hook that only acts returns ``True``.
"""

# The bodies are docstrings: pluggy calls the implementations, never these.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pluggy

from failoverkit.events import Event
from failoverkit.model import Candidate, ErrorKind, Host, Report, Role, Selection
from failoverkit.settings import Settings

PROJECT = "failoverkit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def failoverkit_check_settings(settings: Settings) -> Sequence[str] | None:
    """Find problems in the settings that only the driver can judge.

    When: once, before a pool is built.
    Where: in the caller's thread; never under a lock.
    Must: touch no network; name the key (``options.sslmode``), the value (never a secret) and what would be right.
    Returns: the problems as sentences; an empty sequence when there are none.
    Default: no problems.
    """


@hookspec(firstresult=True)
def failoverkit_credentials(host: Host, settings: Settings) -> Settings | None:
    """Give the settings that one connection is opened with: a fresh password, a token.

    When: before each opening.
    Where: on an opener or prober thread; never under a lock; several at once.
    Must: return soon, as its time comes on top of the opening's; leave the hosts alone.
    Returns: the settings for ``failoverkit_connect``, usually a copy with another ``password``.
    Default: the settings as configured.
    """


@hookspec(firstresult=True)
def failoverkit_connect(host: Host, settings: Settings, timeout: float) -> Any:
    """Open one connection to one host.

    When: the pool grows, warms a standby, or the monitor needs its own connection.
    Where: on an opener or prober thread; never under a lock; several at once.
    Must: return within ``timeout`` seconds or raise the driver's own error; try this host only.
    Returns: the driver's own connection object, outside any transaction.
    Default: none; a driver must implement it.
    """


@hookspec(firstresult=True)
def failoverkit_role(connection: Any) -> Role | None:
    """Say which role the server last told this connection it has, without asking again.

    When: right after connect, and when an idle connection is checked.
    Where: on any thread that owns the connection; never under a lock.
    Must: make no round trip.
    Returns: the role; ``Role.UNKNOWN`` when the connection does not know.
    Default: ``Role.UNKNOWN``.
    """


@hookspec(firstresult=True)
def failoverkit_probe(connection: Any, timeout: float) -> Report | None:
    """Ask the server for its role, epoch, lag and position.

    When: every probe of a host, on the monitor's own connection.
    Where: on the host's prober thread; never under a lock. Past its deadline the connection is aborted from another.
    Must: make as few round trips as it can (one is right); leave no transaction open; raise the driver's own error.
    Returns: a ``Report``.
    Default: ``Report()``: the host answered, roles unknown. The monitor then opens a new connection for each probe.
    """


@hookspec(firstresult=True)
def failoverkit_check(connection: Any, timeout: float) -> bool | None:
    """Say whether an idle connection is still alive.

    When: before a connection is lent that was idle for ``check_idle_after``, or whose host is suspect; for keepalive.
    Where: on the borrower's or the scheduler's thread, which owns the connection; never under a lock.
    Must: use no more than ``timeout`` seconds where the driver can bound it; not raise for a dead connection. Past
    its deadline the connection is aborted from another thread.
    Returns: True when alive, False when dead.
    Default: ``rollback()``: alive unless it raises.
    """


@hookspec(firstresult=True)
def failoverkit_reset(connection: Any) -> bool | None:
    """Make a returned connection fit for the next borrower.

    When: every return to the pool. This is the hot path.
    Where: on the returning thread, which owns the connection; never under a lock.
    Must: make no round trip where the driver knows that the connection is clean; not raise for a dead connection.
    Returns: True when it may be lent again, False when it must be closed.
    Default: ``rollback()``: True unless it raises.
    """


@hookspec(firstresult=True)
def failoverkit_abort(connection: Any) -> bool | None:
    """Unblock, now, whoever waits on this connection.

    When: its host was lost, or a deadline passed.
    Where: on another thread than the one that waits; never under a lock.
    Must: return at once; not wait for the server; do no harm when the connection is already closed.
    Returns: True when done, False when the driver cannot.
    Default: False: nothing can be done.
    """


@hookspec(firstresult=True)
def failoverkit_close(connection: Any) -> bool | None:
    """Close a connection that will not be used again.

    When: it is retired, broken, or the pool closes.
    Where: on any thread, which owns the connection; never under a lock.
    Must: not raise; not wait for a server that does not answer.
    Returns: True.
    Default: ``connection.close()``, errors swallowed.
    """


@hookspec(firstresult=True)
def failoverkit_classify_error(error: BaseException) -> ErrorKind | None:
    """Name the kind of an error.

    When: an opening, a probe, a check or a caller's work failed.
    Where: on the thread where it failed; never under a lock.
    Must: not raise; not use the connection; look at codes before texts.
    Returns: the kind, or None for an error that is not this driver's.
    Default: ``TIMEOUT`` for ``TimeoutError``, ``HOST_UNREACHABLE`` or ``CONNECTION_LOST`` for Python's other network
    errors, else ``OTHER``.
    """


@hookspec(firstresult=True)
def failoverkit_rank_hosts(candidates: Sequence[Candidate], selection: Selection) -> Sequence[Candidate] | None:
    """Order the candidates, best first.

    When: an acquire has more than one host to choose from.
    Where: on the borrower's thread; never under a lock.
    Must: be pure: no wait, no connect, no clock, no randomness but ``selection.rolls``; return a permutation of
    ``candidates``.
    Returns: all candidates, best first. The pool tries them in this order.
    Default: by priority, then by place in the configuration.
    """


@hookspec(firstresult=True)
def failoverkit_discover_hosts(settings: Settings) -> Sequence[Host] | None:
    """Find the hosts when they are not listed in the configuration.

    When: once, before a pool is built.
    Where: in the caller's thread; never under a lock.
    Must: bound its own time.
    Returns: the hosts, at least one.
    Default: none; needed only when ``discovery`` is configured.
    """


@hookspec
def failoverkit_on_event(event: Event) -> None:
    """Be told what happened.

    When: after each event, in order.
    Where: on a thread of the pool's own, one event at a time; never under a lock. Before the first borrower and after
    ``close`` on the thread that caused it.
    Must: return in the end; a slow observer delays nothing but later events. A raising one is logged and harms nobody.
    Returns: nothing; all implementations are called.
    Default: one log record per event in the logger ``failoverkit.events``.
    """
