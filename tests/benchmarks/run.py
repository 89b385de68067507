"""``make bench``: measures against peers and floors in the same run. ``--json FILE`` keeps the figures.

Rounds are interleaved, so that whatever else the machine does falls on all alike; medians are shown with their ratio to
the floor. An absolute figure means nothing without the ratio beside it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import threading
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from peers import Peer, peers

LOOPS = 20_000


def single_thread(rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds per acquire and release, one thread, ten connections."""
    made = peers(10)
    work: dict[str, Callable[[], Any]] = {}
    for peer in made:
        work[peer.name] = _pair(peer)
        if peer.using is not None:
            work[f"{peer.name}, with"] = _block(peer.using)
    times = interleaved(work, rounds, lambda call: timeit.timeit(call, number=LOOPS) / LOOPS * 1e9)
    for peer in made:
        peer.close()
    return summary(times, "deque + Lock", "psycopg2.pool")


def _pair(peer: Peer) -> Callable[[], None]:
    acquire, release = peer.acquire, peer.release
    return lambda: release(acquire())


def _block(using: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        with using():
            pass

    return run


def contended(rounds: int, threads: int, hold: float) -> dict[str, dict[str, float]]:
    """Acquires per second of many threads on eight connections, each held for a while with the GIL."""
    shares: dict[str, list[float]] = {}

    def measure(make: Callable[[], Peer]) -> float:
        peer = make()
        counts = crowd(peer, threads, hold, seconds=0.5)
        peer.close()
        shares.setdefault(peer.name, []).append(max(counts) / max(min(counts), 1))
        return sum(counts) / 0.5

    waiting = {peer.name: index for index, peer in enumerate(peers(1)) if peer.waits}
    work = {name: (lambda index=index: peers(8)[index]) for name, index in waiting.items()}
    rates = interleaved(work, rounds, measure)
    table = summary(rates, "smallest waiting pool", "psycopg_pool")
    for name, figures in table.items():
        figures["longest/shortest share"] = statistics.median(shares[name])
    return table


def crowd(peer: Peer, threads: int, hold: float, seconds: float) -> list[int]:
    """Let threads borrow, hold and give back for some seconds; return how often each did."""
    counts = [0] * threads
    start, stop = threading.Barrier(threads + 1), threading.Event()

    def work(number: int) -> None:
        start.wait()
        while not stop.is_set():
            connection = peer.acquire()
            until = time.perf_counter() + hold
            while time.perf_counter() < until:
                pass
            peer.release(connection)
            counts[number] += 1

    crew = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for member in crew:
        member.start()
    start.wait()
    stop.wait(seconds)
    stop.set()
    for member in crew:
        member.join()
    return counts


def interleaved(
    work: dict[str, Callable[[], Any]], rounds: int, measure: Callable[[Any], float]
) -> dict[str, list[float]]:
    """Measure everything once a round, round after round."""
    figures: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            figures[name].append(measure(call))
    return figures


def summary(figures: dict[str, list[float]], *references: str) -> dict[str, dict[str, float]]:
    """Return the median of each, its spread and its ratio to the references."""
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return {
        name: {
            "median": medians[name],
            "least": min(figures[name]),
            "most": max(figures[name]),
            **{
                f"x {reference}": medians[name] / medians[reference] for reference in references if reference in medians
            },
        }
        for name in figures
    }


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for name, figures in table.items():
        cells = "  ".join(f"{label} {value:,.2f}" for label, value in figures.items())
        print(f"  {name:<28} {cells}")


def main() -> None:
    """Run all, or a short form."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="fewer rounds")
    arguments.add_argument("--json", type=Path, help="write the figures here")
    options = arguments.parse_args()
    rounds = 5 if options.quick else 25
    results = {
        "ns per acquire + release, one thread": single_thread(rounds),
        "acquires/s, 16 threads on 8 connections, held 50 us": contended(max(3, rounds // 5), 16, 50e-6),
    }
    print(f"Python {platform.python_version()}, {platform.machine()}, {rounds} interleaved rounds")
    for title, table in results.items():
        show(title, table)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
