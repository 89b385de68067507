"""What any PEP 249 driver gets without writing a hook: the defaults of ``hookspecs``, asked last. No SQL."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import logging
import socket
from collections.abc import Sequence
from typing import Any

from failoverkit.events import (
    ConnectionLeaked,
    Event,
    ForeignHost,
    HostProblem,
    HostQuarantined,
    SplitBrain,
    StalePrimary,
)
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate, ErrorKind, Report, Role
from failoverkit.settings import Settings
from failoverkit.strategies.priority import by_priority

_events = logging.getLogger("failoverkit.events")

_WARNINGS = (ConnectionLeaked, ForeignHost, HostProblem, HostQuarantined, SplitBrain, StalePrimary)

# OSError has no class for these; a missing file or a full disk is an OSError too and says nothing of a host.
_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_LOST = frozenset({errno.ENETRESET, errno.ENOTCONN})


@hookimpl(trylast=True)
def failoverkit_check_settings(settings: Settings) -> Sequence[str]:  # noqa: ARG001
    """No problems."""
    return ()


@hookimpl(trylast=True)
def failoverkit_credentials(settings: Settings) -> Settings:
    """As configured."""
    return settings


@hookimpl(trylast=True)
def failoverkit_role(connection: Any) -> Role:  # noqa: ARG001
    """No driver-independent way to know."""
    return Role.UNKNOWN


@hookimpl(trylast=True)
def failoverkit_probe(connection: Any, timeout: float) -> Report:  # noqa: ARG001
    """That the connection could be opened is all there is to say."""
    return Report()


@hookimpl(trylast=True)
def failoverkit_check(connection: Any, timeout: float) -> bool:  # noqa: ARG001
    """Alive unless ``rollback()`` raises."""
    return _rolled_back(connection)


@hookimpl(trylast=True)
def failoverkit_reset(connection: Any) -> bool:
    """Reusable unless ``rollback()`` raises."""
    return _rolled_back(connection)


@hookimpl(trylast=True)
def failoverkit_abort(connection: Any) -> bool:  # noqa: ARG001
    """PEP 249 has nothing that another thread may call."""
    return False


@hookimpl(trylast=True)
def failoverkit_close(connection: Any) -> bool:
    """``close()``; a connection that is broken already may say so in vain."""
    with contextlib.suppress(Exception):
        connection.close()
    return True


@hookimpl(trylast=True)
def failoverkit_classify_error(error: BaseException) -> ErrorKind:
    """Judge by Python's own network errors alone."""
    if isinstance(error, TimeoutError):
        return ErrorKind.TIMEOUT
    if isinstance(error, OSError):
        return _kind_of_os_error(error)
    return ErrorKind.OTHER


@hookimpl(trylast=True)
def failoverkit_rank_hosts(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """By priority, then by place in the configuration."""
    return by_priority(candidates)


@hookimpl(trylast=True)
def failoverkit_on_event(event: Event) -> None:
    """One log record: the event's name and fields as text, the event itself as ``record.event``."""
    level = logging.WARNING if isinstance(event, _WARNINGS) else logging.INFO
    if _events.isEnabledFor(level):
        _events.log(level, "%s %s", event.name, _fields(event), extra={"event": event})


def _rolled_back(connection: Any) -> bool:
    try:
        connection.rollback()
    except Exception:  # noqa: BLE001 - drivers raise classes of their own; any of them means "not usable"
        return False
    return True


def _kind_of_os_error(error: OSError) -> ErrorKind:
    if isinstance(error, ConnectionRefusedError | socket.gaierror) or error.errno in _UNREACHABLE:
        return ErrorKind.HOST_UNREACHABLE
    if isinstance(error, ConnectionError) or error.errno in _LOST:
        return ErrorKind.CONNECTION_LOST
    return ErrorKind.OTHER


def _fields(event: Event) -> str:
    named = ((field.name, getattr(event, field.name)) for field in dataclasses.fields(event))
    return " ".join(f"{name}={_plain(value)}" for name, value in named if name != "at")


def _plain(value: object) -> str:
    return str(getattr(value, "value", value))
