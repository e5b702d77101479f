"""Later visits with a set-up link, and the link itself: what it reaches, how often, and what it shows of its organisation."""

from __future__ import annotations

import pytest

from broker.domain.access_errors import TooManyAttempts
from tests.support import pages
from tests.support.administrator import STANDS_ON, Administrator
from tests.support.dns import Zone
from tests.support.hub import Hub
from tests.support.partners import SamlSide
from tests.support.walk import acme, connected, dns, hub, prove

__all__ = ["acme", "connected", "dns", "hub"]  # fixtures

# --- the link itself --------------------------------------------------------------------------------------------------


def test_the_link_notes_when_it_was_used(hub: Hub, acme: Administrator) -> None:
    def used() -> object:
        return hub.built.setup_links.all(hub.tenants["acme"])[0].last_used_at

    assert used() is None
    acme.page()
    first = used()
    hub.clock.forward(minutes=5)
    acme.page()
    assert first != used() == hub.clock.now()


def test_guessing_links_from_one_address_ends_soon(hub: Hub, acme: Administrator) -> None:
    somewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}}
    answers = [hub.browser().open(f"/setup/{'x' * 42}{number % 10}", **somewhere).status_code for number in range(21)]
    assert answers == [404] * 20 + [429]
    assert acme.browser.open(acme.link, **somewhere).status_code == 200, "whoever has a link is not locked out"


def test_a_link_that_changes_things_without_pause_is_slowed_down(hub: Hub, acme: Administrator) -> None:
    for _ in range(90):
        hub.built.setup_links.visit(acme.token, changing=True)
    with pytest.raises(TooManyAttempts):
        hub.built.setup_links.visit(acme.token, changing=True)
    assert acme.browser.open(acme.link).status_code == 200


def test_nothing_else_answers_to_a_links_token(hub: Hub, acme: Administrator) -> None:
    """Every address of the hub, with the token in its path, as bearer, as cookie and as parameter: as without any."""
    token, seen = acme.token, 0
    for rule in hub.app.url_map.iter_rules():
        if rule.rule.startswith("/setup/") or rule.endpoint == "static":
            continue
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"}:
            answers = []
            for value in ("nobody-has-this-one", token):
                path = rule.rule
                for argument in rule.arguments:
                    path = path.replace(f"<{argument}>", value).replace(f"<path:{argument}>", value)
                browser = hub.browser()
                for name in ("vestibule-staff", "vestibule-session", "vestibule-browser"):
                    browser.client.set_cookie(f"__Host-{name}", value, domain="localhost", secure=True)
                sent = browser.open(f"{path}?token={value}&csrf={value}", method=method, headers={"Authorization": f"Bearer {value}"})
                answers.append(sent.status_code)
            assert answers[0] == answers[1], f"{method} {rule.rule}: {answers}"
            seen += 1
    assert seen > 50


def test_pages_without_a_token_of_their_form_change_nothing(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    before = hub.count("audit")
    for ending in STANDS_ON:
        assert acme.browser.post(f"{acme.link}{ending}", {"csrf": "0" * 64}).status_code in {400, 403}, ending
    assert hub.count("audit") == before


# --- how it is doing --------------------------------------------------------------------------------------------------


def test_later_visits_show_the_latest_sign_ins_of_their_own_tenant_and_no_others(
    hub: Hub, dns: Zone, acme: Administrator, connected: SamlSide
) -> None:
    theirs, app = hub.saml_idp("globex"), hub.saml_app()
    browser = hub.browser()
    other = theirs.authenticate(browser, browser.open(app.login_url(tenant="globex")), audience="https://wrong.example")
    prove(acme, dns)
    acme.switch_on()
    browser = hub.browser()
    failed = connected.authenticate(browser, browser.open(app.login_url(tenant="acme")), audience="https://wrong.example")
    app.learn(connected.authenticate(browser, browser.open(app.login_url(tenant="acme"))))
    acme.test(connected)

    for page in (acme.page(), acme.page("/sign-ins")):
        text = pages.text(page)
        assert "Signed in." in text
        assert "The test passed." in text
        assert "The answer of your organisation's sign-in service could not be accepted." in text
        assert pages.reference_code(failed.data) in page
        assert pages.reference_code(other.data) not in page
        assert "ann@acme.example.com" not in page, "who it was is for support"


def test_the_condition_is_said_in_words_and_a_test_is_no_sign_in(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    acme.test(connected, audience="https://wrong.example")
    acme.switch_on()
    hub.clock.forward(minutes=1)
    hub.built.services.health.refresh()

    text = pages.text(acme.page())
    assert "Nobody has signed in through it yet." in text
    assert "days left" in text


def test_a_page_of_sign_ins_that_cannot_be_is_the_first(acme: Administrator) -> None:
    assert "Nobody has tried to sign in yet." in pages.text(acme.page("/sign-ins?begin=nonsense"))
