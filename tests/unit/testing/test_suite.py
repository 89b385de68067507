"""Suites refuse overrides that override nothing."""

from __future__ import annotations

import pytest

from failoverkit.testing import DriverConformance, DriverContract
from failoverkit.testing.suite import Suite


class Colours(Suite):
    def colour(self):
        return "red"

    def test_colour(self):
        assert self.colour()


def test_overriding_what_exists():
    class Blue(Colours):
        pytestmark = ()

        def colour(self):
            return "blue"

        def _own_helper(self):
            return None

    assert Blue().colour() == "blue"


@pytest.mark.parametrize(
    ("suite", "name", "hint"),
    [
        (Colours, "color", "did you mean 'colour'"),
        (Colours, "test_color", "did you mean 'test_colour'"),
        (DriverContract, "sample_error", "did you mean 'sample_errors'"),
        (DriverConformance, "report_role", "did you mean 'reports_role'"),
        (DriverConformance, "test_of_my_own", "overrides nothing in the suite"),
    ],
)
def test_overriding_what_does_not_exist(suite, name, hint):
    with pytest.raises(TypeError, match=rf"Mine\.{name} overrides nothing in the suite") as caught:
        type("Mine", (suite,), {name: lambda self: None})
    assert hint in str(caught.value)


def test_subclass_of_a_subclass_is_checked_too():
    blue = type("Blue", (Colours,), {})
    with pytest.raises(TypeError, match="did you mean 'colour'"):
        type("Navy", (blue,), {"color": lambda self: "navy"})
