"""The first owner, one-time links, password with codes, limits, sessions: everything before a page of the console."""

from __future__ import annotations

import logging
import re
from urllib.parse import quote

import pytest

from broker.services.actor import Role
from broker.services.staff import ChangeStaff, StaffMember
from broker.services.staff.sign_in import CODES, PER_ACCOUNT, PER_ADDRESS
from tests.support.console import desk
from tests.support.effort import solved
from tests.support.hub import ME, Hub
from tests.support.staff import PASSWORD, SAME, Person, actions, invited, with_passkey, with_password


def invitation_of_init(hub: Hub) -> str:
    made = hub.built.services.staff.invitations.first_owner(ME)
    assert made is not None
    return made.url


def switch_off(hub: Hub, account: StaffMember) -> None:
    command = ChangeStaff(account.id, account.name, account.role, account.tenant_id, enabled=False)
    hub.built.services.staff.accounts.save(ME, command)


# --- the first owner --------------------------------------------------------------------------------------------------


def test_given_the_link_of_init_then_the_first_owner_says_who_they_are_and_is_in(hub: Hub) -> None:
    link, person = invitation_of_init(hub), Person(hub)
    page = person.follow(person.submit(person.page(link), "/person", name="Ada Lovelace", email="Ada@Staff.example"))
    assert "Welcome, Ada Lovelace" in page
    assert person.set_up(link).headers["location"].endswith("/console")

    owner = hub.built.services.staff.accounts.find("ada@staff.example")
    assert owner is not None
    assert owner.role is Role.OWNER
    assert "Ada Lovelace" in person.page("/console")
    assert hub.built.services.staff.invitations.first_owner(ME) is None, "init makes no further link"


def test_given_another_run_of_init_then_only_its_link_works(hub: Hub) -> None:
    earlier, later = invitation_of_init(hub), invitation_of_init(hub)
    browser = hub.browser()
    assert browser.open(earlier).status_code == 404
    assert browser.open(later).status_code == 200


def test_given_an_owner_who_signed_in_then_an_old_link_of_init_makes_no_second_one(hub: Hub) -> None:
    link = invitation_of_init(hub)
    desk(hub, Role.OWNER)
    assert hub.browser().open(link).status_code == 404


def test_given_somebody_who_never_finished_then_a_new_link_takes_them_up_again(hub: Hub) -> None:
    person = Person(hub)
    typed = {"name": "Ada", "email": "ada@staff.example"}
    person.submit(person.page(invitation_of_init(hub)), "/person", **typed)
    link = invitation_of_init(hub)
    assert "Welcome, Ada" in person.follow(person.submit(person.page(link), "/person", **typed))


@pytest.mark.parametrize(("typed", "field"), [({"name": " ", "email": "a@b.example"}, "name"), ({"name": "A", "email": "nobody"}, "email")])
def test_given_a_mistake_then_it_is_said_at_the_field_with_everything_typed(hub: Hub, typed: dict[str, str], field: str) -> None:
    person = Person(hub)
    answer = person.submit(person.page(invitation_of_init(hub)), "/person", **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', page)
    assert typed["email"] in page


# --- links ------------------------------------------------------------------------------------------------------------


def test_given_a_link_when_it_was_used_then_it_is_over(hub: Hub) -> None:
    _, link = invited(hub)
    assert Person(hub).set_up(link).status_code == 302
    assert hub.browser().open(link).status_code == 404


@pytest.mark.parametrize("what", ["expired", "replaced", "switched off", "reset", "invented"])
def test_given_a_link_that_is_over_then_it_opens_nothing(hub: Hub, what: str) -> None:
    staff = hub.built.services.staff
    account, link = invited(hub, Role.SUPPORT)
    if what == "expired":
        hub.clock.forward(hours=24)
    elif what == "replaced":
        staff.invitations.create(ME, account.id)
    elif what == "switched off":
        switch_off(hub, account)
    elif what == "reset":
        staff.invitations.reset(ME, account.id)
    else:
        link = link[:-3] + "abc"
    for path in (link, f"{link}/authenticator"):
        answer = hub.browser().open(path)
        assert answer.status_code == 404
        assert "This link is not valid any more." in answer.get_data(as_text=True)


def test_given_a_database_dump_then_no_link_and_no_session_can_be_used(hub: Hub) -> None:
    _, link = invited(hub)
    token = link.rpartition("/")[2]
    with hub.built.database.reading() as connection:
        for table in ("staff_links", "staff_sessions", "audit", "transients"):
            assert token not in str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())


# --- password and codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "short words",
        "a" * 12,
        "abcabcabcabcabc",
        "passwordpassword",
        "Password1234!",
        "P4ssw0rd-2026!",
        "qwertyuiop123",
        "123456789012345",
        "abcdefghijklmn",
        "motdepasse2026",
        "owner@staff.example",
        "owner-staff-example-1",
        "vestibule console",
        "x" * 300,
    ],
)
def test_given_a_password_that_is_easy_to_guess_then_it_is_refused_with_a_reason(hub: Hub, password: str) -> None:
    _, link = invited(hub)
    person = Person(hub)
    answer = person.submit(person.page(link), "/password", password=password, again=password)
    assert answer.status_code == 400
    assert 'id="problem"' in answer.get_data(as_text=True)
    assert password not in answer.get_data(as_text=True) or len(password) < 4


@pytest.mark.parametrize("password", [PASSWORD, "ünïcödé wörds four", "correcthorsebatterystaple", "Tr0ub4dor&3-is-short", "密码很长很长很长很长很长abc"])
def test_given_a_long_password_then_no_rule_of_composition_stands_in_its_way(hub: Hub, password: str) -> None:
    _, link = invited(hub)
    assert "authenticator-key" in Person(hub).choose_password(link, password)


def test_given_two_different_passwords_then_nothing_is_chosen(hub: Hub) -> None:
    _, link = invited(hub)
    person = Person(hub)
    answer = person.submit(person.page(link), "/password", password=PASSWORD, again=PASSWORD + "s")
    assert "The two passwords differ." in answer.get_data(as_text=True)


def test_given_a_password_without_its_code_then_the_account_has_neither(hub: Hub) -> None:
    account, link = invited(hub)
    person = Person(hub)
    answer = person.submit(person.choose_password(link), "/authenticator", code="000000")
    assert answer.status_code == 400
    found = hub.built.services.staff.accounts.get(account.id)
    assert not found.has_password
    assert not found.can_sign_in
    assert not person.inside
    # The same key is still shown: the app has learnt it already.
    assert person.totp_key in re.sub(r"\s", "", answer.get_data(as_text=True))
    assert person.submit(answer.get_data(as_text=True), "/authenticator", code=person.code()).status_code == 302


def test_given_password_and_code_then_signed_in_where_one_wanted_to_go(hub: Hub) -> None:
    person, account = with_password(hub)
    person.browser = hub.browser()
    waiting = person.browser.open("/console/tenants")
    page = person.page(waiting.headers["location"])
    page = person.follow(person.submit(page, "/sign-in", email=account.email.upper(), password=PASSWORD))
    assert not person.inside
    answer = person.submit(page, "/sign-in/code", code=person.next_code()[:3] + " " + person.code()[3:])
    assert answer.headers["location"].endswith("/console/tenants")
    assert person.inside


def test_given_a_code_when_it_was_used_then_it_opens_no_second_time(hub: Hub) -> None:
    person, account = with_password(hub)
    used = person.code()  # it finished the set-up
    other = Person(hub)
    page = other.follow(other.password(account.email))
    assert SAME in other.submit(page, "/sign-in/code", code=used).get_data(as_text=True)
    fresh = person.next_code()
    assert other.submit(page, "/sign-in/code", code=fresh).status_code == 302
    third = Person(hub)
    page = third.follow(third.password(account.email))
    assert third.submit(page, "/sign-in/code", code=fresh).status_code == 401
    assert not third.inside


def test_given_an_attempt_when_five_minutes_passed_then_it_starts_again(hub: Hub) -> None:
    person, account = with_password(hub)
    person.browser = hub.browser()
    page = person.follow(person.password(account.email))
    hub.clock.forward(minutes=5)
    answer = person.submit(page, "/sign-in/code", code=person.code())
    assert "That took too long. Please sign in again." in answer.get_data(as_text=True)
    assert not person.inside


def test_given_any_reason_then_the_refusal_is_the_same_to_the_byte(hub: Hub) -> None:
    _, account = with_password(hub, name="known")
    _, only_passkey, _ = with_passkey(hub, name="touch")
    _, off = with_password(hub, Role.SUPPORT, name="away")
    said = set()
    switch_off(hub, off)
    for email, password in (
        (account.email, "wrong password altogether"),
        ("nobody@staff.example", PASSWORD),
        ("no address", PASSWORD),
        (only_passkey.email, PASSWORD),
        (off.email, PASSWORD),
    ):
        answer = Person(hub).password(email, password)
        text = answer.get_data(as_text=True).replace(email, "EMAIL")
        said.add((answer.status_code, re.sub(r'name="csrf" value="\w+"', "", text)))
    assert len(said) == 1
    assert SAME in said.pop()[1]


def test_given_nobody_with_this_address_then_a_password_is_hashed_all_the_same(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is not measured here, work is: one verification, whether there is an account or not."""
    from broker.services.staff import passwords

    asked = []
    verify = passwords._hasher.verify

    class Counting:
        check_needs_rehash = staticmethod(passwords._hasher.check_needs_rehash)
        hash = staticmethod(passwords._hasher.hash)

        @staticmethod
        def verify(stored: str, given: str) -> bool:
            asked.append(stored.split("$")[:4])
            return verify(stored, given)

    _, account = with_password(hub)
    monkeypatch.setattr(passwords, "_hasher", Counting)
    for email in (account.email, "nobody@staff.example"):
        Person(hub).password(email, "wrong password altogether")
    assert len(asked) == 2
    assert asked[0] == asked[1], "with the same parameters"


# --- limits -----------------------------------------------------------------------------------------------------------


def test_given_many_passwords_for_one_account_then_wait_and_a_passkey_still_opens(hub: Hub) -> None:
    _, account, key = with_passkey(hub)
    page = (guessing := Person(hub)).page("/console/sign-in")
    for number in range(PER_ACCOUNT.attempts):
        typed = {"email": account.email, "password": f"wrong password {number}", "effort": solved(page)}
        answer = guessing.submit(page, "/sign-in", **typed)
        assert answer.status_code == 401
        page = answer.get_data(as_text=True)
    blocked = guessing.submit(page, "/sign-in", email=account.email, password=PASSWORD, effort=solved(page))
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0
    assert Person(hub).touch(key).status_code == 302, "guessing at the password locks nobody out who has a passkey"
    hub.clock.forward(seconds=PER_ACCOUNT.seconds)
    assert Person(hub).password(account.email, PASSWORD).status_code == 401


def test_given_many_codes_then_wait(hub: Hub) -> None:
    person, account = with_password(hub)
    person.browser = hub.browser()
    page = person.follow(person.password(account.email))
    for _ in range(CODES.attempts):
        answer = person.submit(page, "/sign-in/code", code="000000", effort=solved(page))
        assert answer.status_code == 401
        page = answer.get_data(as_text=True)
    assert person.submit(page, "/sign-in/code", code=person.next_code(), effort=solved(page)).status_code == 429


def test_given_many_accounts_from_one_address_then_wait(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    throttle = hub.built.services.throttle
    for _ in range(PER_ADDRESS.attempts):
        throttle.attempt(PER_ADDRESS, "", checked=True)  # the test client has no address
    assert Person(hub).password("somebody@staff.example").status_code == 429


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_given_a_sign_in_then_the_cookie_is_new_and_the_earlier_session_is_over(hub: Hub) -> None:
    _, _, key = with_passkey(hub)
    person = Person(hub)
    cookies = []
    for _ in range(2):
        person.touch(key)
        cookie = person.browser.client.get_cookie("__Host-vestibule-staff", "localhost")
        assert cookie is not None
        assert cookie.secure
        assert cookie.http_only
        cookies.append(cookie.value)
    assert cookies[0] != cookies[1]
    thief = hub.browser()
    thief.client.set_cookie("__Host-vestibule-staff", cookies[0], domain="localhost", secure=True)
    assert thief.open("/console").status_code == 302


def test_given_sign_out_then_the_session_is_over_on_the_server_too(hub: Hub) -> None:
    mine = desk(hub)
    cookie = mine.browser.client.get_cookie("__Host-vestibule-staff", "localhost")
    assert cookie is not None
    answer = mine.submit("/console", "/sign-out")
    assert "You are signed out" in answer.get_data(as_text=True)
    mine.browser.client.set_cookie("__Host-vestibule-staff", cookie.value, domain="localhost", secure=True)
    assert mine.get("/console").status_code == 302


@pytest.mark.parametrize(
    "following",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/console\\evil", "/consoleevil", "javascript:alert(1)", "/console/sign-out", "/console/sign-in", "/console/%0d%0aX: y", "/console/é"],
)
def test_given_an_address_that_is_not_ours_then_sign_in_leads_home(hub: Hub, following: str) -> None:
    _, _, key = with_passkey(hub)
    answer = Person(hub).touch(key, f"?next={quote(following)}")
    location = answer.headers["location"]
    assert location.startswith("http://localhost:8080/console")
    assert "evil" not in location


# --- who hears of it --------------------------------------------------------------------------------------------------


def test_given_sign_ins_and_failures_then_the_audit_log_and_the_log_have_them_without_secrets(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person, account = with_password(hub)
    Person(hub).password(account.email, "a wrong password here")
    Person(hub).password("passwordinwrongfield", "x")
    found = actions(hub)
    assert ("staff.sign_in", f"staff:{account.email}") in found
    assert ("staff.sign_in_refused", f"staff:{account.email}") in found
    assert [record.message for record in caplog.records].count("staff sign-in refused") == 2
    with hub.built.database.reading() as connection:
        stored = "".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in ("staff", "audit", "transients"))
    for secret in (PASSWORD, "a wrong password here", "passwordinwrongfield", person.totp_key):
        assert secret not in stored
        assert secret not in caplog.text


def test_given_somebody_who_is_inside_then_a_refusal_of_a_provider_is_said_at_their_account(hub: Hub) -> None:
    person, _ = with_password(hub)
    refused = person.browser.open("/console/sign-in?refused=upstream_refused")
    assert "sign-in service did not sign you in" in person.follow(refused)
