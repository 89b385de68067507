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
    for pid_file in directory.glob("*/*/data/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            # The number may belong to a stranger by now; a server runs in its own data directory.
            if Path(process.cwd()) == pid_file.parent.resolve():
                yield process


def _stop(server: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        family = [*server.children(recursive=True), server]
        # A frozen server cannot obey; told to stop, it removes its shared memory, which a killed one leaves behind.
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
