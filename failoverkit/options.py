"""Driver options: frozen, and silent about their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Options(Mapping[str, str]):
    """Names and values that go to the driver as they are.

    Immutable, hashable and picklable, so that the settings holding it are; safe to share between threads. A
    value may be a secret (``sslpassword``), so ``repr`` shows the names alone.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}=***' for name in self._values)})"

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __reduce__(self) -> tuple[type[Options], tuple[dict[str, str]]]:
        return (Options, (self._values,))
