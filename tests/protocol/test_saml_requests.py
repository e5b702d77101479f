"""AuthnRequests of applications: both bindings, where the answer may go, and what is refused with a page and no redirect."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from tests.protocol import saml
from tests.support import pages
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.partners import SamlApp, SamlSide, form_of
from tests.support.saml_idp import SAML, SAMLP

POST_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@pytest.fixture
def acme(hub: Hub) -> tuple[SamlApp, SamlSide]:
    hub.tenant("acme", "acme.example")
    urls = ["https://wiki.example/acs", "https://wiki.example/acs2?x=1&y=2"]
    return hub.saml_app("wiki", settings={"acs_urls": urls, "acs_indexes": [3, 7]}), hub.saml_idp("acme")


def refused(hub: Hub, response: TestResponse, check: str | None = None) -> None:
    """A page with a reference code; nobody is sent anywhere."""
    assert 400 <= response.status_code < 500
    assert "Location" not in response.headers
    assert "SAMLResponse" not in response.get_data(as_text=True)
    view = hub.trace(pages.reference_code(response.get_data()))
    failed = [event.name for event in view.events if event.passed is False]
    assert check is None or failed[-1:] == [check], (failed, view.verdict)


# --- bindings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("relay_state", [None, "", "app-state", "https://wiki.example/deep?a=1&b=\"<é>'", "x" * 4000])
def test_both_bindings_and_any_relay_state(
    hub: Hub, acme: tuple[SamlApp, SamlSide], binding: str, tenant: str | None, relay_state: str | None
) -> None:
    app, idp = acme
    browser = hub.browser()
    if binding == "redirect":
        asked = browser.open(app.login_url(relay_state=relay_state, tenant=tenant))
    else:
        asked = saml.by_post(browser, app.request(), relay_state=relay_state, tenant=tenant)

    answer = idp.authenticate(browser, asked)

    learned = app.learn(answer)
    assert learned.status == "success"
    assert form_of(answer)[1].get("RelayState") == relay_state
    issuer = learned.raw.findtext(f"{{{SAML}}}Issuer")
    assert issuer == f"{PUBLIC_URL}{'/t/acme' if tenant else ''}/saml/metadata", "the answer names the endpoint that was asked"


def test_the_relay_state_stands_escaped_on_the_page(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()

    page = idp.authenticate(browser, browser.open(app.login_url(relay_state='"><script>alert(1)</script>'))).get_data(as_text=True)

    assert "<script>alert" not in page
    assert 'value="&#34;&gt;&lt;script&gt;' in page or "&quot;&gt;&lt;script&gt;" in page


def test_the_answer_answers_this_request(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    asked = browser.open(app.login_url(ID="_my-own-request-id"))

    root = app.learn(idp.authenticate(browser, asked)).raw

    assert root.get("InResponseTo") == "_my-own-request-id"
    assert root.get("Destination") == app.acs
    data = root.find(f".//{{{SAML}}}SubjectConfirmationData")
    assert (data.get("InResponseTo"), data.get("Recipient")) == ("_my-own-request-id", app.acs)
    assert [each.text for each in root.iter(f"{{{SAML}}}Audience")] == [app.entity_id]


# --- where the answer may go ------------------------------------------------------------------------------------------

SECOND = "https://wiki.example/acs2?x=1&y=2"
ACS = [
    ("the default without a wish", {}, "https://wiki.example/acs"),
    ("the first by address", {"AssertionConsumerServiceURL": "https://wiki.example/acs"}, "https://wiki.example/acs"),
    ("the second by address", {"AssertionConsumerServiceURL": SECOND}, SECOND),
    ("the first by index", {"AssertionConsumerServiceIndex": "3"}, "https://wiki.example/acs"),
    ("the second by index", {"AssertionConsumerServiceIndex": "7"}, SECOND),
    ("POST asked for by name", {"ProtocolBinding": POST_BINDING}, "https://wiki.example/acs"),
]


@pytest.mark.parametrize(("wish", "goes_to"), [row[1:] for row in ACS], ids=[row[0] for row in ACS])
def test_a_registered_address_is_answered(
    hub: Hub, acme: tuple[SamlApp, SamlSide], wish: dict[str, str], goes_to: str
) -> None:
    app, idp = acme
    browser = hub.browser()

    answer = idp.authenticate(browser, browser.open(app.login_url(**wish)))

    assert form_of(answer)[0] == goes_to


NOT_REGISTERED = [
    "https://evil.example/acs",
    "https://wiki.example/acs/",
    "https://wiki.example/acs?x",
    "https://wiki.example/ACS",
    "https://wiki.example:443/acs",
    "https://WIKI.example/acs",
    "http://wiki.example/acs",
    "https://wiki.example/acs#",
    "https://wiki.example/acs\t",
    "https://wiki.example@evil.example/acs",
    "https://wiki.example/acs2",
    "https://wiki.example/acs2?y=2&x=1",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("url", NOT_REGISTERED)
def test_any_other_address_is_a_page(hub: Hub, acme: tuple[SamlApp, SamlSide], url: str, binding: str) -> None:
    app, _ = acme
    root = app.request(AssertionConsumerServiceURL=url)
    browser = hub.browser()

    response = browser.open(app.login_url(root=root)) if binding == "redirect" else saml.by_post(browser, root)

    refused(hub, response, "saml.acs")
    assert not url or url not in response.get_data(as_text=True)


@pytest.mark.parametrize("index", ["0", "1", "65535"])
def test_an_unregistered_index_is_a_page(hub: Hub, acme: tuple[SamlApp, SamlSide], index: str) -> None:
    refused(hub, hub.browser().open(acme[0].login_url(AssertionConsumerServiceIndex=index)), "saml.acs")


@pytest.mark.parametrize("index", ["-1", "65536", "x", "", "１", "3 "])
def test_what_is_no_index_is_a_page(hub: Hub, acme: tuple[SamlApp, SamlSide], index: str) -> None:
    refused(hub, hub.browser().open(acme[0].login_url(AssertionConsumerServiceIndex=index)))


def test_an_error_goes_to_the_registered_address_only(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    """IsPassive fails at once: to the address that was asked for when it is registered, to nobody otherwise."""
    app, _ = acme
    hub.tenant("other", "other.example")
    hub.saml_idp("other")

    told = hub.browser().open(app.login_url(IsPassive="true", AssertionConsumerServiceURL=SECOND))
    not_told = hub.browser().open(app.login_url(IsPassive="true", AssertionConsumerServiceURL="https://evil.example/acs"))

    assert form_of(told)[0] == SECOND
    refused(hub, not_told, "saml.acs")


# --- who asks, and how ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("issuer", ["https://nobody.example", "https://wiki.example/metadata/", "https://WIKI.example/metadata", "wiki", "x" * 1025, ""])
def test_an_unknown_application_is_a_page(hub: Hub, acme: tuple[SamlApp, SamlSide], issuer: str) -> None:
    app, _ = acme
    app.entity_id = issuer

    response = hub.browser().open(app.login_url())

    refused(hub, response)
    assert not issuer or len(issuer) < 10 or issuer not in response.get_data(as_text=True)


def test_an_application_that_is_switched_off_begins_nothing(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app(enabled=False)

    response = hub.browser().open(app.login_url())

    assert not response.headers.get("Location", "").startswith(idp.idp.sso)
    assert hub.count("sessions") == 0


Change = Callable[[etree._Element], Any]
MALFORMED: list[tuple[str, Change, str | None]] = [
    ("another Destination", lambda root: root.set("Destination", "https://evil.example/saml/sso"), "saml.destination"),
    ("the tenant's Destination at the common address", lambda root: root.set("Destination", saml.address("acme")), "saml.destination"),
    ("an empty Destination", lambda root: root.set("Destination", ""), "saml.destination"),
    ("SAML 1.1", lambda root: root.set("Version", "1.1"), None),
    ("no ID", lambda root: root.attrib.pop("ID"), None),
    ("an endless ID", lambda root: root.set("ID", "_" + "x" * 300), None),
    ("no IssueInstant", lambda root: root.attrib.pop("IssueInstant"), None),
    ("no time", lambda root: root.set("IssueInstant", "yesterday"), None),
    ("a LogoutRequest", lambda root: setattr(root, "tag", f"{{{SAMLP}}}LogoutRequest"), None),
    ("a Response", lambda root: setattr(root, "tag", f"{{{SAMLP}}}Response"), None),
    ("two Issuers", lambda root: etree.SubElement(root, f"{{{SAML}}}Issuer").__setattr__("text", "https://evil.example"), None),
    ("no Issuer", lambda root: root.remove(root[0]), None),
    ("ForceAuthn of neither kind", lambda root: root.set("ForceAuthn", "maybe"), None),
    ("IsPassive of neither kind", lambda root: root.set("IsPassive", "2"), None),
    ("an index beside an address", lambda root: root.attrib.update({"AssertionConsumerServiceIndex": "3", "AssertionConsumerServiceURL": "https://wiki.example/acs"}), None),
    ("two NameIDPolicies", lambda root: [etree.SubElement(root, f"{{{SAMLP}}}NameIDPolicy") for _ in "ab"], None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "check"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_a_malformed_request_is_a_page(
    hub: Hub, acme: tuple[SamlApp, SamlSide], change: Change, check: str | None, binding: str
) -> None:
    app, _ = acme
    root = app.request()
    change(root)
    browser = hub.browser()

    response = browser.open(app.login_url(root=root)) if binding == "redirect" else saml.by_post(browser, root)

    refused(hub, response, check)


@pytest.mark.parametrize("destination", [None, "own"])
@pytest.mark.parametrize("tenant", [None, "acme"])
def test_our_own_destination_or_none_is_right(hub: Hub, acme: tuple[SamlApp, SamlSide], tenant: str | None, destination: str | None) -> None:
    app, _ = acme
    wish = None if destination is None else saml.address(tenant)

    assert hub.browser().open(app.login_url(tenant=tenant, Destination=wish)).status_code == 302


@pytest.mark.parametrize("binding", ["HTTP-Artifact", "HTTP-Redirect", "PAOS", "SOAP", "nonsense"])
def test_another_binding_for_the_answer_is_an_error_that_the_application_hears(
    hub: Hub, acme: tuple[SamlApp, SamlSide], binding: str
) -> None:
    app, _ = acme
    wish = POST_BINDING.replace("HTTP-POST", binding)

    learned = app.learn(hub.browser().open(app.login_url(ProtocolBinding=wish)))

    assert learned.status == "RequestUnsupported"
    assert learned.raw.find(f"{{{SAML}}}Assertion") is None


@pytest.mark.parametrize("issued", ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2026-03-02T09:00:00.1234567Z"])
def test_the_clock_of_an_application_may_be_wrong(hub: Hub, acme: tuple[SamlApp, SamlSide], issued: str) -> None:
    """An AuthnRequest grants nothing, so its age is no reason to refuse."""
    assert hub.browser().open(acme[0].login_url(IssueInstant=issued)).status_code == 302


def test_a_posted_request_may_have_line_breaks_in_its_base64(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, _ = acme
    encoded = base64.encodebytes(etree.tostring(app.request())).decode()

    assert hub.browser().post(saml.address(), {"SAMLRequest": encoded}).status_code == 302
