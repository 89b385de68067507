"""The strategy ``latency``: the quicker of two hosts drawn by chance.

The two draws are independent and may fall on the same host. So of n hosts the k-th quickest gets
(2(n - k) + 1) / n² of the work: 3/4 and 1/4 of two, 5/9, 3/9 and 1/9 of three. The quick get more, nobody
gets everything, and hosts of equal latency share equally. Priority plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence

from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate, Selection


@hookimpl
def failoverkit_rank_hosts(candidates: Sequence[Candidate], selection: Selection) -> Sequence[Candidate]:
    """Rank the quicker of the two drawn first, the other next, and the rest by latency."""
    unknown = _middle([candidate.latency for candidate in candidates if candidate.latency is not None])

    def latency(candidate: Candidate) -> float:
        return unknown if candidate.latency is None else candidate.latency

    first, second = (candidates[int(roll * len(candidates))] for roll in selection.rolls)
    winner, loser = (second, first) if latency(second) < latency(first) else (first, second)
    rest = sorted((one for one in candidates if one is not winner and one is not loser), key=latency)
    return [winner, *rest] if loser is winner else [winner, loser, *rest]


def _middle(latencies: Sequence[float]) -> float:
    """Return what a host that was never measured is taken for: neither the best nor the worst of them."""
    return sorted(latencies)[len(latencies) // 2] if latencies else 0.0
