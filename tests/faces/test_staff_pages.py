"""`/console/staff` and `/console/me`: who works here, what they may do, and what they sign in with."""

from __future__ import annotations

import html
import json
import re

import pytest

from broker.services.actor import Role
from tests.support import pages
from tests.support.api import Api, api
from tests.support.console import Desk, desk, member
from tests.support.hub import Hub
from tests.support.staff import PASSWORD, Passkey, Person, actions, with_passkey, with_password


def shown_link(response) -> str:  # type: ignore[no-untyped-def]
    found = re.search(r'id="staff-link">([^<]+)<', response.get_data(as_text=True))
    assert found is not None, pages.text(response.data)[:400]
    return html.unescape(found.group(1))


def accounts(hub: Hub):  # type: ignore[no-untyped-def]
    return hub.built.services.staff.accounts


# --- owners -----------------------------------------------------------------------------------------------------------


def test_given_an_owner_when_letting_somebody_in_then_the_link_is_shown_once_and_works(hub: Hub) -> None:
    mine = desk(hub)
    answer = mine.submit("/console/new/staff", "/new/staff", name="Grace", email="Grace@staff.example", role="support")
    link = shown_link(answer)
    grace = accounts(hub).find("grace@staff.example")
    assert link not in mine.page(f"/console/staff/{grace.id}")
    assert "Invited" in mine.page("/console/staff")
    person = Person(hub)
    assert person.set_up(link).status_code == 302
    assert person.inside
    assert "Active" in mine.page(f"/console/staff/{grace.id}")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": "nobody", "role": "support"}, "email"),
        ({"email": "owner@staff.example", "role": "support"}, "email"),
        ({"name": "", "role": "support"}, "name"),
        ({"role": "emperor"}, "role"),
        ({"role": "tenant_admin"}, "administers"),
        ({"role": "support", "administers": "acme"}, "administers"),
        ({"role": "tenant_admin", "administers": "nowhere"}, "administers"),
    ],
)
def test_given_a_mistake_then_it_is_said_and_everything_typed_is_still_there(hub: Hub, typed: dict[str, str], field: str) -> None:
    hub.tenant("acme")
    answer = desk(hub).submit("/console/new/staff", "/new/staff", **{"name": "Grace", "email": "grace@staff.example", **typed})
    page = answer.get_data(as_text=True)
    assert 400 <= answer.status_code < 500
    assert 'id="problem"' in page
    if field != "role":
        assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', page), field
    assert typed.get("email", "grace@staff.example") in page
    assert len(accounts(hub).search()) == 1


def test_given_a_tenant_administrator_then_they_belong_to_one_tenant(hub: Hub) -> None:
    hub.tenant("acme")
    mine = desk(hub)
    shown_link(mine.submit("/console/new/staff", "/new/staff", name="Tim", email="tim@acme.example", role="tenant_admin", administers="acme"))
    tim = accounts(hub).find("tim@acme.example")
    assert tim.tenant_id == hub.tenants["acme"]
    mine.submit(f"/console/staff/{tim.id}", "/settings", role="support", administers="")
    assert accounts(hub).get(tim.id).tenant_id is None


def test_given_another_role_then_the_next_request_has_it(hub: Hub) -> None:
    mine, other = desk(hub), desk(hub, Role.OPERATOR)
    assert other.get("/console/new/tenant").status_code == 200
    mine.submit(f"/console/staff/{other.member.id}", "/settings", role="support")
    assert other.get("/console/new/tenant").status_code == 403


@pytest.mark.parametrize("what", ["/settings", "/disable", "/delete"])
def test_given_the_last_owner_then_they_can_neither_be_demoted_nor_switched_off_nor_deleted(hub: Hub, what: str) -> None:
    mine = desk(hub)
    member(hub, Role.OWNER, name="never-here")  # invited, but has never signed in: nobody to rely on
    typed = {"role": "support"} if what == "/settings" else {}
    answer = mine.submit(f"/console/staff/{mine.member.id}", what, **typed)
    assert answer.status_code == 409
    assert "This is the last owner who can sign in." in answer.get_data(as_text=True)
    assert accounts(hub).get(mine.member.id).role is Role.OWNER
    second = Desk(hub, member(hub, Role.OWNER, name="second"))
    assert second.submit(f"/console/staff/{mine.member.id}", what, **typed).status_code == 302


def test_given_somebody_switched_off_then_their_session_is_over_at_once_and_their_passkey_opens_nothing(hub: Hub) -> None:
    mine = desk(hub)
    person, account, key = with_passkey(hub, Role.SUPPORT)
    assert person.inside
    mine.submit(f"/console/staff/{account.id}", "/disable")
    assert not person.inside
    assert person.touch(key).status_code == 401
    mine.submit(f"/console/staff/{account.id}", "/enable")
    assert not person.inside, "the old session does not come back"
    assert person.touch(key).status_code == 302


@pytest.mark.parametrize("what", ["/settings", "/disable", "/delete", "/reset"])
@pytest.mark.parametrize("keep", [False, True])
def test_given_somebody_who_may_make_no_tokens_any_more_then_theirs_are_over_unless_an_owner_keeps_them(
    hub: Hub, what: str, keep: bool
) -> None:
    mine, leaving = desk(hub), Desk(hub, member(hub, Role.OWNER, name="leaving"))
    theirs = _token(hub, leaving, "deploy")
    descended = Api(hub, theirs).post("/tokens", {"name": "nightly", "verbs": ["administer"]}, 201)["secret"]
    others = _token(hub, mine, "billing")
    page = mine.page(f"/console/staff/{leaving.member.id}")
    typed = {**({"role": "operator"} if what == "/settings" else {}), **({"keep_tokens": "yes"} if keep else {})}

    assert mine.submit(f"/console/staff/{leaving.member.id}", what, **typed).status_code == (200 if what == "/reset" else 302)

    assert "deploy, nightly" in page
    assert "billing" not in page
    for secret in (theirs, descended):
        assert Api(hub, secret).ask("GET", "/tokens").status_code == (200 if keep else 401)
    assert Api(hub, others).ask("GET", "/tokens").status_code == 200
    log = mine.page("/console/audit?kind=staff")
    assert ("kept" if keep else "revoked") in log


def test_given_a_token_between_that_is_over_by_now_then_what_was_made_with_it_ends_with_its_maker_too(hub: Hub) -> None:
    mine, leaving = desk(hub), Desk(hub, member(hub, Role.OWNER, name="leaving"))
    bridge = Api(hub, _token(hub, leaving, "bridge"))
    late = bridge.post("/tokens", {"name": "nightly", "verbs": ["administer"], "days": 300}, 201)["secret"]
    hub.clock.forward(days=31)
    # Names are free again when a token is over: what its namesake makes is somebody else's.
    mine = Desk(hub, mine.member)
    namesake = Api(hub, _token(hub, mine, "bridge"))
    others = namesake.post("/tokens", {"name": "billing", "verbs": ["administer"]}, 201)["secret"]
    assert "nightly" in mine.page(f"/console/staff/{leaving.member.id}")

    mine.submit(f"/console/staff/{leaving.member.id}", "/disable")

    assert Api(hub, late).ask("GET", "/tokens").status_code == 401
    assert Api(hub, others).ask("GET", "/tokens").status_code == 200


def _token(hub: Hub, whose: Desk, name: str) -> str:
    page = whose.submit("/console/new/token", "/new/token", name=name, kind="token", verbs="administer", days="30")
    return html.unescape(str(re.search(r'id="secret">([^<]+)<', page.get_data(as_text=True)).group(1)))  # type: ignore[union-attr]


def test_given_stolen_credentials_then_taking_everything_away_leaves_nothing_but_the_new_link(hub: Hub) -> None:
    mine = desk(hub)
    person, account, key = with_passkey(hub, Role.SUPPORT)
    link = shown_link(mine.submit(f"/console/staff/{account.id}", "/reset"))
    assert not person.inside
    assert person.touch(key).status_code == 401
    assert Person(hub).set_up(link).status_code == 302


def test_given_a_new_phone_then_a_new_link_adds_a_way_and_the_old_one_goes_on(hub: Hub) -> None:
    mine = desk(hub)
    _, account, key = with_passkey(hub, Role.SUPPORT)
    link = shown_link(mine.submit(f"/console/staff/{account.id}", "/link"))
    assert Person(hub).set_up(link).status_code == 302
    assert Person(hub).touch(key).status_code == 302
    assert accounts(hub).get(account.id).has_password


def test_given_sessions_of_somebody_then_an_owner_ends_one_or_all(hub: Hub) -> None:
    mine, other = desk(hub), Desk(hub, member(hub, Role.SUPPORT))
    again = Desk(hub, other.member)
    page = f"/console/staff/{other.member.id}"
    mine.submit(page, "/end")
    assert [each.get("/console").status_code for each in (other, again)].count(200) == 1
    Desk(hub, other.member)
    mine.submit(page, "/sessions/end")
    assert [each.get("/console").status_code for each in (other, again)] == [302, 302]


def test_given_every_change_then_the_audit_log_says_who_made_it(hub: Hub) -> None:
    mine = desk(hub)
    _, account, _ = with_passkey(hub, Role.SUPPORT)
    page = f"/console/staff/{account.id}"
    mine.submit(page, "/settings", role="auditor")
    mine.submit(page, "/reset")
    mine.submit(page, "/disable")
    mine.submit(page, "/delete")
    me = f"staff:{mine.member.email}"
    assert ("staff.deleted", me) in actions(hub)
    assert [action for action, actor in actions(hub) if actor == me].count("staff.updated") == 4


def test_given_many_colleagues_then_the_list_has_pages_and_a_search(hub: Hub) -> None:
    for number in range(60):
        member(hub, Role.SUPPORT, name=f"person{number:02}")
    mine = desk(hub)
    first = mine.page("/console/staff")
    following = re.search(r'href="(/console/staff\?after=[^"]+)"', first)
    assert following is not None
    second = mine.page(html.unescape(following.group(1)))
    assert ("person59@" in first) != ("person59@" in second)
    found = mine.page("/console/staff?search=PERSON07")
    assert "person07@" in found
    assert "person08@" not in found
    assert "Nobody found" in mine.page("/console/staff?search=zzz%25_")


# --- oneself ----------------------------------------------------------------------------------------------------------


def test_given_my_name_then_it_is_saved_and_shown(hub: Hub) -> None:
    mine = desk(hub, Role.SUPPORT)
    assert mine.submit("/console/me", "/name", name="Ada Lovelace").status_code == 302
    assert "Ada Lovelace" in mine.page("/console/me")
    assert mine.submit("/console/me", "/name", name=" ").status_code == 400


def test_given_one_more_passkey_then_both_open_and_either_can_go_but_not_the_last(hub: Hub) -> None:
    person, _, first = with_passkey(hub, Role.SUPPORT)
    second, page = Passkey(), person.page("/console/me/passkey")
    answer = json.dumps(second.make(person.options(page, "make")))
    assert person.submit(page, "/me/passkey", credential=answer, name="Grey key").status_code == 302
    assert "Grey key" in person.page("/console/me")
    assert all(Person(hub).touch(key).status_code == 302 for key in (first, second))
    person.submit(person.page("/console/me"), "/remove")
    opens = [Person(hub).touch(key).status_code for key in (first, second)]
    assert sorted(opens) == [302, 401]
    last = person.submit(person.page("/console/me"), "/remove")
    assert last.status_code == 409
    assert "This is the only thing you can sign in with." in last.get_data(as_text=True)


def test_given_a_passkey_that_is_registered_then_it_is_not_registered_for_somebody_else(hub: Hub) -> None:
    _, _, key = with_passkey(hub, Role.SUPPORT, name="ada")
    other, _, _ = with_passkey(hub, Role.SUPPORT, name="eve")
    page = other.page("/console/me/passkey")
    answer = other.submit(page, "/me/passkey", credential=json.dumps(key.make(other.options(page, "make"))))
    assert answer.status_code == 409


def test_given_only_a_passkey_then_a_password_comes_with_its_codes(hub: Hub) -> None:
    person, account, _ = with_passkey(hub, Role.SUPPORT)
    page = person.follow(person.submit(person.page("/console/me/password"), "/me/password", password=PASSWORD, again=PASSWORD))
    assert not accounts(hub).get(account.id).has_password
    person.totp_key = re.sub(r"\s", "", re.search(r'id="authenticator-key">([^<]+)<', page).group(1))  # type: ignore[union-attr]
    assert person.submit(page, "/me/authenticator", code=person.code()).status_code == 302
    other = Person(hub)
    other.totp_key = person.totp_key
    assert other.sign_in(account.email).status_code == 302
    assert person.submit(person.page("/console/me"), "/password/remove").status_code == 302
    assert Person(hub).password(account.email).status_code == 401


def test_given_a_new_password_then_the_old_one_is_over(hub: Hub) -> None:
    person, account = with_password(hub, Role.SUPPORT)
    new = "marble otter canyon ferry"
    assert person.submit(person.page("/console/me/password"), "/me/password", password=new, again=new).status_code == 302
    assert Person(hub).password(account.email).status_code == 401
    assert Person(hub).password(account.email, new).status_code == 302


def test_given_another_phone_then_codes_of_the_old_one_are_over(hub: Hub) -> None:
    person, account = with_password(hub, Role.SUPPORT)
    old = person.totp_key
    page = person.follow(person.submit(person.page("/console/me"), "/authenticator/new"))
    person.totp_key = re.sub(r"\s", "", re.search(r'id="authenticator-key">([^<]+)<', page).group(1))  # type: ignore[union-attr]
    assert person.submit(page, "/me/authenticator", code=person.code()).status_code == 302
    other = Person(hub)
    other.totp_key = old
    assert other.sign_in(account.email).status_code == 401


def test_given_only_a_password_then_it_cannot_be_removed(hub: Hub) -> None:
    person, account = with_password(hub, Role.SUPPORT)
    token = pages.form_to(person.page("/console/me"), "/me/name").fields["csrf"]
    assert person.browser.post("/console/me/password/remove", {"csrf": token}).status_code == 409
    assert accounts(hub).get(account.id).has_password


def test_given_my_sessions_then_i_end_one_or_all_others(hub: Hub) -> None:
    mine = desk(hub, Role.SUPPORT)
    others = [Desk(hub, mine.member) for _ in range(3)]
    assert "This browser" in mine.page("/console/me")
    mine.submit("/console/me", "/end")
    assert [each.get("/console").status_code for each in others].count(200) == 2
    mine.submit("/console/me", "/end-others")
    assert [each.get("/console").status_code for each in others].count(200) == 0
    assert mine.get("/console").status_code == 200


def test_given_a_colleagues_session_then_i_cannot_end_it(hub: Hub) -> None:
    mine, other = desk(hub, Role.SUPPORT), desk(hub)
    (session,) = hub.built.services.staff.sessions.of(other.member.id)
    token = pages.form_to(mine.page("/console/me"), "/me/name").fields["csrf"]
    assert mine.browser.post(f"/console/me/sessions/{session.id}/end", {"csrf": token}).status_code == 404
    assert other.get("/console").status_code == 200


@pytest.mark.parametrize("path", ["/console/me/passkey", "/console/me/password"])
def test_given_an_old_sign_in_then_credentials_are_changed_only_after_confirmation(hub: Hub, path: str) -> None:
    person, _ = with_password(hub, Role.SUPPORT)
    page = person.page(path)
    hub.clock.forward(minutes=10)
    assert "/console/confirm" in person.browser.open(path).headers["location"]
    form = pages.forms(page)[-1]
    refused = person.browser.post(form.action, form.with_fields(password=PASSWORD, again=PASSWORD).fields)
    assert "/console/confirm" in refused.headers["location"]


def test_given_two_owners_at_once_then_the_second_change_of_an_account_is_refused_by_its_version(hub: Hub) -> None:
    colleague, script = member(hub, Role.SUPPORT, name="colleague"), api(hub)
    seen = script.ask("GET", f"/staff/{colleague.id}").headers["ETag"]
    change = {"role": "operator"}

    first = script.ask("PUT", f"/staff/{colleague.id}", json=change, headers={"If-Match": seen})
    second = script.ask("PUT", f"/staff/{colleague.id}", json={"role": "auditor"}, headers={"If-Match": seen})

    assert (first.status_code, second.status_code) == (200, 412)
    assert accounts(hub).get(colleague.id).role is Role.OPERATOR
