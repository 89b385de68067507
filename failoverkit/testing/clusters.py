"""The protocol of a local cluster: replicated servers that a test may kill, freeze and promote.

A database's package brings one, found by name in the entry-point group ``failoverkit.clusters``. The entry
point names a ``ClusterFactory``: a class or a function. Conformance tests and drills use only this protocol.
"""

from __future__ import annotations

from typing import Protocol, cast

from failoverkit.model import Host
from failoverkit.plugins.entry_points import find, import_plugin
from failoverkit.settings import Settings


class LocalCluster(Protocol):
    """Replicated servers on this machine, addressed by host name.

    Every method returns when what it says is done, or raises ``RuntimeError`` (``KeyError`` for an unknown
    host). A cluster is handled by one thread at a time; its servers are used from as many as one likes.
    """

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The servers, the first primary first. The same for the whole life of the cluster."""

    @property
    def settings(self) -> Settings:
        """Settings of a pool over all hosts, with defaults everywhere but in how to connect."""

    @property
    def url(self) -> str:
        """The same as a URL for ``FailoverPool``. It may hold the password of this throw-away cluster."""

    @property
    def primary(self) -> str:
        """The name of the host that was made primary last, whether it runs or not."""

    def start(self) -> None:
        """Start one primary and its standbys. They accept connections and replicate when this returns."""

    def stop(self) -> None:
        """Stop every server, frozen ones too, and remove what was written. Harmless when stopped."""

    def crash(self, host: str) -> None:
        """Kill one server without notice, as ``kill -9`` does. Its connections are cut."""

    def freeze(self, host: str) -> None:
        """Stop one server from answering while its connections stay open, as ``SIGSTOP`` does."""

    def resume(self, host: str) -> None:
        """Let a frozen server go on where it was."""

    def restart(self, host: str) -> None:
        """Stop one server in order if it runs, and start it in its role. It accepts connections then."""

    def promote(self, host: str) -> None:
        """Make a standby the primary. It accepts writes then. The old primary is left as it is."""

    def most_advanced(self) -> str:
        """Return the running standby that has received most: the one to promote where nothing may be lost."""

    def switch_over(self, host: str) -> None:
        """Move the primary to another host as an administrator would, losing nothing; the old one rejoins."""

    def rewind(self, host: str) -> None:
        """Stop a former primary if it runs and throw away what it wrote that the new primary never saw."""

    def rejoin(self, host: str) -> None:
        """Start a rewound or crashed host as a standby of the present primary. It replicates then."""

    def restore(self) -> None:
        """Bring every host back: the first host primary, all others standbys, nothing frozen.

        Whatever is quickest: a cluster may begin anew, so what was written before may be gone.
        """


class ClusterFactory(Protocol):
    """Makes a cluster that is not started yet: what an entry point in ``failoverkit.clusters`` names."""

    def __call__(self, *, standbys: int = 2, synchronous: bool = False) -> LocalCluster:
        """Return a new cluster of one primary and this many standbys.

        ``synchronous``: a commit is acknowledged when a standby has it, too, so that nothing acknowledged is lost when
        ``most_advanced()`` is promoted.
        """


def find_cluster(name: str) -> ClusterFactory:
    """Return the factory of the local cluster with that name, ``"postgres"`` for example.

    Raises ``PluginError`` when there is none, naming those that exist.
    """
    return cast(ClusterFactory, import_plugin("cluster", find("cluster", name)))
