"""Percent-decoding that never guesses."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from failoverkit.config.problems import Invalid

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str) -> str:
    """Return the text with ``%xx`` decoded as UTF-8, or raise ``Invalid``. A plus is a plus, as in libpq."""
    if _BROKEN.search(text):
        raise Invalid("'%' stands before something other than two hexadecimal digits; write %25 for a plain '%'")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise Invalid("the percent-encoded bytes are not UTF-8") from None
