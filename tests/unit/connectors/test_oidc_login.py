"""The OpenID Connect connector against a real provider over loopback: what works, and what is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.domain.claims import BOOLEAN, NAME_IDENTIFIER
from broker.domain.errors import ConnectorUnavailable, InteractionRequired, InvalidUpstreamResponse, UpstreamRefused
from broker.protocols.oidc import pkce
from connectors.contract import UpstreamRequest
from tests.support.oidc_connector import NOW, FixedClock, OidcRig, failed_checks
from tests.support.oidc_op import OpenIdProvider


@pytest.fixture
def rig() -> Iterator[OidcRig]:
    clock = FixedClock()
    with OpenIdProvider(clock) as op:
        yield OidcRig(op, clock)


def test_given_a_provider_when_a_person_signs_in_then_subject_and_claims_are_read(rig: OidcRig) -> None:
    result = rig.login()
    assert (result.subject.connector_id, result.subject.issuer, result.subject.value) == ("con_1", rig.op.issuer, "person-1")
    assert not result.subject.mutable
    assert result.claims.values("email") == ("ada@acme.example",)
    assert result.claims.values("groups") == ("staff", "math")
    assert result.claims.values(NAME_IDENTIFIER) == ("person-1",)
    assert {claim.original_issuer for claim in result.claims} == {rig.op.issuer}
    assert result.claims.of_type("email_verified") == ()
    assert result.context.authenticated_at == NOW
    assert failed_checks(rig.trace) == []


def test_given_a_form_post_answer_when_completed_then_it_is_read_from_the_form(rig: OidcRig) -> None:
    assert rig.login(method="POST").subject.value == "person-1"


def test_given_a_login_when_begun_then_the_request_carries_state_nonce_and_pkce(rig: OidcRig) -> None:
    outgoing, expected = rig.upstream.begin(UpstreamRequest(handle="h", login_hint="ada@acme.example"), rig.trace)
    query = parse_qs(urlsplit(outgoing.url).query)
    assert query["state"] == ["h"]
    assert query["nonce"] == [expected.nonce]
    assert query["code_challenge"] == [pkce.challenge_of(expected.verifier or "")]
    assert query["login_hint"] == ["ada@acme.example"]
    assert "prompt" not in query
    _, other = rig.upstream.begin(UpstreamRequest(handle="h"), rig.trace)
    assert (other.nonce, other.verifier) != (expected.nonce, expected.verifier)


@pytest.mark.parametrize(
    "request_, wanted",
    [
        ({"force_authentication": True}, {"prompt": ["login"], "max_age": ["0"]}),
        ({"passive": True}, {"prompt": ["none"]}),
        ({"select_account": True}, {"prompt": ["select_account"]}),
        ({"max_age_seconds": 60}, {"max_age": ["60"]}),
        ({"locale": "fr"}, {"ui_locales": ["fr"]}),
    ],
)
def test_given_a_wish_when_begun_then_the_provider_is_told(
    rig: OidcRig, request_: dict[str, object], wanted: dict[str, list[str]]
) -> None:
    outgoing, _ = rig.upstream.begin(UpstreamRequest(handle="h", **request_), rig.trace)  # type: ignore[arg-type]
    query = parse_qs(urlsplit(outgoing.url).query)
    assert {name: query.get(name) for name in wanted} == wanted


def test_given_a_code_when_completed_then_the_one_time_id_hides_the_code_and_expires_with_the_token(rig: OidcRig) -> None:
    codes: list[str] = []

    def remember(answer: dict[str, str]) -> dict[str, str]:
        codes.append(answer["code"])
        return answer

    one_time = rig.login(remember).one_time_id
    assert one_time.bearer
    assert codes[0] not in one_time.value
    assert one_time.expires_at == NOW + timedelta(seconds=300 + 90)


@pytest.mark.parametrize(
    "email_verified, trusted, word",
    [(True, True, True), (True, False, None), ("true", True, False), (1, True, False), (False, True, False), (None, True, False)],
)
def test_given_email_verified_when_read_then_only_the_boolean_of_a_trusted_provider_counts(
    rig: OidcRig, email_verified: object, trusted: bool, word: bool | None
) -> None:
    rig.op.person["email_verified"] = email_verified
    rig.prepare(trust_email_verified=trusted)
    assert rig.login().asserted_email_verified is word


def test_given_no_email_verified_when_read_then_nothing_is_asserted(rig: OidcRig) -> None:
    del rig.op.person["email_verified"]
    assert rig.login().asserted_email_verified is None


def test_given_userinfo_that_contradicts_the_token_when_read_then_the_signed_value_wins(rig: OidcRig) -> None:
    rig.op.deviation.claims = lambda claims: {**claims, "email": "signed@acme.example"}
    assert rig.login().claims.values("email") == ("signed@acme.example",)


def test_given_odd_values_when_read_then_lists_expand_and_objects_are_left_out(rig: OidcRig) -> None:
    rig.op.person |= {"admin": True, "level": 7, "address": {"country": "FR"}, "empty": "", "mixed": ["a", {"b": 1}, 2]}
    claims = rig.login().claims
    assert [(c.value, c.value_type == BOOLEAN) for c in claims.of_type("admin")] == [("true", True)]
    assert claims.values("level") == ("7",)
    assert claims.values("address") == claims.values("empty") == ()
    assert claims.values("mixed") == ("a", "2")


def test_given_userinfo_switched_off_when_completed_then_it_is_not_asked(rig: OidcRig) -> None:
    rig.prepare(use_userinfo=False)
    assert rig.login().claims.values("email") == ()
    assert rig.op.count("/userinfo") == 0


def test_given_another_subject_claim_when_completed_then_the_signed_token_provides_it(rig: OidcRig) -> None:
    rig.op.deviation.claims = lambda claims: {**claims, "employee": "E-7"}
    rig.prepare(subject_claim="employee")
    assert rig.login().subject.value == "E-7"


def test_given_a_subject_claim_only_in_userinfo_when_completed_then_it_is_refused(rig: OidcRig) -> None:
    rig.op.person["employee"] = "E-7"
    rig.prepare(subject_claim="employee")
    with pytest.raises(InvalidUpstreamResponse):
        rig.login()


def test_given_an_address_as_subject_when_completed_then_it_is_flagged_mutable(rig: OidcRig) -> None:
    rig.op.person["sub"] = "ada@acme.example"
    assert rig.login().subject.mutable


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_given_a_method_when_exchanging_then_the_provider_accepts_the_client(rig: OidcRig, method: str) -> None:
    rig.prepare(token_endpoint_auth_method=method)
    assert rig.login().subject.value == "person-1"


def test_given_an_error_answer_when_completed_then_the_provider_has_refused(rig: OidcRig) -> None:
    answer = {"error": "access_denied", "error_description": "<script>no</script>"}
    with pytest.raises(UpstreamRefused) as raised:
        rig.login(lambda a: {**answer, "state": a["state"], "iss": a["iss"]})
    assert "script" not in str(raised.value) + raised.value.sentence


@pytest.mark.parametrize("error", ["login_required", "interaction_required", "consent_required", "account_selection_required"])
def test_given_a_passive_request_when_the_provider_needs_a_page_then_interaction_is_required(rig: OidcRig, error: str) -> None:
    def answer(a: dict[str, str]) -> dict[str, str]:
        return {"error": error, "state": a["state"], "iss": a["iss"]}

    with pytest.raises(InteractionRequired):
        rig.login(answer, passive=True)
    with pytest.raises(UpstreamRefused):
        rig.login(answer)


def test_given_a_wrong_client_secret_when_exchanging_then_support_learns_it(rig: OidcRig) -> None:
    rig.prepare(client_secret="old")
    with pytest.raises(UpstreamRefused) as raised:
        rig.login()
    assert "invalid_client" in raised.value.cause
    assert "secret" in raised.value.fix


@pytest.mark.parametrize("endpoint", ["token_endpoint", "userinfo_endpoint"])
def test_given_an_unreachable_endpoint_when_completing_then_the_connector_is_unavailable(rig: OidcRig, endpoint: str) -> None:
    rig.prepare(**{endpoint: "http://127.0.0.1:1025/"})
    with pytest.raises(ConnectorUnavailable):
        rig.login()


def test_given_a_private_endpoint_when_exchanging_then_the_guard_refuses(rig: OidcRig) -> None:
    rig.prepare(token_endpoint="http://169.254.169.254/token")
    with pytest.raises(ConnectorUnavailable) as raised:
        rig.login()
    assert "not a public address" in raised.value.cause


def test_given_a_forced_login_when_the_provider_obeys_then_it_is_accepted(rig: OidcRig) -> None:
    assert rig.login(force_authentication=True).context.authenticated_at == NOW
    assert rig.login(max_age_seconds=60).context.authenticated_at == NOW
