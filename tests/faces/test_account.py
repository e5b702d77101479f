"""A person's own page: through the pipeline like any application, about themselves only."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from broker.domain.errors import InvalidSettings
from broker.services.applications import SaveApplication
from broker.services.operations.people import ListPeople, OnePerson
from tests.support import pages
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub
from tests.support.partners import SamlSide, choose_home_realm
from tests.support.saml_idp import SmallIdp
from tests.support.saml_people import SamlPerson

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"


def account(browser: Browser, person: SamlPerson, **sent: object) -> str:
    """Opens the page, signing in on the way where needed; its text."""
    response = browser.open("/account", **sent)
    if response.headers.get("location") != f"{PUBLIC_URL}/account":
        response = person.authenticate(browser, choose_home_realm(browser, response, person.email))
    assert response.headers["location"] == f"{PUBLIC_URL}/account", pages.text(response.data)
    return shown(browser)


def shown(browser: Browser) -> str:
    response = browser.open("/account")
    assert response.status_code == 200
    return response.get_data(as_text=True)


def submit(browser: Browser, ending: str) -> TestResponse:
    form = pages.form_to(shown(browser), ending, f"{PUBLIC_URL}/account")
    return browser.post(form.action, form.fields)


@pytest.fixture
def idp(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    hub.saml_idp("globex")
    return hub.saml_idp("acme")


@pytest.fixture
def alice(idp: SamlSide) -> SamlPerson:
    return SamlPerson(idp, "alice@acme.example", "Alice", "Archer")


@pytest.fixture
def bob(idp: SamlSide) -> SamlPerson:
    return SamlPerson(idp, "bob@acme.example", "Bob", "Baker")


def test_given_nobody_signed_in_then_the_page_leads_through_the_home_realm_page(hub: Hub, alice: SamlPerson) -> None:
    browser = hub.browser()
    first = browser.open("/account")
    assert pages.heading(first.data) == "Sign in to your account"
    assert "Se connecter à votre compte" in browser.open("/account?lang=fr").get_data(as_text=True)
    assert pages.heading(account(hub.browser(), alice)) == "Alice Archer"


def test_given_a_session_made_for_an_application_then_it_answers_at_once(hub: Hub, alice: SamlPerson) -> None:
    browser = hub.browser()
    hub.saml_app().sign_in(browser, alice)
    assert browser.open("/account").headers["location"] == f"{PUBLIC_URL}/account"
    text = pages.text(shown(browser))
    for expected in ("Alice Archer", "alice@acme.example · Acme", "First name Alice", "acme idp", "Wiki", "This browser"):
        assert expected in text


def test_given_a_session_that_only_an_application_uses_then_its_cookie_alone_shows_no_page(hub: Hub, alice: SamlPerson) -> None:
    """Only the pipeline lets the page into a session, with every check that it makes."""
    browser = hub.browser()
    hub.saml_app().sign_in(browser, alice)
    assert browser.open("/account").status_code == 302


def test_given_another_person_then_nothing_of_the_first_is_on_the_page(hub: Hub, alice: SamlPerson, bob: SamlPerson) -> None:
    account(hub.browser(), alice)
    text = account(hub.browser(), bob)
    assert "bob@acme.example" in text
    assert "alice" not in text.lower()
    assert text.count("/account/sessions/") == 0


def test_given_a_session_of_somebody_else_when_it_is_to_be_ended_then_there_is_none(hub: Hub, alice: SamlPerson, bob: SamlPerson) -> None:
    hers, his = hub.browser(), hub.browser()
    account(hers, alice)
    account(his, bob)
    found = {person.email: person for person in hub.built.operations.run(ME, "person.list", ListPeople()).items}
    asked = OnePerson("acme", found["alice@acme.example"].id)
    (target,) = hub.built.operations.run(ME, "person.show", asked).sessions

    token = pages.form_to(shown(his), "/account/everywhere").fields
    response = his.post(f"/account/sessions/{target.id}/end", token)

    assert response.status_code == 404
    assert shown(hers)


def test_given_two_browsers_when_the_other_is_ended_then_only_it_has_to_sign_in(hub: Hub, alice: SamlPerson) -> None:
    phone, desktop = hub.browser(), hub.browser()
    response = choose_home_realm(phone, phone.open("/account"), alice.email)
    xml, relay_state = alice.side.answer_to(response, name_id=f"id-of-{alice.email}")
    phone.open(alice.side.acs, method="POST", data=dict(SmallIdp.form(xml, relay_state)), headers={"User-Agent": PHONE})
    hub.clock.forward(minutes=5)
    account(desktop, alice)
    assert "Safari · iPhone" in shown(desktop)

    response = submit(desktop, "/end")

    assert response.headers["location"].endswith("/account?done=session")
    assert "That session has ended." in desktop.open("/account?done=session").get_data(as_text=True)
    assert "iPhone" not in shown(desktop)
    assert pages.heading(phone.open("/account").data) == "Sign in to your account"


def test_given_three_browsers_when_the_others_are_signed_out_then_this_one_stays(hub: Hub, alice: SamlPerson) -> None:
    browsers = [hub.browser() for _ in range(3)]
    for browser in browsers:
        account(browser, alice)
        hub.clock.forward(minutes=1)
    submit(browsers[0], "/others")
    assert hub.count("sessions") == 1
    assert shown(browsers[0])
    assert browsers[1].open("/account").status_code != 302


def test_given_sign_out_everywhere_then_this_browser_too_and_tokens_stop(hub: Hub, alice: SamlPerson) -> None:
    browser, app = hub.browser(), hub.oidc_app()
    learned = app.sign_in(browser, alice)  # type: ignore[arg-type]
    token = {"Authorization": f"Bearer {learned.raw['access_token']}"}
    browser.open("/account")
    hub.clock.forward(minutes=1)

    response = submit(browser, "/everywhere")

    assert pages.heading(response.data) == "You are signed out"
    assert hub.count("sessions") == 0
    assert hub.browser().open("/oauth2/userinfo", headers=token).status_code == 401


@pytest.mark.parametrize("ending", ["/account/others", "/account/everywhere", "/account/sessions/ses_1/end"])
def test_given_a_form_that_is_not_ours_then_nothing_ends(hub: Hub, alice: SamlPerson, ending: str) -> None:
    browser = hub.browser()
    account(browser, alice)
    assert browser.post(ending, {}).status_code == 403
    assert browser.post(ending, {"csrf": "0" * 64}).status_code == 403
    assert hub.count("sessions") == 1


@pytest.mark.parametrize("taken", ["tenant", "connector", "person"])
def test_given_what_was_taken_back_then_the_page_is_closed(hub: Hub, alice: SamlPerson, taken: str) -> None:
    browser = hub.browser()
    account(browser, alice)
    if taken == "tenant":
        hub.tenant("acme", enabled=False)
    elif taken == "person":
        (person,) = hub.built.operations.run(ME, "person.list", ListPeople()).items
        hub.built.operations.run(ME, "person.disable", OnePerson("acme", person.id))
    else:
        hub.built.connectors.delete(ME, hub.tenants["acme"], "idp")
    assert "alice@acme.example" not in browser.open("/account").get_data(as_text=True)


def test_given_somebody_who_goes_back_then_a_page_says_they_are_not_signed_in(hub: Hub, idp: SamlSide) -> None:
    browser = hub.browser()
    response = choose_home_realm(browser, browser.open("/account"), "mallory@acme.example")
    failed = idp.authenticate(browser, response, attributes={"email": ["x@elsewhere.example"]})
    form = pages.form_to(failed.data, "/return", PUBLIC_URL)
    assert pages.heading(browser.post(form.action, form.fields).data) == "You are not signed in"


def test_given_the_account_protocol_then_no_other_application_can_have_it(hub: Hub) -> None:
    with pytest.raises(InvalidSettings):
        hub.built.applications.save(ME, SaveApplication("mine", "Mine", "account"))


def test_given_the_audit_log_then_it_says_that_the_person_did_it_themselves(hub: Hub, alice: SamlPerson) -> None:
    browser = hub.browser()
    account(hub.browser(), alice)
    account(browser, alice)
    submit(browser, "/others")
    (person,) = hub.built.operations.run(ME, "person.list", ListPeople()).items
    with hub.built.database.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT actor, object_id FROM audit WHERE object_kind = 'person'").fetchall()
    assert tuple(row) == (f"person:{person.id}", person.id)
