"""The strategy ``priority``: always the most preferred host, the next only when it fails."""

from __future__ import annotations

from collections.abc import Sequence

from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate


def by_priority(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates by priority, lowest number first, then by place in the configuration."""
    return sorted(candidates, key=lambda candidate: (candidate.priority, candidate.index))


@hookimpl
def failoverkit_rank_hosts(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Rank by priority."""
    return by_priority(candidates)
