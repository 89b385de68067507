"""The words of scenario files: what hosts say, what operators ask, what the brain does.

``primary@2``, ``standby@1``, ``up`` (no roles) and the kinds of errors (``timeout``, ``host-unreachable``) stand for
evidence; a table says more (``{ role = "standby", epoch = 1, lag = 3.5 }``, ``{ error = "refused", detail = "..." }``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failoverkit.failover.commands import ClearQuarantine, Command, FailBack, FailOver, Pause, Resume, Warmed
from failoverkit.failover.effects import CancelWarm, Discard, Drain, Effect, Route, Suspend, Warm
from failoverkit.model import ErrorKind, Observation, Report, Role, Source, Target

LINEAGE = "cluster"
"""The lineage of a report that has an epoch and names no lineage of its own."""
ROLES = {"primary": Role.PRIMARY, "standby": Role.STANDBY, "up": Role.UNKNOWN}
ERRORS = {kind.value: kind for kind in ErrorKind}
TARGETS = {target.value: target for target in Target}
WISHES: Mapping[str, type[FailBack | Pause | Resume]] = {"fail-back": FailBack, "pause": Pause, "resume": Resume}
WISHES_ABOUT: Mapping[str, Any] = {"fail-over": FailOver, "warmed": Warmed, "clear-quarantine": ClearQuarantine}


class Unclear(ValueError):
    """Words that mean nothing."""


def read_evidence(words: Any, host: str, generation: int, source: Source) -> Observation:
    """Return the observation that a scenario's words stand for; ``Unclear`` when they stand for none."""
    said = dict(words) if isinstance(words, dict) else _as_table(words)
    detail = str(said.pop("detail", ""))
    latency = said.pop("latency", None)
    if "error" in said:
        kind = _choose(ERRORS, said.pop("error"), "error")
        _nothing_else(said)
        return Observation(host, generation, source, error=kind, latency=latency, detail=detail)
    report = _report(said, detail)
    return Observation(host, generation, source, report=report, latency=latency, detail=detail)


def _as_table(words: Any) -> dict[str, Any]:
    if not isinstance(words, str):
        raise Unclear(f"{words!r} is neither words nor a table")
    if words in ERRORS:
        return {"error": words}
    role, _, epoch = words.partition("@")
    if epoch and not epoch.isdigit():
        raise Unclear(f"{words!r}: the epoch is no number")
    return {"role": role, "epoch": int(epoch)} if epoch else {"role": role}


def _report(said: dict[str, Any], detail: str) -> Report:
    role = _choose(ROLES, said.pop("role", "up"), "role or error")
    epoch = said.pop("epoch", None)
    lineage = said.pop("lineage", None if epoch is None else LINEAGE)
    lag, fit = said.pop("lag", None), said.pop("fit", True)
    _nothing_else(said)
    return Report(role, epoch, lineage, lag=lag, fit=fit, detail=detail)


def read_wish(words: str) -> Command:
    """Return the command that words stand for (``fail-over b``, ``pause``); ``Unclear`` when they stand for none."""
    verb, _, host = words.partition(" ")
    if not host:
        wish: Command = _choose(WISHES, verb, "command")()
        return wish
    about: Command = _choose(WISHES_ABOUT, verb, "command about a host")(host)
    return about


def read_target(word: str) -> Target:
    """Return the target that a word names; ``Unclear`` when it names none."""
    target: Target = _choose(TARGETS, word, "target")
    return target


def say_effect(effect: Effect) -> str:
    """Return the words for an effect: ``route b``, ``discard a``, ``drain a 10s``, ``suspend``."""
    match effect:
        case Route(host):
            return f"route {host}"
        case Discard(host):
            return f"discard {host}"
        case Drain(host, _, limit):
            return f"drain {host} {limit:g}s"
        case Warm(host):
            return f"warm {host}"
        case CancelWarm(host):
            return f"cancel-warm {host}"
        case Suspend():
            return "suspend"


def _choose(known: Mapping[str, Any], word: Any, what: str) -> Any:
    if word not in known:
        raise Unclear(f"{word!r} is no {what}; there are {', '.join(known)}")
    return known[word]


def _nothing_else(said: Mapping[str, Any]) -> None:
    if said:
        raise Unclear(f"unknown words: {', '.join(said)}")
