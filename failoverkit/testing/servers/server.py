"""One server of a local cluster: its name, its directory, its process."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from failoverkit.testing.servers.processes import ServerProcess
from failoverkit.testing.servers.waiting import wait_until
from failoverkit.testing.servers.workspace import Workspace

ADDRESS = "127.0.0.1"
_STOP_TIMEOUT = 20.0


@dataclass
class Server:
    """What servers of every database have. ``home`` holds the server's data, configuration and log."""

    name: str
    port: int
    home: Path
    space: Workspace
    process: ServerProcess | None = field(default=None, repr=False, kw_only=True)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.running

    @property
    def frozen(self) -> bool:
        return self.process is not None and self.process.frozen

    def spawn(self, command: Sequence[str | Path]) -> None:
        """Start the server's process and return; ``wait_ready`` waits for it."""
        with (self.home / "log").open("ab") as log:
            self.process = ServerProcess(self.space.spawn(command, log))

    def wait_ready(self) -> None:
        """Wait until the server accepts connections. Raises ``RuntimeError`` with its last words if not."""
        wait_until(lambda: not self.running or self.accepts_connections(), f"{self.name} to accept connections")
        if not self.running:
            raise RuntimeError(f"{self.name} did not start: {self.last_words()}")

    def accepts_connections(self) -> bool:
        """Say whether the running server does. What asks knows the database."""
        raise NotImplementedError

    def stop(self, how: signal.Signals) -> None:
        """End it with the signal that does, if it runs. A frozen one goes on first."""
        if self.frozen:
            self.resume()
        if self.running:
            self.live.stop(how, _STOP_TIMEOUT)

    def kill(self) -> None:
        """End it without notice, with its children."""
        if self.process is not None:
            self.process.kill()

    def freeze(self) -> None:
        """Stop it from running, with its children."""
        self.live.freeze()

    def resume(self) -> None:
        """Let it go on where it was."""
        self.live.resume()

    def last_words(self) -> str:
        """Return the end of the server's log."""
        return (self.home / "log").read_text(errors="replace")[-2000:].strip()

    @property
    def live(self) -> ServerProcess:
        """The process. Raises ``RuntimeError`` when it does not run."""
        if self.process is None or not self.process.running:
            raise RuntimeError(f"{self.name} does not run")
        return self.process
