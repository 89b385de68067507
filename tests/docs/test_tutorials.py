"""The tutorials run as they stand, and end with the packages in examples/."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = [
    ("writing-a-driver.md", "sqlite-driver"),
    ("writing-a-strategy.md", "nearest-strategy"),
]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.mark.parametrize(("page", "example"), TUTORIALS)
def test_code_runs_from_top_to_bottom(install_example, tmp_path, monkeypatch, page, example):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    install_example(example)
    code = "\n".join(blocks(page, "python"))
    assert "assert " in code
    exec(compile(code, page, "exec"), {"__name__": page})  # noqa: S102 - our own page


def test_suites_of_the_driver_tutorial_pass(install_example, tmp_path):
    site = install_example("sqlite-driver")
    (tmp_path / "test_tutorial.py").write_text("\n".join(blocks("writing-a-driver.md", "python")))
    path = os.pathsep.join([str(site), str(ROOT / "examples" / "sqlite-driver")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tutorial.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d\d passed, 1 skipped", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(("page", "example"), TUTORIALS)
def test_project_file_is_the_examples(page, example):
    [shown] = blocks(page, "toml")
    assert tomllib.loads(shown) == tomllib.loads((ROOT / "examples" / example / "pyproject.toml").read_text())


def test_driver_tutorial_holds_the_finished_driver():
    shown = "\n".join(blocks("writing-a-driver.md", "python"))
    source = (ROOT / "examples" / "sqlite-driver" / "failoverkit_sqlite.py").read_text()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.Assign):
            assert ast.get_source_segment(source, statement) in shown


def test_strategy_tutorial_ranks_as_the_example_does():
    shown = ast.parse("\n".join(blocks("writing-a-strategy.md", "python")))
    example = ast.parse((ROOT / "examples" / "nearest-strategy" / "nearest_strategy.py").read_text())
    assert body_of("in_turn", shown) == body_of("in_turn", example)
    ranking = "failoverkit_rank_hosts"
    assert body_of(ranking, shown).replace("self._zone", "ZONE") == body_of(ranking, example)


def body_of(function: str, tree: ast.AST) -> str:
    """Return the statements of a function without its docstring."""
    [found] = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    statements = found.body[1:] if ast.get_docstring(found) else found.body
    return "\n".join(ast.unparse(statement) for statement in statements)
