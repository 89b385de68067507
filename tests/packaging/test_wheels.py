"""The wheels, not the checkout: installed in a clean environment, they fail over."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAILOVER = """
import failoverkit, json
from failoverkit import FailoverPool
from failoverkit.testing import FakeCluster

cluster = FakeCluster(["a", "b"])
with FailoverPool(cluster.url) as pool:
    with pool.connection() as connection:
        connection.cursor().execute("write before")
    cluster.crash("a")
    cluster.promote("b")
    for attempt in range(2):
        try:
            with pool.connection() as connection:
                connection.cursor().execute("write after")
            break
        except Exception as error:
            assert attempt == 0, error
print(json.dumps({"values": cluster.values, "active": pool.status().active, "from": failoverkit.__file__}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every package's wheel; by the package's name."""
    into = tmp_path_factory.mktemp("wheels")
    for package in (ROOT, *sorted((ROOT / "plugins").iterdir())):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", into, package, cwd=into)
    return {wheel.name.split("-", 1)[0]: wheel for wheel in into.glob("*.whl")}


class Environment:
    """A clean virtual environment."""

    def __init__(self, home: Path) -> None:
        venv.create(home / "venv", with_pip=True)
        self.home = home
        self.python = home / "venv" / "bin" / "python"

    def install(self, *what: str | Path) -> None:
        run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what, cwd=self.home)

    def installed(self) -> set[str]:
        listed = run(self.python, "-m", "pip", "--disable-pip-version-check", "list", "--format=json", cwd=self.home)
        return {package["name"].lower() for package in json.loads(listed)} - {"pip", "setuptools"}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def test_the_core_alone_brings_pluggy_and_fails_over(environment: Environment, wheels: dict[str, Path]) -> None:
    environment.install(wheels["failoverkit"])
    assert environment.installed() == {"failoverkit", "pluggy"}
    result = json.loads(run(environment.python, "-I", "-c", FAILOVER, cwd=environment.home))
    assert (result["values"], result["active"]) == (["before", "after"], "b")
    assert Path(result["from"]).is_relative_to(environment.home)
    command = subprocess.run(
        [environment.home / "venv" / "bin" / "failoverkit", "states"], capture_output=True, text=True, check=False
    )
    assert (command.returncode, command.stderr.strip()) == (
        1,
        "The failoverkit command needs click and rich: pip install 'failoverkit[cli]'",
    )


def test_a_plugin_is_found_where_it_is_installed(environment: Environment, wheels: dict[str, Path]) -> None:
    environment.install(f"failoverkit[cli] @ {wheels['failoverkit'].as_uri()}", wheels["failoverkit_postgres"])
    listed = run(environment.home / "venv" / "bin" / "failoverkit", "plugins", "--json", cwd=environment.home)
    found = {(plugin["kind"], plugin["name"]): plugin["package"] for plugin in json.loads(listed)}
    assert found["driver", "postgresql"] == "failoverkit-postgres"
    assert found["strategy", "latency"] == "failoverkit"


def test_every_module_is_typed(wheels: dict[str, Path]) -> None:
    import zipfile

    for name, wheel in wheels.items():
        assert f"{name}/py.typed" in zipfile.ZipFile(wheel).namelist()
