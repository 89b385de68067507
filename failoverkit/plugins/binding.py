"""Turn a hook into a plain function of its arguments, in the hook's order.

Pluggy's own call loop costs 1 to 2 µs, more than the rest of a return to the pool. So implementations are
called directly, in pluggy's order, unless a wrapper is among them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pluggy

from failoverkit.errors import PluginError

logger = logging.getLogger("failoverkit.plugins")

Function = Callable[..., Any]


def bind(hook: pluggy.HookCaller, *, otherwise: Function | None = None) -> Function:
    """Return a function that asks the implementations in turn until one does not answer ``None``.

    What they raise passes; or, where ``otherwise`` is given, is logged, and ``otherwise`` answers instead.
    """
    functions = [_through_pluggy(hook)] if _wrapped(hook) else _direct(hook)
    return (
        _asking(hook.name, functions)
        if otherwise is None
        else _guarded(hook.name, _argument_names(hook), functions, otherwise)
    )


def bind_all(hook: pluggy.HookCaller) -> Function:
    """Return a function that calls every implementation; one that raises is logged and harms no other."""
    if _wrapped(hook):
        raise PluginError(f"{hook.name} cannot be wrapped; implement it beside the others")
    observers = [_guarded_call(hook.name, function) for function in _direct(hook)]

    def tell(*arguments: Any) -> None:
        for observe in observers:
            observe(*arguments)

    return tell


def _direct(hook: pluggy.HookCaller) -> list[Function]:
    """Return the implementations, first asked first, each taking all of the hook's arguments."""
    names = _argument_names(hook)
    return [_taking(names, one) for one in reversed(hook.get_hookimpls()) if not _is_wrapper(one)]


def _argument_names(hook: pluggy.HookCaller) -> tuple[str, ...]:
    if hook.spec is None:
        raise PluginError(f"{hook.name} is not a hook")
    return tuple(hook.spec.argnames)


def _is_wrapper(implementation: pluggy.HookImpl) -> bool:
    return implementation.wrapper or implementation.hookwrapper


def _wrapped(hook: pluggy.HookCaller) -> bool:
    return any(_is_wrapper(implementation) for implementation in hook.get_hookimpls())


def _taking(names: tuple[str, ...], implementation: pluggy.HookImpl) -> Function:
    """Return the plugin's own function, adapted when it takes fewer arguments or another order."""
    function: Function = implementation.function
    wanted = tuple(implementation.argnames)
    if wanted == names:
        return function
    places = [names.index(name) for name in wanted]
    return lambda *arguments: function(*[arguments[place] for place in places])


def _through_pluggy(hook: pluggy.HookCaller) -> Function:
    names = _argument_names(hook)
    return lambda *arguments: hook(**dict(zip(names, arguments, strict=True)))


def _asking(name: str, functions: Sequence[Function]) -> Function:
    if not functions:
        return lambda *_: _nobody(name)
    first, *others = functions

    def ask(*arguments: Any) -> Any:
        answer = first(*arguments)
        return _ask_others(name, others, arguments) if answer is None else answer

    return ask


def _guarded(name: str, argument_names: Sequence[str], functions: Sequence[Function], otherwise: Function) -> Function:
    first, *others = functions

    def ask_about(subject: Any) -> Any:
        # The same as below for hooks of one argument: packing it up would cost a third of the call.
        try:
            answer = first(subject)
            return _ask_others(name, others, (subject,)) if answer is None else answer
        except Exception:
            logger.exception("%s raised", name)
            return otherwise(subject)

    def ask(*arguments: Any) -> Any:
        try:
            answer = first(*arguments)
            return _ask_others(name, others, arguments) if answer is None else answer
        except Exception:
            logger.exception("%s raised", name)
            return otherwise(*arguments)

    return ask_about if len(argument_names) == 1 else ask


def _guarded_call(name: str, function: Function) -> Function:
    def call(*arguments: Any) -> None:
        try:
            function(*arguments)
        except Exception:
            logger.exception("%s raised", name)

    return call


def _ask_others(name: str, functions: Sequence[Function], arguments: tuple[Any, ...]) -> Any:
    for function in functions:
        answer = function(*arguments)
        if answer is not None:
            return answer
    return _nobody(name)


def _nobody(name: str) -> Any:
    raise PluginError(f"{name} was answered with None by all; a wrapper must return what it was given")
