"""Run a call that may block beside the test, and fail instead of hanging when it does not come back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Background(Generic[Result]):
    """Starts ``call`` in a daemon thread at once. ``result`` and ``error`` may be asked for once each or often."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._returned: list[Result] = []
        self._raised: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="failoverkit-test")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the call has not come back yet."""
        return self._thread.is_alive()

    def result(self, timeout: float = 10.0) -> Result:
        """Return what the call returned, or raise what it raised; ``AssertionError`` after ``timeout`` seconds."""
        self._wait(timeout)
        if self._raised is not None:
            raise self._raised
        return self._returned[0]

    def error(self, timeout: float = 10.0) -> BaseException:
        """Return what the call raised; ``AssertionError`` when it returned, or after ``timeout`` seconds."""
        self._wait(timeout)
        if self._raised is None:
            raise AssertionError(f"the call returned {self._returned[0]!r} instead of raising")
        return self._raised

    def _run(self) -> None:
        try:
            self._returned.append(self._call())
        except BaseException as error:  # noqa: BLE001 - handed to the test, whatever it is
            self._raised = error

    def _wait(self, timeout: float) -> None:
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise AssertionError(f"the call did not come back within {timeout} s")
