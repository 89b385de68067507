from __future__ import annotations

import pickle

import pytest

from failoverkit.options import Options


def test_options_are_a_mapping_that_equals_a_dict():
    options = Options({"sslmode": "require"})
    assert options == {"sslmode": "require"}
    assert {**options} == {"sslmode": "require"}
    assert len(Options()) == 0


def test_repr_shows_names_and_never_values():
    assert repr(Options({"sslpassword": "hunter2"})) == "Options(sslpassword=***)"


def test_options_do_not_follow_the_dict_they_were_made_from():
    source = {"sslmode": "require"}
    options = Options(source)
    source["sslmode"] = "disable"
    assert options["sslmode"] == "require"


def test_options_cannot_be_assigned():
    with pytest.raises(TypeError):
        Options({"a": "1"})["a"] = "2"  # type: ignore[index]


def test_equal_options_hash_alike_whatever_their_order():
    one, other = Options({"a": "1", "b": "2"}), Options({"b": "2", "a": "1"})
    assert one == other
    assert hash(one) == hash(other)


def test_options_survive_pickling():
    options = Options({"sslmode": "require"})
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - our own bytes
