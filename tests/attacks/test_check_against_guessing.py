"""After several tries a browser calculates before each further one; a script without the solution gets no further, and who can
afford it meets the same limits as before."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.interaction.chooser import TYPED_IN_VAIN
from broker.services.staff.sign_in import CODES, PER_ACCOUNT, PER_ADDRESS
from tests.support import pages
from tests.support.effort import asked_for, number_of, sent, solved
from tests.support.hub import PUBLIC_URL, Browser, Hub
from tests.support.partners import form_of
from tests.support.staff import PASSWORD, Person, with_passkey, with_password

ASKED = "Before the next one your browser makes a short calculation"


def wrong(person: Person, email: str, page: str, solution: str | None = None) -> TestResponse:
    """One wrong password; `solution` None: as a browser sends it."""
    return person.submit(page, "/sign-in", email=email, password="wrong", effort=solved(page) if solution is None else solution)


def tried(hub: Hub, email: str, times: int) -> tuple[Person, str]:
    """Somebody who has tried in vain, and the page that they see now."""
    person = Person(hub)
    page = person.page("/console/sign-in")
    for _ in range(times):
        page = wrong(person, email, page).get_data(as_text=True)
    return person, page


# --- the console's door -----------------------------------------------------------------------------------------------


def test_given_few_tries_then_nothing_is_asked(hub: Hub) -> None:
    _, page = tried(hub, "ann@staff.example", PER_ACCOUNT.unchecked - 1)
    assert asked_for(page) is None
    assert "effort.js" not in page


def test_given_several_tries_then_the_page_asks_and_without_the_solution_not_even_the_right_password_is_heard(hub: Hub) -> None:
    _, account = with_password(hub)
    person, page = tried(hub, account.email, PER_ACCOUNT.unchecked)
    assert asked_for(page) is not None

    refused = person.submit(page, "/sign-in", email=account.email, password=PASSWORD)

    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= PER_ACCOUNT.seconds + 1, "without scripts, waiting is the way"
    again = refused.get_data(as_text=True)
    assert ASKED in pages.text(again)
    assert pages.form_to(again, "/sign-in").fields["email"] == account.email, "what was typed is still there"
    assert person.submit(again, "/sign-in", email=account.email, password=PASSWORD, effort=solved(again)).status_code == 302


def test_given_a_fresh_browser_that_does_not_know_yet_then_it_is_told_and_gets_on(hub: Hub) -> None:
    _, account = with_password(hub)
    tried(hub, account.email, PER_ACCOUNT.unchecked)
    person = Person(hub)
    told = person.password(account.email)
    assert told.status_code == 429
    page = told.get_data(as_text=True)
    assert person.submit(page, "/sign-in", email=account.email, password=PASSWORD, effort=solved(page)).status_code == 302


def test_given_a_solution_that_was_used_then_another_try_needs_another_one(hub: Hub) -> None:
    email = "nobody@staff.example"
    person, page = tried(hub, email, PER_ACCOUNT.unchecked)
    solution = solved(page)
    assert wrong(person, email, page, solution).status_code == 401
    assert wrong(person, email, page, solution).status_code == 429


def test_given_the_solution_of_the_other_door_then_it_opens_nothing(hub: Hub) -> None:
    email = "nobody@staff.example"
    person, page = tried(hub, email, PER_ACCOUNT.unchecked)
    other = {name: str(value) for name, value in asdict(hub.built.services.effort.challenge("home realm", "")).items()}
    assert wrong(person, email, page, sent(other, number_of(other))).status_code == 429
    own = asked_for(page)
    assert own is not None
    assert wrong(person, email, page, sent(own, number_of(own))).status_code == 401, "and its own is heard"


@pytest.mark.parametrize("known", [True, False])
def test_given_an_attacker_with_a_computer_then_the_limit_is_where_it_was(hub: Hub, known: bool) -> None:
    """Each of these was paid for, and the last is refused all the same: for an account that exists, and for one that does not."""
    email = with_password(hub)[1].email if known else "nobody@staff.example"
    person, page = tried(hub, email, PER_ACCOUNT.attempts)
    refused = wrong(person, email, page)
    assert refused.status_code == 429
    assert "Too many attempts" in pages.text(refused.data)


def test_given_an_address_that_tries_one_account_after_another_then_it_is_asked_too(hub: Hub) -> None:
    for _ in range(PER_ADDRESS.unchecked):
        hub.built.services.throttle.attempt(PER_ADDRESS, "198.51.100.7")
    assert asked_for(page_at(hub, "198.51.100.7")) is not None
    assert asked_for(page_at(hub, "198.51.100.8")) is None


def page_at(hub: Hub, address: str) -> bytes:
    return hub.browser().open("/console/sign-in", environ_overrides={"REMOTE_ADDR": address}).data


def test_given_several_codes_then_the_page_asks_and_the_limit_is_where_it_was(hub: Hub) -> None:
    person, account = with_password(hub)
    person.browser = hub.browser()
    page = person.follow(person.password(account.email))
    for _ in range(CODES.unchecked):
        page = person.submit(page, "/sign-in/code", code="000000").get_data(as_text=True)
    assert person.submit(page, "/sign-in/code", code=person.code()).status_code == 429
    for _ in range(CODES.attempts - CODES.unchecked):
        answer = person.submit(page, "/sign-in/code", code="000000", effort=solved(page))
        assert answer.status_code == 401
        page = answer.get_data(as_text=True)
    last = person.submit(page, "/sign-in/code", code=person.next_code(), effort=solved(page))
    assert last.status_code == 429
    assert "Too many attempts" in pages.text(last.data)


def test_given_an_address_that_is_asked_then_a_passkey_begins_with_the_solution_only(hub: Hub) -> None:
    _, _, key = with_passkey(hub)
    for _ in range(PER_ADDRESS.unchecked):
        hub.built.services.throttle.attempt(PER_ADDRESS, "", checked=True)  # the test client has no address
    person = Person(hub)
    page = person.page("/console/sign-in")
    assert ask_for_passkey(person, page, "") == 429
    assert ask_for_passkey(person, page, solved(page)) == 200
    assert person.touch(key).status_code == 302


def ask_for_passkey(person: Person, page: str, solution: str) -> int:
    form = pages.form_to(page, "/sign-in/passkey")
    headers = {"X-CSRF-Token": form.fields["csrf"], "X-Effort": solution}
    body: dict[str, Any] = {"data": b"{}", "content_type": "application/json", "headers": headers}
    return person.browser.open("/console/sign-in/passkey/options", method="POST", **body).status_code


def test_given_an_operator_who_takes_it_away_then_the_limits_are_left(tmp_path: Path) -> None:
    with Hub(tmp_path, no_check_against_guessing=True) as hub:
        person = Person(hub)
        for _ in range(PER_ACCOUNT.attempts):
            assert person.password("nobody@staff.example", "wrong").status_code == 401
        assert person.password("nobody@staff.example", "wrong").status_code == 429


# --- typed addresses --------------------------------------------------------------------------------------------------


def type_in(browser: Browser, action: str, email: str, solution: str = "") -> TestResponse:
    typed: dict[str, Any] = {"data": {"email": email, "effort": solution}, "environ_overrides": {"REMOTE_ADDR": "198.51.100.7"}}
    return browser.client.post(action.removeprefix(PUBLIC_URL), base_url=PUBLIC_URL, **typed)


@pytest.fixture
def waiting(hub: Hub) -> tuple[Browser, str]:
    """A browser at the page that asks for an address, and where its form goes."""
    for tenant in ("acme", "globex"):
        hub.tenant(tenant, f"{tenant}.example")
        hub.saml_idp(tenant)
    browser = hub.browser()
    return browser, form_of(browser.open(hub.saml_app().login_url()))[0]


def test_given_guesses_at_domains_then_the_page_asks_and_a_script_learns_nothing_more(waiting: tuple[Browser, str]) -> None:
    browser, action = waiting
    for number in range(TYPED_IN_VAIN.unchecked):
        shown = type_in(browser, action, f"a@guess{number}.example")
        assert shown.status_code == 400
    assert asked_for(shown.data) is not None

    refused = type_in(browser, action, "ann@globex.example")

    assert refused.status_code == 429, "not even a right guess tells anything"
    assert ASKED in pages.text(refused.data)
    assert pages.form_to(refused.data, action.rpartition("/")[2]).fields["email"] == "ann@globex.example"
    assert type_in(browser, action, "ann@globex.example", solved(refused.data)).status_code == 302


def test_given_somebody_else_at_another_address_then_nothing_is_asked(hub: Hub, waiting: tuple[Browser, str]) -> None:
    browser, action = waiting
    for number in range(TYPED_IN_VAIN.unchecked):
        type_in(browser, action, f"a@guess{number}.example")
    assert asked_for(browser.open(action).data) is None


def test_given_the_window_is_over_then_nothing_is_asked_any_more(hub: Hub, waiting: tuple[Browser, str]) -> None:
    browser, action = waiting
    for number in range(TYPED_IN_VAIN.unchecked):
        type_in(browser, action, f"a@guess{number}.example")
    hub.clock.forward(seconds=TYPED_IN_VAIN.seconds)
    assert asked_for(type_in(browser, action, "a@one.example").data) is None
