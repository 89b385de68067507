"""A password in use: it shows in no log, event, error, repr, status or command line, whatever happens."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

from failoverkit import FailoverkitError
from failoverkit.events import ActiveChanged

SECRET = "s3cr3t/&%@:p4ss"
FORMS = (SECRET, quote(SECRET, safe=""), repr(SECRET)[1:-1])


@pytest.mark.parametrize("form", ["url", "keyword", "environment", "file"])
def test_a_password_shows_nowhere(
    cluster: Any,
    open_pool: Callable[..., Any],
    events: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    form: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    cluster.node(cluster.primary).query("ALTER USER app PASSWORD %s", SECRET)
    hosts = ",".join(host.name for host in cluster.hosts)
    seen: list[str] = []
    pool = open_pool(**_given(form, hosts, cluster.settings.database, tmp_path))
    with pool.connection() as connection:
        connection.cursor().execute("SELECT 1")
        seen.append(repr(connection))
    seen += [repr(pool), repr(pool.settings), repr(pool.status()), repr(pool.stats())]
    seen += [thread.name for thread in threading.enumerate()]
    seen.append(Path("/proc/self/cmdline").read_text())

    cluster.node(cluster.primary).query("ALTER USER app PASSWORD 'another'")
    with pool.connection() as kept:
        kept.cursor().execute("SELECT 1")
        seen.append(_error_of(lambda: pool.getconn(timeout=1.0)))
    for host in cluster.hosts:
        cluster.crash(host.name)
    seen.append(_error_of(lambda: pool.getconn(timeout=0.5)))
    events.wait_for(ActiveChanged, active=None)
    seen.append(_error_of(lambda: pool.getconn(timeout=0.2)))

    seen += [repr(event) for event in events.of_all()]
    seen.append(caplog.text)
    assert "ActiveChanged" in caplog.text
    assert not [text for text in seen for form in FORMS if form in text]


def _given(form: str, hosts: str, database: str, tmp_path: Path) -> dict[str, Any]:
    url = f"postgresql://app@{hosts}/{database}"
    if form == "url":
        return {"source": f"postgresql://app:{quote(SECRET, safe='')}@{hosts}/{database}"}
    if form == "keyword":
        return {"source": url, "password": SECRET}
    if form == "environment":
        return {"source": url, "environ": {"FAILOVERKIT_PASSWORD": SECRET}}
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\n")
    return {"source": url, "password": f"file:{path}"}


def _error_of(borrow: Callable[[], Any]) -> str:
    """Return everything an error shows: text, notes, causes, and the traceback with its lines."""
    try:
        for _ in range(20):
            borrow()
    except (psycopg2.Error, FailoverkitError) as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    pytest.fail("there was no error")
