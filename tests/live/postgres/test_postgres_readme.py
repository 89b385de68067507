"""The example with servers in the plugin's README runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[3] / "plugins" / "failoverkit-postgres" / "README.md"


def test_example_with_servers() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (example,) = [block for block in blocks if "PostgresCluster" in block]
    names: dict[str, object] = {}
    exec(compile(example, str(README), "exec"), names)  # noqa: S102
    assert getattr(names["connection"], "closed", None), "the pool has closed it"
