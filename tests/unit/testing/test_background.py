"""Calls that run beside the test."""

from __future__ import annotations

import threading

import pytest

from failoverkit.testing import Background


def test_result_of_a_call():
    assert Background(lambda: 7).result() == 7


def test_result_raises_what_the_call_raised():
    call = Background(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call.result()
    assert isinstance(call.error(), ZeroDivisionError)


def test_error_of_a_call_that_returned():
    with pytest.raises(AssertionError, match="returned 7 instead of raising"):
        Background(lambda: 7).error()


def test_call_that_does_not_come_back():
    gate = threading.Event()
    call = Background(gate.wait)
    with pytest.raises(AssertionError, match=r"did not come back within 0\.01 s"):
        call.result(timeout=0.01)
    assert call.running
    gate.set()
    assert call.result() is True
    assert not call.running
