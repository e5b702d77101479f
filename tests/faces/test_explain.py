"""Paste and explain: recognised however it was wrapped, judged as a login would, masked, and gone afterwards."""

from __future__ import annotations

import base64
import logging
import zlib
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from lxml import etree

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.keys import KeyUse
from broker.services.actor import ROLES, Actor, Role
from broker.services.explain.recognise import recognise
from broker.services.operations.explain import ExplainMessage, ExplanationView
from tests.architecture.test_no_secrets import everything_stored
from tests.faces.test_traces import Office
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import OidcSide
from tests.support.saml_idp import Answer, SmallIdp, key_pair, sign


@pytest.fixture
def office(hub: Hub) -> Office:
    return Office(hub)


def answer(office: Office, idp: SmallIdp | None = None, **deviations: Any) -> bytes:
    """A Response as it travels, never delivered."""
    hub = office.hub
    side, values = office.acme, {"attributes": {"email": ["ann@acme.example"]}, **deviations}
    made = Answer(
        in_response_to="_q1", recipient=side.acs, audience=f"{PUBLIC_URL}/upstream/{side.connector_id}/metadata",
        issuer=side.idp.entity_id, now=hub.clock.now(), **values,
    )  # fmt: skip
    return (idp or side.idp).respond(made)


def explained(hub: Hub, text: str | bytes, who: Actor = ME, **asked: Any) -> ExplanationView:
    text = text.decode() if isinstance(text, bytes) else text
    found = hub.built.operations.run(who, "message.explain", ExplainMessage(text, **asked))
    assert isinstance(found, ExplanationView)
    return found


def failures(found: ExplanationView) -> list[str]:
    return [step.name for step in found.steps if step.passed is False]


ACME = {"tenant_slug": "acme", "connector": "idp"}


# --- recognised -------------------------------------------------------------------------------------------------------


def deflated(xml: bytes) -> str:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    return base64.b64encode(deflater.compress(xml) + deflater.flush()).decode()


REQUEST = b'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_q" Version="2.0"/>'
PLAIN = base64.b64encode(REQUEST).decode()
HEADER = base64.urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=")
CLAIMS = base64.urlsafe_b64encode(b'{"iss":"https://op.example","sub":"s"}').decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (REQUEST.decode(), "saml_request"),
        (f"  \n{REQUEST.decode()}\n", "saml_request"),
        (PLAIN, "saml_request"),
        ("\n".join(PLAIN[at : at + 60] for at in range(0, len(PLAIN), 60)), "saml_request"),
        (quote(PLAIN, safe=""), "saml_request"),
        (deflated(REQUEST), "saml_request"),
        (f"https://hub.example/saml/sso?{urlencode({'SAMLRequest': deflated(REQUEST), 'RelayState': 'x'})}", "saml_request"),
        (f"SAMLRequest={quote(PLAIN, safe='')}&RelayState=x", "saml_request"),
        (f'<form><input type="hidden" name="SAMLRequest" value="{PLAIN}"/></form>', "saml_request"),
        (f"<html><body><input value='{PLAIN}' name='SAMLRequest'></body>", "saml_request"),
        (f"{HEADER}.{CLAIMS}.c2ln", "id_token"),
        (f'{{"access_token":"a","id_token":"{HEADER}.{CLAIMS}.c2ln"}}', "id_token"),
        (f"https://app.example/cb#id_token={HEADER}.{CLAIMS}.c2ln&state=x", "id_token"),
        ("https://hub.example/oauth2/authorize?client_id=a&response_type=code", "authorization_request"),
        ("client_id=a&redirect_uri=https%3A%2F%2Fapp.example", "authorization_request"),
        ("https://app.example/?client_id=a", "unknown"),
        ("a.b.c.d.e", "encrypted_token"),
        ('{"issuer":"https://op.example","jwks_uri":"https://op.example/jwks"}', "discovery"),
        ('{"keys":[]}', "keys"),
        ('{"a":1}', "json"),
        ("<a/>", "xml"),
        ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "xml"),
        ("<a", "xml"),
        ("", "unknown"),
        ("hello there", "unknown"),
        ("a.b.c", "unknown"),
        ("%%%", "unknown"),
        ("=" * 50, "unknown"),
        ("\x00\ud800", "unknown"),
    ],
)  # fmt: skip
def test_given_whatever_people_copy_then_it_is_recognised(text: str, kind: str) -> None:
    assert recognise(text).kind == kind


def test_given_metadata_then_it_is_recognised_and_compared_with_the_connector(hub: Hub, office: Office) -> None:
    same = explained(hub, office.acme.idp.metadata(), **ACME)
    assert (same.kind, failures(same)) == ("metadata", [])
    changed = SmallIdp(office.acme.idp.entity_id, key_pair("new one"))
    changed.sso = office.acme.idp.sso
    other = explained(hub, changed.metadata(), **ACME)
    assert failures(other) == ["metadata.signing_certificates"]


def test_given_garbage_then_the_answer_helps(hub: Hub) -> None:
    found = explained(hub, "what is this?")
    assert found.title == "This is no message that we know"
    assert "cut short" in found.notes[0]


# --- judged -----------------------------------------------------------------------------------------------------------


def test_given_an_honest_answer_then_every_check_of_a_login_passes_and_rules_are_shown(hub: Hub, office: Office) -> None:
    found = explained(hub, answer(office), **ACME)
    assert failures(found) == []
    names = {step.name for step in found.steps}
    assert {"saml.assertion_signature", "saml.audience", "saml.subject", "tenant.email_domain"} <= names
    assert any(step.kind == "claims" for step in found.steps)
    assert found.verdict is None


@pytest.mark.parametrize(
    ("deviations", "failed"),
    [
        ({"audiences": (("https://elsewhere.example",),)}, ["saml.audience"]),
        ({"destination": "https://elsewhere.example"}, ["saml.destination", "saml.subject_confirmation"]),
        ({"issuer": "https://other.example", "response_issuer": "https://other.example"}, ["saml.response_issuer"]),
        ({"not_on_or_after": -3600, "confirmed_until": -3600}, ["saml.subject_confirmation"]),
        ({"sign": ()}, ["saml.signed"]),
        ({"with_assertion": False, "status": "urn:oasis:names:tc:SAML:2.0:status:Requester"}, ["saml.status"]),
        ({"attributes": {"email": ["eve@elsewhere.example"]}}, ["tenant.email_domain"]),
        ({"attributes": {"name": ["Ann"]}}, ["tenant.email"]),
        (
            {"audiences": (("https://elsewhere.example",),), "attributes": {"email": ["eve@elsewhere.example"]}},
            ["saml.audience", "tenant.email_domain"],
        ),
    ],
    ids=lambda value: str(value)[:50],
)  # fmt: skip
def test_given_a_message_with_faults_then_all_of_them_are_found_not_only_the_first(
    hub: Hub, office: Office, deviations: dict[str, Any], failed: list[str]
) -> None:
    deviations = dict(deviations)
    issuer = deviations.pop("issuer", None)
    if issuer:
        idp = SmallIdp(issuer, office.acme.idp.key)
        honest = office.acme.idp
        office.acme.idp = idp
        found = explained(hub, answer(office, **{k: v for k, v in deviations.items() if k != "response_issuer"}), **ACME)
        office.acme.idp = honest
    else:
        found = explained(hub, answer(office, **deviations), **ACME)
    assert failures(found) == failed


def test_given_another_certificate_then_that_is_the_verdict_and_the_rest_is_checked_all_the_same(hub: Hub, office: Office) -> None:
    thief = SmallIdp(office.acme.idp.entity_id, key_pair("another"))
    found = explained(hub, answer(office, thief, audiences=(("x",),)), **ACME)
    assert failures(found) == ["saml.assertion_signature", "saml.audience"]
    assert found.verdict is not None
    assert "certificate" in found.verdict.cause
    assert "certificate" in found.verdict.received


def test_given_a_message_that_was_changed_then_it_is_told_apart_from_another_certificate(hub: Hub, office: Office) -> None:
    changed = answer(office).replace(b"ann@acme.example", b"eve@acme.example")
    found = explained(hub, changed, **ACME)
    assert failures(found) == ["saml.assertion_signature"]
    assert found.verdict is not None
    assert "was changed" in found.verdict.cause


def test_given_an_old_message_then_time_is_not_the_verdict(hub: Hub, office: Office) -> None:
    text = answer(office)
    hub.clock.forward(days=3)
    found = explained(hub, text, **ACME)
    assert failures(found) == ["saml.subject_confirmation"]
    assert any("older" in note for note in found.notes)


def test_given_an_encrypted_assertion_then_it_is_decrypted_only_to_check_it(hub: Hub, office: Office) -> None:
    certificate = hub.built.keyring.published(KeyUse.SAML_ENCRYPTION)[0].certificate_pem
    found = explained(hub, answer(office, sign=("assertion", "response"), encrypt_for=certificate), **ACME, reveal=True)
    assert failures(found) == []
    assert any("decrypted" in note for note in found.notes)
    assert "ann@acme.example" not in found.text


def test_given_a_request_of_an_application_then_it_is_checked_against_it(hub: Hub, office: Office) -> None:
    text = etree.tostring(office.app.request(Destination=f"{PUBLIC_URL}/saml/sso")).decode()
    assert failures(explained(hub, text, application="wiki")) == []
    wrong = etree.tostring(office.app.request(AssertionConsumerServiceURL="https://elsewhere.example/acs")).decode()
    assert failures(explained(hub, wrong, application="wiki")) == ["saml.acs"]
    by_address = office.app.login_url(Destination=f"{PUBLIC_URL}/t/acme/saml/sso")
    assert failures(explained(hub, by_address, application="wiki")) == []


def test_given_an_openid_request_of_an_application_then_everything_that_is_wrong_with_it_is_said(hub: Hub, office: Office) -> None:
    mail, other = hub.oidc_app(), hub.oidc_app("other")
    honest = explained(hub, mail.login_url(login_hint="ann@acme.example"), application="mail")
    assert (honest.kind, failures(honest), honest.verdict) == ("authorization_request", [], None)
    assert "ann@acme.example" not in honest.text
    assert f"redirect_uri = {mail.redirect_uri}" in honest.text
    assert failures(explained(hub, mail.login_url(tenant="acme"), application="mail")) == []
    assert failures(explained(hub, mail.login_url().partition("?")[2], application="mail")) == [], "the query alone"

    for text, wrong in (
        (mail.login_url(redirect_uri=f"{mail.redirect_uri}/"), ["oidc.redirect_uri"]),
        (mail.login_url(scope="email"), ["oidc.request"]),
        (mail.login_url(response_type="token"), ["oidc.request"]),
        (mail.login_url(client_id="nobody"), ["oidc.client"]),
        (other.login_url(), ["oidc.client"]),
        (mail.login_url().replace("/oauth2/authorize", "/authorize"), ["oidc.endpoint"]),
        (mail.login_url().replace("localhost:8080", "login.example"), ["oidc.endpoint"]),
    ):
        found = explained(hub, text, application="mail")
        assert failures(found) == wrong, text
        assert found.verdict is not None
        assert found.verdict.act == "application_owner"
    assert hub.count("traces") == 0
    assert hub.count("transients") == 0


def test_given_a_request_against_an_application_of_the_other_protocol_then_it_says_so(hub: Hub, office: Office) -> None:
    mail = hub.oidc_app()
    for text, application in ((mail.login_url(), "wiki"), (office.app.login_url(), "mail")):
        found = explained(hub, text, application=application)
        assert found.steps == ()
        assert "Only sign-in requests in the application’s own protocol are checked against it." in found.notes


@pytest.fixture
def globex(hub: Hub) -> OidcSide:
    hub.tenant("globex", "globex.example")
    side = hub.oidc_op("globex")
    side.op.person["email"] = "ada@globex.example"
    return side


GLOBEX = {"tenant_slug": "globex", "connector": "op"}


def token(side: OidcSide) -> str:
    """As the provider would send it for a sign-in that never was."""
    return side.op.id_token({"nonce": "n"}, "an access token")


def test_given_an_honest_id_token_then_every_check_passes_but_the_one_that_needs_the_access_token(hub: Hub, globex: OidcSide) -> None:
    found = explained(hub, token(globex), **GLOBEX)
    assert failures(found) == []
    assert {"oidc.signature", "oidc.audience", "oidc.nonce"} <= {step.name for step in found.steps}
    assert any("here nobody is asked" in note for note in found.notes), "the address comes from userinfo"
    assert any(step.name == "at_hash" and "not checked" in step.detail for step in found.steps)


def test_given_an_old_token_of_another_client_then_both_faults_are_found(hub: Hub, globex: OidcSide) -> None:
    globex.op.deviation.claims = lambda claims: {**claims, "aud": "somebody else", "email": "ada@globex.example"}
    text = token(globex)
    hub.clock.forward(days=1)
    found = explained(hub, text, **GLOBEX)
    assert failures(found) == ["oidc.audience", "oidc.expiry"]
    assert found.verdict is not None
    assert found.verdict.check == "oidc.audience"
    assert "somebody else" in found.verdict.received


def test_given_a_forged_token_then_nobody_asks_the_provider(hub: Hub, globex: OidcSide) -> None:
    before = globex.op.count("/jwks")
    assert failures(explained(hub, f"{HEADER}.{CLAIMS}.c2ln", **GLOBEX)) == ["oidc.signature"]
    assert globex.op.count("/jwks") == before


def test_given_a_token_against_a_saml_connector_then_it_says_that_they_do_not_belong_together(hub: Hub, office: Office) -> None:
    found = explained(hub, f"{HEADER}.{CLAIMS}.c2ln", **ACME)
    assert found.notes == ("This kind of message does not belong to a connection of this kind.",)


def test_given_a_sign_out_request_then_sender_signature_and_time_are_checked(hub: Hub, office: Office) -> None:
    idp, now = office.acme.idp, hub.clock.now()
    root = etree.fromstring(
        f'<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
        f' ID="_l1" Version="2.0" IssueInstant="{now:%Y-%m-%dT%H:%M:%SZ}"><saml:Issuer>{idp.entity_id}</saml:Issuer>'
        f"<saml:NameID>someone</saml:NameID></samlp:LogoutRequest>"
    )
    assert failures(explained(hub, etree.tostring(root), **ACME)) == ["saml.signed"]
    sign(root, idp.key)
    assert failures(explained(hub, etree.tostring(root), **ACME)) == []
    root.set("NotOnOrAfter", "2020-01-01T00:00:00Z")
    assert failures(explained(hub, etree.tostring(root), **ACME)) == ["saml.response_signature", "saml.conditions"]


# --- private ----------------------------------------------------------------------------------------------------------

MARKER = "zz-marker-of-a-person"


@pytest.mark.parametrize("face", ["operation", "console"])
def test_given_a_message_then_nothing_of_it_is_stored_or_logged(
    hub: Hub, office: Office, caplog: pytest.LogCaptureFixture, face: str
) -> None:
    caplog.set_level(logging.DEBUG)
    text = answer(office, attributes={"email": [f"{MARKER}@acme.example"]}, name_id=MARKER).decode()
    if face == "operation":
        assert MARKER in explained(hub, text, **ACME, reveal=True).text
    else:
        page = desk(hub, Role.SUPPORT).submit("/console/explain", "/explain", text=text, tenant="acme", connector="idp", reveal="yes")
        assert MARKER in page.get_data(as_text=True)
    stored = everything_stored(hub)
    for part in (MARKER, base64.b64encode(text.encode()).decode()[:60], text[:80]):
        assert part.encode() not in stored
        assert part not in caplog.text


def test_given_the_switch_is_off_then_private_parts_are_masked_and_with_it_they_are_not(hub: Hub, office: Office) -> None:
    text = answer(office, name_id=MARKER)
    assert MARKER not in explained(hub, text).text
    assert MARKER in explained(hub, text, reveal=True).text
    private = base64.urlsafe_b64encode(f'{{"sub":"{MARKER}"}}'.encode()).decode().rstrip("=")
    token = f"{HEADER}.{private}.c2ln"
    assert MARKER not in explained(hub, token).text
    assert MARKER in explained(hub, token, reveal=True).text


def test_given_a_tenants_own_people_then_only_their_own_connectors_can_be_asked(hub: Hub, office: Office) -> None:
    theirs = Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"])
    assert failures(explained(hub, answer(office), theirs, connector="idp")) == []
    with pytest.raises(UnknownObject):
        explained(hub, answer(office), theirs, tenant_slug="globex", connector="idp")
    with pytest.raises(UnknownObject):
        explained(hub, answer(office), theirs, connector=office.globex.connector_id)
    with pytest.raises(UnknownObject):
        explained(hub, answer(office), theirs, application="wiki")


def test_given_a_message_then_it_signs_nobody_in(hub: Hub, office: Office) -> None:
    before = {table: hub.count(table) for table in ("identities", "sessions", "traces", "audit", "transients")}
    explained(hub, answer(office), **ACME)
    assert {table: hub.count(table) for table in before} == before


def test_given_too_much_text_then_it_is_refused(hub: Hub) -> None:
    with pytest.raises(InvalidSettings):
        explained(hub, "a" * 1_600_000)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_given_the_page_when_nothing_is_pasted_then_it_says_so_at_the_field_and_keeps_the_rest(hub: Hub) -> None:
    response = desk(hub, Role.SUPPORT).submit("/console/explain", "/explain", text=" ", tenant="acme")
    assert response.status_code == 400
    page = response.get_data(as_text=True)
    assert "Paste a message first." in page
    assert 'value="acme"' in page


def test_given_markup_in_a_message_then_it_is_shown_as_text(hub: Hub) -> None:
    page = desk(hub, Role.SUPPORT).submit("/console/explain", "/explain", text="<script>alert(1)</script>").get_data(as_text=True)
    assert "<script>alert" not in page
    assert pages.heading(page) == "Explain a message"


def test_given_a_connectors_page_then_it_leads_to_explaining_what_that_connector_sent(hub: Hub) -> None:
    hub.tenant("lead", "lead.example")
    hub.saml_idp("lead", "corp")
    mine = desk(hub)

    page = mine.page("/console/tenants/lead/connectors/corp")
    form = pages.form_to(mine.page("/console/explain?tenant=lead&connector=corp"), "/explain")

    assert 'href="/console/explain?tenant=lead&amp;connector=corp"' in page
    assert (form.fields["tenant"], form.fields["connector"]) == ("lead", "corp")


def test_given_an_error_code_that_there_is_not_then_all_of_them_are_listed(hub: Hub) -> None:
    answer = hub.browser().open("/console/errors/mArKer7f3")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "There is no error with this code." in page
    assert "/console/errors/foreign_email" in page
    assert "mArKer7f3" not in page
