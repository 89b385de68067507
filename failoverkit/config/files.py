"""Reads a small text file without ever hanging."""

from __future__ import annotations

import stat
from pathlib import Path

from failoverkit.config.problems import Invalid

MISSING = "no such file"

LARGEST = 1 << 20
"""Bytes. A configuration or a secret is never larger; a log given by mistake is not read into memory."""


def read_text(path: Path) -> str:
    """Return the text of a regular file, or raise ``Invalid``; the message shows neither path nor content."""
    content = _read_bytes(path)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        at = error.start
    raise Invalid(f"the file is not UTF-8: byte {at} is wrong")


def _read_bytes(path: Path) -> bytes:
    try:
        # A named pipe would block the open for ever, a device may never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise Invalid("not a regular file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise Invalid(MISSING) from None
    except OSError as error:
        raise Invalid(f"the file cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL or an unpaired surrogate in the name
        raise Invalid("no file can have this name") from None
    if len(content) > LARGEST:
        raise Invalid(f"the file is larger than {LARGEST} bytes")
    return content
