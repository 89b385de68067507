"""What pluggy passes over in silence, or answers in a surprising way, is an error here or does no harm."""

from __future__ import annotations

import dataclasses
import logging
from types import SimpleNamespace

import pluggy
import pytest

from failoverkit.errors import PluginError
from failoverkit.events import Event, Paused, Resumed
from failoverkit.hookspecs import hookimpl
from failoverkit.model import Candidate, ErrorKind, Report, Role, Selection, Target
from failoverkit.plugins import Plugins, load
from failoverkit.secrets import Secret
from failoverkit.testing import FakeCluster, FakeError, fake_driver

CANDIDATES = tuple(Candidate(name, Role.STANDBY, 0, index) for index, name in enumerate("abc"))
SELECTION = Selection(Target.ANY, 0, (0.0, 0.0))
EVENT = Paused("orders", 1.0)


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


def plugins_with(cluster: FakeCluster, *extensions: object) -> Plugins:
    return load(cluster.settings, extensions=extensions)


def plugin(**hooks: object) -> SimpleNamespace:
    """Make an object with these hooks, the prefix left out."""
    return SimpleNamespace(**{f"failoverkit_{name}": hookimpl(function) for name, function in hooks.items()})


def observer(seen: list[Event]) -> SimpleNamespace:
    """Make an observer; a built-in method cannot be marked as a hook."""

    def on_event(event):
        seen.append(event)

    return plugin(on_event=on_event)


class TestMisspelling:
    def test_misspelt_hook(self, cluster):
        with pytest.raises(
            PluginError, match=r"there is no hook failoverkit_conect; did you mean failoverkit_connect\?"
        ):
            plugins_with(cluster, plugin(conect=lambda host: None))

    def test_unknown_hook_marked_as_optional(self, cluster):
        future = hookimpl(optionalhook=True)(lambda connection: None)
        seen: list[Event] = []
        extension = SimpleNamespace(failoverkit_of_tomorrow=future, **vars(observer(seen)))
        plugins_with(cluster, extension).on_event(EVENT)
        assert seen == [EVENT]

    def test_unknown_argument(self, cluster):
        with pytest.raises(PluginError, match=r"\{'hots'\} are declared in the hookimpl but can not be found"):
            plugins_with(cluster, plugin(connect=lambda hots: None))

    def test_hook_that_is_not_marked(self, cluster):
        unmarked = SimpleNamespace(failoverkit_reset=lambda connection: True)
        with pytest.raises(
            PluginError, match=r"failoverkit_reset is not marked with @failoverkit\.hookspecs\.hookimpl"
        ):
            plugins_with(cluster, unmarked)

    def test_hook_marked_for_another_project(self, cluster):
        foreign = pluggy.HookimplMarker("pytest")(lambda connection: True)
        with pytest.raises(PluginError, match="failoverkit_reset is not marked"):
            plugins_with(cluster, SimpleNamespace(failoverkit_reset=foreign))

    def test_extension_without_any_hook(self, cluster):
        with pytest.raises(PluginError, match="implements no hook"):
            plugins_with(cluster, SimpleNamespace())

    def test_strategy_object_without_its_hook(self, cluster):
        with pytest.raises(PluginError, match="the strategy 'SimpleNamespace' passed in does not implement"):
            load(cluster.settings, strategy=plugin(on_event=lambda event: None))

    def test_class_instead_of_an_instance(self, cluster):
        class Extension:
            @hookimpl
            def failoverkit_reset(self, connection):
                return True

        with pytest.raises(PluginError, match=r"'Extension' passed in \(1\) is a class"):
            plugins_with(cluster, Extension)

    def test_argument_with_a_default_is_never_passed(self, cluster):
        def connect(host, settings, timeout=3.0):
            return None

        with pytest.raises(PluginError, match=r"failoverkit_connect takes 'timeout=3.0', which would never be passed"):
            plugins_with(cluster, plugin(connect=connect))

    def test_keyword_only_argument_is_never_passed(self, cluster):
        def connect(*, host):
            return None

        with pytest.raises(PluginError, match="failoverkit_connect takes 'host', which would never be passed"):
            plugins_with(cluster, plugin(connect=connect))

    def test_wrapper_without_yield(self, cluster):
        not_a_generator = hookimpl(wrapper=True)(lambda connection: True)
        with pytest.raises(PluginError, match="not a generator function"):
            plugins_with(cluster, SimpleNamespace(failoverkit_reset=not_a_generator))

    def test_object_passed_twice(self, cluster):
        twice = observer([])
        with pytest.raises(PluginError, match=r"passed in \(2\) is the same as the extension .* passed in \(1\)"):
            plugins_with(cluster, twice, twice)

    def test_driver_passed_as_an_extension_too(self, cluster):
        with pytest.raises(PluginError, match="is the same as the driver 'fake' of package failoverkit"):
            plugins_with(cluster, fake_driver)

    @pytest.mark.parametrize("hook", ["failoverkit_conect", "failoverkit_connect"])
    def test_error_shows_no_secret_of_the_object(self, cluster, hook):
        @dataclasses.dataclass
        class Rotator:
            password: str

        setattr(Rotator, hook, hookimpl(lambda self, unknown: None))
        with pytest.raises(PluginError) as caught:
            plugins_with(cluster, Rotator("hunter2"))
        assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"

    def test_equal_objects_show_no_secret(self, cluster):
        @dataclasses.dataclass
        class Observer:
            password: str

            @hookimpl
            def failoverkit_on_event(self, event):
                pass

        with pytest.raises(PluginError) as caught:
            plugins_with(cluster, Observer("hunter2"), Observer("hunter2"))
        assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


class TestNoneMeansAskTheNext:
    def test_default_answers_for_a_hook_that_returns_none(self, cluster):
        plugins = plugins_with(cluster, plugin(classify_error=lambda error: None))
        assert plugins.classify_error(FakeError(ErrorKind.BUSY, "x")) is ErrorKind.BUSY
        assert plugins.classify_error(ConnectionResetError()) is ErrorKind.CONNECTION_LOST

    def test_reset_that_returns_none_asks_the_next(self, cluster):
        asked = []

        def reset(connection):
            asked.append(connection)

        plugins = plugins_with(cluster, plugin(reset=reset))
        connection = plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert plugins.reset(connection) is True
        assert asked == [connection]

    def test_false_is_an_answer(self, cluster):
        plugins = plugins_with(cluster, plugin(reset=lambda connection: False))
        connection = plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert plugins.reset(connection) is False

    def test_wrapper_that_forgets_to_return_is_an_error(self, cluster):
        @hookimpl(wrapper=True)
        def failoverkit_connect(host):
            yield

        plugins = plugins_with(cluster, SimpleNamespace(failoverkit_connect=failoverkit_connect))
        with pytest.raises(PluginError, match=r"failoverkit_connect .* a wrapper must return what it was given"):
            plugins.connect(cluster.hosts[0], cluster.settings, 1.0)

    def test_default_is_asked_last_even_after_trylast(self, cluster):
        lazy = SimpleNamespace(
            failoverkit_rank_hosts=hookimpl(trylast=True)(lambda candidates: list(reversed(candidates)))
        )
        shy = plugin(rank_hosts=lambda candidates: None)
        plugins = load(cluster.settings, strategy=shy, extensions=[lazy])
        assert [one.name for one in plugins.rank_hosts(CANDIDATES, SELECTION)] == ["c", "b", "a"]


class TestArguments:
    def test_fewer_arguments_and_another_order(self, cluster):
        seen = []

        def connect(timeout, host):
            seen.append((timeout, host.name))

        plugins = plugins_with(cluster, plugin(connect=connect))
        plugins.connect(cluster.hosts[0], cluster.settings, 1.5)
        assert seen == [(1.5, "a")]

    def test_problem_as_a_lone_sentence_is_not_taken_apart(self, cluster):
        plugins = plugins_with(cluster, plugin(check_settings=lambda settings: "options.x: wrong"))
        assert plugins.check_settings(cluster.settings) == ("options.x: wrong",)


class TestRaising:
    """Connect and probe pass errors on; hooks that must not raise are logged and answered for."""

    @pytest.fixture
    def plugins(self, cluster):
        def fail(connection):
            raise RuntimeError("a bug in the plugin")

        def fail_to_rank(candidates):
            raise RuntimeError("a bug in the plugin")

        def fail_to_classify(error):
            raise RuntimeError("a bug in the plugin")

        extension = plugin(
            **dict.fromkeys(["role", "check", "reset", "abort", "close", "probe"], fail),
            rank_hosts=fail_to_rank,
            classify_error=fail_to_classify,
        )
        return plugins_with(cluster, extension)

    @pytest.fixture
    def broken(self, cluster, plugins):
        return plugins, plugins.connect(cluster.hosts[0], cluster.settings, 1.0)

    @pytest.mark.parametrize(
        ("hook", "ask", "answer"),
        [
            ("role", lambda plugins, connection: plugins.role(connection), Role.UNKNOWN),
            ("check", lambda plugins, connection: plugins.check(connection, 1.0), False),
            ("reset", lambda plugins, connection: plugins.reset(connection), False),
            ("abort", lambda plugins, connection: plugins.abort(connection), False),
            ("close", lambda plugins, connection: plugins.close(connection), None),
        ],
    )
    def test_hook_that_must_not_raise(self, broken, caplog, hook, ask, answer):
        assert ask(*broken) is answer
        assert caplog.record_tuples == [("failoverkit.plugins", logging.ERROR, f"failoverkit_{hook} raised")]

    def test_raising_close_closes_all_the_same(self, broken):
        plugins, connection = broken
        plugins.close(connection)
        assert connection.closed

    def test_raising_classify_error(self, plugins, caplog):
        assert plugins.classify_error(FakeError(ErrorKind.BUSY, "x")) is ErrorKind.OTHER
        assert plugins.classify_error(ConnectionRefusedError()) is ErrorKind.HOST_UNREACHABLE
        assert [record.message for record in caplog.records] == ["failoverkit_classify_error raised"] * 2

    def test_raising_strategy(self, plugins, caplog):
        assert list(plugins.rank_hosts(CANDIDATES, SELECTION)) == list(CANDIDATES)
        assert [record.message for record in caplog.records] == ["failoverkit_rank_hosts raised"]

    def test_probe_passes_its_error_on(self, broken):
        plugins, connection = broken
        with pytest.raises(RuntimeError, match="a bug in the plugin"):
            plugins.probe(connection, 1.0)

    def test_connect_passes_the_drivers_error_on(self, cluster):
        cluster.refuse("a", ErrorKind.REFUSED)
        with pytest.raises(FakeError, match="refused"):
            plugins_with(cluster).connect(cluster.hosts[0], cluster.settings, 1.0)

    def test_connect_error_silences_nobody_who_wraps(self, cluster):
        seen = []

        @hookimpl(wrapper=True)
        def failoverkit_connect(host):
            try:
                return (yield)
            except FakeError as error:
                seen.append(error.kind)
                raise

        cluster.refuse("a", ErrorKind.REFUSED)
        plugins = plugins_with(cluster, SimpleNamespace(failoverkit_connect=failoverkit_connect))
        with pytest.raises(FakeError):
            plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert seen == [ErrorKind.REFUSED]


class TestObservers:
    def test_all_are_told(self, cluster):
        first: list[Event] = []
        second: list[Event] = []
        plugins = plugins_with(cluster, observer(first), observer(second))
        plugins.on_event(EVENT)
        assert (first, second) == ([EVENT], [EVENT])

    @pytest.mark.parametrize("raising_first", [True, False])
    def test_a_raising_observer_harms_no_other(self, cluster, caplog, raising_first):
        seen: list[Event] = []

        def fail(event):
            raise RuntimeError("a bug in the observer")

        observers = [plugin(on_event=fail), observer(seen)]
        plugins = plugins_with(cluster, *(observers if raising_first else reversed(observers)))
        plugins.on_event(EVENT)
        plugins.on_event(Resumed("orders", 2.0))
        assert seen == [EVENT, Resumed("orders", 2.0)]
        raised = [record for record in caplog.records if record.name == "failoverkit.plugins"]
        assert [record.message for record in raised] == ["failoverkit_on_event raised"] * 2

    def test_an_observers_answer_stops_nothing(self, cluster):
        seen: list[Event] = []
        plugins = plugins_with(cluster, observer(seen), plugin(on_event=lambda event: True))
        plugins.on_event(EVENT)
        assert seen == [EVENT]

    def test_observers_cannot_be_wrapped(self, cluster):
        @hookimpl(wrapper=True)
        def failoverkit_on_event(event):
            return (yield)

        with pytest.raises(PluginError, match="failoverkit_on_event cannot be wrapped"):
            plugins_with(cluster, SimpleNamespace(failoverkit_on_event=failoverkit_on_event))


class TestWrappers:
    def test_wrapper_sees_and_changes_the_answer(self, cluster):
        @hookimpl(wrapper=True)
        def failoverkit_probe(connection, timeout):
            report = yield
            return dataclasses.replace(report, lag=9.0)

        plugins = plugins_with(cluster, SimpleNamespace(failoverkit_probe=failoverkit_probe))
        connection = plugins.connect(cluster.hosts[1], cluster.settings, 1.0)
        report = plugins.probe(connection, 1.0)
        assert (report.role, report.lag) == (Role.STANDBY, 9.0)

    def test_wrapped_reset_goes_through_the_wrapper(self, cluster):
        order = []

        @hookimpl(wrapper=True)
        def failoverkit_reset(connection):
            order.append("before")
            answer = yield
            order.append("after")
            return answer

        plugins = plugins_with(cluster, SimpleNamespace(failoverkit_reset=failoverkit_reset))
        connection = plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert plugins.reset(connection) is True
        assert order == ["before", "after"]

    def test_raising_wrapper_of_reset_is_answered_for(self, cluster, caplog):
        @hookimpl(wrapper=True)
        def failoverkit_reset(connection):
            yield
            raise RuntimeError("a bug in the wrapper")

        plugins = plugins_with(cluster, SimpleNamespace(failoverkit_reset=failoverkit_reset))
        connection = plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert plugins.reset(connection) is False
        assert [record.message for record in caplog.records] == ["failoverkit_reset raised"]


class TestHotPath:
    """Pluggy's call loop costs more than the rest of a return to the pool."""

    @pytest.fixture
    def through_pluggy(self, monkeypatch) -> list[str]:
        """The hooks that went through pluggy's loop; pytest's own go there too and are left out."""
        names: list[str] = []
        original = pluggy.HookCaller.__call__

        def record(caller, **arguments):
            if caller.name.startswith("failoverkit_"):
                names.append(caller.name)
            return original(caller, **arguments)

        monkeypatch.setattr(pluggy.HookCaller, "__call__", record)
        return names

    def use(self, cluster: FakeCluster, plugins: Plugins) -> None:
        connection = plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert plugins.reset(connection) is True
        assert plugins.check(connection, 1.0) is True
        assert [one.name for one in plugins.rank_hosts(CANDIDATES, SELECTION)] == ["a", "b", "c"]

    def test_hooks_without_a_wrapper_are_called_directly(self, cluster, through_pluggy):
        self.use(cluster, plugins_with(cluster))
        assert through_pluggy == []

    def test_only_the_wrapped_hook_goes_through_pluggy(self, cluster, through_pluggy):
        @hookimpl(wrapper=True)
        def failoverkit_check(connection):
            return (yield)

        self.use(cluster, plugins_with(cluster, SimpleNamespace(failoverkit_check=failoverkit_check)))
        assert through_pluggy == ["failoverkit_check"]

    def test_reset_and_rank_are_no_methods(self, cluster):
        plugins = plugins_with(cluster)
        assert {"reset", "rank_hosts"} <= set(vars(plugins))


class TestCredentials:
    def test_fresh_for_each_opening(self, cluster):
        passwords = iter(["first", "second"])

        def credentials(settings):
            return dataclasses.replace(settings, password=Secret(next(passwords)))

        cluster.password = "second"
        plugins = plugins_with(cluster, plugin(credentials=credentials))
        with pytest.raises(FakeError, match="wrong password"):
            plugins.connect(cluster.hosts[0], cluster.settings, 1.0)
        assert not plugins.connect(cluster.hosts[0], cluster.settings, 1.0).closed

    def test_error_passes_to_who_connects(self, cluster):
        def credentials(settings):
            raise LookupError("the vault is sealed")

        plugins = plugins_with(cluster, plugin(credentials=credentials))
        with pytest.raises(LookupError, match="the vault is sealed"):
            plugins.connect(cluster.hosts[0], cluster.settings, 1.0)


class TestManagers:
    def test_each_pool_has_plugins_of_its_own(self, cluster):
        other = FakeCluster()
        plugins_with(cluster, plugin(reset=lambda connection: False))
        plugins = plugins_with(other)
        connection = plugins.connect(other.hosts[0], other.settings, 1.0)
        assert plugins.reset(connection) is True

    def test_later_extensions_are_asked_first(self, cluster):
        plugins = plugins_with(
            cluster, plugin(role=lambda connection: Role.PRIMARY), plugin(role=lambda connection: Role.STANDBY)
        )
        assert plugins.role(object()) is Role.STANDBY


class TestDriverProbes:
    def test_fake_driver_probes(self, cluster):
        assert plugins_with(cluster).driver_probes

    def test_driver_without_probe(self, install, cluster):
        install("silent", {"drivers": {"silent": "silent"}})
        plugins = load(dataclasses.replace(cluster.settings, driver="silent"))
        assert not plugins.driver_probes
        assert plugins.probe(object(), 1.0) == Report()
