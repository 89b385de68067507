"""The strategy ``round-robin``: the candidates take turns, whatever their priority."""

from __future__ import annotations

from collections.abc import Sequence

from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate, Selection


@hookimpl
def failoverkit_rank_hosts(candidates: Sequence[Candidate], selection: Selection) -> Sequence[Candidate]:
    """Rank from the one whose turn it is, in the order of the configuration, around to the one before it."""
    in_order = sorted(candidates, key=lambda candidate: candidate.index)
    turn = selection.ticket % len(in_order)
    return in_order[turn:] + in_order[:turn]
