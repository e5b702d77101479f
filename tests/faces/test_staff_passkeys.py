"""Passkeys at the door of the console, and showing again who one is before something sensitive is changed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.console import member
from tests.support.hub import Hub
from tests.support.staff import (
    PASSWORD,
    SAME,
    USER_PRESENT,
    Passkey,
    Person,
    actions,
    invited,
    with_passkey,
    with_password,
)


def test_given_a_passkey_then_it_is_enough(hub: Hub) -> None:
    _, account, key = with_passkey(hub)
    person = Person(hub)
    assert person.touch(key, "?next=/console/tenants").headers["location"].endswith("/console/tenants")
    assert person.inside
    assert ("staff.sign_in", f"staff:{account.email}") in actions(hub)


Knob = Callable[[Passkey], object]
KNOBS: dict[str, Knob] = {
    "another site": lambda key: setattr(key, "origin", "https://evil.example"),
    "another relying party": lambda key: setattr(key, "relying_party", "evil.example"),
    "nobody verified the person": lambda key: setattr(key, "flags", USER_PRESENT),
    "nobody was there": lambda key: setattr(key, "flags", 0x04),
    "another key": lambda key: setattr(key, "key", Passkey().key),
    "an unknown credential": lambda key: setattr(key, "credential_id", b"x" * 32),
    "another person's handle": lambda key: setattr(key, "user_handle", b"stf_other"),
    "a counter that went back": lambda key: setattr(key, "count", -1),
}


@pytest.mark.parametrize("what", KNOBS)
def test_given_a_passkey_that_is_wrong_in_one_way_then_nobody_is_let_in(hub: Hub, what: str) -> None:
    _, _, key = with_passkey(hub)
    KNOBS[what](key)
    person = Person(hub)
    answer = person.touch(key)
    assert answer.status_code == 401
    assert SAME in answer.get_data(as_text=True)
    assert not person.inside


@pytest.mark.parametrize("what", ["another site", "another relying party", "nobody verified the person"])
def test_given_a_new_passkey_that_is_wrong_then_it_is_not_registered(hub: Hub, what: str) -> None:
    account, link = invited(hub)
    person, key = Person(hub), Passkey()
    KNOBS[what](key)
    assert person.make_passkey(link, key).status_code == 401
    assert hub.built.services.staff.passkeys.of(account.id) == []
    assert person.make_passkey(link, Passkey()).status_code == 302, "the link still works"


@pytest.mark.parametrize("what", ["used", "expired", "for something else", "invented"])
def test_given_a_challenge_that_is_not_open_then_the_answer_is_refused(hub: Hub, what: str) -> None:
    owner, _, key = with_passkey(hub)
    person = Person(hub)
    page = person.page("/console/sign-in")
    options = person.options(page, "ask")
    if what == "used":
        assert person.submit(page, "/sign-in/passkey", credential=json.dumps(key.get(options))).status_code == 302
        person.browser = hub.browser()
        page = person.page("/console/sign-in")
    elif what == "expired":
        hub.clock.forward(minutes=5)
    elif what == "for something else":
        options = owner.options(owner.page("/console/confirm"), "ask")
    else:
        options["challenge"] = "aW52ZW50ZWQ"
    answer = person.submit(page, "/sign-in/passkey", credential=json.dumps(key.get(options)))
    assert answer.status_code == 401
    assert not person.inside


GARBAGE = [
    "", "{}", "[]", "null", "7", '"text"', "{", "\x00" * 3, "é" * 100, "[" * 50_000, '{"response": 7}', '{"response": {"clientDataJSON": 7}}',
    '{"response": {"clientDataJSON": "e30"}}', '{"response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiA3fQ"}}', "9" * 70_000,
    '{"id":"a","rawId":"b","type":"public-key","response":{"clientDataJSON":"!!","authenticatorData":"","signature":""}}',
]  # fmt: skip


@pytest.mark.parametrize("answer", GARBAGE, ids=range(len(GARBAGE)))
def test_given_garbage_for_a_passkey_then_it_is_refused_like_any_other(hub: Hub, answer: str) -> None:
    person = Person(hub)
    page = person.page("/console/sign-in")
    assert person.submit(page, "/sign-in/passkey", credential=answer).status_code in {400, 401}
    _, link = invited(hub)
    assert person.submit(person.page(link), "/passkey", credential=answer).status_code in {400, 401}


def test_given_bits_of_a_real_answer_turned_over_then_none_lets_anybody_in(hub: Hub) -> None:
    _, _, key = with_passkey(hub)
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        person = Person(hub)
        page = person.page("/console/sign-in")
        answer = key.get(person.options(page, "ask"))
        said = answer["response"][name]
        answer["response"][name] = said[:-6] + ("AAAAAA" if said[-6:] != "AAAAAA" else "BBBBBB")
        assert person.submit(page, "/sign-in/passkey", credential=json.dumps(answer)).status_code == 401, name
        assert not person.inside


# --- confirmation -----------------------------------------------------------------------------------------------------


def test_given_an_old_sign_in_then_a_sensitive_form_waits_for_confirmation_and_then_goes_on(hub: Hub) -> None:
    hub.tenant("acme")
    person, _, key = with_passkey(hub)
    hub.clock.forward(minutes=11)
    page = person.page("/console/tenants/acme/settings")
    refused = person.submit(page, "/delete", confirm="acme")
    assert "/console/confirm?" in refused.headers["location"]
    page = person.page(refused.headers["location"])
    assert "What you typed is kept" in page
    page = person.submit(page, "/confirm/passkey", credential=json.dumps(key.get(person.options(page, "ask")))).get_data(as_text=True)
    assert "submit.js" in page
    assert hub.built.tenants.all(), "nothing has happened yet"
    person.submit(page, "/delete")
    assert hub.built.tenants.all() == []


def test_given_a_password_then_it_confirms_with_a_fresh_code(hub: Hub) -> None:
    person, _ = with_password(hub)
    hub.clock.forward(minutes=11)
    page = person.page("/console/confirm?next=/console/tenants")
    assert person.submit(page, "/confirm", password=PASSWORD, code="000000").status_code == 401
    assert person.submit(page, "/confirm", password="wrong password here", code=person.next_code()).status_code == 401
    assert person.submit(page, "/confirm", password=PASSWORD, code=person.next_code()).headers["location"].endswith("/console/tenants")


def test_given_a_colleagues_passkey_then_it_confirms_nothing(hub: Hub) -> None:
    person, _, _ = with_passkey(hub, name="ada")
    _, _, other = with_passkey(hub, name="eve")
    page = person.page("/console/confirm")
    answer = person.submit(page, "/confirm/passkey", credential=json.dumps(other.get(person.options(page, "ask"))))
    assert answer.status_code == 401


def test_given_somebody_elses_kept_form_then_it_is_not_sent_for_them(hub: Hub) -> None:
    staff = hub.built.services.staff
    person, _, key = with_passkey(hub)
    other = staff.sessions.find(staff.sessions.open(member(hub, name="other"), "test"))
    assert other is not None
    held = staff.held.keep(other, "/console/tenants/acme/delete", (("secret", "value"),))
    page = person.page(f"/console/confirm?held={held}")
    answer = person.submit(page, "/confirm/passkey", credential=json.dumps(key.get(person.options(page, "ask"))))
    assert answer.headers["location"].endswith("/console")
