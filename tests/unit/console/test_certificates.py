"""Certificates as a time-line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broker.console.certificates import timeline
from tests.support.saml_idp import key_pair

PEM = key_pair("idp").certificate_pem
END = timeline([PEM], datetime(2026, 1, 1, tzinfo=UTC)).lines[0].not_after


@pytest.mark.parametrize(
    ("before_the_end", "state"),
    [
        (timedelta(days=400), "good"),
        (timedelta(days=31), "good"),
        (timedelta(days=29), "soon"),
        (timedelta(0), "soon"),
        (-timedelta(1), "expired"),
    ],
)
def test_given_a_certificate_then_its_state_follows_the_days_that_are_left(before_the_end: timedelta, state: str) -> None:
    line = timeline([PEM], END - before_the_end).lines[0]
    assert line.days == before_the_end.days
    assert line.state == state


def test_given_a_certificate_then_today_lies_on_its_bar() -> None:
    found = timeline([PEM], END - timedelta(days=100))
    (line,) = found.lines
    assert line.start <= found.today <= line.end
    assert (line.start, line.end) == (0, 100)


def test_given_what_is_no_certificate_then_it_is_left_out() -> None:
    assert timeline(["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", ""], END).lines == ()
