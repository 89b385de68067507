"""What a driver plugin must do even where there is no server.

Subclass ``DriverContract`` in the plugin's tests, with a name that starts with ``Test``, and override fixtures::

    class TestContract(DriverContract):
        @pytest.fixture
        def driver(self):
            return "postgresql"

        @pytest.fixture
        def sample_errors(self):
            return {ErrorKind.REFUSED: [wrong_password()], ...}
"""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator, Mapping, Sequence

import pytest

from failoverkit.model import ErrorKind, Host
from failoverkit.plugins import Plugins, load
from failoverkit.plugins.checks import hooks_of
from failoverkit.plugins.entry_points import find, import_plugin
from failoverkit.secrets import Secret
from failoverkit.settings import Settings
from failoverkit.testing.background import Background
from failoverkit.testing.suite import Suite

SECRET = "contract-secret"  # noqa: S105 - no server knows it

NO_KINDS: frozenset[ErrorKind] = frozenset()


class DriverContract(Suite):
    """Tests that need no server. The fixtures before the first test are there to be overridden."""

    @pytest.fixture
    def driver(self) -> str:
        """The driver's name as URLs name it."""
        raise NotImplementedError("override the fixture 'driver'")

    @pytest.fixture
    def sample_errors(self) -> Mapping[ErrorKind, Sequence[BaseException]]:
        """Errors as the driver raises them, by the kind they must be taken for."""
        raise NotImplementedError("override the fixture 'sample_errors'")

    @pytest.fixture
    def unknown_kinds(self) -> frozenset[ErrorKind]:
        """The kinds that this driver cannot tell, so that ``sample_errors`` has none of them."""
        return NO_KINDS

    @pytest.fixture
    def bad_options(self) -> Mapping[str, str]:
        """Options that ``failoverkit_check_settings`` must object to, each by its key; none if it judges none."""
        return {}

    @pytest.fixture
    def settings(self, driver: str, closed_host: Host) -> Settings:
        """Settings without a problem. Nothing has to listen where they point to."""
        return Settings(
            driver=driver,
            hosts=(closed_host,),
            database="contract",
            user="contract",
            password=Secret(SECRET),
            extensions=False,
        )

    @pytest.fixture
    def closed_host(self) -> Host:
        """A host where nothing listens."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        return Host(f"127.0.0.1:{port}", "127.0.0.1", port)

    @pytest.fixture
    def deaf_host(self) -> Iterator[Host | None]:
        """A host that accepts connections and never says a word; ``None`` where there is no server to wait for."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            yield Host(f"127.0.0.1:{port}", "127.0.0.1", port)

    @pytest.fixture
    def plugins(self, settings: Settings) -> Plugins:
        """The driver as a pool loads it: found by name, hooks spelt right, arguments known."""
        return load(settings)

    def test_brings_the_hooks_a_driver_needs(self, driver: str) -> None:
        hooks = hooks_of(import_plugin("driver", find("driver", driver)))
        assert {"failoverkit_connect", "failoverkit_classify_error"} <= set(hooks)

    def test_has_no_problem_with_good_settings(self, plugins: Plugins, settings: Settings) -> None:
        assert plugins.check_settings(settings) == ()

    def test_names_each_bad_option(self, plugins: Plugins, settings: Settings, bad_options: Mapping[str, str]) -> None:
        if not bad_options:
            nonsense = dataclasses.replace(settings, options={"no_such_option": "nonsense"})
            assert plugins.check_settings(nonsense) == (), "it does judge options: list some in bad_options"
        for key, value in bad_options.items():
            problems = plugins.check_settings(dataclasses.replace(settings, options={key: value}))
            assert any(key in problem for problem in problems), f"{key}={value} passed: {problems}"

    def test_closed_port_is_unreachable(self, plugins: Plugins, settings: Settings, closed_host: Host) -> None:
        error = Background(lambda: plugins.connect(closed_host, settings, 5.0)).error()
        assert plugins.classify_error(error) is ErrorKind.HOST_UNREACHABLE

    def test_deaf_port_is_given_up(self, plugins: Plugins, settings: Settings, deaf_host: Host | None) -> None:
        if deaf_host is None:
            pytest.skip("the driver waits for no server")
        error = Background(lambda: plugins.connect(deaf_host, settings, 0.5)).error()
        assert plugins.classify_error(error) is ErrorKind.TIMEOUT

    def test_shows_no_secret(
        self, plugins: Plugins, settings: Settings, bad_options: Mapping[str, str], closed_host: Host
    ) -> None:
        error = Background(lambda: plugins.connect(closed_host, settings, 5.0)).error()
        problems = plugins.check_settings(dataclasses.replace(settings, options=bad_options))
        said = " ".join([str(error), repr(error), *problems])
        assert settings.password is None or settings.password.reveal() not in said

    def test_tells_every_kind_of_error(
        self, plugins: Plugins, sample_errors: Mapping[ErrorKind, Sequence[BaseException]]
    ) -> None:
        for kind, errors in sample_errors.items():
            for error in errors:
                assert plugins.classify_error(error) is kind, f"{error!r}"

    def test_says_which_kinds_it_cannot_tell(
        self,
        sample_errors: Mapping[ErrorKind, Sequence[BaseException]],
        unknown_kinds: frozenset[ErrorKind],
    ) -> None:
        told = {kind for kind, errors in sample_errors.items() if errors}
        assert told | unknown_kinds == set(ErrorKind)
        assert not told & unknown_kinds

    def test_leaves_errors_of_others_alone(self, driver: str) -> None:
        classify = hooks_of(import_plugin("driver", find("driver", driver)))["failoverkit_classify_error"]
        assert classify(ValueError("no driver raised this")) in {None, ErrorKind.OTHER}

    def test_classifies_errors_without_any_detail(
        self, driver: str, sample_errors: Mapping[ErrorKind, Sequence[BaseException]]
    ) -> None:
        classify = hooks_of(import_plugin("driver", find("driver", driver)))["failoverkit_classify_error"]
        for error_class in {type(error) for errors in sample_errors.values() for error in errors}:
            kind = classify(error_class.__new__(error_class))
            assert kind is None or isinstance(kind, ErrorKind)
