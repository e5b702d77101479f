"""Typing one domain after another to learn who the customers are (FEATURES G11, P12)."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from broker.interaction.chooser import TYPED_IN_VAIN
from tests.support.effort import solved
from tests.support.hub import PUBLIC_URL, Browser, Hub
from tests.support.partners import form_of


def waiting(hub: Hub) -> tuple[Browser, str]:
    """A browser at the page that asks for an address, and where its form goes."""
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    hub.saml_idp("acme")
    hub.saml_idp("globex")
    browser = hub.browser()
    action, _ = form_of(browser.open(hub.saml_app().login_url()))
    return browser, action


def type_in(browser: Browser, action: str, email: str, address: str = "198.51.100.7", effort: str = "") -> TestResponse:
    sent: dict[str, Any] = {"data": {"email": email, "effort": effort}, "environ_overrides": {"REMOTE_ADDR": address}}
    return browser.client.post(action.removeprefix(PUBLIC_URL), base_url=PUBLIC_URL, **sent)


def test_given_one_guess_after_another_when_there_are_too_many_then_no_more_are_answered(hub: Hub) -> None:
    browser, action = waiting(hub)
    shown = ""
    for number in range(TYPED_IN_VAIN.attempts):
        answer = type_in(browser, action, f"a@guess{number}.example", effort=solved(shown) if shown else "")
        assert answer.status_code == 400
        shown = answer.get_data(as_text=True)

    assert type_in(browser, action, "a@one-more.example", effort=solved(shown)).status_code == 429
    refused = type_in(browser, action, "a@globex.example")
    elsewhere = type_in(browser, action, "a@globex.example", address="198.51.100.8")

    assert refused.status_code == 429, "not even a right guess tells anything now"
    assert 0 < int(refused.headers["Retry-After"]) <= TYPED_IN_VAIN.seconds + 1
    assert elsewhere.status_code == 302


def test_given_people_who_type_their_own_address_then_they_are_never_counted(hub: Hub) -> None:
    browser, action = waiting(hub)
    for _ in range(TYPED_IN_VAIN.attempts + 5):
        assert type_in(browser, action, "ann@acme.example").status_code == 302
