"""How long one fold takes, and how that compares to a floor: one ``dataclasses.replace`` of a host's view.

Run it: ``python tests/benchmarks/fold.py``. It prints nanoseconds per fold of a good probe of one host, the usual case.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import replace

from failoverkit.failover.brain import observe
from failoverkit.failover.topology import Topology, begin
from failoverkit.model import Host, Observation, Report, Role, Source
from failoverkit.settings import FailoverSettings

POLICY = FailoverSettings()
SIZES = (3, 10, 30, 100)
REPEATS = 7


def said(index: int) -> Observation:
    role = Role.PRIMARY if index == 0 else Role.STANDBY
    return Observation(f"h{index}", 0, Source.PROBE, Report(role, 1, "L"), latency=0.001)


def healthy(size: int) -> Topology:
    topology = begin([Host(f"h{index}", f"h{index}", priority=index) for index in range(size)])
    for index in range(size):
        topology = observe(topology, said(index), POLICY, 0.0).topology
    return topology


def nanoseconds(work: Callable[[], object], rounds: int) -> float:
    return min(timeit.repeat(work, number=rounds, repeat=REPEATS)) / rounds * 1e9


def measure(size: int) -> tuple[float, float]:
    """Return nanoseconds per fold, and of the floor."""
    topology, observation = healthy(size), said(1)
    view = topology.hosts["h1"]
    rounds = max(20_000 // size, 500)
    fold = nanoseconds(lambda: observe(topology, observation, POLICY, 1.0), rounds)
    floor = nanoseconds(lambda: replace(view, failures=0), rounds)
    return fold, floor


def main() -> None:
    print(f"{'hosts':>5} {'ns per fold':>12} {'floor':>8} {'ratio':>6}")
    for size in SIZES:
        fold, floor = measure(size)
        print(f"{size:>5} {fold:>12.0f} {floor:>8.0f} {fold / floor:>6.1f}")


if __name__ == "__main__":
    main()
