"""docs/hooks.md tells of each hook what its specification says, and its examples run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from failoverkit import hookspecs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "hooks.md").read_text()
HOOKS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("failoverkit_")}
FIELDS = ("When", "Where", "Must", "Returns", "Default")


def section(hook: str) -> str:
    found = re.search(rf"^## {hook}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/hooks.md has no heading for {hook}"
    return found[1]


def signature(hook: str) -> str:
    """Return the signature as it stands in the source: annotations without the quotes of their strings."""
    return hook + str(inspect.signature(HOOKS[hook])).replace("'", "")


def plain(text: str) -> str:
    """Return the text without markup, in one line."""
    return " ".join(text.replace("`", "").replace("**", "").replace("- ", "").split())


def duties(spec: Callable[..., object]) -> list[str]:
    """Return the sentences of a specification: what the hook is for, then one per field."""
    summary, _, rest = inspect.cleandoc(spec.__doc__ or "").partition("\n\n")
    return [summary, *re.split(r"\n(?=[A-Z]\w+: )", rest)]


@pytest.mark.parametrize("hook", HOOKS)
def test_exact_signature(hook):
    assert f"```text\n{signature(hook)}\n```" in section(hook)


@pytest.mark.parametrize("hook", HOOKS)
def test_says_what_the_specification_says(hook):
    page = plain(section(hook))
    assert [duty for duty in duties(HOOKS[hook]) if plain(duty) not in page] == []


@pytest.mark.parametrize("hook", HOOKS)
def test_specification_has_every_field(hook):
    fields = [duty.partition(":")[0] for duty in duties(HOOKS[hook])[1:]]
    assert fields == list(FIELDS)


@pytest.mark.parametrize("hook", HOOKS)
def test_example_runs(hook):
    examples = re.findall(r"```python\n(.*?)```", section(hook), re.DOTALL)
    assert examples, f"{hook} has no example"
    for example in examples:
        assert f"def {hook}(" in example
        assert "assert " in example
        exec(compile(example, f"docs/hooks.md, {hook}", "exec"), {"__name__": hook})  # noqa: S102 - our own page


def test_no_heading_for_a_hook_that_does_not_exist():
    assert re.findall(r"^## (failoverkit_\w+)", PAGE, re.MULTILINE) == list(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_has_a_test(hook):
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.parent.name != "docs"]
    short = re.escape(hook.removeprefix("failoverkit_"))
    uses = re.compile(rf"\b(def test_\w*{short}|{hook}\b|plugins\.{short}\()")
    assert [path.name for path in tests if uses.search(path.read_text())], f"no test uses {hook}"
