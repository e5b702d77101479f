"""Ledger and Atlas: they believe the hub's answer to their own request, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from broker.demo import oidc_app, saml_app, saml_messages
from broker.demo.saml_messages import Speaker
from broker.demo.state import StateFiles
from broker.demo.world import ACME_PEOPLE, World
from broker.domain.keys import KeyUse
from broker.protocols.saml import names
from broker.protocols.xmldsig import SigningHandle
from tests.support import pages
from tests.support.clock import FixedClock
from tests.unit.demo.conftest import StandInHub

ALICE = ACME_PEOPLE[0]


@pytest.fixture
def ledger(world: World, files: StateFiles, clock: FixedClock) -> FlaskClient:
    return saml_app.create(world, files, clock).test_client()


@pytest.fixture
def atlas(world: World, files: StateFiles, clock: FixedClock) -> FlaskClient:
    return oidc_app.create(world, files, clock).test_client()


def _begin(app: FlaskClient, path: str = "/login") -> tuple[str, dict[str, str]]:
    location = app.get(path).headers["Location"]
    return location, {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def _post(ledger: FlaskClient, message: str, relay: str) -> Any:
    return ledger.post("/acs", data={"SAMLResponse": message, "RelayState": relay})


def test_given_the_hubs_answer_when_received_then_the_person_is_signed_in_once(
    ledger: FlaskClient, hub: StandInHub, world: World, clock: FixedClock
) -> None:
    location, query = _begin(ledger)
    assert location.startswith(f"{hub.url}/saml/sso?")
    request = saml_messages.read_request(query["SAMLRequest"], deflated=True)
    assert (request.issuer, request.acs, request.id) == (f"{world.saml_app}/metadata", f"{world.saml_app}/acs", query["RelayState"])
    message = saml_messages.response(hub.speaker, request.id, request.acs, request.issuer, ALICE, clock.now())
    assert _post(ledger, message, request.id).status_code == 303
    page = ledger.get("/")
    assert pages.heading(page.data) == "Hello, Alice Archer"
    assert ALICE.email in page.text
    assert _post(ledger, message, request.id).status_code == 400, "an answer works once"
    ledger.post("/logout")
    assert pages.heading(ledger.get("/").data) == "Welcome to Ledger"


Deviation = Callable[[dict[str, Any], FixedClock], None]


def _other_issuer(values: dict[str, Any], _: FixedClock) -> None:
    values["speaker"] = Speaker("https://evil.example", values["speaker"].signing)


@pytest.mark.parametrize(
    "deviation",
    [
        lambda values, clock: values.update(request_id="_other"),
        lambda values, clock: values.update(acs="http://127.0.0.1:1/acs"),
        lambda values, clock: values.update(audience="http://127.0.0.1:1/metadata"),
        lambda values, clock: clock.forward(minutes=6),
        lambda values, clock: values.update(key="stranger"),
        _other_issuer,
    ],
    ids=["other request", "other recipient", "other audience", "expired", "other key", "other issuer"],
)
def test_given_an_answer_that_is_not_for_us_when_received_then_refused(
    ledger: FlaskClient, hub: StandInHub, world: World, files: StateFiles, clock: FixedClock, deviation: Deviation
) -> None:
    _, query = _begin(ledger)
    acs, audience = f"{world.saml_app}/acs", f"{world.saml_app}/metadata"
    values = {"speaker": hub.speaker, "request_id": query["RelayState"], "acs": acs, "audience": audience, "now": clock.now()}
    deviation(values, clock)
    if name := values.pop("key", None):
        key = files.key(name, KeyUse.SAML_SIGNING)
        values["speaker"] = Speaker(hub.speaker.entity_id, SigningHandle.from_pem(key.private_pem, key.certificate_pem))
    message = saml_messages.response(person=ALICE, **values)
    assert _post(ledger, message, query["RelayState"]).status_code == 400
    assert pages.heading(ledger.get("/").data) == "Welcome to Ledger"


def test_given_an_answer_without_signature_when_received_then_refused(
    ledger: FlaskClient, hub: StandInHub, world: World, clock: FixedClock
) -> None:
    _, query = _begin(ledger)
    acs, audience = f"{world.saml_app}/acs", f"{world.saml_app}/metadata"
    message = saml_messages.response(hub.speaker, query["RelayState"], acs, audience, ALICE, clock.now())
    text = base64.b64decode(message).decode()
    start, end = text.index("<ds:Signature"), text.index("</ds:Signature>") + len("</ds:Signature>")
    assert _post(ledger, base64.b64encode((text[:start] + text[end:]).encode()).decode(), query["RelayState"]).status_code == 400


def test_given_the_hub_says_no_when_received_then_the_page_says_why(
    ledger: FlaskClient, hub: StandInHub, world: World, clock: FixedClock
) -> None:
    _, query = _begin(ledger)
    message = saml_messages.refusal(hub.speaker, query["RelayState"], f"{world.saml_app}/acs", names.REQUEST_DENIED, clock.now())
    assert "RequestDenied" in pages.text(_post(ledger, message, query["RelayState"]).data)


def test_given_other_entrances_when_chosen_then_the_request_differs(
    ledger: FlaskClient, atlas: FlaskClient, hub: StandInHub
) -> None:
    assert _begin(ledger, "/login?tenant=acme")[0].startswith(f"{hub.url}/t/acme/saml/sso?")
    assert ledger.get("/login?tenant=../evil").status_code == 400
    assert _begin(atlas, "/login?fresh=yes")[1]["prompt"] == "login"


def _callback(atlas: FlaskClient, hub: StandInHub, query: dict[str, str], **changes: str) -> Any:
    return atlas.get("/callback", query_string={"code": "c1", "state": query["state"], "iss": hub.url, **changes})


def test_given_a_code_when_received_then_the_person_is_signed_in(atlas: FlaskClient, hub: StandInHub) -> None:
    _, query = _begin(atlas)
    hub.claims = hub.usual_claims(query["nonce"])
    assert _callback(atlas, hub, query).status_code == 303
    page = pages.text(atlas.get("/").data)
    assert "alice@acme.example" in page
    assert "ten_1" in page
    assert _callback(atlas, hub, query).status_code == 400, "a state works once"


@pytest.mark.parametrize("change", [{"state": "other"}, {"iss": "https://evil.example"}, {"error": "access_denied"}])
def test_given_a_wrong_callback_when_received_then_refused(atlas: FlaskClient, hub: StandInHub, change: dict[str, str]) -> None:
    _, query = _begin(atlas)
    hub.claims = hub.usual_claims(query["nonce"])
    assert _callback(atlas, hub, query, **change).status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://x.example"}, {"aud": "other"}, {"aud": [oidc_app.CLIENT_ID, "x"]}, {"nonce": "old"}, {"exp": 1}, {"sub": 5}],
    ids=str,
)
def test_given_an_id_token_that_is_not_for_us_when_received_then_refused(
    atlas: FlaskClient, hub: StandInHub, change: dict[str, Any]
) -> None:
    _, query = _begin(atlas)
    hub.claims = {**hub.usual_claims(query["nonce"]), **change}
    assert _callback(atlas, hub, query).status_code == 400


def test_given_userinfo_about_somebody_else_when_read_then_refused(atlas: FlaskClient, hub: StandInHub) -> None:
    _, query = _begin(atlas)
    hub.claims, hub.userinfo = hub.usual_claims(query["nonce"]), {"sub": "s2"}
    assert _callback(atlas, hub, query).status_code == 400


def test_given_no_tokens_when_redeemed_then_refused(atlas: FlaskClient, hub: StandInHub) -> None:
    _, query = _begin(atlas)
    hub.token_status = 400
    assert _callback(atlas, hub, query).status_code == 400
