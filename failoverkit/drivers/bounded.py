"""A call that cannot be interrupted, within a deadline that holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def call_within(timeout: float, call: Callable[[], Result], discard: Callable[[Result], object], name: str) -> Result:
    """Return what ``call`` returns, or raise what it raises, within ``timeout`` seconds.

    Raises ``TimeoutError`` at the deadline. The call runs in a thread of its own (called ``name``), which is left
    behind then: it must end by itself soon after, and what it still returns is given to ``discard``. Thread-safe.
    """
    outcome: Future[Result] = Future()
    threading.Thread(target=_run, args=(outcome, call), name=name, daemon=True).start()
    try:
        return outcome.result(timeout)
    except TimeoutError:
        if outcome.done():  # by now, or the call itself raised it
            return outcome.result()
        outcome.add_done_callback(lambda late: None if late.exception() else discard(late.result()))
        raise TimeoutError(f"no end of {name} within {timeout:g} s") from None


def _run(outcome: Future[Result], call: Callable[[], Result]) -> None:
    try:
        outcome.set_result(call())
    except BaseException as error:  # noqa: BLE001 - it is raised on the thread that waits
        outcome.set_exception(error)
    finally:
        # The error's traceback holds this frame, and so what the call was given: a password, perhaps.
        del outcome, call
