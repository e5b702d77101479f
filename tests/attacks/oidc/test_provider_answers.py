"""SECURITY 7: what an identity provider, or somebody in its place, may send to the OpenID Connect connector.

Each case changes one thing of a login that otherwise works, and names the check that must stop it.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from broker.domain.errors import BrokerError, ConnectorUnavailable, InvalidUpstreamResponse, RepeatedParameter, UpstreamRefused
from broker.domain.http import Incoming
from connectors.contract import UpstreamRequest
from tests.support.oidc_connector import FixedClock, OidcRig, failed_checks, new_trace
from tests.support.oidc_op import OTHER_RSA, Deviation, OpenIdProvider, sign


@pytest.fixture
def rig() -> Iterator[OidcRig]:
    clock = FixedClock()
    with OpenIdProvider(clock) as op:
        yield OidcRig(op, clock)


def refused(rig: OidcRig, check: str, **login: Any) -> None:
    with pytest.raises(InvalidUpstreamResponse) as raised:
        rig.login(**login)
    assert raised.value.check == check
    assert failed_checks(rig.trace) == [check]


def claims(**changes: Any) -> Deviation:
    """`None` takes a claim out."""

    def alter(original: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**original, **changes}.items() if value is not None}

    return Deviation(claims=alter)


def hmac_with_public_key(content: dict[str, Any], header: dict[str, Any]) -> str:
    """The published key, as text, used as HMAC secret."""
    key = json.dumps({"n": "published"}).encode()
    text = ".".join(_b64(json.dumps(part).encode()) for part in ({**header, "alg": "HS256"}, content))
    return f"{text}.{_b64(hmac.digest(key, text.encode(), 'sha256'))}"


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unsigned(content: dict[str, Any], header: dict[str, Any]) -> str:
    return ".".join(_b64(json.dumps(part).encode()) for part in ({**header, "alg": "none"}, content)) + "."


EVIL = ECKey.generate_key("P-256", {"kid": "op-1"})
NOW = int(FixedClock().now().timestamp())

ANSWERS: dict[str, tuple[Deviation, str]] = {
    "alg none": (Deviation(token=unsigned), "oidc.signature"),
    "HMAC with the public key": (Deviation(token=hmac_with_public_key), "oidc.signature"),
    "another key with the same kid": (Deviation(key=OTHER_RSA), "oidc.signature"),
    "another kind of key with the same kid": (Deviation(key=EVIL), "oidc.signature"),
    "header brings a key": (Deviation(key=OTHER_RSA, header={"jwk": OTHER_RSA.as_dict(private=False)}), "oidc.signature"),
    "header brings a URL": (Deviation(key=OTHER_RSA, header={"jku": "http://127.0.0.1/k", "kid": "x"}), "oidc.signature"),
    "critical extension": (Deviation(header={"crit": ["exp"], "exp": 1}), "oidc.signature"),
    "oversized token": (claims(padding="x" * 20_000), "oidc.signature"),
    "other issuer": (claims(iss="https://evil.example"), "oidc.issuer"),
    "no issuer": (claims(iss=None), "oidc.issuer"),
    "issuer list": (claims(iss=["https://evil.example"]), "oidc.issuer"),
    "other audience": (claims(aud="other"), "oidc.audience"),
    "audience contains ours as a part": (claims(aud="vestibule at op 2"), "oidc.audience"),
    "no audience": (claims(aud=None), "oidc.audience"),
    "empty audience list": (claims(aud=[]), "oidc.audience"),
    "second audience without azp": (claims(aud=["vestibule at op", "other"]), "oidc.audience_only"),
    "azp is another client": (claims(azp="other"), "oidc.authorized_party"),
    "second audience and foreign azp": (claims(aud=["vestibule at op", "other"], azp="other"), "oidc.audience_only"),
    "expired": (claims(exp=NOW - 91), "oidc.expiry"),
    "no expiry": (claims(exp=None), "oidc.expiry"),
    "expiry as text": (claims(exp=str(NOW + 300)), "oidc.expiry"),
    "expiry beyond all time": (claims(exp=10**20), "oidc.expiry"),
    "issued in the future": (claims(iat=NOW + 91), "oidc.issued_at"),
    "issued long ago": (claims(iat=NOW - 3600), "oidc.issued_at"),
    "no issue time": (claims(iat=None), "oidc.issued_at"),
    "issue time is true": (claims(iat=True), "oidc.issued_at"),
    "not yet valid": (claims(nbf=NOW + 91), "oidc.not_before"),
    "nbf as text": (claims(nbf="0"), "oidc.not_before"),
    "other nonce": (claims(nonce="other"), "oidc.nonce"),
    "no nonce": (claims(nonce=None), "oidc.nonce"),
    "nonce list": (claims(nonce=["x"]), "oidc.nonce"),
    "no sub": (claims(sub=None), "oidc.subject"),
    "empty sub": (claims(sub=""), "oidc.subject"),
    "blank sub": (claims(sub="  "), "oidc.subject"),
    "sub is a number": (claims(sub=7), "oidc.subject"),
    "sub is a list": (claims(sub=["person-1"]), "oidc.subject"),
    "sub is too long": (claims(sub="x" * 256), "oidc.subject"),
    "at_hash of another token": (claims(at_hash="77QmUPtjPfzWtF2AnpK9RQ"), "oidc.at_hash"),
    "at_hash is no text": (claims(at_hash=7), "oidc.at_hash"),
    "auth_time as text": (claims(auth_time="now"), "oidc.auth_time_form"),
    "userinfo of another subject": (Deviation(userinfo=lambda u: {**u, "sub": "victim"}), "oidc.userinfo_subject"),
    "userinfo without subject": (Deviation(userinfo=lambda u: {"email": "victim@acme.example"}), "oidc.userinfo_subject"),
    "userinfo is a list": (Deviation(userinfo=lambda u: [u]), "oidc.userinfo_subject"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_given_a_forged_answer_when_completed_then_the_named_check_stops_it(rig: OidcRig, case: str) -> None:
    rig.op.deviation, check = ANSWERS[case]
    refused(rig, check)


NEIGHBOURS: dict[str, Deviation] = {
    "audience as a list of one": claims(aud=["vestibule at op"]),
    "azp is our client": claims(aud=["vestibule at op", "other"], azp="vestibule at op"),
    "expired within the skew": claims(exp=NOW - 89),
    "issued by a clock that is ahead": claims(iat=NOW + 89),
    "issued five minutes ago, as Entra does": claims(iat=NOW - 300, nbf=NOW - 300),
    "times with fractions": claims(exp=NOW + 10.5),
    "no at_hash": claims(at_hash=None),
    "unknown header members": Deviation(header={"x5t": "abc", "other": 1}),
}


@pytest.mark.parametrize("case", NEIGHBOURS)
def test_given_its_benign_neighbour_when_completed_then_the_person_signs_in(rig: OidcRig, case: str) -> None:
    rig.op.deviation = NEIGHBOURS[case]
    assert rig.login().subject.value == "person-1"


def test_given_an_issuer_that_differs_by_a_slash_when_completed_then_it_is_refused(rig: OidcRig) -> None:
    rig.op.deviation = claims(iss=rig.op.issuer + "/")
    refused(rig, "oidc.issuer")


@pytest.mark.parametrize("auth_time", [NOW - 91, None, 0])
def test_given_a_forced_login_when_the_provider_reuses_its_session_then_it_is_refused(rig: OidcRig, auth_time: int | None) -> None:
    rig.op.deviation = claims(auth_time=auth_time)
    refused(rig, "oidc.auth_time", force_authentication=True)


def test_given_max_age_when_the_authentication_is_older_then_it_is_refused(rig: OidcRig) -> None:
    rig.op.deviation = claims(auth_time=NOW - 151)
    refused(rig, "oidc.auth_time", max_age_seconds=60)
    rig.op.deviation = claims(auth_time=NOW - 149)
    assert rig.login(max_age_seconds=60).subject.value == "person-1"


CALLBACKS: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str]] = {
    "other state": (lambda a: {**a, "state": "other"}, "oidc.state"),
    "state not ASCII": (lambda a: {**a, "state": "é"}, "oidc.state"),
    "no state": (lambda a: {k: v for k, v in a.items() if k != "state"}, "oidc.state"),
    "mix-up: other issuer": (lambda a: {**a, "iss": "https://evil.example"}, "oidc.response_issuer"),
    "mix-up: no issuer although promised": (lambda a: {k: v for k, v in a.items() if k != "iss"}, "oidc.response_issuer"),
    "mix-up on an error": (lambda a: {"state": a["state"], "error": "x", "iss": "https://evil.example"}, "oidc.response_issuer"),
    "no code": (lambda a: {k: v for k, v in a.items() if k != "code"}, "oidc.code"),
    "empty code": (lambda a: {**a, "code": ""}, "oidc.code"),
    "giant code": (lambda a: {**a, "code": "x" * 5000}, "oidc.code"),
}


@pytest.mark.parametrize("case", CALLBACKS)
def test_given_a_forged_callback_when_completed_then_nothing_is_exchanged(rig: OidcRig, case: str) -> None:
    alter, check = CALLBACKS[case]
    refused(rig, check, alter=alter)
    assert rig.op.count("/token") == 0


def test_given_a_provider_that_does_not_promise_iss_when_it_sends_a_wrong_one_then_it_is_refused(rig: OidcRig) -> None:
    rig.prepare(authorization_response_iss_parameter_supported=False)
    assert rig.login(lambda a: {k: v for k, v in a.items() if k != "iss"}).subject.value == "person-1"
    refused(rig, "oidc.response_issuer", alter=lambda a: {**a, "iss": "https://evil.example"})


@pytest.mark.parametrize("name", ["code", "state", "iss"])
def test_given_a_repeated_parameter_when_completed_then_it_is_refused(rig: OidcRig, name: str) -> None:
    outgoing, expected = rig.upstream.begin(UpstreamRequest(handle="h"), rig.trace)
    answer = rig.op.visit(outgoing.url)
    repeated = Incoming("GET", "/", query=(*answer.items(), (name, "other")))
    with pytest.raises(RepeatedParameter):
        rig.upstream.complete(repeated, expected, new_trace(rig.clock))


def test_given_a_code_of_another_login_when_completed_then_pkce_and_nonce_stop_it(rig: OidcRig) -> None:
    """Code injection: the attacker's code in the victim's browser."""
    other, _ = rig.upstream.begin(UpstreamRequest(handle="attacker"), rig.trace)
    stolen = rig.op.visit(other.url)["code"]
    with pytest.raises(UpstreamRefused):
        rig.login(lambda a: {**a, "code": stolen})


def token_answer(status: int, body: bytes | None = None, **headers: str) -> Deviation:
    def answer(good: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return status, headers, json.dumps(good).encode() if body is None else body

    return Deviation(token_answer=answer)


@pytest.mark.parametrize(
    "deviation",
    [
        token_answer(200, b"<html>"),
        token_answer(200, b"[]"),
        token_answer(200, b""),
        token_answer(302, Location="/token2"),
        token_answer(307, Location="/token2"),
        token_answer(302, b""),
        token_answer(302, b'{"error": "x"}'),
        token_answer(500),
        token_answer(503, b"busy"),
        token_answer(400),
        token_answer(201),
        token_answer(200, b"x" * (2 * 1024 * 1024)),
    ],
)
def test_given_a_token_endpoint_that_misbehaves_when_completed_then_the_connector_is_unavailable(
    rig: OidcRig, deviation: Deviation
) -> None:
    rig.op.deviation = deviation
    with pytest.raises(ConnectorUnavailable):
        rig.login()
    assert rig.op.count("/token") == 1
    assert rig.op.count("/token2") == 0


@pytest.mark.parametrize(
    "body", [b'{"access_token": "a", "token_type": "Bearer"}', b'{"id_token": "a"}', b'{"id_token": 7, "access_token": []}', b"{}"]
)
def test_given_a_token_answer_without_tokens_when_completed_then_it_is_refused(rig: OidcRig, body: bytes) -> None:
    rig.op.deviation = token_answer(200, body)
    refused(rig, "oidc.code_exchange")


def test_given_userinfo_that_claims_protocol_names_when_read_then_none_becomes_a_claim(rig: OidcRig) -> None:
    injected = {"iss": "x", "aud": "x", "tid": "x", "sid": "x", "email_verified": True, "auth_time": 1, "acr": "x"}
    rig.op.deviation = Deviation(userinfo=lambda u: {**u, **injected})
    result = rig.login()
    assert not {claim.type for claim in result.claims} & set(injected)
    assert result.subject.issuer == rig.op.issuer
    assert result.session_index is None


def test_given_a_token_of_another_provider_key_when_userinfo_agrees_then_the_signature_still_decides(rig: OidcRig) -> None:
    rig.op.deviation = Deviation(token=lambda c, h: sign(c, h, OTHER_RSA))
    refused(rig, "oidc.signature")


def test_given_a_symmetric_key_in_the_key_set_when_a_token_uses_it_then_it_is_refused(rig: OidcRig) -> None:
    secret = OctKey.generate_key(256, {"kid": "op-1"})
    rig.op.deviation = Deviation(
        jwks=lambda _good: {"keys": [secret.as_dict(private=True)]},
        token=lambda c, h: sign(c, {**h, "alg": "HS256"}, secret),  # type: ignore[arg-type]
    )
    refused(rig, "oidc.signature")


def test_given_any_failure_when_it_is_shown_then_no_token_code_or_secret_is_in_it(rig: OidcRig) -> None:
    codes: list[str] = []

    def remember(answer: dict[str, str]) -> dict[str, str]:
        codes.append(answer["code"])
        return answer

    for deviation, _check in ANSWERS.values():
        rig.op.deviation = deviation
        with pytest.raises(BrokerError) as raised:
            rig.login(remember)
        kept = raised.value.cause + raised.value.sentence + "".join(f"{e.name}{e.detail}{e.data}" for e in rig.trace.events)
        assert codes[-1] not in kept
        assert "s%cret" not in kept
        assert "eyJ" not in kept
