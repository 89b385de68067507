"""A PostgreSQL primary and its standbys on this machine, for tests, demos and drills."""

from failoverkit_postgres.testing.cluster import PostgresCluster

__all__ = ["PostgresCluster"]
