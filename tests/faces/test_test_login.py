"""Test logins: the whole sign-in of a connector, drafts included, that signs nobody in and says what to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from broker.domain import claims as c
from broker.domain.access_errors import TooManyAttempts
from broker.domain.errors import Forbidden, UnknownObject
from broker.services import test_advice
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.connectors import SaveConnector
from broker.services.operations.login_tests import ReadLoginTest, StartLoginTest
from broker.services.vendor_places import PLACES, Place, place_at
from connectors import registry
from tests.support import pages
from tests.support.hub import ME, Hub
from tests.support.login_tests import Trial, draft
from tests.support.oidc_op import Deviation
from tests.support.partners import OidcSide, SamlSide
from tests.support.saml_idp import key_pair

NOTHING = ("identities", "identity_links", "sessions")


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    """A tenant with one connector that is switched off."""
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    return draft(hub, "acme")


def openid_draft(hub: Hub) -> OidcSide:
    side = hub.oidc_op("acme")
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "op", enabled=False)
    return side


# --- what works -------------------------------------------------------------------------------------------------------


def test_given_a_draft_when_its_sign_in_works_then_the_report_says_so_and_nobody_is_signed_in(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    assert tester.result().state == "ready"

    page = tester.make(acme).get_data(as_text=True)

    assert "The sign-in works." in pages.text(page)
    assert "ann@acme.example" in page
    found = tester.result()
    assert (found.state, found.advice, found.not_reached, found.error_code) == ("passed", (), (), "")
    assert all(line.passed for line in found.checks)
    assert {"saml.audience", "saml.assertion_signature", "tenant.email_domain"} <= {n for line in found.checks for n in line.names}
    assert [said.value for said in found.accepted if said.type == c.EMAIL] == ["ann@acme.example"]
    assert {said.type: said.value for said in found.received}["email"] == "ann@acme.example"
    assert found.released == ()
    assert [hub.count(table) for table in NOTHING] == [0, 0, 0]
    assert not any("session" in cookie for cookie in cookies(tester)), "a test opens no session"


def cookies(tester: Trial) -> list[str]:
    return [key[2] for key in tester.browser.client._cookies or {}]


def test_given_an_openid_provider_when_tested_then_the_same_report(hub: Hub, acme: SamlSide) -> None:
    side, tester = openid_draft(hub), Trial(hub, "op")

    tester.make(side)

    found = tester.result()
    assert found.state == "passed"
    assert {"oidc.code_exchange", "oidc.nonce", "tenant.email_domain"} <= {name for line in found.checks for name in line.names}
    assert [hub.count(table) for table in NOTHING] == [0, 0, 0]


def test_given_a_chosen_application_when_tested_then_what_it_would_be_told(hub: Hub, acme: SamlSide) -> None:
    hub.saml_app("wiki", transform_rules=({"template": "constant", "claim": "plan", "value": "gold"}, {"template": "pass_through", "claim": "email"}), release=(c.EMAIL,))
    tester = Trial(hub, application="wiki")

    page = tester.make(acme).get_data(as_text=True)

    told = {said.type: said.value for said in tester.result().released}
    assert told[c.EMAIL] == "ann@acme.example"
    assert told[c.TENANT] == hub.tenants["acme"]
    assert not any(value == "gold" for value in told.values()), "attribute release is rehearsed too"
    assert "Told to Wiki" in pages.text(page)


def test_given_an_application_that_lets_nobody_in_when_tested_then_the_rule_is_named(hub: Hub, acme: SamlSide) -> None:
    hub.saml_app("wiki", authorization_rules=({"template": "permit", "claim": "group", "value": "staff"},))
    tester = Trial(hub, application="wiki")

    tester.make(acme)

    found = tester.result()
    assert (found.state, found.check) == ("failed", "application.authorization")
    assert "does not let the person in" in found.advice[0].sentence


def test_given_a_passed_test_then_the_connector_is_tested_until_its_settings_change(hub: Hub, acme: SamlSide) -> None:
    tests, tenant_id = hub.built.connectors, hub.tenants["acme"]
    Trial(hub).make(acme)
    assert tests.tested_at(tenant_id, acme.connector_id) == hub.clock.now()

    hub.built.connectors.set_enabled(ME, tenant_id, "idp", enabled=True)
    assert tests.tested_at(tenant_id, acme.connector_id), "switching on changes nothing that was tested"

    acme.idp.key = key_pair("another")
    command = SaveConnector(tenant_id, "idp", "saml", "acme idp", metadata=acme.idp.metadata(), enabled=True)
    hub.built.connectors.save(ME, command)
    assert tests.tested_at(tenant_id, acme.connector_id) is None


def test_given_settings_that_change_during_a_test_then_it_does_not_count(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    sent = tester.begin()
    command = SaveConnector(hub.tenants["acme"], "idp", "saml", "acme idp", {"skew_seconds": 5}, metadata=acme.idp.metadata())
    hub.built.connectors.save(ME, command)

    acme.authenticate(tester.browser, sent)

    assert tester.result().state == "passed"
    assert hub.built.connectors.tested_at(hub.tenants["acme"], acme.connector_id) is None


def test_given_a_test_when_listed_among_logins_then_it_is_no_login_of_the_application(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app()
    tester = Trial(hub, application="wiki")
    tester.make(acme)

    trace = hub.trace(tester.result().reference_code)

    assert app.application_id not in trace.application
    assert trace.application == "test-login"
    assert "acme" in trace.connector


# --- what to change ---------------------------------------------------------------------------------------------------


SAML_MISTAKES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # what is wrong → (deviation, check, a word of the advice, the value to enter)
    "another audience": ({"audience": "https://wrong.example"}, "saml.audience", "for somebody else", "entity_id"),
    "another destination": ({"destination": "https://wrong.example/acs"}, "saml.destination", "another address", "acs"),
    "another recipient": ({"recipient": "https://wrong.example/acs", "destination": None}, "saml.subject_confirmation", "another address", "acs"),
    "another entityID": ({"issuer": "https://wrong.example"}, "saml.assertion_issuer", "another system", ""),
    "no signature": ({"sign": ()}, "saml.signed", "Switch signing on", ""),
    "a slow clock": ({"not_on_or_after": -3600.0, "confirmed_until": 300.0}, "saml.conditions", "clock", ""),
    "a fast clock": ({"issued": 3600.0}, "saml.response_issued", "clock", ""),
    "no NameID": ({"name_id": None}, "saml.subject", "never changes", ""),
    "a NameID for one session": ({"name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, "saml.subject", "never changes", ""),
    "no email address": ({"attributes": {"given_name": ["Ann"]}}, "tenant.email", "no email address", ""),
    "two email addresses": ({"attributes": {"email": ["a@acme.example", "b@acme.example"]}}, "tenant.email_form", "exactly one", ""),
    "a foreign domain": ({"attributes": {"email": ["ann@gmail.example"]}}, "tenant.email_domain", "not proved", ""),
    "a refusal": ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder", "with_assertion": False}, "saml.status", "not assigned", ""),
    "another request": ({"in_response_to": "_other"}, "saml.response_in_response_to", "another sign-in", ""),
}


@pytest.mark.parametrize("mistake", SAML_MISTAKES)
def test_given_a_mistake_at_a_saml_provider_when_tested_then_what_to_change(hub: Hub, acme: SamlSide, mistake: str) -> None:
    deviations, check, word, value = SAML_MISTAKES[mistake]
    if mistake == "another entityID":
        deviations = {**deviations, "response_issuer": None, "sign": ("assertion",)}
    tester = Trial(hub)

    page = tester.make(acme, **deviations).get_data(as_text=True)

    found = tester.result()
    assert (found.state, found.check) == ("failed", check)
    assert word in found.advice[0].sentence
    ours = hub.built.catalog.preparer.addresses(acme.connector_id)
    assert found.advice[0].value == (getattr(ours, value) if value else "")
    assert "The sign-in does not work yet." in pages.text(page)
    assert found.advice[0].sentence in pages.text(page)
    assert [line for line in found.checks if not line.passed], "the failed check is on the list"
    assert [hub.count(table) for table in NOTHING] == [0, 0, 0]


def test_given_another_signing_key_when_tested_then_newest_metadata_is_asked_for(hub: Hub, acme: SamlSide) -> None:
    acme.idp.key = key_pair("rolled over")
    tester = Trial(hub)

    tester.make(acme)

    found = tester.result()
    assert found.check == "saml.assertion_signature"
    assert "newest metadata" in found.advice[0].sentence
    assert found.advice[0].where


def test_given_encryption_for_somebody_else_when_tested_then_our_metadata_again(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)

    tester.make(acme, encrypt_for=key_pair("somebody else").certificate_pem, sign=("response",))

    found = tester.result()
    assert found.check == "saml.decryption"
    assert found.advice[0].value == hub.built.catalog.preparer.addresses(acme.connector_id).metadata


def refusing(answer: dict[str, Any]) -> Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]:
    import json

    return lambda _: (400, {}, json.dumps(answer).encode())


OPENID_MISTAKES: dict[str, tuple[Deviation, str, str, str]] = {
    "a wrong secret value": (Deviation(token_answer=refusing({"error": "invalid_client"})), "oidc.code_exchange", "client secret", ""),
    "another redirect URI": (
        Deviation(token_answer=refusing({"error": "invalid_grant", "error_description": "redirect_uri does not match"})),
        "oidc.code_exchange",
        "redirect URI",
        "redirect_uri",
    ),
    "consent is missing": (
        Deviation(callback=lambda answer: {"error": "consent_required", "state": answer["state"], "iss": answer["iss"]}),
        "oidc.provider_consent",
        "agree to our application",
        "",
    ),
    "the person is not assigned": (
        Deviation(callback=lambda answer: {"error": "access_denied", "error_description": "AADSTS50105: not assigned", "state": answer["state"], "iss": answer["iss"]}),
        "oidc.provider_consent",
        "Assign them",
        "",
    ),
    "another issuer": (Deviation(claims=lambda claims: {**claims, "iss": "https://other.example"}), "oidc.issuer", "issuer", ""),
    "another client": (Deviation(claims=lambda claims: {**claims, "aud": "somebody"}), "oidc.audience", "client ID", ""),
    "a slow clock": (Deviation(claims=lambda claims: {**claims, "exp": claims["iat"] - 3000}), "oidc.expiry", "clock", ""),
}  # fmt: skip


@pytest.mark.parametrize("mistake", OPENID_MISTAKES)
def test_given_a_mistake_at_an_openid_provider_when_tested_then_what_to_change(hub: Hub, acme: SamlSide, mistake: str) -> None:
    deviation, check, word, value = OPENID_MISTAKES[mistake]
    side, tester = openid_draft(hub), Trial(hub, "op")
    side.op.deviation = deviation

    tester.make(side)

    found = tester.result()
    assert (found.state, found.check) == ("failed", check)
    assert word in found.advice[0].sentence
    ours = hub.built.catalog.preparer.addresses(side.connector_id)
    assert found.advice[0].value == (getattr(ours, value) if value else "")


@pytest.mark.parametrize("kind", registry.BUILT_IN)
def test_given_a_vendor_when_nobody_comes_back_then_its_own_messages_are_explained(kind: str) -> None:
    """The commonest mistakes end on a page of the vendor: no answer ever reaches us."""
    protocol = registry.connector_type(kind).protocol
    ours = test_advice.Addresses("e", "a", "r", "m")

    listed = test_advice.if_nobody_came_back(connector_type=kind, protocol=protocol, ours=ours)

    assert listed
    assert all(each.seen and each.sentence for each in listed)


@pytest.mark.parametrize("kind", registry.BUILT_IN)
def test_given_any_advice_when_asked_where_then_every_vendor_has_a_place(kind: str) -> None:
    protocol = registry.connector_type(kind).protocol
    general = {place for place in Place if protocol in PLACES[place]}
    assert {place for place in general if not place_at(place, kind, protocol)} == set()


def test_given_a_browser_at_the_provider_when_its_report_is_read_then_it_waits(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    tester.begin()

    assert tester.result().state == "waiting"
    page = pages.text(tester.page())
    assert "Your system has not sent you back yet." in page
    assert "Unknown or forbidden reply address" in page
    assert acme.acs in page


# --- in French --------------------------------------------------------------------------------------------------------


def test_given_a_french_browser_when_a_test_fails_then_every_sentence_is_french(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    tester.make(acme, audience="https://wrong.example")

    page = pages.text(tester.browser.open(f"{tester.url}?lang=fr").get_data(as_text=True))

    for english in ("The sign-in", "Enter exactly", "What was checked", "What to change", "Not reached", "Passed:", "in your system"):
        assert english not in page
    assert "l’assertion n’est pas destinée à ce connecteur" in page
    assert "the assertion is not meant" not in page


# --- who may ----------------------------------------------------------------------------------------------------------


def test_given_another_tenants_actor_then_no_test_and_no_report(hub: Hub, acme: SamlSide) -> None:
    globex = Actor("staff:eve", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"])
    tester = Trial(hub)
    tester.make(acme)
    draft(hub, "globex")

    with pytest.raises(UnknownObject):
        hub.built.operations.run(globex, "connector.test", StartLoginTest("acme", "idp"))
    with pytest.raises(UnknownObject):
        hub.built.operations.run(globex, "connector.test_result", ReadLoginTest("acme", "idp", tester.id))
    with pytest.raises(UnknownObject):
        hub.built.operations.run(globex, "connector.test_result", ReadLoginTest("globex", "idp", tester.id))


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.SET_UP, Verb.CONFIGURE, Verb.READ_TRACES}))
def test_given_any_other_verb_then_no_test(hub: Hub, acme: SamlSide, verb: Verb) -> None:
    actor = Actor("x", frozenset({verb}))

    with pytest.raises(Forbidden):
        hub.built.services.login_tests.make(actor, hub.tenants["acme"], "idp")


def test_given_many_tests_of_one_connector_then_they_are_limited(hub: Hub, acme: SamlSide) -> None:
    for _ in range(60):
        Trial(hub)

    with pytest.raises(TooManyAttempts):
        Trial(hub)


def test_given_markup_in_claims_when_shown_then_it_is_text(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)

    page = tester.make(acme, attributes={"email": ["ann@acme.example"], "x": ["<script>alert(1)</script>"]}).get_data(as_text=True)

    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
