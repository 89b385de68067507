from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

TomlFile = Callable[[str], Path]


@pytest.fixture
def toml_file(tmp_path: Path) -> TomlFile:
    """Return a function that writes a TOML file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "pools.toml"
        path.write_text(text)
        return path

    return write
