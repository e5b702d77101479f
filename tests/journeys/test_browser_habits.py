"""What people do with browsers: parallel tabs, back, reload, double click, another browser, waiting too long."""

from __future__ import annotations

import pytest

from tests.support.hub import Hub
from tests.support.partners import SamlApp, SamlSide, form_of


@pytest.fixture
def acme(hub: Hub) -> tuple[SamlApp, SamlSide]:
    hub.tenant("acme", "acme.example")
    return hub.saml_app(), hub.saml_idp("acme")


def test_parallel_tabs_never_mix(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    other, browser = hub.saml_app("other"), hub.browser()

    first = browser.open(app.login_url(relay_state="tab one"))
    second = browser.open(other.login_url(relay_state="tab two"))
    at_second = idp.authenticate(browser, second)
    at_first = idp.authenticate(browser, first)

    assert form_of(at_first) == (app.acs, form_of(at_first)[1])
    assert form_of(at_first)[1]["RelayState"] == "tab one"
    assert form_of(at_second)[1]["RelayState"] == "tab two"
    assert form_of(at_second)[0] == other.acs


def test_a_double_submit_gets_a_page_that_carries_on(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    answer = idp.answer_to(browser.open(app.login_url()))
    first = app.learn(idp.deliver(browser, *answer))

    again = idp.deliver(browser, *answer)
    assert again.status_code == 409
    action, _ = form_of(again)
    carried_on = app.learn(browser.post(action, {}))

    assert carried_on.subject == first.subject


def test_the_page_that_carries_on_works_for_a_request_that_forced_authentication(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    answer = idp.answer_to(browser.open(app.login_url(ForceAuthn="true")))
    idp.deliver(browser, *answer)

    action, _ = form_of(idp.deliver(browser, *answer))

    assert app.learn(browser.post(action, {})).status == "success"


def test_carrying_on_belongs_to_the_same_browser(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser, stranger = hub.browser(), hub.browser()
    answer = idp.answer_to(browser.open(app.login_url()))
    idp.deliver(browser, *answer)
    action, _ = form_of(idp.deliver(browser, *answer))
    stranger.open(app.login_url())

    refused = stranger.post(action, {})

    assert refused.status_code == 400
    assert hub.trace(refused).error_code == "wrong_browser"


def test_reload_of_the_first_page_starts_a_login_that_works(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser, url = hub.browser(), app.login_url()
    browser.open(url)

    assert app.learn(idp.authenticate(browser, browser.open(url))).subject


def test_a_login_expires_with_a_sentence(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    waiting = browser.open(app.login_url())
    hub.clock.forward(hours=2)

    late = idp.authenticate(browser, waiting)

    assert late.status_code == 400
    assert hub.trace(late).error_code == "unknown_transaction"


def test_after_a_failed_answer_the_honest_person_can_still_finish(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    waiting = browser.open(app.login_url())

    failed = idp.authenticate(browser, waiting, audience="https://somebody.else")
    finished = idp.authenticate(browser, waiting)

    assert failed.status_code == 403
    assert app.learn(finished).status == "success"


def test_the_error_page_offers_to_try_again_and_to_return(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    failed = idp.authenticate(browser, browser.open(app.login_url()), audience="https://somebody.else")
    page = failed.get_data(as_text=True)

    assert "Try again" in page
    assert "Return to Wiki" in page
    returned = app.learn(browser.post(form_of(failed)[0], {}))

    assert returned.status == "AuthnFailed"


def test_sign_out_ends_single_sign_on(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    app.sign_in(browser, idp)
    asked = browser.open("/logout")
    action, fields = form_of(asked)

    browser.post(action or "/logout", fields)

    assert browser.open(app.login_url()).status_code == 302, "the identity provider is asked again"



@pytest.mark.parametrize(("idle", "absolute", "wait_minutes", "reused"), [(60, 600, 59, True), (60, 600, 61, False), (500, 600, 601, False)])
def test_a_session_lives_as_long_as_its_tenant_says(hub: Hub, idle: int, absolute: int, wait_minutes: int, reused: bool) -> None:
    hub.tenant("acme", "acme.example", session_idle_seconds=idle * 60, session_absolute_seconds=absolute * 60)
    app, idp, browser = hub.saml_app(), hub.saml_idp("acme"), hub.browser()
    app.sign_in(browser, idp)

    hub.clock.forward(minutes=wait_minutes)
    answer = browser.open(app.login_url())

    assert (answer.status_code == 200) is reused


def test_the_session_cookie_changes_at_every_login(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    app.sign_in(browser, idp)
    before = browser.client.get_cookie("__Host-vestibule-session", "localhost")
    app.sign_in(browser, idp, ForceAuthn="true")
    after = browser.client.get_cookie("__Host-vestibule-session", "localhost")

    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert hub.count("sessions") == 1, "the older session of this browser is gone"


def test_cookies_are_host_only_secure_and_hidden_from_scripts(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    first = browser.open(app.login_url())
    last = idp.authenticate(browser, first)

    for header in [*first.headers.getlist("Set-Cookie"), *last.headers.getlist("Set-Cookie")]:
        assert header.startswith("__Host-")
        assert "Secure" in header
        assert "HttpOnly" in header
        assert "Path=/" in header
        assert "Domain" not in header
    binding = next(header for header in first.headers.getlist("Set-Cookie") if "browser" in header)
    assert "SameSite=None" in binding, "identity providers answer by cross-site POST"


def test_a_request_by_force_is_answered_only_by_a_fresh_authentication(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    app, idp = acme
    browser = hub.browser()
    app.sign_in(browser, idp)
    hub.clock.forward(hours=1)

    forced = browser.open(app.login_url(ForceAuthn="true"))
    stale = idp.authenticate(browser, forced, authenticated=-3600)

    assert forced.status_code == 302
    assert stale.status_code == 403


def test_a_passive_request_without_a_session_hears_so_at_once(hub: Hub, acme: tuple[SamlApp, SamlSide]) -> None:
    hub.tenant("second", "second.example")
    hub.saml_idp("second")
    app, idp = acme
    browser = hub.browser()

    assert app.learn(browser.open(app.login_url(IsPassive="true"))).status == "NoPassive"
    app.sign_in(browser, idp)
    assert app.learn(browser.open(app.login_url(IsPassive="true"))).status == "success"
