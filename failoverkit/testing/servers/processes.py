"""One server process and its children: started, signalled and waited for by us, their direct parent."""

from __future__ import annotations

import contextlib
import signal
import subprocess

import psutil

from failoverkit.testing.servers.guardian import is_alive
from failoverkit.testing.servers.waiting import wait_until


class ServerProcess:
    """A running server. Use it from one thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._frozen = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def frozen(self) -> bool:
        return self._frozen and self.running

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server alone, not to its children."""
        self._process.send_signal(number)

    def stop(self, number: signal.Signals, timeout: float) -> None:
        """Send the signal that ends it, and wait. Raises ``RuntimeError`` when it does not end in time."""
        self.send(number)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the server did not stop within {timeout:g} s") from None

    def kill(self) -> None:
        """Kill server and children without notice, frozen or not, and wait until all are gone."""
        if not self.running:
            return
        family = self._freeze_family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        wait_until(lambda: not any(map(is_alive, family)), "the killed server's children to end")

    def freeze(self) -> None:
        """Stop server and children where they are."""
        self._freeze_family()
        self._frozen = True

    def resume(self) -> None:
        """Let all go on; the server last, so that it finds its children as it left them."""
        for process in [*self._children(), psutil.Process(self.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        self._frozen = False

    def _freeze_family(self) -> list[psutil.Process]:
        # The server first: stopped, it makes no new children while we count them.
        server = psutil.Process(self.pid)
        server.suspend()
        wait_until(lambda: server.status() in _HALTED, "the server to stand still")
        children = self._children()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.suspend()
        return [*children, server]

    def _children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


_HALTED = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
