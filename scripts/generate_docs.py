"""``make docs``: writes into the pages what a failoverkit command prints, between the marks that name it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from failoverkit.cli.app import app

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"(?P<mark><!-- begin: failoverkit (?P<command>.+?) -->\n```(?P<language>\w+)\n).*?(?P<end>```\n<!-- end -->)",
    re.DOTALL,
)


def printed(block: re.Match[str]) -> str:
    """Return a block with what its command prints now."""
    result = CliRunner().invoke(app, shlex.split(block["command"]), catch_exceptions=False)
    if result.exit_code != 0:
        raise SystemExit(f"failoverkit {block['command']} ended with {result.exit_code}: {result.output}")
    return f"{block['mark']}{result.output}{block['end']}"


def main() -> None:
    """Bring every page up to date and name those that changed."""
    for page in sorted(ROOT.glob("docs/**/*.md")):
        before = page.read_text(encoding="utf-8")
        after = BLOCK.sub(printed, before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: brought up to date")


if __name__ == "__main__":
    main()
