"""Who begins anew in the child of a fork. Forks themselves are tested on threads."""

from __future__ import annotations

import gc

import pytest

from failoverkit import forking


class Holder:
    """Something with connections."""

    def __init__(self, *connections: object) -> None:
        self.connections = list(connections)

    def after_fork_in_child(self) -> list[object]:
        inherited, self.connections = self.connections, []
        return inherited


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_forkables", type(forking._forkables)())
    monkeypatch.setattr(forking, "_parents_connections", [])


def test_in_the_child_everyone_gives_up_the_parents_connections() -> None:
    first, second = object(), object()
    holders = [Holder(first), Holder(second)]
    for holder in holders:
        forking.register(holder)
    assert not forking.is_parents(first)
    forking._in_child()
    assert forking.is_parents(first)
    assert forking.is_parents(second)
    assert [holder.connections for holder in holders] == [[], []]


def test_what_the_parent_had_is_known_by_identity_and_never_freed() -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = object.__hash__

    holder = Holder(Equal())
    forking.register(holder)
    forking._in_child()
    assert not forking.is_parents(Equal())
    assert len(forking._parents_connections) == 1


def test_the_child_of_a_child_keeps_both() -> None:
    first, second = object(), object()
    holder = Holder(first)
    forking.register(holder)
    forking._in_child()
    holder.connections = [second]
    forking._in_child()
    assert forking.is_parents(first)
    assert forking.is_parents(second)


def test_whoever_is_gone_is_not_asked() -> None:
    forking.register(Holder(object()))
    gc.collect()
    forking._in_child()
    assert forking._parents_connections == []
