"""Servers that exist only as facts: what is true of each, what a probe of it would say, and what may befall it.

No thread, socket or clock; all chance comes from the random generator that is handed in.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from failoverkit.model import ErrorKind, Report, Role


class Kind(enum.Enum):
    """What the servers can say of themselves."""

    EPOCHS = "roles and epochs"
    ROLES = "roles, no epochs"
    ROLELESS = "no roles"


class Power(enum.Enum):
    """Whether a server can be talked to."""

    ON = "on"
    OFF = "off"
    FROZEN = "frozen"
    CUT_OFF = "cut off"


@dataclass(slots=True)
class Server:
    """What is true of one server, whatever anybody has seen of it."""

    name: str
    power: Power = Power.ON
    role: Role = Role.UNKNOWN
    epoch: int | None = None
    lineage: str | None = None
    trouble: ErrorKind | None = None
    """What it answers instead of letting a probe in."""
    fit: bool = True
    slowness: float = 0.0
    """How likely a probe runs into its deadline."""


class World:
    """A cluster's servers and their faults. Not thread-safe."""

    def __init__(self, names: Iterable[str], kind: Kind, chance: random.Random) -> None:
        self.kind = kind
        self.servers = {name: Server(name) for name in names}
        self._chance = chance
        self._all = list(self.servers.values())
        if kind is not Kind.ROLELESS:
            for server in self._all:
                server.role = Role.STANDBY
            chance.choice(self._all).role = Role.PRIMARY
        if kind is Kind.EPOCHS:
            self._set_epochs(1, "cluster")

    def answers(self, name: str) -> bool:
        """Say whether a connection could be opened now."""
        server = self.servers[name]
        return server.power is Power.ON and server.trouble is None

    def probe(self, name: str) -> Report | ErrorKind:
        """Return what a probe of the server runs into now."""
        server = self.servers[name]
        if server.power is Power.OFF:
            return self._chance.choice((ErrorKind.HOST_UNREACHABLE, ErrorKind.CONNECTION_LOST))
        if server.power is Power.CUT_OFF:
            return self._chance.choice((ErrorKind.HOST_UNREACHABLE, ErrorKind.TIMEOUT))
        if server.power is Power.FROZEN or (server.slowness and self._chance.random() < server.slowness):
            return ErrorKind.TIMEOUT
        if server.trouble is not None:
            return server.trouble
        return Report(server.role, server.epoch, server.lineage, fit=server.fit)

    # -- faults -----------------------------------------------------------------------------------------------------

    def befall(self) -> str:
        """Let something happen to some server; return what."""
        server, fault = self._chance.choice(self._all), self._chance.choice(_FAULTS)
        fault(self, server)
        return f"{fault.__name__} {server.name}"

    def turn_off(self, server: Server) -> None:
        """Kill it, or its machine."""
        server.power = Power.OFF

    def turn_on(self, server: Server) -> None:
        """Start or thaw it, or join its network again; it is what it was before."""
        server.power = Power.ON

    def freeze(self, server: Server) -> None:
        """Stop its processes; the kernel still answers."""
        server.power = Power.FROZEN

    def cut_off(self, server: Server) -> None:
        """Cut the network between it and us."""
        server.power = Power.CUT_OFF

    def promote(self, server: Server) -> None:
        """Make it primary; whoever can be reached follows, the others do not know."""
        if self.kind is Kind.ROLELESS:
            return
        epoch = self._newest() + 1
        for other in self._all:
            if other.power is Power.ON and self._chance.random() < 0.7:
                self._follow(other, epoch)
        self._lead(server, epoch)

    def promote_beside(self, server: Server) -> None:
        """Make it primary with the newest epoch there is: nothing orders it and the other."""
        if self.kind is not Kind.ROLELESS:
            self._lead(server, max(1, self._newest()))

    def rejoin(self, server: Server) -> None:
        """Make it a standby of the newest primary."""
        if self.kind is not Kind.ROLELESS:
            self._follow(server, self._newest())

    def turn_away(self, server: Server) -> None:
        """Let nobody in: a wrong password, or too many connections."""
        server.trouble = self._chance.choice((ErrorKind.REFUSED, ErrorKind.BUSY, ErrorKind.ROLE_CHANGED))

    def let_in(self, server: Server) -> None:
        """Let everybody in again, quickly."""
        server.trouble, server.slowness, server.fit = None, 0.0, True

    def slow_down(self, server: Server) -> None:
        """Make it so slow that some probes run into their deadline."""
        server.slowness = self._chance.choice((0.3, 0.6))

    def fall_out_of_sync(self, server: Server) -> None:
        """Let it answer, and say that it must not be used."""
        server.fit = False

    def replace(self, server: Server) -> None:
        """Put a server of another cluster in its place."""
        if self.kind is Kind.EPOCHS:
            server.lineage = self._chance.choice(("cluster", "another"))

    def heal(self) -> str:
        """End every fault, and leave one primary that is newer than all; return its name (of roleless hosts, none)."""
        for server in self._all:
            server.power = Power.ON
            self.let_in(server)
        if self.kind is Kind.ROLELESS:
            return ""
        leader = self._chance.choice(self._all)
        self._set_epochs(self._newest() + 1, "cluster")
        for server in self._all:
            server.role = Role.STANDBY
        leader.role = Role.PRIMARY
        return leader.name

    def _newest(self) -> int:
        return max(server.epoch or 0 for server in self._all)

    def _lead(self, server: Server, epoch: int) -> None:
        server.role = Role.PRIMARY
        server.epoch = epoch if self.kind is Kind.EPOCHS else None

    def _follow(self, server: Server, epoch: int) -> None:
        server.role = Role.STANDBY
        server.epoch = epoch if self.kind is Kind.EPOCHS else None

    def _set_epochs(self, epoch: int, lineage: str) -> None:
        if self.kind is Kind.EPOCHS:
            for server in self._all:
                server.epoch, server.lineage = epoch, lineage


_FAULTS: tuple[Callable[[World, Server], None], ...] = (
    World.turn_off,
    World.turn_off,
    World.turn_on,
    World.turn_on,
    World.turn_on,
    World.freeze,
    World.cut_off,
    World.promote,
    World.promote,
    World.promote_beside,
    World.rejoin,
    World.rejoin,
    World.turn_away,
    World.let_in,
    World.slow_down,
    World.fall_out_of_sync,
    World.replace,
)
