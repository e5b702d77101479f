"""Attempts are counted per key and window, by every process together."""

from __future__ import annotations

import threading

import pytest

from broker.domain.access_errors import TooManyAttempts
from broker.services.throttle import Limit, Lockout, Throttle
from broker.store.transient.sql import SqlTransientStore
from tests.support.hub import Hub

THREE = Limit("test", 3, 60)


def test_given_a_limit_when_it_is_reached_then_the_next_attempt_says_how_long_to_wait(hub: Hub) -> None:
    throttle = hub.built.services.throttle
    for _ in range(3):
        throttle.attempt(THREE, "ann")

    hub.clock.forward(seconds=20)
    with pytest.raises(TooManyAttempts) as refused:
        throttle.attempt(THREE, "ann")

    assert refused.value.retry_after_seconds == 41
    assert refused.value.status == 429


def test_given_one_who_tried_too_often_then_others_and_other_limits_are_free(hub: Hub) -> None:
    throttle = hub.built.services.throttle
    for _ in range(3):
        throttle.attempt(THREE, "ann")

    throttle.attempt(THREE, "bob")
    throttle.attempt(Limit("other", 3, 60), "ann")
    with pytest.raises(TooManyAttempts):
        throttle.attempt(THREE, "ann")


def test_given_a_full_window_when_the_next_begins_then_attempts_count_anew(hub: Hub) -> None:
    throttle = hub.built.services.throttle
    for _ in range(3):
        throttle.attempt(THREE, "ann")

    hub.clock.forward(seconds=60)

    for _ in range(3):
        throttle.attempt(THREE, "ann")
    with pytest.raises(TooManyAttempts):
        throttle.attempt(THREE, "ann")


def test_given_two_processes_and_many_threads_then_they_count_together(hub: Hub) -> None:
    first = hub.built.services.throttle
    second = Throttle(SqlTransientStore(hub.built.database, hub.clock), hub.clock)
    passed: list[bool] = []

    def attempt(throttle: Throttle) -> None:
        try:
            throttle.attempt(THREE, "ann")
            passed.append(True)
        except TooManyAttempts:
            passed.append(False)

    threads = [threading.Thread(target=attempt, args=(throttle,)) for throttle in (first, second) * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert passed.count(True) == 3
    assert len(passed) == 10


# --- locked out -------------------------------------------------------------------------------------------------------


def test_given_failures_when_they_are_too_many_then_not_even_the_right_answer_is_heard_for_a_while(hub: Hub) -> None:
    lockout = Lockout(hub.built.services.throttle, THREE, hub.clock)
    for _ in range(3):
        lockout.check("ann")
        lockout.failed("ann")
    lockout.check("ann")
    with pytest.raises(TooManyAttempts):
        lockout.failed("ann")

    with pytest.raises(TooManyAttempts) as refused:
        lockout.check("ann")
    lockout.check("bob")
    hub.clock.forward(seconds=refused.value.retry_after_seconds)
    lockout.check("ann")


def test_given_very_many_who_are_locked_out_then_memory_stays_bounded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lockout, "MOST", 3)
    lockout = Lockout(hub.built.services.throttle, Limit("none", 0, 60), hub.clock)
    for number in range(10):
        with pytest.raises(TooManyAttempts):
            lockout.failed(str(number))
    assert len(lockout._until) <= 3
