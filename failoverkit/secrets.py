"""A string that never shows itself."""

from __future__ import annotations

from collections.abc import Iterable


class Secret:
    """Holds a secret; ``repr``, ``str`` and ``format`` show ``***``. Only ``reveal()`` gives the value.

    Equal and hashed by value, so that settings can be compared. Immutable; safe to share between threads.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the driver."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        # Needed for multiprocessing spawn; the pickle of a pool's settings is as secret as the settings are.
        return (Secret, (self._value,))


def first_line(error: BaseException, hidden: Iterable[str]) -> str:
    """Return the first line of an error's text with every string of ``hidden`` blotted out."""
    text = str(error).strip().split("\n", 1)[0]
    for secret in hidden:
        text = text.replace(secret, "***")
    return text


_SECRET_WORDS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "credential",
    "apikey", "privatekey", "accesskey", "clientkey", "serverkey",
)  # fmt: skip


def is_secret_name(option: str) -> bool:
    """Say whether an option of this name holds a secret. Paths (``passfile``, ``sslkey``) do not."""
    name = option.lower().replace("_", "").replace("-", "")
    return any(word in name for word in _SECRET_WORDS)
