"""Which identity provider signs this person in: every rule of home realm discovery, through HTTP, from one table."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from werkzeug.test import TestResponse

from broker.services.applications import SaveApplication
from broker.services.tenants import SaveDomain
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import OidcApp, SamlApp, SamlSide, form_of
from tests.support.saml_idp import SAML, SAMLP

REMEMBERED = "__Host-vestibule-home-realm"


class Two:
    """Two companies with an identity provider each, and applications that serve both."""

    def __init__(self, hub: Hub) -> None:
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        hub.built.tenants.save_domain(ME, SaveDomain(hub.tenants["globex"], "globexad"))
        self.hub = hub
        self.acme, self.globex = hub.saml_idp("acme"), hub.saml_idp("globex")
        self.globex.email = "grace@globex.example"
        self.mail: OidcApp = hub.oidc_app()
        self.wiki: SamlApp = hub.saml_app()


@pytest.fixture
def two(hub: Hub) -> Two:
    return Two(hub)


def sent_to(response: TestResponse, side: SamlSide) -> bool:
    return response.status_code == 302 and response.headers["Location"].startswith(side.idp.sso)


def asked(response: TestResponse) -> bool:
    """The page that asks for an address."""
    return response.status_code == 200 and 'name="email"' in response.get_data(as_text=True)


def rule_of(hub: Hub, side: SamlSide, browser: Browser, response: TestResponse, app: SamlApp | OidcApp) -> str:
    """The rule that the trace names, once the person has signed in."""
    app.learn(side.authenticate(browser, response))
    view = hub.built.traces.find(ME, side.email)[0]
    return next(event.detail for event in view.events if event.name == "home realm").partition(":")[0]


HINTS = [
    ("idp_hint", lambda two: two.globex.connector_id, "connector hint"),
    ("connector", lambda two: two.globex.connector_id, "connector hint"),
    ("domain_hint", lambda _two: "globex.example", "domain hint"),
    ("hd", lambda _two: "GLOBEX.example", "domain hint"),
    ("login_hint", lambda _two: "grace@globex.example", "login hint"),
    ("login_hint", lambda _two: r"GLOBEXAD\grace", "login hint"),
]


@pytest.mark.parametrize(("name", "value", "rule"), HINTS, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(HINTS)])
def test_a_hint_skips_the_page(hub: Hub, two: Two, name: str, value: Any, rule: str) -> None:
    browser = hub.browser()
    response = browser.open(two.mail.login_url(**{name: value(two)}))
    assert sent_to(response, two.globex)
    assert rule_of(hub, two.globex, browser, response, two.mail) == rule


@pytest.mark.parametrize("name", ["idp_hint", "domain_hint", "login_hint"])
def test_a_hint_at_nobody_we_know_asks(hub: Hub, two: Two, name: str) -> None:
    assert asked(hub.browser().open(two.mail.login_url(**{name: "nobody@nowhere.example"})))


def test_a_saml_application_hints_by_provider_list_and_by_subject(hub: Hub, two: Two) -> None:
    listed, named = two.wiki.request(), two.wiki.request()
    scoping = etree.SubElement(listed, f"{{{SAMLP}}}Scoping")
    entry = etree.SubElement(etree.SubElement(scoping, f"{{{SAMLP}}}IDPList"), f"{{{SAMLP}}}IDPEntry")
    entry.set("ProviderID", two.globex.idp.entity_id)
    subject = etree.SubElement(named, f"{{{SAML}}}Subject")
    etree.SubElement(subject, f"{{{SAML}}}NameID").text = "grace@globex.example"

    for root, rule in ((listed, "identity provider list"), (named, "login hint")):
        hub.clock.forward(seconds=1)  # the newest trace is looked at
        browser = hub.browser()
        response = browser.open(two.wiki.login_url(root=root))
        assert sent_to(response, two.globex)
        assert rule_of(hub, two.globex, browser, response, two.wiki) == rule


def test_a_typed_address_decides(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    page = browser.open(two.wiki.login_url())
    assert asked(page)
    response = browser.post(form_of(page)[0], {"email": " grace@GLOBEX.example "})
    assert sent_to(response, two.globex)
    assert rule_of(hub, two.globex, browser, response, two.wiki) == "typed address"


def remember(two: Two, browser: Browser) -> None:
    """Signs in at Globex with the box ticked."""
    page = browser.open(two.wiki.login_url())
    response = browser.post(form_of(page)[0], {"email": two.globex.email, "remember": "yes"})
    two.wiki.learn(two.globex.authenticate(browser, response))


def test_an_organisation_is_remembered_only_when_that_was_wished(hub: Hub, two: Two) -> None:
    forgetful, browser = hub.browser(), hub.browser()
    two.wiki.sign_in(forgetful, two.globex)
    remember(two, browser)

    assert asked(forgetful.open(two.wiki.login_url(ForceAuthn="true")))
    assert sent_to(browser.open(two.wiki.login_url(ForceAuthn="true")), two.globex)


def test_not_you_forgets_what_was_remembered(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    remember(two, browser)
    waiting = browser.open(two.wiki.login_url(ForceAuthn="true"))
    _, handle = two.globex.answer_to(waiting)

    assert asked(browser.open(f"/login/{handle}?other=yes"))
    assert browser.client.get_cookie(REMEMBERED, "localhost") is None


def test_choosing_an_account_does_not_use_what_was_remembered(hub: Hub, two: Two) -> None:
    browser = hub.browser()
    remember(two, browser)
    assert asked(browser.open(two.mail.login_url(prompt="select_account")))


@pytest.mark.parametrize("change", [lambda v: v[:-1] + ("0" if v[-1] != "0" else "1"), lambda v: v.partition(".")[0], lambda _v: "é.x"])
def test_a_forged_remembered_choice_counts_for_nothing(hub: Hub, two: Two, change: Any) -> None:
    browser = hub.browser()
    remember(two, browser)
    genuine = browser.client.get_cookie(REMEMBERED, "localhost")
    assert genuine is not None
    browser.client.set_cookie(REMEMBERED, change(genuine.value), domain="localhost", path="/", secure=True)
    assert asked(browser.open(two.wiki.login_url(ForceAuthn="true")))


def test_an_applications_default_comes_after_every_hint(hub: Hub, two: Two) -> None:
    pad = hub.saml_app("pad", default_connector_id=two.acme.connector_id)
    named = pad.request()
    etree.SubElement(etree.SubElement(named, f"{{{SAML}}}Subject"), f"{{{SAML}}}NameID").text = "grace@globex.example"

    assert sent_to(hub.browser().open(pad.login_url()), two.acme)
    assert sent_to(hub.browser().open(pad.login_url(root=named)), two.globex)


def test_an_application_sees_only_the_connectors_it_may(hub: Hub, two: Two) -> None:
    pad = hub.saml_app("pad", connector_ids=(two.acme.connector_id,))
    assert sent_to(hub.browser().open(pad.login_url()), two.acme), "one candidate left: go straight"

    both = (two.acme.connector_id, two.globex.connector_id)
    hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", {"entity_id": two.wiki.entity_id, "acs_urls": [two.wiki.acs]}, tenant_ids=None, connector_ids=both))
    browser = hub.browser()
    page = browser.open(two.wiki.login_url())
    assert two.acme.connector_id in page.text
    assert two.globex.connector_id in page.text
    response = browser.post(form_of(page)[0], {"connector": two.globex.connector_id})
    assert rule_of(hub, two.globex, browser, response, two.wiki) == "chooser"


def test_a_connector_that_was_not_offered_cannot_be_chosen(hub: Hub, two: Two) -> None:
    pad = hub.saml_app("pad", tenant_ids=(hub.tenants["acme"],))
    hub.saml_idp("acme", "second")
    browser = hub.browser()
    page = browser.open(pad.login_url())
    assert two.globex.connector_id not in page.text
    refused = browser.post(form_of(page)[0], {"connector": two.globex.connector_id})
    assert refused.status_code == 400
    assert "We cannot sign you in with that address" in refused.text


def test_a_tenants_endpoint_with_several_connectors_lets_choose_without_an_address(hub: Hub, two: Two) -> None:
    second = hub.saml_idp("acme", "second")
    page = hub.browser().open(two.wiki.login_url(tenant="acme"))
    assert 'name="email"' not in page.text
    assert two.acme.connector_id in page.text
    assert second.connector_id in page.text
    assert two.globex.connector_id not in page.text


def test_a_domain_may_name_its_connector(hub: Hub, two: Two) -> None:
    second = hub.saml_idp("acme", "second")
    hub.built.tenants.save_domain(ME, SaveDomain(hub.tenants["acme"], "acme.fr", (second.connector_id,)))
    assert sent_to(hub.browser().open(two.mail.login_url(login_hint="ann@acme.fr")), second)
    chooser = hub.browser().open(two.mail.login_url(login_hint="ann@acme.example"))
    assert two.acme.connector_id in chooser.text
    assert second.connector_id in chooser.text


@pytest.mark.parametrize(("index", "path"), [(None, "/acs"), ("0", "/acs"), ("7", "/other")])
def test_the_answer_goes_to_the_registered_address_that_was_asked_for(hub: Hub, two: Two, index: str | None, path: str) -> None:
    addresses = ["https://pad.example/acs", "https://pad.example/other"]
    pad = hub.saml_app("pad", settings={"acs_urls": addresses, "acs_indexes": [0, 7]})
    browser = hub.browser()
    response = browser.open(pad.login_url(tenant="acme", AssertionConsumerServiceIndex=index))
    assert form_of(two.acme.authenticate(browser, response))[0] == f"https://pad.example{path}"


def test_an_unregistered_index_is_a_page(hub: Hub, two: Two) -> None:
    refused = hub.browser().open(two.wiki.login_url(AssertionConsumerServiceIndex="9"))
    assert refused.status_code == 400
    assert hub.trace(refused).error_code == "unregistered_reply_address"


def test_public_subjects_are_shared_and_pairwise_ones_are_not(hub: Hub, two: Two) -> None:
    shared = [hub.saml_app(slug, subject_kind="public").sign_in(hub.browser(), two.acme).subject for slug in ("one", "two")]
    apart = [hub.saml_app(slug).sign_in(hub.browser(), two.acme).subject for slug in ("three", "four")]
    assert shared[0] == shared[1]
    assert len({*shared, *apart}) == 3
