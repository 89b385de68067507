"""``failoverkit states``: the state machine, drawn from its table."""

from __future__ import annotations

from collections.abc import Iterator

import click

from failoverkit.failover.states import TABLE, Action, Move, Signal, is_stay
from failoverkit.model import State


def as_text() -> str:
    """Return the table as text: each signal, what it means, and what it does in each state."""
    return "\n\n".join([*map(_paragraph, Signal), _legend()]) + "\n"


def as_mermaid() -> str:
    """Return the table as a Mermaid state diagram: which signals lead where. Cells that say "stay" are left out."""
    names = (f'    state "{state.value}" as {_identifier(state)}' for state in State)
    return "\n".join(["stateDiagram-v2", *names, f"    [*] --> {_identifier(State.DEGRADED)}", *_arrows()]) + "\n"


def _paragraph(signal: Signal) -> str:
    cells = (f"  {state.value:13} {_cell(state, TABLE[state, signal])}" for state in State)
    return "\n".join([f"{signal.value}: {signal.meaning}", *cells])


def _cell(state: State, move: Move) -> str:
    if is_stay(state, move):
        return "stay"
    return f"{move.next_state.value:13} {', '.join(action.value for action in move.actions)}".rstrip()


def _legend() -> str:
    return "\n".join(["What is done:", *(f"  {action.value:26} {action.meaning}" for action in Action)])


def _arrows() -> Iterator[str]:
    for before in State:
        for after in State:
            labels = [
                signal.value
                for signal in Signal
                if TABLE[before, signal].next_state is after and not is_stay(before, TABLE[before, signal])
            ]
            if labels:
                yield f"    {_identifier(before)} --> {_identifier(after)}: {'<br>'.join(labels)}"


def _identifier(state: State) -> str:
    # Mermaid takes a hyphen in an identifier for the beginning of an arrow.
    return state.value.replace("-", "_")


@click.command()
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "mermaid"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
def states(style: str) -> None:
    """Print the state machine: what each signal does in each state."""
    click.echo(as_mermaid() if style == "mermaid" else as_text(), nl=False)
