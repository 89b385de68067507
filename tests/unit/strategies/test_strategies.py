"""Each built-in strategy: a table of rankings, and the distribution over many selections."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverkit.model import Candidate, Role, Selection, Target
from failoverkit.strategies import latency, priority, round_robin

Rank = Callable[[Sequence[Candidate], Selection], Sequence[Candidate]]


def by_priority(candidates: Sequence[Candidate], _: Selection) -> Sequence[Candidate]:
    return priority.failoverkit_rank_hosts(candidates)


STRATEGIES: dict[str, Rank] = {
    "priority": by_priority,
    "round-robin": round_robin.failoverkit_rank_hosts,
    "latency": latency.failoverkit_rank_hosts,
}


def candidates(**latencies: float | None) -> list[Candidate]:
    """Make candidates by name and latency, in the order of the configuration, the first preferred."""
    return [
        Candidate(name, Role.STANDBY, priority=index, index=index, latency=latency)
        for index, (name, latency) in enumerate(latencies.items())
    ]


def selection(ticket: int = 0, rolls: tuple[float, float] = (0.0, 0.0)) -> Selection:
    return Selection(Target.ANY, ticket, rolls)


def names(ranked: Sequence[Candidate]) -> str:
    return " ".join(candidate.name for candidate in ranked)


def shares(rank: Rank, among: Sequence[Candidate], draws: int = 20_000) -> dict[str, float]:
    """Return the share of first places each candidate gets."""
    chance = random.Random(20)
    first = Counter(
        rank(among, selection(ticket, (chance.random(), chance.random())))[0].name for ticket in range(draws)
    )
    return {candidate.name: first[candidate.name] / draws for candidate in among}


@pytest.mark.parametrize("rank", STRATEGIES.values(), ids=STRATEGIES)
@given(
    latencies=st.lists(st.none() | st.floats(0, 10), min_size=1, max_size=6),
    ticket=st.integers(0, 2**63),
    rolls=st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)),
)
def test_ranking_is_a_permutation(rank, latencies, ticket, rolls):
    among = candidates(**{f"h{index}": latency for index, latency in enumerate(latencies)})
    ranked = rank(among, selection(ticket, rolls))
    assert sorted(ranked, key=lambda one: one.index) == among


class TestPriority:
    def test_lowest_number_first(self):
        one, two, three = candidates(a=None, b=None, c=None)
        assert names(by_priority([three, one, two], selection())) == "a b c"

    def test_place_breaks_the_tie(self):
        among = [Candidate(name, Role.STANDBY, priority=5, index=index) for index, name in enumerate("abc")]
        assert names(by_priority(among[::-1], selection())) == "a b c"

    def test_the_first_gets_everything(self):
        assert shares(by_priority, candidates(a=9.0, b=0.1), draws=100) == {"a": 1.0, "b": 0.0}


class TestRoundRobin:
    @pytest.mark.parametrize(
        ("ticket", "expected"), [(0, "a b c"), (1, "b c a"), (2, "c a b"), (3, "a b c"), (301, "b c a")]
    )
    def test_turns(self, ticket, expected):
        among = candidates(a=None, b=None, c=None)
        assert names(round_robin.failoverkit_rank_hosts(among[::-1], selection(ticket))) == expected

    def test_all_share_equally(self):
        among = candidates(a=9.0, b=0.1, c=None)
        counts = shares(round_robin.failoverkit_rank_hosts, among, draws=300)
        assert counts == dict.fromkeys("abc", 1 / 3)


class TestLatency:
    @pytest.mark.parametrize(
        ("latencies", "rolls", "expected"),
        [
            ({"a": 1, "b": 2, "c": 3}, (0.0, 0.4), "a b c"),
            ({"a": 1, "b": 2, "c": 3}, (0.4, 0.0), "a b c"),
            ({"a": 3, "b": 2, "c": 1}, (0.0, 0.4), "b a c"),
            ({"a": 3, "b": 2, "c": 1}, (0.0, 0.0), "a c b"),
            ({"a": 3, "b": 2, "c": 1}, (0.999, 0.999), "c b a"),
            ({"a": 1, "b": 1, "c": 1}, (0.4, 0.0), "b a c"),
            ({"a": 1, "b": None, "c": 9}, (0.4, 0.0), "a b c"),
            ({"a": 1, "b": None, "c": 3, "d": 9}, (0.3, 0.8), "b d a c"),
            ({"a": None, "b": None}, (0.9, 0.0), "b a"),
            ({"a": 1}, (0.9, 0.1), "a"),
        ],
    )
    def test_quicker_of_two_draws(self, latencies, rolls, expected):
        among = candidates(**latencies)
        assert names(latency.failoverkit_rank_hosts(among, selection(rolls=rolls))) == expected

    @pytest.mark.parametrize(
        ("latencies", "expected"),
        [
            ({"a": 1.0, "b": 1.1}, {"a": 3 / 4, "b": 1 / 4}),
            ({"a": 3.0, "b": 0.1, "c": 2.0}, {"a": 1 / 9, "b": 5 / 9, "c": 3 / 9}),
            ({"a": 1.0, "b": 1.0, "c": 1.0}, dict.fromkeys("abc", 1 / 3)),
            ({"a": None, "b": None}, dict.fromkeys("ab", 1 / 2)),
            ({"a": 1.0, "b": None, "c": 2.0, "d": 3.0}, {"a": 7 / 16, "b": 4 / 16, "c": 4 / 16, "d": 1 / 16}),
        ],
    )
    def test_the_quick_get_more_and_nobody_everything(self, latencies, expected):
        counted = shares(latency.failoverkit_rank_hosts, candidates(**latencies))
        assert counted == pytest.approx(expected, abs=0.02)

    def test_failed_first_choice_does_not_send_all_to_one_host(self):
        among = candidates(a=1.0, b=2.0, c=3.0, d=4.0)

        def second_after_a(among: Sequence[Candidate], chosen: Selection) -> Sequence[Candidate]:
            ranked = latency.failoverkit_rank_hosts(among, chosen)
            return ranked[1:] if ranked[0].name == "a" else ranked

        assert max(shares(second_after_a, among).values()) < 0.6
