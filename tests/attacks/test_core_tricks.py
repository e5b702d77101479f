"""Tenant endpoints, clocks that run backwards, rules that would run twice: small tricks at the seams of the core."""

from __future__ import annotations

import base64

import pytest
from lxml import etree

from broker.domain import claims as c
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import SamlApp, SamlSide, form_of
from tests.support.saml_idp import SAML


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme")


@pytest.mark.parametrize(
    "slug", ["ACME", "acme%20", "%20acme", "acme%00", "acme.", "acme%2f", "..%2facme", "acmé", "acme;x", "a" * 3000, "ten_1", "*", "%25", "_"]
)
@pytest.mark.parametrize("page", ["saml/metadata", ".well-known/openid-configuration", "oauth2/jwks"])
def test_a_tenant_has_one_way_of_writing_its_slug(hub: Hub, acme: SamlSide, slug: str, page: str) -> None:
    browser = hub.browser()

    assert browser.open(f"{PUBLIC_URL}/t/acme/{page}").status_code == 200
    assert browser.open(f"{PUBLIC_URL}/t/{slug}/{page}").status_code in {400, 404}


def test_an_escaped_slug_is_the_same_tenant_under_its_own_name(hub: Hub, acme: SamlSide) -> None:
    """`%61cme` is `acme`: the issuer is the registered text, not what was in the address."""
    document = etree.fromstring(hub.browser().open(f"{PUBLIC_URL}/t/%61cme/saml/metadata").data)

    assert document.get("entityID") == f"{PUBLIC_URL}/t/acme/saml/metadata"


def issuers(app: SamlApp, hub: Hub, side: SamlSide, tenant: str | None) -> tuple[set[str], str | None]:
    """(issuers of Response and Assertion, NameQualifier)"""
    browser = hub.browser()
    waiting = browser.open(app.login_url(tenant=tenant))
    if waiting.status_code == 200:
        waiting = browser.post(form_of(waiting)[0], {"email": side.email})
    answer = side.authenticate(browser, waiting)
    document = etree.fromstring(base64.b64decode(form_of(answer)[1]["SAMLResponse"]))
    name_id = document.find(f".//{{{SAML}}}NameID")
    return {str(issuer.text) for issuer in document.iter(f"{{{SAML}}}Issuer")}, None if name_id is None else name_id.get("NameQualifier")


def test_answers_of_several_endpoints_never_mix(hub: Hub, acme: SamlSide) -> None:
    """Templates are kept per issuer; whatever the order of logins, each is answered by the issuer that was asked."""
    hub.tenant("globex", "globex.example")
    globex, app = hub.saml_idp("globex"), hub.saml_app()
    globex.email = "gus@globex.example"
    for side, tenant in [(acme, None), (acme, "acme"), (globex, "globex"), (acme, "acme"), (globex, None), (acme, None)]:
        issuer = f"{PUBLIC_URL}/saml/metadata" if tenant is None else f"{PUBLIC_URL}/t/{tenant}/saml/metadata"

        assert issuers(app, hub, side, tenant) == ({issuer}, issuer)


def test_a_slug_that_is_given_to_another_tenant_brings_nobody_along(hub: Hub, acme: SamlSide) -> None:
    app, browser = hub.saml_app(), hub.browser()
    before = app.sign_in(browser, acme)
    hub.built.tenants.delete(ME, "acme")
    hub.tenant("acme", "acme.example")
    again = hub.saml_idp("acme")

    waiting = browser.open(app.login_url(tenant="acme"))
    after = app.learn(again.authenticate(browser, waiting))

    assert after.tenant != before.tenant
    assert after.subject != before.subject


def test_acceptance_rules_run_once_although_the_session_is_used_again(hub: Hub) -> None:
    rules = ({"template": "pass_through", "claim": "email"}, {"template": "rename", "claim": "group", "to": "role"})
    hub.tenant("acme", "acme.example", acceptance_rules=rules)
    idp, app, browser = hub.saml_idp("acme"), hub.saml_app(), hub.browser()
    attributes = {"email": ["ann@acme.example"], "groups": ["staff"]}
    first = app.learn(idp.authenticate(browser, browser.open(app.login_url()), attributes=attributes))

    second = app.learn(browser.open(app.login_url()))

    assert first.claims[c.ROLE] == second.claims[c.ROLE] == ["staff"]


@pytest.mark.parametrize("path", ["/t/acme//saml/metadata", "//saml/metadata", "/saml//metadata", "/saml/metadata/"])
def test_no_address_redirects_to_the_host_that_the_request_names(hub: Hub, acme: SamlSide, path: str) -> None:
    answer = hub.browser().client.open(path, base_url="http://evil.example")

    assert answer.status_code == 404
    assert "Location" not in answer.headers


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_back_ends_no_login_and_forgets_no_answer(hub: Hub, acme: SamlSide) -> None:
    app, browser = hub.saml_app(), hub.browser()
    waiting = browser.open(app.login_url())
    answer, relay_state = acme.answer_for(waiting, assertion_id="_same")
    hub.clock.forward(seconds=-60)
    assert app.learn(acme.deliver(browser, acme.idp.respond(answer), relay_state)).status == "success"

    hub.clock.forward(seconds=-60)
    assert app.learn(browser.open(app.login_url())).status == "success", "the session is from the future, by a minute"
    again = browser.open(app.login_url(ForceAuthn="true"))
    replayed = acme.authenticate(browser, again, assertion_id="_same")
    assert hub.trace(replayed).error_code == "replayed_response"


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300 + 89, 200), (300 + 91, 403)])
def test_the_skew_of_a_provider_ends_where_its_replay_memory_ends(hub: Hub, acme: SamlSide, seconds: int, status: int) -> None:
    """An assertion that is still accepted is still remembered: there is no moment between the two."""
    app, browser = hub.saml_app(), hub.browser()
    assertion = {"assertion_id": "_same", "now": hub.clock.now()}
    first = acme.authenticate(browser, browser.open(app.login_url()), **assertion)
    assert first.status_code == 200
    hub.clock.forward(seconds=seconds)
    fresh, same = hub.browser(), hub.browser()

    accepted = acme.authenticate(fresh, fresh.open(app.login_url()), now=assertion["now"], assertion_id="_other")
    replayed = acme.authenticate(same, same.open(app.login_url()), **assertion)

    assert accepted.status_code == status
    assert replayed.status_code == 403
    assert hub.trace(replayed).error_code == ("replayed_response" if status == 200 else "invalid_upstream_response")
