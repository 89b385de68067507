"""The plugins of one pool behind one typed method per hook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from failoverkit import dbapi, hookspecs
from failoverkit.errors import PluginError
from failoverkit.events import Event
from failoverkit.hookspecs import PROJECT
from failoverkit.model import Candidate, ErrorKind, Host, Report, Role, Selection
from failoverkit.plugins.binding import bind, bind_all
from failoverkit.plugins.checks import check_plugin
from failoverkit.plugins.entry_points import entries_without_doubles, find, import_plugin, package_of
from failoverkit.settings import Settings


def load(settings: Settings, *, strategy: object | None = None, extensions: Sequence[object] = ()) -> Plugins:
    """Import, check and register the plugins one pool needs.

    These are the driver and discovery named in ``settings``, the ``strategy`` object or else the one named
    in ``settings``, every installed extension unless ``settings.extensions`` is False, and the ``extensions``
    objects. Later ones are asked first; the defaults of ``failoverkit.dbapi`` are asked last.

    Raises ``PluginError`` for a plugin that is missing, claimed twice, misspelt, incomplete, or whose module
    cannot be imported.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for kind, label, plugin in _wanted(settings, strategy, extensions):
        check_plugin(kind, label, plugin)
        _register(manager, label, plugin)
    # After all others: of several ``trylast`` implementations pluggy asks the one registered last, last.
    manager.register(dbapi, "the defaults")
    return Plugins(manager)


class Plugins:
    """One method per hook; see ``failoverkit.hookspecs`` for what each must do. Used from many threads.

    What ``connect`` (credentials included), ``probe``, ``check_settings`` and ``discover_hosts`` raise passes to the
    caller. The others never raise: a plugin that does is logged; then ``check`` and ``reset`` answer False, and for
    the rest the default of ``failoverkit.dbapi`` answers.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        hook = manager.hook
        # On the way of every acquire and return, so plain functions without a method in between.
        self.reset: Callable[[Any], bool] = bind(hook.failoverkit_reset, otherwise=_unusable)
        self.rank_hosts: Callable[[Sequence[Candidate], Selection], Sequence[Candidate]] = bind(
            hook.failoverkit_rank_hosts,
            otherwise=lambda candidates, _: dbapi.failoverkit_rank_hosts(candidates),
        )
        self.driver_probes: bool = any(
            implementation.plugin is not dbapi for implementation in hook.failoverkit_probe.get_hookimpls()
        )
        """Whether anyone implements ``failoverkit_probe``; if not, each probe needs a new connection."""
        self._check_settings = bind(hook.failoverkit_check_settings)
        self._credentials = bind(hook.failoverkit_credentials)
        self._connect = bind(hook.failoverkit_connect)
        self._role = bind(hook.failoverkit_role, otherwise=dbapi.failoverkit_role)
        self._probe = bind(hook.failoverkit_probe)
        self._check = bind(hook.failoverkit_check, otherwise=_unusable)
        self._abort = bind(hook.failoverkit_abort, otherwise=dbapi.failoverkit_abort)
        self._close = bind(hook.failoverkit_close, otherwise=dbapi.failoverkit_close)
        self._classify_error = bind(hook.failoverkit_classify_error, otherwise=dbapi.failoverkit_classify_error)
        self._discover_hosts = bind(hook.failoverkit_discover_hosts)
        self._on_event = bind_all(hook.failoverkit_on_event)

    def check_settings(self, settings: Settings) -> tuple[str, ...]:
        """Return the problems in the driver's settings as sentences; none when there are none."""
        problems = self._check_settings(settings)
        return (problems,) if isinstance(problems, str) else tuple(problems)

    def connect(self, host: Host, settings: Settings, timeout: float) -> Any:
        """Open one connection to this host within ``timeout`` seconds, or raise the driver's own error.

        The settings are those that ``failoverkit_credentials`` gives for this opening.
        """
        return self._connect(host, self._credentials(host, settings), timeout)

    def role(self, connection: Any) -> Role:
        """Return the role the server last told this connection; no round trip."""
        answer: Role = self._role(connection)
        return answer

    def probe(self, connection: Any, timeout: float) -> Report:
        """Ask the server for its role, epoch, lag and position, or raise the driver's own error."""
        answer: Report = self._probe(connection, timeout)
        return answer

    def check(self, connection: Any, timeout: float) -> bool:
        """Return whether an idle connection is alive."""
        return bool(self._check(connection, timeout))

    def abort(self, connection: Any) -> bool:
        """Unblock whoever waits on this connection; return False when the driver cannot."""
        return bool(self._abort(connection))

    def close(self, connection: Any) -> None:
        """Close a connection that will not be used again."""
        self._close(connection)

    def classify_error(self, error: BaseException) -> ErrorKind:
        """Return the kind of an error."""
        kind: ErrorKind = self._classify_error(error)
        return kind

    def discover_hosts(self, settings: Settings) -> tuple[Host, ...]:
        """Return the hosts the discovery plugin found. Raises ``PluginError`` when it found none."""
        hosts = tuple(self._discover_hosts(settings))
        if not hosts:
            raise PluginError(f"the discovery {settings.discovery!r} found no host")
        return hosts

    def on_event(self, event: Event) -> None:
        """Tell every observer."""
        self._on_event(event)


def _unusable(*_: object) -> bool:
    return False


def _wanted(
    settings: Settings, strategy: object | None, extensions: Sequence[object]
) -> Iterator[tuple[str, str, object]]:
    """Yield kind, label and plugin in the order of registration."""
    yield _installed("driver", find("driver", settings.driver))
    if strategy is None:
        yield _installed("strategy", find("strategy", settings.strategy))
    else:
        yield _passed_in("strategy", strategy)
    if settings.discovery is not None:
        yield _installed("discovery", find("discovery", settings.discovery))
    if settings.extensions:
        for entry in entries_without_doubles("extension"):
            yield _installed("extension", entry)
    for number, extension in enumerate(extensions, start=1):
        yield _passed_in("extension", extension, f" ({number})")


def _installed(kind: str, entry: EntryPoint) -> tuple[str, str, object]:
    return kind, f"the {kind} {entry.name!r} of package {package_of(entry)}", import_plugin(kind, entry)


def _passed_in(kind: str, plugin: object, number: str = "") -> tuple[str, str, object]:
    # Not its repr, which may show a secret.
    name = getattr(plugin, "__name__", type(plugin).__name__)
    return kind, f"the {kind} {name!r} passed in{number}", plugin


def _register(manager: pluggy.PluginManager, label: str, plugin: object) -> None:
    for other, registered in manager.list_name_plugin():
        # Equal ones too: pluggy compares so, and its own message shows every plugin's repr.
        if registered is plugin or registered == plugin:
            raise PluginError(f"{label} is the same as {other}; a plugin is registered once")
    try:
        manager.register(plugin, label)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{label}: {error}") from error
