"""The provider's rotating keys: followed, rate-limited, last good set kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from broker.domain.errors import InvalidUpstreamResponse
from tests.support.oidc_connector import FixedClock, OidcRig
from tests.support.oidc_op import OTHER_RSA, Deviation, OpenIdProvider


@pytest.fixture
def rig() -> Iterator[OidcRig]:
    clock = FixedClock()
    with OpenIdProvider(clock) as op:
        yield OidcRig(op, clock)


def fetched(rig: OidcRig) -> int:
    return rig.op.count("/jwks") - 1  # discovery reads them once


def test_given_a_rolled_key_when_a_token_names_it_then_the_set_is_fetched_and_the_login_works(rig: OidcRig) -> None:
    rig.login()
    rig.clock.forward(minutes=2)
    rig.op.roll_key()
    rig.login()
    rig.login()
    assert fetched(rig) == 2  # once because the first set's age was unknown, once for the new key


def test_given_many_tokens_with_unknown_keys_when_completed_then_the_set_is_fetched_once_a_minute(rig: OidcRig) -> None:
    rig.op.deviation = Deviation(header={"kid": "unknown"}, key=OTHER_RSA)
    for _ in range(5):
        with pytest.raises(InvalidUpstreamResponse):
            rig.login()
    assert fetched(rig) == 1
    rig.clock.forward(seconds=61)
    with pytest.raises(InvalidUpstreamResponse):
        rig.login()
    assert fetched(rig) == 2


def test_given_many_threads_with_an_unknown_key_when_completed_then_one_fetches(rig: OidcRig) -> None:
    rig.op.deviation = Deviation(header={"kid": "unknown"}, key=OTHER_RSA)
    barrier = threading.Barrier(6)
    outcomes: list[str] = []

    def attempt() -> None:
        barrier.wait()
        try:
            rig.login()
        except InvalidUpstreamResponse as error:
            outcomes.append(error.check or "")

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["oidc.signature"] * 6
    assert fetched(rig) == 1


@pytest.mark.parametrize("broken", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}])
def test_given_a_broken_key_set_when_refreshed_then_the_last_good_one_stays(rig: OidcRig, broken: dict[str, object]) -> None:
    rig.op.deviation = Deviation(jwks=lambda _good: broken)
    rig.login()
    assert fetched(rig) == 1
    assert rig.login().subject.value == "person-1"


def test_given_an_unreachable_key_set_when_refreshed_then_the_last_good_one_stays(rig: OidcRig) -> None:
    rig.prepare(jwks_uri="http://127.0.0.1:1025/jwks")
    assert rig.login().subject.value == "person-1"


def test_given_a_withdrawn_key_when_the_set_is_old_then_it_stops_being_trusted(rig: OidcRig) -> None:
    rig.login()
    rig.op.deviation = Deviation(jwks=lambda _good: {"keys": [OTHER_RSA.as_dict(private=False)]})
    rig.login()
    rig.clock.forward(hours=13)
    with pytest.raises(InvalidUpstreamResponse):
        rig.login()
