"""The command ``failoverkit``."""

from __future__ import annotations


def main() -> None:
    """Run the command line, or say in one sentence what it needs."""
    try:
        from failoverkit.cli.app import app  # noqa: PLC0415 - what it needs may not be installed
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        raise SystemExit("The failoverkit command needs click and rich: pip install 'failoverkit[cli]'") from None
    app()
