"""ForceAuthn and IsPassive (SAML Core 3.4.1): a fresh authentication, or no page at all."""

from __future__ import annotations

import pytest

from tests.support.hub import Hub
from tests.support.partners import SamlApp, SamlSide, form_of
from tests.support.saml_idp import SAML, SmallIdp


@pytest.fixture
def acme(hub: Hub) -> tuple[SamlApp, SamlSide]:
    hub.tenant("acme", "acme.example")
    return hub.saml_app(), hub.saml_idp("acme")


Acme = tuple[SamlApp, SamlSide]


def instant(learned_root) -> str:  # type: ignore[no-untyped-def]
    (statement,) = learned_root.iter(f"{{{SAML}}}AuthnStatement")
    return str(statement.get("AuthnInstant"))


@pytest.mark.parametrize("value", ["true", "1"])
def test_force_asks_the_provider_again_and_says_so_to_it(hub: Hub, acme: Acme, value: str) -> None:
    app, idp = acme
    browser = hub.browser()
    first = app.sign_in(browser, idp)
    hub.clock.forward(minutes=10)

    asked = browser.open(app.login_url(ForceAuthn=value))
    sent, _ = SmallIdp.read_redirect(asked.headers["Location"])
    second = app.learn(idp.authenticate(browser, asked))

    assert sent.get("ForceAuthn") == "true"
    assert instant(second.raw) > instant(first.raw)
    assert second.subject == first.subject


@pytest.mark.parametrize("value", ["false", "0"])
def test_without_force_the_session_answers_with_the_time_of_the_authentication(hub: Hub, acme: Acme, value: str) -> None:
    app, idp = acme
    browser = hub.browser()
    first = app.sign_in(browser, idp)
    hub.clock.forward(minutes=10)

    second = app.learn(browser.open(app.login_url(ForceAuthn=value)))

    assert instant(second.raw) == instant(first.raw)


def test_an_old_authentication_does_not_answer_force(hub: Hub, acme: Acme) -> None:
    app, idp = acme
    browser = hub.browser()

    stale = idp.authenticate(browser, browser.open(app.login_url(ForceAuthn="true")), authenticated=-600)

    assert stale.status_code == 403
    assert hub.trace(stale).error_code == "invalid_upstream_response"


def test_the_session_after_force_answers_the_next_application(hub: Hub, acme: Acme) -> None:
    app, idp = acme
    other, browser = hub.saml_app("other"), hub.browser()
    app.sign_in(browser, idp, ForceAuthn="true")

    assert other.learn(browser.open(other.login_url())).status == "success"


# --- passive ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "1"])
@pytest.mark.parametrize("candidates", ["one provider", "several"])
def test_passive_without_a_session_is_no_passive_at_once(hub: Hub, acme: Acme, value: str, candidates: str) -> None:
    app, _ = acme
    if candidates == "several":
        hub.tenant("other", "other.example")
        hub.saml_idp("other")

    answer = hub.browser().open(app.login_url(IsPassive=value, relay_state="mine"))

    learned = app.learn(answer)
    codes = [str(code.get("Value")).rpartition(":")[2] for code in learned.raw.iter("{urn:oasis:names:tc:SAML:2.0:protocol}StatusCode")]
    assert codes == ["Responder", "NoPassive"]
    assert form_of(answer)[1]["RelayState"] == "mine"
    assert learned.raw.get("InResponseTo")


def test_passive_with_a_session_is_answered(hub: Hub, acme: Acme) -> None:
    app, idp = acme
    browser = hub.browser()
    app.sign_in(browser, idp)

    assert app.learn(browser.open(app.login_url(IsPassive="true"))).status == "success"


def test_passive_and_force_together_can_only_fail(hub: Hub, acme: Acme) -> None:
    app, idp = acme
    browser = hub.browser()
    app.sign_in(browser, idp)

    assert app.learn(browser.open(app.login_url(IsPassive="true", ForceAuthn="true"))).status == "NoPassive"


def test_passive_shows_no_page_for_a_person_who_may_not(hub: Hub, acme: Acme) -> None:
    _, idp = acme
    closed = hub.saml_app("closed", authorization_rules=({"template": "permit", "claim": "group", "value": "admins"},))
    opened, browser = hub.saml_app("opened"), hub.browser()
    opened.sign_in(browser, idp)

    assert closed.learn(browser.open(closed.login_url(IsPassive="true"))).status == "RequestDenied"


def test_passive_is_forwarded_where_the_operator_wants_it(hub: Hub) -> None:
    """The provider has a session of its own; its refusal comes back as ours."""
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme", settings={"forward_passive": True}), hub.saml_app()
    browser = hub.browser()
    asked = browser.open(app.login_url(IsPassive="true"))
    sent, _ = SmallIdp.read_redirect(asked.headers["Location"])

    assert sent.get("IsPassive") == "true"
    assert app.learn(idp.authenticate(browser, asked)).status == "success"
    refused = browser.open(hub.saml_app("other").login_url(IsPassive="true", ForceAuthn="true"))
    no = idp.authenticate(browser, refused, status="urn:oasis:names:tc:SAML:2.0:status:Responder", with_assertion=False, sign=("response",))
    assert form_of(no)[0] == "https://other.example/acs"
