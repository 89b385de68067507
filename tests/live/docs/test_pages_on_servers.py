"""Code blocks of the pages that speak of real servers, run on real servers as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from failoverkit_postgres.testing import PostgresCluster

ROOT = Path(__file__).parents[3]
README_URL = "postgresql://app:secret@db1,db2,db3/orders"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "block" in metafunc.fixturenames:
        metafunc.parametrize("block", _blocks("docs/testing.md"))


def _blocks(page: str) -> list[Any]:
    """Return the Python blocks of a page, each named by its line."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [pytest.param(match[1], id=f"{page}:{text.count(chr(10), 0, match.start()) + 1}") for match in found]


@pytest.mark.live
def test_the_readmes_first_example(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = [parameters.values[0] for parameters in _blocks("README.md")]
    assert README_URL in block
    with PostgresCluster() as cluster:
        primary = cluster.node(cluster.primary)
        primary.query("CREATE TABLE stock (id int, n int)")
        primary.query("INSERT INTO stock VALUES (7, 3)")
        primary.query("GRANT ALL ON stock TO app")
        exec(compile(block.replace(README_URL, cluster.url), "README.md", "exec"), {})  # noqa: S102
        assert primary.query("SELECT n FROM stock") == [(2,)]
    assert capsys.readouterr().out == f"{cluster.primary}\n"


@pytest.mark.live
def test_a_block_of_the_page_on_testing(block: str) -> None:
    exec(compile(block, "docs/testing.md", "exec"), {})  # noqa: S102
