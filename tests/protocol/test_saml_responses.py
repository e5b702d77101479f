"""Responses to applications: what is signed, what is encrypted, names of attributes; read with the application's own means."""

from __future__ import annotations

import base64

import pytest
import xmlsec
from lxml import etree
from werkzeug.test import TestResponse

from broker.domain import claims as c
from tests.support.hub import Hub
from tests.support.partners import SamlApp, form_of
from tests.support.saml_idp import DS, SAML, SAMLP, key_pair

KEY = key_pair("app-encryption")
ATTRIBUTES = {"email": ["ann@acme.example"], "given_name": ["Ann"], "groups": ["staff", "<b>&\"'", "日本語 😀"]}


def signed_parts(root: etree._Element) -> set[str]:
    return {
        name
        for name, element in (("response", root), ("assertion", root.find(f"{{{SAML}}}Assertion")))
        if element is not None and element.find(f"{{{DS}}}Signature") is not None
    }


def sign_in(hub: Hub, app: SamlApp, **deviations: object) -> TestResponse:
    hub.tenant("acme", "acme.example")
    idp, browser = hub.saml_idp("acme"), hub.browser()
    return idp.authenticate(browser, browser.open(app.login_url()), attributes=ATTRIBUTES, **deviations)


def document(response: TestResponse) -> etree._Element:
    return etree.fromstring(base64.b64decode(form_of(response)[1]["SAMLResponse"]))


@pytest.mark.parametrize(
    ("sign", "parts"),
    [(None, {"assertion"}), ("assertion", {"assertion"}), ("response", {"response"}), ("both", {"response", "assertion"})],
)
def test_what_is_signed_is_the_application_s_choice(hub: Hub, sign: str | None, parts: set[str]) -> None:
    app = hub.saml_app(settings={} if sign is None else {"sign": sign})

    learned = app.learn(sign_in(hub, app))  # verifies every signature there is

    assert signed_parts(learned.raw) == parts


def test_signatures_are_rsa_with_sha256_and_exclusive_canonicalisation(hub: Hub) -> None:
    app = hub.saml_app(settings={"sign": "both"})
    root = document(sign_in(hub, app))

    algorithms = {element.get("Algorithm") for element in root.iter() if isinstance(element.tag, str) and element.tag.startswith(f"{{{DS}}}") and element.get("Algorithm")}
    assert algorithms == {
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    }
    for signature in root.iter(f"{{{DS}}}Signature"):
        (reference,) = signature.iter(f"{{{DS}}}Reference")
        assert reference.get("URI") == f"#{signature.getparent().get('ID')}"


def test_every_answer_has_ids_of_its_own(hub: Hub) -> None:
    app = hub.saml_app()
    browser = hub.browser()
    hub.tenant("acme", "acme.example")
    app.sign_in(browser, hub.saml_idp("acme"))

    ids = [app.learn(browser.open(app.login_url())).raw.xpath("//@ID") for _ in range(3)]

    assert len({each for found in ids for each in found}) == sum(len(found) for found in ids)


# --- encryption -------------------------------------------------------------------------------------------------------


def decrypted(root: etree._Element) -> etree._Element:
    (encrypted,) = root.iter("{http://www.w3.org/2001/04/xmlenc#}EncryptedData")
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(KEY.private_pem, xmlsec.constants.KeyDataFormatPem))
    return xmlsec.EncryptionContext(manager).decrypt(encrypted)


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_an_encrypted_assertion_is_readable_for_the_application_alone(hub: Hub, sign: str) -> None:
    app = hub.saml_app(settings={"encrypt_assertions": True, "encryption_certificate": KEY.certificate_pem, "sign": sign})
    answer = sign_in(hub, app)
    root = document(answer)

    assert "ann@acme.example" not in etree.tostring(root).decode()
    assert root.find(f"{{{SAML}}}Assertion") is None
    if sign in {"response", "both"}:
        app._verify(document(answer))  # over the encrypted form, as it arrived
    assertion = decrypted(root)
    assert assertion.tag == f"{{{SAML}}}Assertion"
    assert (assertion.find(f"{{{DS}}}Signature") is not None) == (sign in {"assertion", "both"})
    if sign in {"assertion", "both"}:
        app._verify(etree.fromstring(etree.tostring(assertion)))
    values = [value.text for value in assertion.iter(f"{{{SAML}}}AttributeValue")]
    assert "ann@acme.example" in values
    assert "日本語 😀" in values


def test_encryption_is_authenticated_and_its_key_is_wrapped_with_oaep(hub: Hub) -> None:
    app = hub.saml_app(settings={"encrypt_assertions": True, "encryption_certificate": KEY.certificate_pem})
    methods = [each.get("Algorithm", "") for each in document(sign_in(hub, app)).iter("{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod")]

    assert any(method.endswith("-gcm") for method in methods)
    assert any("rsa-oaep" in method for method in methods)


# --- attributes -------------------------------------------------------------------------------------------------------

NAMES = [
    ("uri", c.EMAIL, c.GIVEN_NAME, c.GROUP),
    ("short", "email", "given_name", "groups"),
    ("oid", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.42", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"),
]


@pytest.mark.parametrize(("style", "email", "given_name", "groups"), NAMES, ids=[row[0] for row in NAMES])
def test_names_of_attributes_are_the_application_s_choice(hub: Hub, style: str, email: str, given_name: str, groups: str) -> None:
    app = hub.saml_app(settings={"attribute_names": style})

    claims = app.learn(sign_in(hub, app)).claims

    assert claims[email] == ["ann@acme.example"]
    assert claims[given_name] == ["Ann"]
    assert claims[groups] == ATTRIBUTES["groups"], "values arrive as they were, in their order"


# --- the rest of the assertion ----------------------------------------------------------------------------------------


def test_the_assertion_is_for_this_application_for_a_few_minutes(hub: Hub) -> None:
    app = hub.saml_app()
    root = app.learn(sign_in(hub, app)).raw
    (assertion,) = root.iter(f"{{{SAML}}}Assertion")
    conditions = assertion.find(f"{{{SAML}}}Conditions")
    statement = assertion.find(f"{{{SAML}}}AuthnStatement")

    now = hub.clock.now().strftime("%Y-%m-%dT%H:%M")
    assert conditions.get("NotBefore") <= hub.clock.now().isoformat() < conditions.get("NotOnOrAfter")
    assert conditions.get("NotOnOrAfter") < "2026-03-02T09:31"
    assert root.get("IssueInstant", "").startswith(now)
    assert statement.get("SessionIndex")
    assert statement.get("SessionNotOnOrAfter") > conditions.get("NotOnOrAfter")
    assert statement.findtext(f".//{{{SAML}}}AuthnContextClassRef") == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


def test_a_refusal_is_signed_and_carries_no_assertion(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    hub.saml_idp("acme")
    hub.saml_idp("other")
    app = hub.saml_app()

    root = document(hub.browser().open(app.login_url(IsPassive="true")))

    app._verify(root)
    assert root.find(f"{{{SAML}}}Assertion") is None
    assert root.find(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusMessage") is not None
