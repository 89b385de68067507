"""Removing what a killed server cannot remove itself."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

_IPC_RMID = 0


def remove_leftover(pid_file: Path) -> None:
    """Remove the shared memory segment of a server that is gone but left its pid file.

    A server makes one small System V segment to know its own children by. The kernel keeps it for ever, and
    allows a few thousand.
    """
    with suppress(OSError, IndexError, ValueError):
        identifier = int(pid_file.read_text().splitlines()[6].split()[1])
        # Fails for a segment that is not ours or is gone already: nothing to do then.
        ctypes.CDLL(None).shmctl(identifier, _IPC_RMID, None)
