"""What decides is tested on every branch: each pair's tests are run on their own, and coverage is counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAIRS = [
    ("failoverkit/failover", "tests/unit/failover"),
    ("failoverkit/pool/slots.py", "tests/unit/pool/test_slots.py"),
]
"""A module or package, and the tests that must reach all of its branches."""


def uncovered(module: str, tests: str, scratch: Path) -> dict[str, list[object]]:
    """Run the tests under coverage; return for each file of the module the lines and branches they miss."""
    pattern = module if module.endswith(".py") else f"{module}/*"
    report = scratch / "coverage.json"
    python = [sys.executable, "-P", "-m"]
    # A process of its own: where coverage is measured already, the modules have long been imported.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_CORE")}
    environment |= {"COVERAGE_FILE": str(scratch / "data"), "PYTHONPATH": str(ROOT)}
    measure = [*python, "coverage", "run", "--branch", f"--include={pattern}", "-m"]
    runs = [
        [*measure, "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:cov", tests],
        [*python, "coverage", "json", "-q", "-o", str(report)],
    ]
    for command in runs:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    files = json.loads(report.read_text())["files"]
    assert files, f"the tests in {tests} import nothing of {module}"
    return {
        name: missed
        for name, found in files.items()
        if (missed := [*found["missing_lines"], *found["missing_branches"]])
    }


@pytest.mark.parametrize(("module", "tests"), PAIRS)
def test_every_branch_is_tested(module: str, tests: str, tmp_path: Path) -> None:
    assert uncovered(module, tests, tmp_path) == {}
