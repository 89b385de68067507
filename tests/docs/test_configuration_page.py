"""docs/configuration.md names every setting as it is, and its examples are read as they stand."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from failoverkit.config import load
from failoverkit.config.catalogue import GROUPS, KEYS
from failoverkit.config.environment import VARIABLES
from failoverkit.errors import ConfigError
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
ENVIRON = {"DB_PASSWORD": "from the environment"}

WRITTEN = {
    "hosts": "a list of hosts",
    "password": "text, `env:NAME` or `file:/path`",
    "options": "a table of texts",
}
"""What to write for the fields of ``Settings`` that are more than one plain value."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def rows(group: str) -> list[str]:
    """Return the rows of the table of one group as the code has them."""
    cls = GROUPS.get(group, Settings)
    names = [field.name for field in fields(cls) if field.name not in GROUPS]
    docs = {field.name: field.metadata.get("doc", "") for field in fields(cls)}
    return [f"| `{name}` | {default_of(group, name)} | {written(group, name)} | {docs[name]} |" for name in names]


def default_of(group: str, name: str) -> str:
    if name in {"driver", "hosts"}:
        return "none: must be given"
    key = KEYS.get(f"{group}.{name}" if group else name)
    if key is None or key.default is None:
        return "off" if key is not None and key.can_be_off else "none"
    number = isinstance(key.default, float)
    return f"{key.default:g} s" if number else f"`{str(key.default).lower()}`"


def written(group: str, name: str) -> str:
    return WRITTEN.get(name) or KEYS[f"{group}.{name}" if group else name].expected


def table(group: str) -> str:
    head = ["| key | default | write | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows(group)]) + "\n"


@pytest.mark.parametrize("group", ["", *GROUPS])
def test_the_table_of_settings_is_that_of_the_code(group):
    title = f"settings {group}".strip()
    found = re.search(rf"<!-- begin: {title} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert found is not None, title
    assert found[1] == table(group), f"paste this into docs/configuration.md under {title}:\n{table(group)}"


def load_block_of_variables(block: str) -> Settings:
    pairs = (word.partition("=") for line in block.splitlines() for word in shlex.split(line))
    return load(environ={name: value for name, _, value in pairs})


@pytest.mark.parametrize("url", "".join(blocks("url")).split())
def test_the_urls_are_read(url):
    settings = load(url, environ=ENVIRON)
    assert url.startswith(f"{settings.driver}://")


def test_the_urls_mean_what_the_page_says():
    settings = [load(url, environ=ENVIRON) for url in "".join(blocks("url")).split()]
    assert [len(each.hosts) for each in settings] == [2, 3, 2, 1, 1, 1, 2, 1, 1, 1, 1]
    assert [host.priority for host in settings[1].hosts] == [0, 0, 1]
    assert [host.port for host in settings[2].hosts] == [6432, 6432]
    assert settings[3].hosts[0].address == "fe80::1%eth0"
    assert settings[4].hosts == settings[5].hosts
    assert settings[7].password == Secret("p@ss/w?rd")
    assert settings[8].password == Secret("from the environment")
    assert settings[8].options == {"connect_timeout": "10"}
    assert [each.database for each in settings[9:]] == ["orders.db", "/srv/orders.db"]


def test_the_file_is_read_with_all_its_pools(tmp_path):
    (text,) = blocks("toml")
    path = tmp_path / "pools.toml"
    path.write_text(text)
    loaded = {name: load(path, name=name, environ=ENVIRON) for name in tomllib.loads(text)["pools"]}
    assert [host.name for host in loaded["orders"].hosts] == ["east", "db2.example.com"]
    assert loaded["orders"].strategy == "latency"
    assert (loaded["stock"].strategy, loaded["stock"].failover.failback) == ("priority", "manual")
    assert {each.pool.max_size for each in loaded.values()} == {20}


def test_the_variables_are_read(tmp_path):
    secret = tmp_path / "db_password"
    secret.write_text("from a file\n")
    (toml,) = blocks("toml")
    config = tmp_path / "pools.toml"
    config.write_text(toml.replace("env:DB_PASSWORD", "pw"))
    by_url, by_file, plain = (
        load_block_of_variables(
            block.replace("/run/secrets/db_password", str(secret)).replace("/etc/orders/pools.toml", str(config))
        )
        for block in blocks("sh")
    )
    assert by_url.password == Secret("from a file")
    assert (by_url.pool.max_size, by_url.failover.hold) == (20, 30.0)
    assert (by_file.name, by_file.monitor.probe_interval) == ("orders", 0.5)
    assert plain.password == Secret("p@ss/w?rd")
    assert [host.address for host in plain.hosts] == ["db1", "2001:db8::2"]


def test_the_python_is_run(tmp_path, monkeypatch):
    (toml,) = blocks("toml")
    monkeypatch.chdir(tmp_path)
    Path("pools.toml").write_text(toml)
    Path("db_password").write_text("from a file\n")
    environ = {**ENVIRON, "FAILOVERKIT_URL": "postgresql://db1/orders"}
    made: list[Settings] = []

    def failover_pool(*arguments: object, **keywords: object) -> None:
        made.append(load(*arguments, environ=environ, **keywords))

    for block in blocks("python"):
        code = block.replace("/run/secrets", str(tmp_path))
        exec(compile(code, "docs/configuration.md", "exec"), {"FailoverPool": failover_pool})  # noqa: S102 - our page
    assert [settings.name for settings in made] == ["default", "orders", "default", "default", "default"]
    assert made[3].password == Secret("from the environment")
    assert made[4].password == Secret("from a file")


def test_the_messages_are_those_of_the_code(tmp_path):
    path = tmp_path / "pools.toml"
    path.write_text('[pools.orders]\nurl = "x://db1"\n[pools.orders.failover]\nhold = "30s"\n')
    said = [
        problems_of("x://db1?pool.max_szie=5", {}),
        problems_of(path, {}),
        problems_of("x://db1", {"FAILOVERKIT_POOL_MIN_SIZE": "20"}),
    ]
    assert "".join(f"{problem}\n" for problems in said for problem in problems) in blocks("text")


def problems_of(source: str | Path, environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(source, environ=environ)
    return caught.value.problems


def test_every_variable_named_exists():
    named = set(re.findall(r"FAILOVERKIT_[A-Z_]+", PAGE)) - {"FAILOVERKIT_"}
    assert named <= VARIABLES


def test_the_page_says_what_holds_over_what():
    order = re.findall(r"^\d\. (.*)$", PAGE, re.MULTILINE)
    assert [line.split()[0] for line in order] == ["keywords", "`FAILOVERKIT_…`", "the", "the", "`[defaults]`", "the"]
