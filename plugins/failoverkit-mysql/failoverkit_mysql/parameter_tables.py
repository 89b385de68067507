"""What is known of PyMySQL's parameters, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pymysql.charset import charset_by_name


def switch(text: str) -> bool:
    """Read true or false."""
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.strip().lower() not in words:
        raise ValueError("is neither true nor false")
    return words[text.strip().lower()]


def whole_number(text: str) -> int:
    """Read a whole number above 0."""
    if not text.strip().isdecimal() or int(text) == 0:
        raise ValueError("is not a whole number above 0")
    return int(text)


def existing_file(text: str) -> str:
    """Take the path of a file that is there."""
    if not Path(text).is_file():
        raise ValueError("is not a file")
    return text


def character_set(text: str) -> str:
    """Take the name of a character set that PyMySQL knows."""
    # Version 1.1 gives None for an unknown name, later ones raise.
    try:
        known = charset_by_name(text) is not None
    except (KeyError, AttributeError):
        known = False
    if not known:
        raise ValueError("is not a character set that PyMySQL knows")
    return text


OPTIONS: Mapping[str, Callable[[str], object]] = {
    "bind_address": str,
    "charset": character_set,
    "collation": str,
    "init_command": str,
    "local_infile": switch,
    "max_allowed_packet": whole_number,
    "multi_writer": switch,  # ours, not PyMySQL's: see the README
    "program_name": str,
    "sql_mode": str,
    "ssl_ca": existing_file,
    "ssl_cert": existing_file,
    "ssl_disabled": switch,
    "ssl_key": existing_file,
    "ssl_key_password": str,
    "ssl_verify_cert": switch,
    "ssl_verify_identity": switch,
    "unix_socket": str,
}
"""The options, and how the text of each is read. A reader raises ``ValueError`` with the rest of a sentence."""

DEFAULTS: Mapping[str, object] = {"program_name": "failoverkit", "charset": "utf8mb4"}

NEEDS: Mapping[str, str] = {
    "ssl_cert": "ssl_key",
    "ssl_key": "ssl_cert",
    "ssl_key_password": "ssl_key",
    # Without an authority of its own to check against, PyMySQL checks no name, and says nothing of it.
    "ssl_verify_identity": "ssl_ca",
}
"""Options that do nothing, or not what they say, without another one."""

INSTEAD: Mapping[str, str] = {
    "host": "name the hosts in the pool's own list",
    "port": "give the port with the host in the pool's own list",
    "user": "give it as the pool's own user",
    "password": "give it as the pool's own password",
    "passwd": "give it as the pool's own password",
    "database": "give it as the pool's own database",
    "db": "give it as the pool's own database",
    "connect_timeout": "use pool.connect_timeout",
    "read_timeout": "it would cut honest long queries; the pool frees what hangs",
    "write_timeout": "it would cut honest long statements; the pool frees what hangs",
    "autocommit": "call autocommit(True) on a borrowed connection; the next borrower has it off again",
    "read_default_file": "it could send every host of the pool to one address",
    "read_default_group": "it could send every host of the pool to one address",
    "defer_connect": "a pool lends connections that are open",
    "ssl": "use ssl_ca, ssl_cert, ssl_key, ssl_verify_cert and ssl_verify_identity",
    "cursorclass": "pass the class to cursor() of a borrowed connection",
}
"""Parameters that would fight the pool or cannot be written as text, and what to do instead."""
