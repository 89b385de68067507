"""A strategy for applications that run in several zones: hosts of one's own zone first.

A host's zone is one of its tags. The application says where it runs in the environment variable ``ZONE``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from failoverkit import Candidate, Selection, hookimpl

ZONE = os.environ.get("ZONE", "")


@hookimpl
def failoverkit_rank_hosts(candidates: Sequence[Candidate], selection: Selection) -> Sequence[Candidate]:
    """Hosts of this zone take turns; after them come the others, in turn as well."""
    near = [candidate for candidate in candidates if ZONE in candidate.tags]
    far = [candidate for candidate in candidates if ZONE not in candidate.tags]
    return [*in_turn(near, selection.ticket), *in_turn(far, selection.ticket)]


def in_turn(candidates: Sequence[Candidate], ticket: int) -> Sequence[Candidate]:
    """Begin with another candidate at each selection."""
    first = ticket % len(candidates) if candidates else 0
    return [*candidates[first:], *candidates[:first]]
