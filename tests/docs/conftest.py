"""Examples that are installed for the length of one test."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def install_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Make an example's entry points known, as installing it would, and return the folder of its metadata."""
    modules = set(sys.modules)

    def install(example: str) -> Path:
        project = tomllib.loads((EXAMPLES / example / "pyproject.toml").read_text())["project"]
        site = tmp_path / "site"
        metadata = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
        lines = [
            line
            for group, names in project["entry-points"].items()
            for line in [f"[{group}]", *(f"{name} = {value}" for name, value in names.items())]
        ]
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
        monkeypatch.syspath_prepend(EXAMPLES / example)
        monkeypatch.syspath_prepend(site)
        return site

    yield install
    for module in set(sys.modules) - modules:
        if module.startswith(("failoverkit_sqlite", "nearest_strategy")):
            del sys.modules[module]
