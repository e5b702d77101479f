"""A customer's directory decides who may sign in: added, switched off, signed out everywhere, deleted, added again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from werkzeug.test import TestResponse

from broker.domain import claims as c
from tests.support.directory import Directory
from tests.support.hub import PUBLIC_URL, Browser, Hub
from tests.support.login_tests import Trial
from tests.support.partners import OidcApp

ANN = "ann@acme.example"


class Acme:
    """Ann's company: a SAML provider, a directory, and two applications that she uses."""

    def __init__(self, hub: Hub, *, application: dict[str, Any] | None = None, **policy: str) -> None:
        hub.tenant("acme", "acme.example")
        self.hub, self.idp = hub, hub.saml_idp("acme")
        self.directory = Directory(hub, "acme", self.idp.connector_id, **policy)
        self.wiki, self.mail = hub.saml_app(**(application or {})), hub.oidc_app()

    def answer(self, browser: Browser | None = None, **deviations: object) -> TestResponse:
        """What the browser is shown when Ann has signed in at her provider."""
        browser = browser or self.hub.browser()
        return self.idp.authenticate(browser, browser.open(self.wiki.login_url(tenant="acme")), **deviations)

    def signs_in(self, **deviations: object) -> dict[str, list[str]]:
        return self.wiki.learn(self.answer(**deviations)).claims

    def refused_with(self, **deviations: object) -> str:
        response = self.answer(**deviations)
        assert response.status_code in {400, 403}, response.get_data(as_text=True)
        return str(self.hub.trace(response).error_code)


@pytest.mark.parametrize("unknown", ["admit", "refuse"])
def test_whoever_the_directory_has_added_signs_in(hub: Hub, unknown: str) -> None:
    acme = Acme(hub, unknown=unknown)

    acme.directory.add(ANN)

    assert acme.signs_in()[c.EMAIL] == [ANN]


@pytest.mark.parametrize(("unknown", "refused"), [("admit", False), ("refuse", True)])
def test_whoever_the_directory_does_not_know_enters_only_if_the_customer_wants_that(hub: Hub, unknown: str, refused: bool) -> None:
    acme = Acme(hub, unknown=unknown)
    acme.directory.add("somebody.else@acme.example")

    if refused:
        assert acme.refused_with() == "unknown_in_directory"
        assert hub.count("identities") == 0
    else:
        assert acme.signs_in()[c.EMAIL] == [ANN]


@pytest.mark.parametrize("how", ["switched off", "deleted", "replaced by PUT"])
@pytest.mark.parametrize("unknown", ["admit", "refuse"])
def test_whoever_is_switched_off_cannot_sign_in_from_that_moment_on(hub: Hub, how: str, unknown: str) -> None:
    acme = Acme(hub, unknown=unknown)
    ann = acme.directory.add(ANN)
    acme.signs_in()

    _switch_off(acme.directory, ann, how)

    assert acme.refused_with() == "switched_off_in_directory"


def _switch_off(directory: Directory, person: str, how: str) -> None:
    if how == "deleted":
        directory.delete(person)
    elif how == "switched off":
        directory.switch_off(person)
    else:
        assert directory.call("PUT", f"/Users/{person}", {"userName": ANN, "active": False}).status_code == 200


@pytest.mark.parametrize("how", ["switched off", "deleted", "replaced by PUT"])
@pytest.mark.parametrize("known_before", [True, False], ids=["matched at sign-in", "added after sign-in"])
def test_whoever_is_switched_off_is_signed_out_everywhere_at_once(hub: Hub, how: str, known_before: bool) -> None:
    """The session at the hub ends, a second application is not reached by it, and the first one's access token is void."""
    acme = Acme(hub)
    if known_before:
        ann = acme.directory.add(ANN)
    browser = hub.browser()
    token = acme.mail.sign_in(browser, acme.idp, tenant="acme").raw["access_token"]
    if not known_before:
        ann = acme.directory.add(ANN)
    assert userinfo(acme.mail, token) == 200
    assert hub.count("sessions") == 1
    hub.clock.forward(seconds=5)

    _switch_off(acme.directory, ann, how)

    assert hub.count("sessions") == 0
    assert userinfo(acme.mail, token) == 401
    assert at_the_provider(acme, browser)


def userinfo(app: OidcApp, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.machine.get("/t/acme/oauth2/userinfo", base_url=PUBLIC_URL, headers=headers).status_code


def at_the_provider(acme: Acme, browser: Browser) -> bool:
    """Whether the browser is asked to sign in again."""
    answer = browser.open(acme.wiki.login_url(tenant="acme"))
    return answer.status_code == 302 and answer.headers["Location"].startswith(acme.idp.idp.sso)


def test_somebody_who_is_added_already_switched_off_loses_the_session_that_they_have(hub: Hub) -> None:
    acme = Acme(hub)
    acme.wiki.sign_in(hub.browser(), acme.idp)

    acme.directory.add(ANN, active=False)

    assert hub.count("sessions") == 0
    assert acme.refused_with() == "switched_off_in_directory"


def test_whoever_is_switched_on_again_signs_in_as_the_same_person(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    ann = acme.directory.add(ANN)
    before = acme.wiki.learn(acme.answer()).subject

    acme.directory.switch_off(ann)
    acme.directory.switch_on(ann)

    assert acme.wiki.learn(acme.answer()).subject == before


def test_whoever_was_deleted_and_is_added_again_signs_in_as_the_same_person(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    before_id = acme.directory.add(ANN)
    before = acme.wiki.learn(acme.answer()).subject
    acme.directory.delete(before_id)

    after_id = acme.directory.add(ANN)

    assert after_id != before_id
    assert acme.wiki.learn(acme.answer()).subject == before


def test_whoever_was_deleted_does_not_come_back_under_another_address(hub: Hub) -> None:
    """They are remembered by the provider's key too, not only by their names."""
    acme = Acme(hub)
    ann = acme.directory.add(ANN)
    acme.signs_in()
    acme.directory.delete(ann)

    other = {"email": ["ann.new@acme.example"], "given_name": ["Ann"]}
    assert acme.refused_with(attributes=other) == "switched_off_in_directory"


def test_a_session_from_before_ends_with_the_wish_to_refuse_strangers(hub: Hub) -> None:
    acme = Acme(hub)
    browser = hub.browser()
    acme.mail.sign_in(browser, acme.idp, tenant="acme")

    acme.directory.save(unknown="refuse")

    assert at_the_provider(acme, browser)


def test_a_session_of_somebody_whom_the_directory_knows_goes_on(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    acme.directory.add(ANN)
    browser = hub.browser()
    acme.mail.sign_in(browser, acme.idp, tenant="acme")

    assert acme.wiki.learn(browser.open(acme.wiki.login_url(tenant="acme"))).subject


def test_a_directory_that_is_switched_off_decides_nothing(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    ann = acme.directory.add(ANN)
    acme.directory.switch_off(ann)

    acme.directory.save(enabled=False, unknown="refuse")

    assert acme.signs_in()[c.EMAIL] == [ANN]


# --- how people are recognised ----------------------------------------------------------------------------------------

SUBJECT = f"id-of-{ANN}"


@pytest.mark.parametrize(
    ("matching", "person", "known"),
    [
        ("email", {"userName": "ann", "emails": [{"value": "Ann@ACME.example", "primary": True}]}, True),
        ("email", {"userName": ANN.upper()}, True),
        ("email", {"userName": "ann", "emails": [{"value": "other@acme.example", "primary": True}, {"value": ANN}]}, False),
        ("email", {"userName": SUBJECT, "externalId": SUBJECT}, False),
        ("subject", {"userName": "ann", "externalId": SUBJECT}, True),
        ("subject", {"userName": SUBJECT}, True),
        ("subject", {"userName": SUBJECT.upper()}, False),
        ("subject", {"userName": "ann", "externalId": SUBJECT.upper()}, False),
        ("subject", {"userName": ANN, "emails": [{"value": ANN}]}, False),
    ],
)
def test_people_are_matched_by_the_rule_and_by_nothing_else(hub: Hub, matching: str, person: dict[str, object], known: bool) -> None:
    acme = Acme(hub, matching=matching, unknown="refuse")
    acme.directory.add(str(person["userName"]), **{name: value for name, value in person.items() if name != "userName"})

    assert (acme.answer().status_code == 200) is known


def test_two_people_of_one_address_are_nobody(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    for name in ("one", "two"):
        acme.directory.add(name, emails=[{"value": ANN, "primary": True}])

    assert acme.refused_with() == "unknown_in_directory"


@pytest.mark.parametrize("matching", ["email", "subject"])
@pytest.mark.parametrize(("on", "refused"), [(0, "switched_off_in_directory"), (1, None), (2, None)])
def test_people_of_one_address_or_key_who_are_all_switched_off_stay_out_whoever_of_them_it_is(
    hub: Hub, matching: str, on: int, refused: str | None
) -> None:
    acme = Acme(hub, matching=matching, unknown="admit")
    for number in range(3):
        said = {"emails": [{"value": ANN, "primary": True}], "externalId": SUBJECT}
        acme.directory.add(f"account {number}", **said, active=number < on)

    if refused:
        assert acme.refused_with() == refused
    else:
        assert acme.signs_in()[c.EMAIL] == [ANN]


def test_whoever_was_matched_once_is_remembered_when_their_address_changes(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    ann = acme.directory.add(ANN)
    acme.signs_in()

    acme.directory.patch(f"/Users/{ann}", {"op": "replace", "path": "userName", "value": "ann.miller@acme.example"})

    assert acme.signs_in()[c.EMAIL] == [ANN]


def test_an_address_outside_the_tenants_domains_matches_nobody(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp = hub.saml_idp("acme", admits_guests=True)
    directory = Directory(hub, "acme", idp.connector_id, unknown="refuse")
    directory.add("guest@elsewhere.example")
    wiki, browser = hub.saml_app(), hub.browser()

    waiting = browser.open(wiki.login_url(tenant="acme"))
    refused = idp.authenticate(browser, waiting, attributes={"email": ["guest@elsewhere.example"]})

    assert hub.trace(refused).error_code == "unknown_in_directory"


# --- what logins learn ------------------------------------------------------------------------------------------------


def test_groups_and_attributes_become_claims(hub: Hub) -> None:
    acme = Acme(hub, application={"transform_rules": ({"template": "pass_through_all"},)})
    department = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Research"}}
    ann = acme.directory.add(ANN, name={"givenName": "Anna", "familyName": "Miller"}, roles=[{"value": "editor"}], **department)
    acme.directory.group("Writers", ann)
    acme.directory.group("Readers", ann)

    claims = acme.signs_in()

    assert claims[c.GROUP] == ["Readers", "Writers"]
    assert claims[c.ROLE] == ["editor"]
    assert claims["department"] == ["Research"]
    assert claims[c.SURNAME] == ["Miller"]
    assert claims[c.GIVEN_NAME] == ["Ann"], "what the provider says itself comes first"


def test_rules_can_use_the_groups_of_the_directory(hub: Hub) -> None:
    acme = Acme(hub, application={"authorization_rules": ({"template": "permit", "claim": "group", "value": "Writers"},)})
    ann = acme.directory.add(ANN)
    assert acme.refused_with() == "access_denied"

    acme.directory.group("Writers", ann)

    assert acme.answer().status_code == 200


def test_a_provider_without_an_address_gets_it_from_the_directory(hub: Hub) -> None:
    acme = Acme(hub, matching="subject")
    acme.directory.add("ann", externalId=SUBJECT, emails=[{"value": ANN, "primary": True}])

    assert acme.signs_in(attributes={"given_name": ["Ann"]})[c.EMAIL] == [ANN]


def test_an_address_of_the_directory_passes_the_boundary_like_any_other(hub: Hub) -> None:
    hub.tenant("other", "other.example")
    acme = Acme(hub, matching="subject")
    acme.directory.add("ann", externalId=SUBJECT, emails=[{"value": "ceo@other.example", "primary": True}])

    assert acme.refused_with(attributes={"given_name": ["Ann"]}) == "foreign_email"


# --- what it costs, and what is told ----------------------------------------------------------------------------------


def test_the_trace_tells_whom_the_directory_knows(hub: Hub) -> None:
    acme = Acme(hub)
    ann = acme.directory.add(ANN)
    acme.signs_in()
    acme.directory.switch_off(ann)

    view = hub.trace(acme.answer())

    assert view.error_code == "switched_off_in_directory"
    assert view.diagnosis.act == "customer_it"
    assert [(event.name, event.passed) for event in view.events if event.name == "directory.active"] == [("directory.active", False)]


def test_a_connector_without_a_directory_asks_nothing(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, wiki = hub.saml_idp("acme"), hub.saml_app()
    wiki.sign_in(hub.browser(), idp)
    statements: list[str] = []
    event.listen(hub.built.database.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))

    wiki.sign_in(hub.browser(), idp)
    assert not [statement for statement in statements if "directory_" in statement]


def test_a_test_login_asks_the_directory_and_writes_nothing(hub: Hub) -> None:
    acme = Acme(hub, unknown="refuse")
    assert _tested(acme) == ("failed", "unknown_in_directory")
    ann = acme.directory.add(ANN)
    assert _tested(acme) == ("passed", "")

    acme.directory.switch_off(ann)

    assert _tested(acme) == ("failed", "switched_off_in_directory")
    assert hub.count("directory_links") == 0


def _tested(acme: Acme) -> tuple[str, str]:
    trial = Trial(acme.hub)
    trial.make(acme.idp)
    result = trial.result()
    return result.state, result.error_code
