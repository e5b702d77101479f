"""People in the console and through operations: found, seen as last seen, signed out, switched off, unlinked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims
from broker.domain.errors import Forbidden, UnknownObject
from broker.services.actor import ROLES, Actor, Role
from broker.services.operations.people import ListPeople, OneLink, OnePerson, OneSession, PersonDetail, PersonView
from tests.support import databases, pages
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.saml_people import SamlPerson


def run(hub: Hub, name: str, asked: Any, actor: Actor = ME) -> Any:
    return hub.built.operations.run(actor, name, asked)


def found(hub: Hub, text: str = "", actor: Actor = ME, **more: Any) -> list[str]:
    return [person.email for person in run(hub, "person.list", ListPeople(text, **more), actor).items]


def only_person(hub: Hub) -> PersonView:
    (person,) = run(hub, "person.list", ListPeople()).items
    return person  # type: ignore[no-any-return]


def detail(hub: Hub, person: PersonView) -> PersonDetail:
    shown = run(hub, "person.show", OnePerson(person.tenant, person.id))
    assert isinstance(shown, PersonDetail)
    return shown


def people(hub: Hub, *emails: str, tenant: str = "acme") -> None:
    """Each signs in once; their names are in their addresses."""
    hub.tenant(tenant, f"{tenant}.example")
    idp, app = hub.saml_idp(tenant), hub.saml_app(f"{tenant}-wiki")
    for email in emails:
        given, _, family = email.partition("@")[0].partition(".")
        app.sign_in(hub.browser(), SamlPerson(idp, email, NAMES.get(given, given).title(), NAMES.get(family, family).title()))
        hub.clock.forward(minutes=1)


NAMES = {"elodie": "Élodie", "muller": "Müller"}


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("alice", ["alice.archer@acme.example"]),
        ("ALICE.A", ["alice.archer@acme.example"]),
        ("archer", ["alice.archer@acme.example"]),
        ("alice archer", ["alice.archer@acme.example"]),
        ("Élo", ["elodie.muller@acme.example"]),
        ("müLLER", ["elodie.muller@acme.example"]),
        ("rcher", []),
        ("%", []),
        ("_", []),
        ("a", ["alice.archer@acme.example", "anna.bee@acme.example"]),
    ],
)
def test_given_the_beginning_of_an_address_or_name_then_its_people_are_found(hub: Hub, typed: str, expected: list[str]) -> None:
    people(hub, "alice.archer@acme.example", "anna.bee@acme.example", "elodie.muller@acme.example", "zoe.zed@acme.example")
    assert sorted(found(hub, typed)) == sorted(expected)


def test_given_many_then_pages_follow_one_another_without_gap_or_repetition(hub: Hub) -> None:
    people(hub, *(f"a{number}.person@acme.example" for number in range(5)))
    for text in ("", "a", "person"):
        seen: list[str] = []
        after = ""
        for _ in range(5):
            page = run(hub, "person.list", ListPeople(text, after=after, limit=2))
            seen += [person.email for person in page.items]
            after = page.next
            if not after:
                break
        assert sorted(seen) == [f"a{number}.person@acme.example" for number in range(5)], text


def test_given_no_text_then_whoever_was_here_last_comes_first(hub: Hub) -> None:
    people(hub, "first.one@acme.example", "second.one@acme.example")
    assert found(hub) == ["second.one@acme.example", "first.one@acme.example"]


def test_given_a_changed_name_when_the_person_returns_then_the_old_one_finds_nobody(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    for surname in ("Archer", "Baker"):
        app.sign_in(hub.browser(), SamlPerson(idp, "alice@acme.example", "Alice", surname))
    assert found(hub, "baker") == ["alice@acme.example"]
    assert found(hub, "archer") == []


def test_given_an_id_then_the_console_opens_the_person_at_once(hub: Hub) -> None:
    people(hub, "alice.archer@acme.example")
    person = only_person(hub)
    response = desk(hub).get(f"/console/people?search={person.id}")
    assert response.headers["location"] == f"{PUBLIC_URL}/console/people/acme/{person.id}"


# --- tenants ----------------------------------------------------------------------------------------------------------


def test_given_an_administrator_of_another_tenant_then_nobody_is_found_shown_or_changed(hub: Hub) -> None:
    people(hub, "alice.archer@acme.example")
    hub.tenant("globex")
    person, stranger = only_person(hub), Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"])
    link, session = detail(hub, person).links[0], detail(hub, person).sessions[0]
    asked = [
        ("person.show", OnePerson(person.tenant, person.id)),
        ("person.show", OnePerson("globex", person.id)),
        ("person.disable", OnePerson("globex", person.id)),
        ("person.enable", OnePerson("globex", person.id)),
        ("person.sign_out", OnePerson("globex", person.id)),
        ("person.end_session", OneSession("globex", person.id, session.id)),
        ("person.unlink", OneLink("globex", person.id, link.id)),
    ]

    assert found(hub, "", stranger) == found(hub, "alice", stranger) == found(hub, person.id, stranger) == []
    assert found(hub, "", stranger, of_tenant="globex") == []
    with pytest.raises(UnknownObject):
        found(hub, "", stranger, of_tenant="acme")
    for name, what in asked:
        with pytest.raises(UnknownObject):
            run(hub, name, what, stranger)
    assert detail(hub, person).sessions[0].id == session.id


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_given_a_role_that_changes_nothing_then_it_is_refused(hub: Hub, role: Role) -> None:
    people(hub, "alice.archer@acme.example")
    person = only_person(hub)
    for name in ("person.disable", "person.sign_out"):
        with pytest.raises(Forbidden):
            run(hub, name, OnePerson("acme", person.id), Actor("x", ROLES[role]))
    page = desk(hub, Role.SUPPORT).page(f"/console/people/acme/{person.id}")
    assert "<form" not in page.partition("<main")[2]


# --- what can be done -------------------------------------------------------------------------------------------------


def test_given_a_person_then_the_page_says_what_is_known_and_where_they_are(hub: Hub) -> None:
    people(hub, "alice.archer@acme.example")
    text = pages.text(desk(hub).page(f"/console/people/acme/{only_person(hub).id}"))
    for expected in ("Alice Archer", "Email address alice.archer@acme.example", "acme idp", "https://idp.acme.example/saml", "Acme-Wiki"):
        assert expected in text


def test_given_a_person_who_is_switched_off_then_session_and_tokens_end_at_once(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    op, app, browser = hub.oidc_op("acme"), hub.oidc_app(), hub.browser()
    signed_in = app.sign_in(browser, op)
    mine = desk(hub)
    person = only_person(hub)
    home = f"/console/people/acme/{person.id}"
    token = {"Authorization": f"Bearer {signed_in.raw['access_token']}"}
    assert browser.open("/oauth2/userinfo", headers=token).status_code == 200

    response = mine.submit(home, "/disable")

    assert "Switched off" in mine.page(response.headers["location"].removeprefix(PUBLIC_URL))
    assert browser.open("/oauth2/userinfo", headers=token).status_code == 401
    assert hub.count("sessions") == 0
    refused = op.authenticate(browser, browser.open(app.login_url()))
    assert refused.status_code == 403
    assert hub.trace(refused).error_code == "identity_disabled"

    mine.submit(home, "/enable")
    assert browser.open("/oauth2/userinfo", headers=token).status_code == 401, "what was taken back stays taken back"
    hub.clock.forward(seconds=1)
    assert app.sign_in(hub.browser(), op).status == "success"


def test_given_a_code_not_yet_redeemed_when_the_person_is_signed_out_everywhere_then_it_gives_nothing(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    op, app, browser = hub.oidc_op("acme"), hub.oidc_app(), hub.browser()
    answer = app.callback(op.authenticate(browser, browser.open(app.login_url())))
    person = only_person(hub)

    assert run(hub, "person.sign_out", OnePerson("acme", person.id)).sessions == 1

    assert app.redeem(answer["code"]).get_json()["error"] == "invalid_grant"
    assert detail(hub, person).sessions == ()


def test_given_two_sessions_when_one_is_ended_then_the_other_lives(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    for _ in range(2):
        app.sign_in(hub.browser(), idp)
        hub.clock.forward(minutes=1)
    person = only_person(hub)
    newest, oldest = detail(hub, person).sessions

    desk(hub).submit(f"/console/people/acme/{person.id}", f"/sessions/{oldest.id}/end")

    assert [session.id for session in detail(hub, person).sessions] == [newest.id]


def test_given_an_unlinked_person_when_they_sign_in_again_then_they_are_somebody_new(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    before = app.sign_in(hub.browser(), idp)
    person = only_person(hub)
    (link,) = detail(hub, person).links
    mine, place = desk(hub), f"/console/people/acme/{person.id}/links/{link.id}/unlink"
    assert "The next sign-in makes a new person." in mine.page(place)

    mine.submit(place, "/unlink")

    assert detail(hub, person).links == detail(hub, person).sessions == ()
    after = app.sign_in(hub.browser(), idp)
    assert after.status == "success"
    assert after.subject != before.subject


def test_given_a_long_session_at_the_desk_when_unlinking_then_it_is_asked_who_is_there(hub: Hub) -> None:
    people(hub, "alice.archer@acme.example")
    person = only_person(hub)
    (link,) = detail(hub, person).links
    mine = desk(hub)
    hub.clock.forward(minutes=11)

    response = mine.submit(f"/console/people/acme/{person.id}/links/{link.id}/unlink", "/unlink")

    assert response.status_code in {302, 303, 403}
    assert detail(hub, person).links == (link,)


def test_given_any_change_then_the_audit_log_says_who_did_what(hub: Hub) -> None:
    people(hub, "alice.archer@acme.example")
    person = only_person(hub)
    shown = detail(hub, person)
    run(hub, "person.end_session", OneSession("acme", person.id, shown.sessions[0].id))
    run(hub, "person.sign_out", OnePerson("acme", person.id))
    run(hub, "person.disable", OnePerson("acme", person.id))
    run(hub, "person.enable", OnePerson("acme", person.id))
    run(hub, "person.unlink", OneLink("acme", person.id, shown.links[0].id))
    with hub.built.database.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT actor, tenant_id, action, object_id FROM audit WHERE object_kind = 'person' ORDER BY id"
        ).fetchall()
    assert [tuple(row) for row in rows] == [(ME.name, hub.tenants["acme"], "person.updated", person.id)] * 5


@pytest.fixture
def hub_on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Whatever database the other tests run on."""
    monkeypatch.setattr(databases, "SERVER", "")
    with Hub(tmp_path) as made:
        yield made


def test_given_a_hundred_thousand_people_then_every_search_uses_an_index(hub_on_sqlite: Hub) -> None:
    """The plans say so; SQLite's are readable."""
    hub = hub_on_sqlite
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT identities."):
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(str(row[3]) for row in rows)

    event.listen(hub.built.database.engine, "before_cursor_execute", explain)
    hub.tenant("acme")
    for text in ("", "alice", "idn_1"):
        for tenant in ("", "acme"):
            found(hub, text, of_tenant=tenant)
    event.remove(hub.built.database.engine, "before_cursor_execute", explain)
    assert len(plans) >= 6
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []
    assert [plan for plan in plans if "TEMP B-TREE" in plan] == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Ann\x00a \u202eArcher", "Anna Archer"), (" Élodie\u00a0\t Müller\n", "Élodie Müller"), ("\x00\x07", None), ("李 小龍", "李 小龍"), ("\ud800x", "x")],
)
def test_given_what_a_provider_calls_a_person_then_the_name_is_what_can_be_read_of_it(said: str, kept: str | None) -> None:
    assert c.display_name(Claims((Claim(c.NAME, said),))) == kept
