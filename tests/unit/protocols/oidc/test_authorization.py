"""Authorization requests, read strictly."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import InvalidAuthenticationRequest, MalformedRequest, MessageTooLarge, RepeatedParameter, RequestError
from broker.domain.http import Incoming
from broker.protocols.oidc.authorization import MAX_VALUE, read_address, read_reply_parameters, read_request

GOOD = {
    "client_id": "app",
    "redirect_uri": "https://app.example/cb",
    "response_type": "code",
    "scope": "openid email openid",
    "state": "s",
    "nonce": "n",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def incoming(*more: tuple[str, str], **changes: str | None) -> Incoming:
    values = {**GOOD, **changes}
    pairs = tuple((name, value) for name, value in values.items() if value is not None)
    return Incoming("GET", "/oauth2/authorize", query=(*pairs, *more))


def test_given_a_good_request_when_read_then_everything_is_typed() -> None:
    request = read_request(
        incoming(
            prompt="login consent", max_age="60", login_hint="ada@acme.example", hd="acme.example", idp_hint="acme-id",
            ui_locales="fr-CA fr", acr_values="a b", response_mode="form_post",
        )
    )
    assert request.scopes == ("openid", "email")
    assert request.prompts == {"login", "consent"}
    assert (request.max_age_seconds, request.locale, request.contexts) == (60, "fr-CA", ("a", "b"))
    assert (request.login_hint, request.domain_hint, request.connector_hint) == ("ada@acme.example", "acme.example", "acme-id")
    assert request.response_mode == "form_post"


def test_given_a_post_when_read_then_only_the_form_counts() -> None:
    form = tuple(GOOD.items())
    assert read_request(Incoming("POST", "/", query=(("state", "other"),), form=form)).state == "s"


def test_given_empty_values_when_read_then_they_count_as_absent() -> None:
    request = read_request(incoming(prompt="", max_age="", nonce="", ui_locales=""))
    assert (request.prompts, request.max_age_seconds, request.nonce, request.locale) == (frozenset(), None, None, None)


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": "openid2"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "other"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "9" * 30}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://evil.example"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"nonce": "n" * (MAX_VALUE + 1)}, "invalid_request"),
        ({"state": "s" * (MAX_VALUE + 1)}, "invalid_request"),
    ],
)
def test_given_a_wrong_request_when_read_then_it_has_the_error_of_the_standard(changes: dict[str, str | None], error: str) -> None:
    with pytest.raises(InvalidAuthenticationRequest) as raised:
        read_request(incoming(**changes))
    assert raised.value.oauth_error == error


@pytest.mark.parametrize("name", ["scope", "state", "nonce", "prompt", "response_type", "code_challenge", "unknown"])
def test_given_a_repeated_parameter_when_read_then_it_is_refused(name: str) -> None:
    with pytest.raises(InvalidAuthenticationRequest):
        read_request(incoming((name, "a"), (name, "b")))


def test_given_an_address_that_cannot_be_read_when_read_then_it_becomes_a_page() -> None:
    for changes in ({"client_id": None}, {"client_id": ""}, {"redirect_uri": None}):
        with pytest.raises(MalformedRequest):
            read_address(incoming(**changes))
    with pytest.raises(MessageTooLarge):
        read_address(incoming(redirect_uri="https://app.example/" + "a" * MAX_VALUE))
    for name in ("client_id", "redirect_uri"):
        with pytest.raises(RepeatedParameter):
            read_address(incoming((name, "https://evil.example")))


def test_given_a_repeated_state_when_the_error_is_sent_then_no_state_is_chosen() -> None:
    assert read_reply_parameters(incoming(("state", "t"))) == (None, "query")
    assert read_reply_parameters(incoming(state="", response_mode="form_post")) == (None, "form_post")
    assert read_reply_parameters(incoming(response_mode="web_message")) == ("s", "query")


@given(st.lists(st.tuples(st.sampled_from([*GOOD, "prompt", "max_age", "request"]), st.text(max_size=20)), max_size=12))
def test_given_any_parameters_when_read_then_a_request_or_a_clean_error_results(pairs: list[tuple[str, str]]) -> None:
    arrived = Incoming("GET", "/", query=tuple(pairs))
    for read in (read_address, read_request):
        with contextlib.suppress(RequestError, InvalidAuthenticationRequest):
            read(arrived)
    read_reply_parameters(arrived)
