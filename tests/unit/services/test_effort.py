"""The calculation before a further try: what is a solution, and everything that is none."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from typing import Any

import pytest

from broker.services.effort import LIFE, Challenge, Effort
from tests.support.effort import number_of, sent
from tests.support.hub import Hub

HERE, DOOR = "198.51.100.7", "sign-in"


@pytest.fixture
def effort(hub: Hub) -> Effort:
    return Effort(hub.built.keyring, hub.built.hub.transient, hub.clock, 1000)


def told(challenge: Challenge) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(challenge).items()}


def solution(challenge: Challenge, /, **deviations: Any) -> str:
    return sent(told(challenge), number_of(told(challenge)), **deviations)


def test_given_the_number_then_it_counts_once(effort: Effort) -> None:
    answer = solution(effort.challenge(DOOR, HERE))
    assert effort.spend(DOOR, HERE, answer)
    assert not effort.spend(DOOR, HERE, answer), "a replay is worth nothing"


def test_given_another_spelling_of_a_used_solution_then_it_is_the_same_one(effort: Effort) -> None:
    challenge = effort.challenge(DOOR, HERE)
    assert effort.spend(DOOR, HERE, solution(challenge))
    assert not effort.spend(DOOR, HERE, solution(challenge, challenge="0" * 64, took=5))


@pytest.mark.parametrize(("door", "address"), [("home realm", HERE), (DOOR, "198.51.100.8"), (DOOR, ""), ("", HERE)])
def test_given_a_solution_for_another_door_or_address_then_it_is_none(effort: Effort, door: str, address: str) -> None:
    assert not effort.spend(door, address, solution(effort.challenge(DOOR, HERE)))


def test_given_a_solution_that_comes_too_late_then_it_is_none(effort: Effort, hub: Hub) -> None:
    early, late = (solution(effort.challenge(DOOR, HERE)) for _ in range(2))
    hub.clock.forward(seconds=LIFE.total_seconds() - 2)
    assert effort.spend(DOOR, HERE, early)
    hub.clock.forward(seconds=3)
    assert not effort.spend(DOOR, HERE, late)


def test_given_a_longer_life_written_into_the_salt_then_it_is_none(effort: Effort, hub: Hub) -> None:
    challenge = effort.challenge(DOOR, HERE)
    number = number_of(told(challenge))
    stretched = challenge.salt.replace("expires=", "expires=9")
    assert not effort.spend(DOOR, HERE, solution(challenge, salt=stretched))
    hub.clock.forward(seconds=LIFE.total_seconds() + 1)
    for salt in (f"{challenge.salt}expires=9999999999&", challenge.salt.replace("&for", "&expires=9999999999&for")):
        assert not effort.spend(DOOR, HERE, sent(told(challenge), number, salt=salt))


def test_given_digits_moved_from_the_number_into_the_salt_then_it_is_none(effort: Effort) -> None:
    """The same text to hash, cut elsewhere: without the & at the end, one piece of work would make several solutions."""
    while (number := number_of(told(challenge := effort.challenge(DOOR, HERE)))) < 10:
        pass
    moved = {"salt": challenge.salt + str(number)[0], "number": int(str(number)[1:])}
    assert not effort.spend(DOOR, HERE, sent(told(challenge), 0, **moved))


DEVIATIONS: dict[str, dict[str, Any]] = {
    "another number": {"number": 1_000_001},
    "a negative number": {"number": -1},
    "no number": {"number": None},
    "a number as text": {"number": "5"},
    "a fraction": {"number": 1.5},
    "another algorithm": {"algorithm": "SHA-1"},
    "no algorithm": {"algorithm": ""},
    "another signature": {"signature": "0" * 64},
    "no signature": {"signature": ""},
    "a signature that is no text": {"signature": ["0"]},
    "a signature beyond ASCII": {"signature": "é" * 64},
    "another salt": {"salt": "00"},
    "a salt that is no text": {"salt": {}},
    "half a letter": {"salt": "\ud800"},
}


@pytest.mark.parametrize("how", DEVIATIONS)
def test_given_a_solution_that_was_changed_then_it_is_none(effort: Effort, how: str) -> None:
    assert not effort.spend(DOOR, HERE, solution(effort.challenge(DOOR, HERE), **DEVIATIONS[how]))


def test_given_a_challenge_of_ones_own_then_its_solution_is_none(effort: Effort) -> None:
    """Whoever chooses the number knows it; only what we signed counts."""
    ours = effort.challenge(DOOR, HERE)
    theirs = replace(ours, challenge="5" * 64)
    assert not effort.spend(DOOR, HERE, sent(told(theirs), 0))


@pytest.mark.parametrize(
    "given", ["", "!", "e30=", base64.b64encode(b"[]").decode(), base64.b64encode(b"\xff").decode(), "A" * 5000]
)
def test_given_anything_else_then_it_is_none(effort: Effort, given: str) -> None:
    assert not effort.spend(DOOR, HERE, given)
