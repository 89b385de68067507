"""``import failoverkit`` gives every public name, late and cheaply."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import failoverkit


@pytest.mark.parametrize("name", failoverkit.__all__)
def test_a_public_name_is_the_one_of_its_home(name: str) -> None:
    (home,) = [home for home, names in failoverkit._HOMES.items() if name in names]
    assert getattr(failoverkit, name) is getattr(import_module(f"failoverkit.{home}"), name)


def test_every_name_that_has_a_home_is_public() -> None:
    homes = [name for names in failoverkit._HOMES.values() for name in names]
    assert sorted(homes) == sorted(failoverkit.__all__)
    assert set(failoverkit.__all__) <= set(dir(failoverkit))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'FailoverPoll'"):
        _ = failoverkit.FailoverPoll  # type: ignore[attr-defined]


def test_importing_imports_nothing_else() -> None:
    program = "import sys, failoverkit; print([m for m in sys.modules if m.startswith(('failoverkit.', 'pluggy'))])"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
