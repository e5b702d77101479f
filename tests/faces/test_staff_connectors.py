"""Staff who sign in through a connector of the hub: linked by themselves, through the pipeline, in one browser."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from broker.domain.errors import ConfigurationError, Forbidden
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.applications import SaveApplication
from broker.services.connectors import SaveConnector
from broker.services.operations.people import ListPeople, OnePerson
from broker.services.operations.staff import SignInWith
from tests.faces.conftest import Cli
from tests.support import pages
from tests.support.console import desk, member
from tests.support.hub import ME, Hub
from tests.support.partners import SamlSide
from tests.support.staff import Person, actions, with_passkey

NOT_STAFF = "this is not connected to an account of the console"


@pytest.fixture
def idp(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    side = hub.saml_idp("acme")
    hub.built.operations.run(ME, "staff.sign_in_with", SignInWith(("acme/idp",)))
    return side


def back(who: Person, response: TestResponse) -> TestResponse:
    """Follows the redirect with the code."""
    assert "/console/sign-in/answer?code=" in response.headers["location"], response.headers.get("location")
    return who.browser.open(response.headers["location"])


def begin(who: Person, page: str = "/console/sign-in", form: str = "/sign-in/connector") -> TestResponse:
    return who.submit(who.page(page), form)


def through(who: Person, idp: SamlSide, page: str = "/console/sign-in", form: str = "/sign-in/connector") -> TestResponse:
    return back(who, idp.authenticate(who.browser, begin(who, page, form)))


def linked(hub: Hub, idp: SamlSide, name: str = "ada") -> Person:
    person, _, _ = with_passkey(hub, Role.SUPPORT, name=name)
    assert through(person, idp, "/console/me", "/me/connector").status_code == 302
    assert "Connected" in person.page("/console/me")
    return person


def test_given_no_connector_was_chosen_then_there_is_no_such_button_and_no_such_way(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    person = Person(hub)
    page = person.page("/console/sign-in")
    assert "/sign-in/connector" not in page
    token = pages.form_to(page, "/sign-in").fields["csrf"]
    answer = person.browser.post("/console/sign-in/connector", {"csrf": token})
    assert "There is no way to sign in to this application yet." in answer.get_data(as_text=True)


def test_given_a_link_made_while_signed_in_then_the_connector_opens_the_console(hub: Hub, idp: SamlSide) -> None:
    linked(hub, idp)
    person = Person(hub)
    assert through(person, idp).status_code == 302
    assert person.inside
    assert "Through a connector" in person.page("/console/me")
    assert [action for action, _ in actions(hub)].count("staff.sign_in") == 2


@pytest.mark.parametrize("what", ["disable", "sign_out"])
def test_given_a_person_of_the_hub_who_is_shut_out_then_so_is_the_console_session_that_they_opened(
    hub: Hub, idp: SamlSide, what: str
) -> None:
    with_a_passkey = linked(hub, idp)
    person = Person(hub)
    through(person, idp)
    assert person.inside
    (found,) = hub.built.operations.run(ME, "person.list", ListPeople()).items
    hub.clock.forward(seconds=1)

    hub.built.operations.run(ME, f"person.{what}", OnePerson("acme", found.id))

    assert not person.inside
    assert with_a_passkey.inside, "credentials of the account's own have nothing to do with that person"


def test_given_somebody_with_the_same_email_but_no_link_then_they_are_not_let_in(hub: Hub, idp: SamlSide) -> None:
    member(hub, Role.OWNER, name="ann")
    idp.email = "ann@acme.example"
    hub.built.services.staff.accounts.create(ME, idp.email, "Ann", Role.OWNER)
    person = Person(hub)
    answer = through(person, idp)
    assert answer.status_code == 403
    assert NOT_STAFF in answer.get_data(as_text=True)
    assert not person.inside


def test_given_another_person_of_the_same_provider_then_they_are_not_let_in(hub: Hub, idp: SamlSide) -> None:
    linked(hub, idp)
    idp.email = "bob@acme.example"
    person = Person(hub)
    assert through(person, idp).status_code == 403
    assert not person.inside


@pytest.mark.parametrize("what", ["switched off", "unlinked", "connector no longer chosen", "connector switched off"])
def test_given_a_link_that_does_not_count_any_more_then_nobody_is_let_in(hub: Hub, idp: SamlSide, what: str) -> None:
    person = linked(hub, idp)
    account = hub.built.services.staff.accounts.find("ada@staff.example")
    assert account is not None
    if what == "switched off":
        desk(hub).submit(f"/console/staff/{account.id}", "/disable")
    elif what == "unlinked":
        assert person.submit(person.page("/console/me"), "/connector/remove").status_code == 302
    elif what == "connector no longer chosen":
        other = hub.saml_idp("acme", "other")
        hub.built.operations.run(ME, "staff.sign_in_with", SignInWith(("acme/other",)))
        assert other.connector_id
    else:
        hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=False)
    stranger = Person(hub)
    started = begin(stranger)
    if "connector" in what:
        location = started.headers.get("location", "")
        assert f"{idp.idp.entity_id}/sso" not in location
    else:
        assert back(stranger, idp.authenticate(stranger.browser, started)).status_code == 403
    assert not stranger.inside


@pytest.mark.parametrize("what", ["in another browser", "twice", "after a minute", "invented"])
def test_given_a_code_that_is_not_for_this_browser_now_then_it_opens_nothing(hub: Hub, idp: SamlSide, what: str) -> None:
    linked(hub, idp)
    person = Person(hub)
    location = idp.authenticate(person.browser, begin(person)).headers["location"]
    victim = person
    if what == "in another browser":
        victim = Person(hub)
        victim.page("/console/sign-in")
    elif what == "twice":
        person.browser.open(location)
        person.submit(person.page("/console"), "/sign-out")
    elif what == "after a minute":
        hub.clock.forward(minutes=1)
    else:
        location = location[:-4] + "abcd"
    answer = victim.browser.open(location)
    assert answer.status_code == 400
    assert "it began in another browser" in answer.get_data(as_text=True)
    assert not victim.inside


def test_given_a_link_of_somebody_else_then_it_is_not_taken_over(hub: Hub, idp: SamlSide) -> None:
    linked(hub, idp)
    other, account, _ = with_passkey(hub, Role.OWNER, name="eve")
    through(other, idp, "/console/me", "/me/connector")
    assert hub.built.services.staff.accounts.get(account.id).identity_id is None


def test_given_a_link_that_was_begun_in_another_session_then_nothing_is_linked(hub: Hub, idp: SamlSide) -> None:
    """Somebody signs out and another one signs in at the same browser in between."""
    person, account, _ = with_passkey(hub, Role.SUPPORT, name="ada")
    begun = idp.authenticate(person.browser, begin(person, "/console/me", "/me/connector"))
    _, eve, key = with_passkey(hub, Role.SUPPORT, name="eve")
    person.touch(key)
    assert person.browser.open(begun.headers["location"]).status_code == 401
    accounts = hub.built.services.staff.accounts
    assert [accounts.get(each.id).identity_id for each in (account, eve)] == [None, None]


def test_given_an_old_sign_in_then_the_connector_confirms_with_a_fresh_authentication_only(hub: Hub, idp: SamlSide) -> None:
    person = linked(hub, idp)
    hub.clock.forward(minutes=11)
    asked = begin(person, "/console/confirm?next=/console/me/password", "/confirm/connector")
    assert idp.idp.read_redirect(asked.headers["location"])[0].get("ForceAuthn") == "true"
    answer = back(person, idp.authenticate(person.browser, asked))
    assert answer.headers["location"].endswith("/console/me/password")
    assert person.browser.open("/console/me/password").status_code == 200


def test_given_single_sign_on_then_the_console_does_not_take_it_for_a_fresh_confirmation(hub: Hub, idp: SamlSide) -> None:
    linked(hub, idp)
    person = Person(hub)
    through(person, idp)
    hub.clock.forward(minutes=11)
    person.submit(person.page("/console"), "/sign-out")
    answer = begin(person)
    assert "/console/sign-in/answer?code=" in answer.headers["location"], "answered from the session of the hub"
    person.browser.open(answer.headers["location"])
    assert person.inside
    assert "/console/confirm" in person.browser.open("/console/me/password").headers["location"]


def test_given_another_person_at_the_provider_then_they_confirm_nothing(hub: Hub, idp: SamlSide) -> None:
    person = linked(hub, idp)
    idp.email = "bob@acme.example"
    hub.clock.forward(minutes=11)
    answer = through(person, idp, "/console/confirm", "/confirm/connector")
    assert answer.status_code == 401
    assert "/console/confirm" in person.browser.open("/console/me/password").headers["location"]


def test_given_a_failure_at_the_provider_then_the_sign_in_page_says_it(hub: Hub, idp: SamlSide) -> None:
    page = Person(hub).browser.open("/console/sign-in?refused=upstream_refused").get_data(as_text=True)
    assert "sign-in service did not sign you in" in page
    assert "<script>" not in Person(hub).browser.open('/console/sign-in?refused="><script>').get_data(as_text=True)


# --- who may choose, and who may change what was chosen ---------------------------------------------------------------


def test_given_an_owner_then_the_page_chooses_connectors_and_says_the_risk(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    mine = desk(hub)
    assert "Risk:" in mine.page("/console/staff-sign-in")
    wrong = mine.submit("/console/staff-sign-in", "/staff-sign-in", connectors="acme/nothing")
    assert "There is no connector acme/nothing." in wrong.get_data(as_text=True)
    assert mine.submit("/console/staff-sign-in", "/staff-sign-in", connectors="acme/idp\r\n").status_code == 302
    assert "acme/idp" in mine.page("/console/staff-sign-in")
    assert "Sign in through your organisation" in Person(hub).page("/console/sign-in")


@pytest.mark.parametrize("who", ["operator", "tenant administrator", "set-up link"])
def test_given_a_connector_that_staff_sign_in_through_then_only_owners_change_it(hub: Hub, idp: SamlSide, who: str) -> None:
    tenant = hub.tenants["acme"]
    actors = {
        "operator": Actor("operator", ROLES[Role.OPERATOR]),
        "tenant administrator": Actor("tim", ROLES[Role.TENANT_ADMIN], tenant),
        "set-up link": Actor("setup-link:x", frozenset({Verb.SET_UP}), tenant),
    }
    actor, connectors = actors[who], hub.built.connectors
    evil = SamlSide(hub, "https://evil.example/saml", "evil")
    with pytest.raises(Forbidden):
        connectors.save(actor, SaveConnector(tenant, "idp", "saml", "x", metadata=evil.idp.metadata(), enabled=True))
    if who == "operator":
        with pytest.raises(Forbidden):
            connectors.delete(actor, tenant, "idp")
    with pytest.raises(Forbidden):
        connectors.set_enabled(actor, tenant, "idp", enabled=False)
    connectors.save(ME, SaveConnector(tenant, "idp", "saml", "renamed", enabled=True))


def test_given_the_console_then_nobody_can_register_it_as_an_application(hub: Hub) -> None:
    with pytest.raises(ConfigurationError):
        hub.built.applications.save(ME, SaveApplication("console", "Console", "console", {}, tenant_ids=None))


def test_given_the_command_line_then_it_chooses_connectors_too(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    assert "acme/idp" in cli("staff", "sign-in-with", "acme/idp", "--yes").output
    assert "acme/idp" in cli("staff", "sign-in").output
    assert "own credentials only" in cli("staff", "sign-in-with").output
    assert "acme/none" in cli("staff", "sign-in-with", "acme/none", "--yes", code=1).stderr
