"""A MariaDB primary and its replicas on this machine, for tests, demos and drills."""

from failoverkit_mysql.testing.cluster import MariaDBCluster

__all__ = ["MariaDBCluster"]
