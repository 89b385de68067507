"""Ends the servers of a test process that died without cleaning up.

Run as a script, with the test process's directories as its arguments and its standard input connected to the test
process. The end of that input is the death of the test process, however it died.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

_LOOKS = 1000
_LOOK_EVERY = 0.005


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process can still do anything: a zombie that nobody has waited for cannot."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _servers(directory: Path) -> Iterator[psutil.Process]:
    """Find the processes at work in this directory that are nobody's children there."""
    inside = {process.pid: process for process in psutil.process_iter() if _works_in(process, directory)}
    for process in inside.values():
        with contextlib.suppress(psutil.Error):
            if process.ppid() not in inside:
                yield process


def _works_in(process: psutil.Process, directory: Path) -> bool:
    # A process of another user does not tell where it works; it is not ours then.
    with contextlib.suppress(psutil.Error, OSError):
        return Path(process.cwd()).is_relative_to(directory)
    return False


def _stop(server: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        family = [*server.children(recursive=True), server]
        # Told to stop, a server removes what a killed one leaves behind. A frozen one obeys when it goes on.
        server.send_signal(signal.SIGQUIT)
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.resume()
        for process in family:
            _wait_or_kill(process)


def _wait_or_kill(process: psutil.Process) -> None:
    pause = threading.Event()
    for _ in range(_LOOKS):
        if not is_alive(process):
            return
        pause.wait(_LOOK_EVERY)
    with contextlib.suppress(psutil.Error):
        process.kill()


def main(directories: Sequence[Path]) -> None:
    """Wait for the end of standard input, then end every server in these directories and remove them."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    for directory in directories:
        for server in _servers(directory):
            _stop(server)
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
