"""A class of tests that authors of plugins subclass."""

from __future__ import annotations

import difflib
from typing import Any

_OF_PYTEST = frozenset({"pytestmark"})


class Suite:
    """Refuses subclasses that override what does not exist.

    A fixture whose name is misspelt would otherwise leave the default in force, and the suite would pass for the
    wrong reason. Names with a leading underscore are the author's own.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if Suite in cls.__bases__:
            return
        inherited = {name for base in cls.__mro__[1:] for name in vars(base)} | _OF_PYTEST
        for name in vars(cls):
            if not name.startswith("_") and name not in inherited:
                nearest = difflib.get_close_matches(name, inherited, n=1)
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                raise TypeError(f"{cls.__name__}.{name} overrides nothing in the suite{hint}")
