"""Packages that are installed for the length of one test."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import pytest

from failoverkit.plugins import entry_points

DRIVER = """
    from failoverkit.hookspecs import hookimpl

    @hookimpl
    def failoverkit_connect(host, settings, timeout):
        return object()

    @hookimpl
    def failoverkit_classify_error(error):
        return None
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a package with one module and entry points: ``install("pkg", {"drivers": {"x": "mod"}}, "source")``.

    The groups come without their prefix ``failoverkit.``; the module is named after the package.
    """
    installed: list[str] = []

    def install(
        package: str, groups: Mapping[str, Mapping[str, str]], source: str = DRIVER, *, version: str = "1.0"
    ) -> None:
        site = tmp_path / package
        about = site / f"{package}-{version}.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        lines = [
            line
            for group, names in groups.items()
            for line in [f"[failoverkit.{group}]", *(f"{name} = {value}" for name, value in names.items())]
        ]
        (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        (site / f"{package}.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(site)
        installed.append(package)

    yield install
    for package in installed:
        sys.modules.pop(package, None)


@pytest.fixture
def nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the packages of this project that bring drivers, as if they were not installed."""
    ours = set(entry_points.OUR_PACKAGES.values())
    found = metadata.entry_points

    def others(*, group: str) -> list[metadata.EntryPoint]:
        return [entry for entry in found(group=group) if entry_points.package_of(entry) not in ours]

    monkeypatch.setattr(entry_points.metadata, "entry_points", others)
