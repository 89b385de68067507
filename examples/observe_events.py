"""An event observer: tells somebody when writes moved to another host, and lets a program wait for that."""

from __future__ import annotations

import threading
from collections.abc import Callable

from failoverkit import FailoverPool, hookimpl
from failoverkit.events import ActiveChanged, Event
from failoverkit.testing import FakeCluster


class TellWhenActiveChanges:
    """Calls ``tell`` with a sentence. Told on the pool's own threads: ``tell`` must return soon."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._active: str | None = None
        self._changed = threading.Condition()

    @hookimpl
    def failoverkit_on_event(self, event: Event) -> None:
        if isinstance(event, ActiveChanged):
            self._tell(f"{event.pool}: writes go to {event.active or 'nobody'} ({event.reason})")
            with self._changed:
                self._active = event.active
                self._changed.notify_all()

    def wait_for(self, host: str, timeout: float) -> bool:
        """Return True as soon as writes go to that host, False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._active == host, timeout)


def main() -> None:
    cluster = FakeCluster(["db1", "db2"])
    observer = TellWhenActiveChanges(print)
    with FailoverPool(cluster.url, extensions=[observer]) as pool:
        pool.wait_until_ready(timeout=10.0)
        cluster.crash("db1")
        cluster.promote("db2")
        observer.wait_for("db2", timeout=10.0)


if __name__ == "__main__":
    main()
