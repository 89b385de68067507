"""What is known of libpq's parameters, as data."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULTS: Mapping[str, str | int] = {
    "fallback_application_name": "failoverkit",
    # Without these, a connection whose packets vanish hangs for many minutes. The pool's own probes notice sooner;
    # these free what no probe can see. Both are needed: the first act on a silent line, the last on unanswered data.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,
}

ALWAYS: Mapping[str, str] = {
    # Said although these are libpq's defaults: the environment (PGHOSTADDR, PGTARGETSESSIONATTRS) would send every
    # host of the pool to one address, or ask for a role that is the pool's to judge.
    "hostaddr": "",
    "target_session_attrs": "any",
}

INSTEAD: Mapping[str, str] = {
    "host": "name the hosts in the pool's own list",
    "hostaddr": "give the address as the host's address in the pool's own list",
    "port": "give the port with the host in the pool's own list",
    "target_session_attrs": "ask for a target when borrowing; the pool knows the roles",
    "load_balance_hosts": "choose a strategy; the pool knows one host at a time",
    "connect_timeout": "use pool.connect_timeout",
    "replication": "a pool lends ordinary sessions",
}
"""Parameters that would fight the pool, and what to do instead."""

NUMBERS = frozenset({
    "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "scram_client_iterations",
})  # fmt: skip
"""Parameters that libpq reads only when it has a socket, so that it cannot be asked before."""

NAMES = (
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname",
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts",
    "max_protocol_version", "min_protocol_version", "options", "passfile", "password", "port", "replication",
    "require_auth", "requirepeer", "scram_client_key", "scram_server_key", "service",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression",
    "sslcrl", "sslcrldir", "sslkey", "sslkeylogfile", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert",
    "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
)  # fmt: skip
"""Names to suggest for a misspelt one; what is valid, libpq itself decides."""
