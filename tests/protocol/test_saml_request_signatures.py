"""Signed AuthnRequests: where they are required, what counts as signed, and that nothing outside the signature is believed."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from tests.protocol import saml
from tests.support import pages
from tests.support.hub import Hub
from tests.support.partners import SamlApp, SamlSide, form_of
from tests.support.saml_idp import SAML, KeyPair, key_pair

Strict = tuple[SamlApp, SamlSide]
OWN, NEXT, STRANGER, CURVE = key_pair("app"), key_pair("app-next"), key_pair("stranger"), key_pair("app-curve", kind="p256")


@pytest.fixture
def strict(hub: Hub) -> Strict:
    """An application whose requests must be signed, with three keys during a rollover."""
    hub.tenant("acme", "acme.example")
    certificates = [OWN.certificate_pem, NEXT.certificate_pem, CURVE.certificate_pem]
    app = hub.saml_app("wiki", settings={"require_signed_requests": True, "signing_certificates": certificates})
    return app, hub.saml_idp("acme")


def refused(hub: Hub, response: TestResponse, check: str = "saml.request_signature") -> None:
    assert response.status_code == 400, response.status_code
    assert "Location" not in response.headers
    view = hub.trace(pages.reference_code(response.get_data()))
    assert view.error_code == "invalid_request_signature" or check != "saml.request_signature"
    assert check in [event.name for event in view.events if event.passed is False]


# --- what is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("relay_state", [None, "", "app state+%&=ü"])
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(OWN, saml.RSA_SHA256), (NEXT, saml.RSA_SHA256), (OWN, f"{saml.MORE}rsa-sha512"), (CURVE, saml.ECDSA_SHA256)],
    ids=["RSA", "the next key", "SHA-512", "ECDSA"],
)
def test_a_signed_query(
    hub: Hub, strict: Strict, key: KeyPair, algorithm: str, relay_state: str | None, tenant: str | None
) -> None:
    app, idp = strict
    browser = hub.browser()

    asked = browser.open(saml.signed_url(app.request(), key, relay_state=relay_state, algorithm=algorithm, tenant=tenant))

    answer = idp.authenticate(browser, asked)
    assert app.learn(answer).status == "success"
    assert form_of(answer)[1].get("RelayState") == relay_state


def test_the_query_is_verified_as_it_was_written(hub: Hub, strict: Strict) -> None:
    app, _ = strict
    url = saml.signed_url(app.request(), OWN, quoting=saml.quoted_in_lower_case)

    assert hub.browser().open(url).status_code == 302


@pytest.mark.parametrize("key", [OWN, NEXT], ids=["RSA", "the next key"])
def test_a_posted_request_with_a_signature_inside(hub: Hub, strict: Strict, key: KeyPair) -> None:
    app, idp = strict
    browser = hub.browser()

    asked = saml.by_post(browser, saml.signed(app.request(), key))

    assert app.learn(idp.authenticate(browser, asked)).status == "success"


def test_more_parameters_beside_the_signed_ones_are_ignored(hub: Hub, strict: Strict) -> None:
    app, _ = strict

    assert hub.browser().open(saml.signed_url(app.request(), OWN) + "&utm_source=mail").status_code == 302


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_no_signature(hub: Hub, strict: Strict, binding: str) -> None:
    app, _ = strict
    browser = hub.browser()

    refused(hub, browser.open(app.login_url()) if binding == "redirect" else saml.by_post(browser, app.request()))


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_a_stranger_s_signature(hub: Hub, strict: Strict, binding: str) -> None:
    """Its certificate in KeyInfo changes nothing: keys come from registration."""
    app, _ = strict
    browser = hub.browser()
    if binding == "redirect":
        response = browser.open(saml.signed_url(app.request(), STRANGER))
    else:
        response = saml.by_post(browser, saml.signed(app.request(), STRANGER))

    refused(hub, response)


def test_sha1(hub: Hub, strict: Strict) -> None:
    app, _ = strict
    browser = hub.browser()

    refused(hub, browser.open(saml.signed_url(app.request(), OWN, algorithm=saml.RSA_SHA1)))
    refused(hub, saml.by_post(browser, saml.signed(app.request(), OWN, "RsaSha1", "Sha1")))
    refused(hub, saml.by_post(browser, saml.signed(app.request(), OWN, "RsaSha256", "Sha1")))


def changed(url: str, **values: str | None) -> str:
    """The same query with parameters replaced, left out (None) or put first."""
    pairs = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    pairs.update({name: value for name, value in values.items() if value is not None})
    kept = {name: value for name, value in pairs.items() if values.get(name, "") is not None}
    return f"{url.partition('?')[0]}?{urlencode(kept)}"


def test_stripped(hub: Hub, strict: Strict) -> None:
    app, _ = strict
    browser, url = hub.browser(), saml.signed_url(app.request(), OWN)

    refused(hub, browser.open(changed(url, Signature=None, SigAlg=None)))
    for name in ("Signature", "SigAlg"):
        assert browser.open(changed(url, **{name: None})).status_code == 400
    root = saml.signed(app.request(), OWN)
    root.remove(root.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
    refused(hub, saml.by_post(browser, root))


def test_swapped_parts(hub: Hub, strict: Strict) -> None:
    """The RelayState of another request, another request under this signature, another algorithm, a part left out."""
    app, _ = strict
    url = saml.signed_url(app.request(), OWN, relay_state="mine")

    for name, change in {
        "RelayState swapped": {"RelayState": "theirs"},
        "RelayState stripped": {"RelayState": None},
        "request swapped": {"SAMLRequest": saml.deflated(app.request(ForceAuthn="true"))},
        "algorithm swapped": {"SigAlg": f"{saml.MORE}rsa-sha512"},
        "algorithm none": {"SigAlg": "none"},
        "signature of something else": {"Signature": dict(parse_qsl(urlsplit(saml.signed_url(app.request(), OWN)).query))["Signature"]},
        "signature empty": {"Signature": ""},
    }.items():
        response = hub.browser().open(changed(url, **change))
        assert response.status_code == 400, name
        assert "Location" not in response.headers, name
    bare = saml.signed_url(app.request(), OWN, relay_state=None)
    refused(hub, hub.browser().open(bare + "&RelayState=theirs"))


def test_a_second_reading_of_the_query_finds_nothing_else(hub: Hub, strict: Strict) -> None:
    """Duplicates, quoted names and other separators around a well signed request (CVE-2025-27773)."""
    app, _ = strict
    url, evil = saml.signed_url(app.request(), OWN), saml.deflated(app.request(AssertionConsumerServiceURL="https://evil.example"))

    for name, attempt in {
        "appended": f"{url}&{urlencode({'SAMLRequest': evil})}",
        "put first": url.replace("?", f"?{urlencode({'SAMLRequest': evil})}&"),
        "quoted name": url.replace("?", f"?SAML%52equest={urlencode({'': evil})[1:]}&"),
        "second RelayState": f"{url}&RelayState=x",
        "second SigAlg": f"{url}&SigAlg=x",
        "with a response": f"{url}&SAMLResponse=PHg+",
    }.items():
        response = hub.browser().open(attempt)
        assert response.status_code == 400, name


def test_nothing_outside_the_signed_element_is_believed(hub: Hub, strict: Strict) -> None:
    """The signed request is wrapped into another one that asks for something else (XML signature wrapping)."""
    app, _ = strict
    inner = saml.signed(app.request(), OWN)
    for where in ("extension", "sibling of the signature"):
        outer = app.request(AssertionConsumerServiceURL="https://evil.example/acs", ID=None)
        outer.set("ID", "_evil" if where == "extension" else str(inner.get("ID")))
        copy = etree.fromstring(etree.tostring(inner))
        signature = copy.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
        outer.insert(1, etree.fromstring(etree.tostring(signature)))
        etree.SubElement(outer, f"{{{SAML}}}Extensions").append(copy)

        response = saml.by_post(hub.browser(), outer)

        assert response.status_code == 400, where
        assert "Location" not in response.headers


@pytest.mark.parametrize("required", [False, True])
def test_a_wrong_signature_is_refused_even_where_none_is_required(hub: Hub, required: bool) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    app = hub.saml_app(settings={"require_signed_requests": required, "signing_certificates": [OWN.certificate_pem]})
    browser = hub.browser()

    refused(hub, browser.open(saml.signed_url(app.request(), STRANGER)))
    refused(hub, saml.by_post(browser, saml.signed(app.request(), STRANGER)))
    unsigned = browser.open(app.login_url())
    assert (unsigned.status_code == 302) is not required


def test_a_signed_request_of_an_application_without_certificates_is_an_unsigned_one(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")

    assert hub.browser().open(saml.signed_url(hub.saml_app().request(), STRANGER)).status_code == 302


def test_another_application_s_key_does_not_sign_for_this_one(hub: Hub, strict: Strict) -> None:
    app, _ = strict
    hub.saml_app("other", settings={"require_signed_requests": True, "signing_certificates": [STRANGER.certificate_pem]})

    refused(hub, hub.browser().open(saml.signed_url(app.request(), STRANGER)))
