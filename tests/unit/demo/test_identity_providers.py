"""Acme ID and Globex Login: what they answer, and what they refuse."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from broker.demo import oidc_idp, saml_idp, saml_messages
from broker.demo.site import PartnerError
from broker.demo.state import StateFiles
from broker.demo.world import ACME_PEOPLE, GLOBEX_PEOPLE, INITECH_PEOPLE, World
from broker.protocols import jose, xml
from broker.protocols.saml import names
from broker.protocols.saml.names import saml, samlp
from broker.protocols.xmldsig import VerificationKey
from tests.support import pages
from tests.support.clock import FixedClock

ALICE, GRACE = ACME_PEOPLE[0], GLOBEX_PEOPLE[0]


@pytest.fixture
def acme(world: World, files: StateFiles, clock: FixedClock) -> FlaskClient:
    return saml_idp.create(world, files, clock).test_client()


@pytest.fixture
def globex(world: World, files: StateFiles, clock: FixedClock) -> FlaskClient:
    return oidc_idp.create(world, files, clock).test_client()


def _request(world: World, clock: FixedClock, *, issuer: str | None = None, acs: str | None = None) -> str:
    upstream = f"{world.broker_url}/upstream/con_1"
    return saml_messages.authentication_request(
        "_q1", issuer or f"{upstream}/metadata", "/sso", acs or f"{upstream}/acs", clock.now(), force=False, relay_state="h<1>"
    )


def _keys(files: StateFiles) -> tuple[VerificationKey, ...]:
    return (VerificationKey.from_certificate(saml_idp.signing_key(files).certificate_pem),)


def test_given_a_request_when_a_person_is_picked_then_a_signed_assertion_for_the_hub(
    acme: FlaskClient, world: World, files: StateFiles, clock: FixedClock
) -> None:
    page = acme.get(_request(world, clock))
    assert "DEMONSTRATION" in page.text
    ticket = pages.form_to(page.data, "/pick").with_fields(person=ALICE.id)
    answer = pages.self_posting_form(acme.post("/pick", data=ticket.fields).data)

    upstream = f"{world.broker_url}/upstream/con_1"
    assert (answer.action, answer.fields["RelayState"]) == (f"{upstream}/acs", "h<1>")
    response, assertion = saml_messages.read_response(answer.fields["SAMLResponse"], _keys(files))
    assert response.get("InResponseTo") == "_q1"
    assert assertion is not None
    assert assertion.findtext(f"{saml('Subject')}/{saml('NameID')}") == ALICE.id
    assert assertion.findtext(f"{saml('Conditions')}/{saml('AudienceRestriction')}/{saml('Audience')}") == f"{upstream}/metadata"
    assert ALICE.email in [xml.text_of(value) for value in assertion.iter(saml("AttributeValue"))]
    assert acme.post("/pick", data=ticket.fields).status_code == 400, "a ticket works once"


def test_given_the_third_company_when_asked_then_its_own_people_under_its_own_name_and_key(
    world: World, files: StateFiles, clock: FixedClock
) -> None:
    initech = saml_idp.create(world, files, clock, saml_idp.INITECH).test_client()
    page = initech.get(_request(world, clock))
    assert "Initech Login" in page.text
    assert "peter@initech.example" in page.text
    assert ACME_PEOPLE[0].email not in page.text
    ticket = pages.form_to(page.data, "/pick").with_fields(person=INITECH_PEOPLE[0].id)
    answer = pages.self_posting_form(initech.post("/pick", data=ticket.fields).data)
    own = VerificationKey.from_certificate(saml_idp.signing_key(files, saml_idp.INITECH).certificate_pem)
    _, assertion = saml_messages.read_response(answer.fields["SAMLResponse"], (own,))
    assert assertion is not None
    assert assertion.findtext(saml("Issuer")) == saml_idp.entity_id(world, saml_idp.INITECH) != saml_idp.entity_id(world)
    with pytest.raises(PartnerError):
        saml_messages.read_response(answer.fields["SAMLResponse"], _keys(files))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"issuer": "https://evil.example/metadata"}, 400),
        ({"acs": "https://evil.example/acs"}, 400),
        ({"acs": "http://localhost:1.evil.example/upstream/c/acs"}, 400),
    ],
)
def test_given_a_request_from_elsewhere_when_received_then_refused(
    acme: FlaskClient, world: World, clock: FixedClock, change: dict[str, str], status: int
) -> None:
    answer = acme.get(_request(world, clock, **change))
    assert answer.status_code == status
    assert pages.forms(answer.data) == []


@pytest.mark.parametrize("message", ["", "%%%", base64.b64encode(b"<x").decode(), base64.b64encode(b"\x00" * 50).decode()])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_given_garbage_when_received_then_a_page(acme: FlaskClient, message: str, method: str) -> None:
    carried: dict[str, Any] = {"data" if method == "POST" else "query_string": {"SAMLRequest": message}}
    answer = acme.open("/sso", method=method, **carried)
    assert answer.status_code == 400
    assert pages.heading(answer.data)


def test_given_cancel_when_pressed_then_a_signed_refusal(
    acme: FlaskClient, world: World, files: StateFiles, clock: FixedClock
) -> None:
    ticket = pages.form_to(acme.get(_request(world, clock)).data, "/pick").with_fields(person="")
    answer = pages.self_posting_form(acme.post("/pick", data=ticket.fields).data)
    response, assertion = saml_messages.read_response(answer.fields["SAMLResponse"], _keys(files))
    assert assertion is None
    assert [code.get("Value") for code in response.iter(samlp("StatusCode"))] == [names.RESPONDER, names.AUTHN_FAILED]


def _authorize(world: World, **changes: str) -> str:
    asked = {
        "client_id": oidc_idp.CLIENT_ID,
        "redirect_uri": f"{world.broker_url}/upstream/con_2/callback",
        "response_type": "code",
        "state": "s&1",
        "nonce": "n1",
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"/authorize?{urlencode({**asked, **changes})}"


def _code(globex: FlaskClient, world: World) -> str:
    ticket = pages.form_to(globex.get(_authorize(world)).data, "/pick").with_fields(person=GRACE.id)
    answer = globex.post("/pick", data=ticket.fields)
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (query["state"], query["iss"]) == (["s&1"], [world.oidc_idp])
    return query["code"][0]


def _redeem(globex: FlaskClient, world: World, files: StateFiles, code_given: str, **changes: str) -> Any:
    redirect_uri = f"{world.broker_url}/upstream/con_2/callback"
    form = {"grant_type": "authorization_code", "code": code_given, "redirect_uri": redirect_uri, "code_verifier": "v" * 43}
    client = {"client_id": oidc_idp.CLIENT_ID, "client_secret": files.secret(oidc_idp.CREDENTIAL)}
    return globex.post("/token", data={**form, **client, **changes})


def test_given_a_code_when_redeemed_then_a_signed_id_token_and_userinfo(
    globex: FlaskClient, world: World, files: StateFiles
) -> None:
    code = _code(globex, world)
    tokens = _redeem(globex, world, files, code).get_json()
    keys = jose.read_key_set(globex.get("/jwks").data)
    claims = jose.verify(jose.read_header(tokens["id_token"]), keys, frozenset({"RS256"})).claims
    assert (claims["iss"], claims["sub"], claims["nonce"]) == (world.oidc_idp, GRACE.id, "n1")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert globex.get("/userinfo", headers=bearer).get_json()["email"] == GRACE.email
    assert globex.get("/userinfo").status_code == 401
    assert _redeem(globex, world, files, code).get_json() == {"error": "invalid_grant"}, "a code works once"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_grant"),
        ({"code": "guess"}, "invalid_grant"),
    ],
)
def test_given_a_wrong_token_request_when_sent_then_its_oauth_error(
    globex: FlaskClient, world: World, files: StateFiles, changes: dict[str, str], error: str
) -> None:
    assert _redeem(globex, world, files, _code(globex, world), **changes).get_json() == {"error": error}


def test_given_an_old_code_when_redeemed_then_refused(
    globex: FlaskClient, world: World, files: StateFiles, clock: FixedClock
) -> None:
    code = _code(globex, world)
    clock.forward(seconds=61)
    assert _redeem(globex, world, files, code).get_json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("changes", [{"redirect_uri": "https://evil.example/callback"}, {"client_id": "other"}])
def test_given_a_request_of_a_stranger_when_received_then_no_redirect(
    globex: FlaskClient, world: World, changes: dict[str, str]
) -> None:
    answer = globex.get(_authorize(world, **changes))
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"), [({"prompt": "none"}, "login_required"), ({"code_challenge_method": "plain"}, "invalid_request")]
)
def test_given_a_request_that_cannot_be_met_then_the_hub_hears_it(
    globex: FlaskClient, world: World, changes: dict[str, str], error: str
) -> None:
    assert f"error={error}" in globex.get(_authorize(world, **changes)).headers["Location"]
