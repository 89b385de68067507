"""Pages name everything there is, and their links lead somewhere."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

import pytest

from failoverkit import errors, events

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("plugins/*/*.md"),
        *ROOT.glob("examples/**/*.md"),
    )
    if ".venv" not in page.parts
]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
SEEN_ONLY_AS_CAUSE = {"RoleMismatch"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert missing == []


def test_operations_name_every_event() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    names = [name for name, kind in vars(events).items() if dataclasses.is_dataclass(kind) and name != "Event"]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in page] == []


def test_operations_name_every_error() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    names = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert [name for name in names - SEEN_ONLY_AS_CAUSE if f"`{name}`" not in page] == []


def test_every_target_of_make_is_one_documented_word() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert {"demo", "test", "lint", "types", "bench", "docs", "dist", "clean", "test-versions"} <= listed


def test_every_decision_says_what_it_decides() -> None:
    for page in ROOT.glob("docs/decisions/*.md"):
        title, _, body = page.read_text(encoding="utf-8").partition("\n")
        assert title.startswith("# "), page.name
        assert len(body.split()) > 20, page.name
