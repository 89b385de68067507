"""A secret, in whatever form it is given, shows nowhere."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from failoverkit.config import load
from failoverkit.errors import ConfigError
from failoverkit.secrets import Secret
from failoverkit.settings import Settings

SECRET = "hunter2"
AWKWARD = "hunter2/@:?#& %é"


@dataclass(frozen=True)
class Form:
    """One way to give a secret; ``reveal`` reads it back from the settings."""

    id: str
    source: str | None = None
    toml: str | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    reveal: Callable[[Settings], str] = lambda settings: settings.password.reveal() if settings.password else ""


def option(name: str) -> Callable[[Settings], str]:
    return lambda settings: settings.options[name]


def host_option(settings: Settings) -> str:
    return settings.hosts[0].options["sslpassword"]


HOST_WITH_SECRET = {"address": "db1", "options": {"sslpassword": SECRET}}

FORMS = [
    Form("password in a URL", source=f"x://app:{SECRET}@db1/orders"),
    Form("password percent-encoded", source=f"x://app:{quote(SECRET)}@db1/orders"),
    Form("password in the query", source=f"x://db1/orders?password={SECRET}"),
    Form("reference to a variable in a URL", source="x://app:env:PW@db1", environ={"PW": SECRET}),
    Form("reference to a file in a URL", source="x://app:file:{file}@db1"),
    Form("driver option in a URL", source=f"x://db1?sslpassword={SECRET}", reveal=option("sslpassword")),
    Form("token in a URL", source=f"x://db1?auth_token={SECRET}", reveal=option("auth_token")),
    Form(
        "driver option by reference",
        source="x://db1?sslpassword=env:PW",
        environ={"PW": SECRET},
        reveal=option("sslpassword"),
    ),
    Form("password in TOML", toml=f'[pools.a]\nurl = "x://db1"\npassword = "{SECRET}"\n'),
    Form("url in TOML", toml=f'[pools.a]\nurl = "x://app:{SECRET}@db1"\n'),
    Form(
        "url by reference in TOML",
        toml='[pools.a]\nurl = "env:ORDERS"\n',
        environ={"ORDERS": f"x://app:{SECRET}@db1"},
    ),
    Form("password in the defaults", toml=f'[defaults]\npassword = "{SECRET}"\n[pools.a]\nurl = "x://db1"\n'),
    Form("reference in TOML", toml='[pools.a]\nurl = "x://db1"\npassword = "file:{file}"\n'),
    Form(
        "driver option in TOML",
        toml=f'[pools.a]\nurl = "x://db1"\noptions = {{ sslpassword = "{SECRET}" }}\n',
        reveal=option("sslpassword"),
    ),
    Form(
        "option of a host in TOML",
        toml=f'[pools.a]\ndriver = "x"\n[[pools.a.hosts]]\naddress = "db1"\noptions = {{ sslpassword = "{SECRET}" }}\n',
        reveal=host_option,
    ),
    Form("URL in the environment", environ={"FAILOVERKIT_URL": f"x://app:{SECRET}@db1"}),
    Form("password in the environment", source="x://db1", environ={"FAILOVERKIT_PASSWORD": SECRET}),
    Form(
        "reference in the environment",
        source="x://db1",
        environ={"FAILOVERKIT_PASSWORD": "env:PW", "PW": SECRET},
    ),
    Form("keyword", source="x://db1", keywords={"password": SECRET}),
    Form("keyword as a Secret", source="x://db1", keywords={"password": Secret(SECRET)}),
    Form("keyword by reference", source="x://db1", keywords={"password": "env:PW"}, environ={"PW": SECRET}),
    Form(
        "driver option by keyword",
        source="x://db1",
        keywords={"options": {"sslpassword": SECRET}},
        reveal=option("sslpassword"),
    ),
    Form(
        "option that does not look secret",
        source="x://db1",
        keywords={"options": {"x": SECRET}},
        reveal=option("x"),
    ),
    Form("option of a host by keyword", source="x://db1", keywords={"hosts": [HOST_WITH_SECRET]}, reveal=host_option),
]
FORM_IDS = [form.id for form in FORMS]


def load_form(form: Form, folder: Path, **more: object) -> Settings:
    file = folder / "secret"
    file.write_text(f"{SECRET}\n")
    source: str | Path | None = form.source.replace("{file}", quote(str(file), safe="")) if form.source else None
    if form.toml:
        source = folder / "pools.toml"
        source.write_text(form.toml.replace("{file}", str(file)))
    return load(source, environ=form.environ, **form.keywords, **more)


def texts_of(value: object) -> list[str]:
    copy = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
    return [repr(value), str(value), f"{value}", repr(copy), str(copy)]


def everything_said_about(error: ConfigError) -> str:
    pickled = repr(pickle.dumps(error))
    return "\n".join([*texts_of(error), *error.problems, pickled, *traceback.format_exception(error)])


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
def test_a_secret_arrives_and_shows_nowhere(form, tmp_path):
    settings = load_form(form, tmp_path)
    assert form.reveal(settings) == SECRET
    shown = [*texts_of(settings), repr(settings.hosts), repr(settings.options), repr(settings.password)]
    assert [text for text in shown if SECRET in text] == []


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
def test_a_secret_survives_pickling(form, tmp_path):
    settings = load_form(form, tmp_path)
    assert form.reveal(pickle.loads(pickle.dumps(settings))) == SECRET  # noqa: S301 - our own bytes


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
def test_an_error_elsewhere_says_nothing_of_the_secret(form, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_form(form, tmp_path, max_size=0, colour="red")
    assert len(caught.value.problems) == 2
    assert SECRET not in everything_said_about(caught.value)


GARBLED_URLS = [
    "x://app:hunter2",
    "x://app:hunter2@",
    "x://app:hunter2:@db1/orders?pool.max_size=x",
    "x://app:pw:hunter2",
    "x://app:hunter2@@db1",
    "x://app:hunter2@db1@db2",
    "x://app:hunter2/x@db1",
    "x://app:1/hunter2@db1",
    "x://app:hunter2?x@db1",
    "x://app:1?hunter2=x@db1",
    "x://app:x?hunter2@db1",
    "x://app:hunter2#x@db1",
    "x://app:hunter2%@db1",
    "x://app:hunter2%00@db1",
    "x://app:hunter2%ff@db1",
    "x://app:hunter2 @db1",
    "x://app:[hunter2]",
    "x://app:hunter2,db2",
    "x://app:hunter2@db1:x",
    "x://db1?password=hunter2&password=hunter2",
    "x://db1?password=hunter2%00",
    "x://db1?sslpassword=hunter2%zz",
    "x://db1?sslpassword=hunter2&sslpassword=x",
    "x://db1?pool.max_size=x://app:hunter2@db1",
    "x:/app:hunter2@db1",
    "x:app:hunter2",
    "x//app:hunter2@db1",
    "app:hunter2@db1/orders",
    "host=db1 password=hunter2",
    "[pools.a]\npassword='hunter2'",
]


PLACES = ["source", "variable", "file", "keyword", "host"]
# As the value of a number, a text without any mark of a URL is shown: nobody could take it for a password.
PLACED = [(place, url) for place in PLACES for url in GARBLED_URLS if place != "keyword" or url != "x:app:hunter2"]


@pytest.mark.parametrize(("place", "url"), PLACED)
def test_a_garbled_url_says_nothing_of_its_password(place, url, tmp_path):
    path = tmp_path / "pools.toml"
    path.write_text(f"[pools.a]\nurl = '''{url}'''\n")
    attempts: dict[str, Callable[[], Settings]] = {
        "source": lambda: load(url, environ={}),
        "variable": lambda: load(environ={"FAILOVERKIT_URL": url}),
        "file": lambda: load(path, environ={}, max_size=0),
        "keyword": lambda: load("x://db1", environ={}, max_size=url),
        "host": lambda: load(driver="x", environ={}, hosts=[url], min_size=-1),
    }
    with pytest.raises(ConfigError) as caught:
        attempts[place]()
    assert SECRET not in everything_said_about(caught.value)


BAD_FILES = [
    '[pools.a]\npassword = "hunter2\n',
    "[pools.a]\npassword = hunter2\n",
    '[pools.a]\npassword = ["hunter2"]\n',
    '[pools.a]\npassword = { hunter2 = 1 }\n',
    '[pools.a]\npassword = "hunter2\\u0000"\n',
    '[pools.a]\npassword = "hunter2"\npassword = "hunter2"\n',
    '[pools]\na = "x://app:hunter2@db1"\n',
    '[pools.a]\ndriver = "x"\nhosts = ["app:hunter2@db1"]\n',
    '[pools.a]\ndriver = "x"\nhosts = [{ address = "app:hunter2@db1" }]\n',
    '[pools.a]\ndriver = "x"\nhosts = "app:hunter2@db1"\n',
    '[pools.a]\ndriver = "app:hunter2@db1"\n',
    '[pools.a]\nurl = "x://db1"\noptions = "password=hunter2"\n',
    '[pools.a]\nurl = "x://db1"\noptions = { password = ["hunter2"] }\n',
    '[pools.a]\nurl = "x://db1"\npasswrod = "hunter2"\n',
    '[pools.a]\nurl = "x://db1"\npassword = "file:hunter2"\n',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_bad_file_says_nothing_of_its_password(text, toml_file):
    with pytest.raises(ConfigError) as caught:
        load(toml_file(text), environ={})
    assert SECRET not in everything_said_about(caught.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"FAILOVERKIT_PASWORD": "hunter2"},
        {"FAILOVERKIT_PASSWORD": "hunter2\0"},
        {"FAILOVERKIT_PASSWORD": "hunter2\udcff"},
        {"FAILOVERKIT_PASSWORD": "env:PW", "PW": "hunter2\0"},
        {"FAILOVERKIT_POOL_MAX_SIZE": "x://app:hunter2@db1"},
        {"FAILOVERKIT_HOSTS": "app:hunter2@db1"},
        {"FAILOVERKIT_CONFIG": "x://app:hunter2@db1"},
        {"FAILOVERKIT_CONFIG": "app:hunter2@db1"},
    ],
)
def test_bad_variables_say_nothing_of_their_values(variables):
    with pytest.raises(ConfigError) as caught:
        load(environ={"FAILOVERKIT_DRIVER": "x", "FAILOVERKIT_DATABASE": "d", **variables})
    assert SECRET not in everything_said_about(caught.value)


def test_an_awkward_password_arrives_whole():
    settings = load(f"x://app:{quote(AWKWARD, safe='')}@db1", environ={})
    assert settings.password == Secret(AWKWARD)
    assert load("x://db1", environ={"FAILOVERKIT_PASSWORD": AWKWARD}).password == Secret(AWKWARD)
