from __future__ import annotations

import pytest

from failoverkit.config import load
from failoverkit.errors import ConfigError
from failoverkit.model import Host
from failoverkit.secrets import Secret
from failoverkit.settings import FailoverSettings, MonitorSettings, PoolSettings, Settings


def from_url(url: str) -> Settings:
    return load(url, environ={})


def addresses(settings: Settings) -> list[tuple[str, int | None]]:
    return [(host.address, host.port) for host in settings.hosts]


def test_the_url_of_the_readme_in_full():
    url = (
        "postgresql://user:pw@h1:5432,h2:5433/db"
        "?strategy=latency&pool.max_size=20&monitor.probe_interval=0.5&failover.hold=30&sslmode=require"
    )
    assert from_url(url) == Settings(
        driver="postgresql",
        hosts=(
            Host(name="h1:5432", address="h1", port=5432, priority=0),
            Host(name="h2:5433", address="h2", port=5433, priority=1),
        ),
        database="db",
        user="user",
        password=Secret("pw"),
        options={"sslmode": "require"},
        strategy="latency",
        pool=PoolSettings(max_size=20),
        monitor=MonitorSettings(probe_interval=0.5),
        failover=FailoverSettings(hold=30.0),
    )


def test_a_url_that_says_no_more_than_it_must_gives_the_defaults():
    assert from_url("postgresql://db1") == Settings(driver="postgresql", hosts=(Host(name="db1", address="db1"),))


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ("db1", [("db1", None)]),
        ("db1:", [("db1", None)]),
        ("db1:1,db2:65535", [("db1", 1), ("db2", 65535)]),
        ("[::1]", [("::1", None)]),
        ("[2001:db8::1]:5433,db2", [("2001:db8::1", 5433), ("db2", None)]),
        ("[fe80::1%25eth0]:5432", [("fe80::1%eth0", 5432)]),
        ("[::ffff:10.0.0.1]", [("::ffff:10.0.0.1", None)]),
        ("10.0.0.1:5432", [("10.0.0.1", 5432)]),
        ("%2Fvar%2Frun%2Fpostgresql", [("/var/run/postgresql", None)]),
        ("%2Frun%2Fpg:5433", [("/run/pg", 5433)]),
        ("%40abstract", [("@abstract", None)]),
        ("db_1.example.com.", [("db_1.example.com.", None)]),
        ("xn--bcher-kva.example", [("xn--bcher-kva.example", None)]),
        ("d%62%31", [("db1", None)]),
    ],
)
def test_hosts_before_the_path(hosts, expected):
    assert addresses(from_url(f"postgresql://{hosts}/orders")) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("host=a:5432&host=b:5433", [("a", 5432), ("b", 5433)]),
        ("host=a,b&port=5432,5433", [("a", 5432), ("b", 5433)]),
        ("host=a,b&port=5432", [("a", 5432), ("b", 5432)]),
        ("host=a,b&port=5432,", [("a", 5432), ("b", None)]),
        ("host=/var/run/postgresql", [("/var/run/postgresql", None)]),
        ("host=[::1]:5432", [("::1", 5432)]),
    ],
)
def test_hosts_in_the_query_as_libpq_and_sqlalchemy_write_them(query, expected):
    assert addresses(from_url(f"postgresql+psycopg2://user:pw@/db?{query}")) == expected


def test_one_port_in_the_query_is_for_every_host_before_the_path():
    assert addresses(from_url("postgresql://a,b/db?port=6432")) == [("a", 6432), ("b", 6432)]


@pytest.mark.parametrize(
    ("host", "name"),
    [("db1", "db1"), ("db1:5432", "db1:5432"), ("[::1]:5432", "[::1]:5432"), ("[::1]", "::1")],
)
def test_a_host_is_named_after_its_address(host, name):
    assert from_url(f"postgresql://{host}/orders").hosts[0].name == name


@pytest.mark.parametrize(
    ("query", "priorities"),
    [("", [0, 1, 2]), ("?priority=0", [0, 0, 0]), ("?priority=1,0,0", [1, 0, 0])],
)
def test_the_order_is_the_priority_unless_priorities_are_given(query, priorities):
    settings = from_url(f"postgresql://a,b,c/orders{query}")
    assert [host.priority for host in settings.hosts] == priorities


def test_everything_is_percent_decoded_once_and_a_plus_stays_a_plus():
    settings = from_url("x://us%40er:p%2Fw%253A%3F@db1/or%2Fders%C3%BC?application_name=a%20b%26c+d%3D")
    assert settings.user == "us@er"
    assert settings.password == Secret("p/w%3A?")
    assert settings.database == "or/dersü"
    assert settings.options == {"application_name": "a b&c+d="}


def test_text_beyond_ascii_may_stand_undecoded_in_user_and_password():
    settings = from_url("postgresql://jürgen:größe@db1/bücher")
    assert (settings.user, settings.password, settings.database) == ("jürgen", Secret("größe"), "bücher")


@pytest.mark.parametrize(
    ("user_part", "user", "password"),
    [
        ("app@", "app", None),
        ("app:pw@", "app", Secret("pw")),
        (":pw@", None, Secret("pw")),
        ("app:p:w@", "app", Secret("p:w")),
        ("", None, None),
    ],
)
def test_user_and_password(user_part, user, password):
    settings = from_url(f"postgresql://{user_part}db1/orders")
    assert (settings.user, settings.password) == (user, password)


def test_user_and_password_in_the_query():
    settings = from_url("postgresql:///orders?host=db1&user=me%40corp&password=p%26w")
    assert (settings.user, settings.password) == ("me@corp", Secret("p&w"))


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("sqlite:///orders.db", "orders.db"),
        ("sqlite:////srv/orders.db", "/srv/orders.db"),
        ("sqlite:///:memory:", ":memory:"),
        ("postgresql:///orders", "orders"),
    ],
)
def test_without_a_host_there_is_one_local_host_if_a_database_is_named(url, database):
    settings = from_url(url)
    assert settings.hosts == (Host(name="local", address=""),)
    assert settings.database == database


def test_with_a_discovery_there_need_be_no_hosts():
    settings = from_url("postgresql:///orders?discovery=dns")
    assert (settings.discovery, settings.hosts) == ("dns", ())


def test_words_of_ours_without_a_group():
    settings = from_url("postgresql://db1/?name=orders&strategy=round-robin&extensions=false&database=stock")
    assert settings.name == "orders"
    assert settings.strategy == "round-robin"
    assert settings.extensions is False
    assert settings.database == "stock"


# The parameters of libpq 17 and 18, less those that failoverkit speaks for itself: what a driver knows must reach it.
LIBPQ_WORDS = [
    "application_name", "channel_binding", "client_encoding", "dbname", "fallback_application_name",
    "gssdelegation", "gssencmode", "gsslib", "hostaddr", "keepalives", "keepalives_count",
    "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts", "max_protocol_version",
    "min_protocol_version", "options", "passfile", "replication", "require_auth", "requirepeer",
    "scram_client_key", "scram_server_key", "service", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir",
    "sslkey", "sslkeylogfile", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout",
]  # fmt: skip

OTHER_DRIVERS_WORDS = [
    "autocommit", "charset", "cursorclass", "init_command", "local_infile", "max_allowed_packet",
    "read_default_file", "read_timeout", "write_timeout", "lock_timeout", "ssl_ca", "ssl_disabled",
    "unix_socket", "Encrypt", "TrustServerCertificate", "MultiSubnetFailover", "ApplicationIntent",
    "driver", "LoginTimeout", "check_same_thread", "isolation_level", "cached_statements", "timeout",
]  # fmt: skip


@pytest.mark.parametrize("word", LIBPQ_WORDS + OTHER_DRIVERS_WORDS)
def test_the_words_of_drivers_are_passed_on(word):
    assert from_url(f"postgresql://db1/orders?{word}=1").options == {word: "1"}


def test_a_driver_option_named_like_a_setting_is_given_with_its_prefix():
    settings = from_url("postgresql://db1/orders?options.connect_timeout=10&pool.connect_timeout=2")
    assert settings.options == {"connect_timeout": "10"}
    assert settings.pool.connect_timeout == 2.0


def test_libpqs_own_option_named_options():
    assert from_url("postgresql://db1/orders?options=-c%20work_mem=64MB").options == {"options": "-c work_mem=64MB"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("30", 30.0), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e2", 100.0), ("2000000", 2e6)],
)
def test_numbers_of_seconds(text, seconds):
    assert from_url(f"x://db1?failover.drain={text}").failover.drain == seconds


@pytest.mark.parametrize(("text", "leak_after"), [("off", None), ("30", 30.0)])
def test_what_may_be_off(text, leak_after):
    assert from_url(f"x://db1?pool.leak_after={text}").pool.leak_after == leak_after


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("max_sze", "pool.max_size"),
        ("MaxSize", "pool.max_size"),
        ("pool_max_size", "pool.max_size"),
        ("warm_standbys", "pool.warm_standby"),
        ("idle_timout", "pool.idle_timeout"),
        ("max-lags", "failover.max_lag"),
        ("keep_alive", "pool.keepalive"),
        ("connect_timeout", "pool.connect_timeout"),
    ],
)
def test_what_nearly_reads_like_a_setting_does_not_go_to_the_driver(name, setting):
    with pytest.raises(ConfigError) as caught:
        from_url(f"postgresql://db1/orders?{name}=5")
    assert caught.value.problems == (
        f"url: {name}: did you mean {setting}? To give it to the driver, write 'options.{name}'",
    )
