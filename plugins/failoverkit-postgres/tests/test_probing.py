"""What is made of a server's answer. That servers give such answers is shown by the live tests."""

from __future__ import annotations

from typing import Any

import pytest
from failoverkit_postgres.probing import STATEMENT, Answer, report_of

from failoverkit.model import Report, Role

PRIMARY = Answer(
    is_standby=False,
    system_identifier="7710328744780140901",
    current_file="0000001A0000000000000005",
    checkpoint_timeline=25,
    recovery_timeline=0,
    received_timeline=None,
    is_receiving=None,
    written=0xAB_0000_00FF,
    received=None,
    replayed=None,
    sender_end=None,
    replay_age=None,
)
STANDBY = Answer(
    is_standby=True,
    system_identifier="7710328744780140901",
    current_file=None,
    checkpoint_timeline=25,
    recovery_timeline=25,
    received_timeline=26,
    is_receiving=True,
    written=None,
    received=0x500,
    replayed=0x500,
    sender_end=0x500,
    replay_age=3600.0,
)


def standby(**changes: Any) -> Report:
    return report_of(STANDBY._replace(**changes))


def test_primary() -> None:
    assert report_of(PRIMARY) == Report(
        role=Role.PRIMARY, epoch=26, lineage="7710328744780140901", lag=0.0, lag_bytes=0, position="AB/FF"
    )


def test_standby_that_has_replayed_all() -> None:
    assert standby() == Report(
        role=Role.STANDBY, epoch=26, lineage="7710328744780140901", lag=0.0, lag_bytes=0, position="0/500"
    )


def test_lag_is_the_age_of_what_was_replayed_last() -> None:
    report = standby(replayed=0x400, replay_age=2.5)
    assert (report.lag, report.lag_bytes) == (2.5, 0x100)


def test_what_the_sender_has_and_we_did_not_receive_counts() -> None:
    report = standby(sender_end=0x800, replay_age=2.5)
    assert (report.lag, report.lag_bytes) == (2.5, 0x300)


def test_an_older_word_of_the_sender_does_not_count() -> None:
    assert standby(sender_end=0x100).lag_bytes == 0


def test_a_restarted_standby_has_replayed_more_than_it_received_since() -> None:
    report = standby(received=0x400, sender_end=0x400)
    assert (report.lag, report.lag_bytes) == (0.0, 0)


def test_sender_unknown_without_the_privilege() -> None:
    report = standby(sender_end=None, received_timeline=None)
    assert (report.lag, report.lag_bytes, report.epoch) == (0.0, 0, 25)


@pytest.mark.parametrize("is_receiving", [None, False])
def test_lag_is_unknown_without_a_sender(is_receiving: bool | None) -> None:
    report = standby(is_receiving=is_receiving)
    assert (report.lag, report.lag_bytes) == (None, None)


@pytest.mark.parametrize("missing", ["received", "replayed"])
def test_lag_is_unknown_without_positions(missing: str) -> None:
    report = standby(**{missing: None})
    assert (report.lag, report.lag_bytes) == (None, None)


def test_lag_is_unknown_before_anything_was_replayed() -> None:
    report = standby(replayed=0x400, replay_age=None)
    assert (report.lag, report.lag_bytes) == (None, 0x100)


def test_clocks_that_differ_make_no_negative_lag() -> None:
    assert standby(replayed=0x400, replay_age=-0.2).lag == 0.0


@pytest.mark.parametrize(
    ("received", "recovery", "checkpoint", "epoch"),
    [(None, 3, 2, 3), (None, 0, 2, 2), (None, None, None, None), (4, 3, 2, 4), (4, None, None, 4)],
)
def test_timeline_of_a_standby(
    received: int | None, recovery: int | None, checkpoint: int | None, epoch: int | None
) -> None:
    report = standby(received_timeline=received, recovery_timeline=recovery, checkpoint_timeline=checkpoint)
    assert report.epoch == epoch


def test_a_primary_that_may_not_tell_has_no_timeline() -> None:
    """Its last checkpoint would tell the timeline before the promotion."""
    report = report_of(PRIMARY._replace(current_file=None, written=None, system_identifier=None))
    assert report == Report(role=Role.PRIMARY, lag=0.0, lag_bytes=0)


def test_every_column_has_its_expression() -> None:
    depth = commas = 0
    for character in STATEMENT.split(" FROM (SELECT pg_is_in_recovery()")[0]:
        depth += (character == "(") - (character == ")")
        commas += character == "," and depth == 0
    assert commas + 1 == len(Answer._fields)
