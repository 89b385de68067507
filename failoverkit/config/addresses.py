"""One host as text: ``db1``, ``db1:5432``, ``[::1]:5432``, ``%2Fvar%2Frun%2Fpostgresql``."""

from __future__ import annotations

import ipaddress
import re

from failoverkit.config.catalogue import Key
from failoverkit.config.percent import decoded
from failoverkit.config.problems import Invalid, shown
from failoverkit.config.values import plain_text

LAST_PORT = 65535
PORT = Key(path="port", kind=int, minimum=1, maximum=LAST_PORT)

_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
_PLAIN = re.compile(r"([^:\[\]]*)(?::([^:]*))?")
_ZONE = re.compile(r"%(?!25)")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_DOTTED_NUMBER = re.compile(r"[0-9.]+")


def read_host(text: str) -> tuple[str, int | None]:
    """Return address and port of one host of a URL, or raise ``Invalid``. No port: the driver's default."""
    if not text:
        raise Invalid("is empty; write a host or remove the comma")
    if "@" in text:
        raise Invalid("holds an '@'; user and password are no part of a host")
    if match := _BRACKETED.fullmatch(text):
        return _bracketed(match[1]), read_port(match[2] or "")
    if match := _PLAIN.fullmatch(text):
        if not match[1]:
            raise Invalid("the port stands alone; write a host before it")
        return check_address(decoded(match[1])), read_port(match[2] or "")
    raise Invalid("an IPv6 address stands in brackets, with the port behind them: [::1]:5432")


def read_port(text: str) -> int | None:
    """Return the port, None for an empty one, or raise ``Invalid``."""
    if not text:
        return None
    if re.fullmatch(r"[1-9][0-9]{0,4}", text) and int(text) <= LAST_PORT:
        return int(text)
    # A word is not shown: where the user's part of a URL is garbled, it may be the password.
    got = shown(text) if re.fullmatch(r"[-+0-9.]+", text) else "something that is no number"
    raise Invalid(f"expected a port, {PORT.expected}, got {got}")


def check_address(address: str) -> str:
    """Return the address as it is, or raise ``Invalid``: a host name, an IP address, or a socket's path."""
    if is_socket(address):
        return _socket(address)
    if ":" in address:
        return _ip(address, 6)
    if not address.isascii():
        raise Invalid(f"{shown(address)} is not ASCII; write the host as DNS has it, beginning with xn--")
    if _DOTTED_NUMBER.fullmatch(address):
        return _ip(address, 4)
    if not _NAME.fullmatch(address):
        raise Invalid(f"{shown(address)} is not a host name")
    return address


def is_socket(address: str) -> bool:
    """Say whether this is the path of a Unix socket; ``@`` begins an abstract one, as in libpq."""
    return address.startswith(("/", "@"))


def identity(address: str) -> str:
    """Return what two spellings of one address have in common."""
    if is_socket(address):
        return address
    return str(ipaddress.IPv6Address(address)) if ":" in address else address.casefold().rstrip(".")


def default_name(address: str, port: int | None) -> str:
    """Return the name of a host that was given none."""
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address and not is_socket(address) else f"{address}:{port}"


def _bracketed(text: str) -> str:
    if _ZONE.search(text):
        raise Invalid("the zone of an IPv6 address is written with %25, as in [fe80::1%25eth0]")
    return _ip(decoded(text), 6)


def _ip(text: str, version: int) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != version or not text.isprintable():
        raise Invalid(f"{shown(text)} is not an IPv{version} address")
    return text


def _socket(path: str) -> str:
    if not plain_text(path).isprintable():
        raise Invalid("the path of the socket has characters that cannot be printed")
    return path
