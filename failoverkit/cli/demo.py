"""``failoverkit demo``: a real application survives the death and the freeze of its database's primary."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from failoverkit.clock import monotonic
from failoverkit.events import ActiveChanged, ConnectionsAborted, Event, StalePrimary, StateChanged
from failoverkit.failover_pool import FailoverPool
from failoverkit.hookspecs import hookimpl
from failoverkit.testing.clusters import find_cluster
from failoverkit.testing.rehearsal import FaultResult, Rehearsal
from failoverkit.testing.verdict import Verdict
from failoverkit.testing.workload import Workload

BEAT = 0.5
"""Time between two lines of figures, seconds."""


@click.command
@click.option("--embedded", default="postgres", show_default=True, help="Local cluster to start, by its plugin's name.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here.")
def demo(embedded: str, json_file: Path | None) -> None:
    """Kill and freeze the primary of a real replicated database under load, and count what callers saw.

    Starts servers of its own on loopback and removes them. Takes about half a minute. Ends with status 1 when a row is
    lost, doubled or written to a stale primary, or when a thread is stuck.
    """
    # The story tells the events; the log would tell them again.
    logging.getLogger("failoverkit").addHandler(logging.NullHandler())
    console = Console(highlight=False)
    story = Story(console)
    story.say(f"starting {embedded}: one primary and two standbys")
    cluster = find_cluster(embedded)(standbys=2, synchronous=True)
    try:
        cluster.start()
        with FailoverPool(cluster.url, extensions=[story]) as pool:
            results, verdict = _rehearse(story, cluster, pool)
    finally:
        cluster.stop()
    console.print()
    console.print(_faults_table(results))
    console.print(_rows_table(results, verdict))
    if json_file is not None:
        json_file.write_text(json.dumps(figures(results, verdict), indent=2) + "\n", encoding="utf-8")
    if not is_clean(results, verdict):
        raise SystemExit(1)


def _rehearse(story: Story, cluster: Any, pool: FailoverPool) -> tuple[list[FaultResult], Verdict]:
    workload = Workload(pool, table="failoverkit_demo")
    workload.prepare()
    rehearsal = Rehearsal(cluster, pool, workload, story.say)
    home = cluster.primary
    story.say(f"8 writers and 2 readers begin, default settings: {', '.join(host.name for host in cluster.hosts)}")
    workload.start()
    with story.beating(pool, workload):
        rehearsal.run_for(2.0)
        killed = rehearsal.kill()
        rehearsal.rejoin(killed)
        rehearsal.run_for(1.0)
        rehearsal.switch_over(home)
        rehearsal.run_for(1.0)
        frozen = rehearsal.freeze()
        rehearsal.resume(frozen)
    left = workload.stop()
    story.say(f"the workers stop{f', but for {left}' if left else ''}; the rows are counted")
    return rehearsal.results, rehearsal.judge()


class Story:
    """Tells what happens while it happens: an observer of the pool, and a beat of figures. Thread-safe."""

    TOLD = (StateChanged, ActiveChanged, ConnectionsAborted, StalePrimary)

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = monotonic()
        self._stop = threading.Event()

    def say(self, sentence: str) -> None:
        """Print one thing that is done."""
        self._line(f"[bold]{sentence}[/bold]")

    @hookimpl
    def failoverkit_on_event(self, event: Event) -> None:
        """Print one line for an event that tells something of the failover."""
        if isinstance(event, self.TOLD):
            facts = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
            shown = (
                f"{name}={_plain(facts[name])}" for name in facts if name not in {"pool", "at", "signal", "reason"}
            )
            self._line(f"[cyan]  {event.name}[/cyan] {' '.join(shown)}")

    @contextmanager
    def beating(self, pool: FailoverPool, workload: Workload) -> Iterator[None]:
        """Print state, active host and rates again and again during the block."""
        thread = threading.Thread(target=self._beat, args=(pool, workload), name="demo-beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _beat(self, pool: FailoverPool, workload: Workload) -> None:
        before = monotonic()
        while not self._stop.wait(BEAT):
            now = monotonic()
            commits = sum(not attempt.error for attempt in workload.writes.since(before))
            reads = sum(not attempt.error for attempt in workload.reads.since(before))
            status = pool.status()
            self._line(
                f"[dim]  {status.state.value:<12} active {status.active or 'none':<16}"
                f" {commits / (now - before):6.0f} commits/s {reads / (now - before):6.0f} reads/s"
                f" {status.waiting:3d} waiting[/dim]"
            )
            before = now

    def _line(self, text: str) -> None:
        self._console.print(f"{monotonic() - self._began:6.2f} s  {text}", soft_wrap=True)


def _plain(value: object) -> object:
    return getattr(value, "value", value)


def is_clean(results: list[FaultResult], verdict: Verdict) -> bool:
    """Say whether no row was lost, doubled or stale and no thread was stuck."""
    return not (verdict.lost or verdict.doubled or verdict.phantom or any(r.stale or r.stuck for r in results))


def figures(results: list[FaultResult], verdict: Verdict) -> dict[str, Any]:
    """Return everything measured, as the JSON file has it."""
    return {
        "faults": [dataclasses.asdict(result) for result in results],
        **dataclasses.asdict(verdict),
        "stale": sum(result.stale for result in results),
    }


def _faults_table(results: list[FaultResult]) -> Table:
    table = Table(title="What callers saw of each fault, seconds from the fault", title_justify="left")
    table.add_column("")
    for result in results:
        table.add_column(result.name, justify="right")
    rows: dict[str, Callable[[FaultResult], object]] = {
        "first commit on the new primary": lambda result: _time(result.gap_s),
        "the same, from the end of the promotion": lambda result: _time(result.gap_after_promotion_s),
        "all writers commit again": lambda result: _time(result.all_writing_s),
        "last caller out of what it was in": lambda result: _time(result.freed_s),
        "errors callers saw": lambda result: result.errors,
        "of one writer, at most": lambda result: result.errors_per_writer,
        "threads stuck": lambda result: result.stuck,
        "commits taken by the old primary": lambda result: result.stale,
    }
    for label, figure in rows.items():
        table.add_row(label, *(str(figure(result)) for result in results))
    return table


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.3f}"


def _rows_table(results: list[FaultResult], verdict: Verdict) -> Table:
    table = Table(title="What became of the rows", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("acknowledged", str(verdict.acknowledged))
    table.add_row("found", str(verdict.found))
    table.add_row("lost", str(verdict.lost))
    table.add_row("doubled", str(verdict.doubled))
    table.add_row("written to a stale primary", str(sum(result.stale for result in results)))
    table.add_row("said to have failed, yet found", str(verdict.phantom))
    table.add_row("said to be of unknown outcome", str(verdict.unknown))
    table.add_row("  and found", str(verdict.unknown_found))
    return table
