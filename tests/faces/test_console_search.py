"""Search from every page: the one hit is opened at once, several are shown by kind, and nobody finds what is not theirs."""

from __future__ import annotations

import pytest

from broker.services.actor import Role
from tests.support import pages
from tests.support.console import Desk, desk
from tests.support.hub import Hub, reference_code

SEARCH = "/console/search?q="


@pytest.fixture
def mine(hub: Hub) -> Desk:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    hub.saml_app("wiki")
    return desk(hub)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Acme", "/console/tenants/acme"),
        ("globex.example", "/console/tenants/globex"),
        ("globex.EX", "/console/tenants/globex"),
        ("someone@acme.example", "/console/tenants/acme"),
        ("wik", "/console/applications/wiki"),
        ("ABCD-EFGH-JK", "/console/sign-ins/ABCD-EFGH-JK"),
        ("abcd-efgh-jk", "/console/sign-ins/ABCD-EFGH-JK"),
        ("abcdefghjk", "/console/sign-ins/ABCDEFGHJK"),
    ],
)
def test_given_something_that_fits_one_thing_then_it_is_opened_at_once(mine: Desk, words: str, place: str) -> None:
    answer = mine.get(SEARCH + words)
    assert answer.status_code == 302
    assert answer.location.endswith(place)


def test_given_something_that_fits_several_then_they_are_listed_by_kind(hub: Hub, mine: Desk) -> None:
    hub.saml_app("acme-wiki")
    page = mine.page(f"{SEARCH}acme")
    assert pages.links(page)["Acme"] == "/console/tenants/acme"
    assert pages.links(page)["Acme-Wiki"] == "/console/applications/acme-wiki"
    assert "Nobody has such a name or email address" in pages.text(page)


def test_given_a_word_that_could_be_a_code_then_both_ways_are_offered(hub: Hub, mine: Desk) -> None:
    hub.tenant("umbrella10")
    page = mine.page(f"{SEARCH}umbrella10")
    assert pages.links(page)["Open that sign-in"] == "/console/sign-ins/UMBRELLA10"
    assert pages.links(page)["Umbrella10"] == "/console/tenants/umbrella10"


def test_given_a_person_then_name_and_address_find_them(hub: Hub, mine: Desk) -> None:
    side = hub.saml_idp("acme")
    app = hub.saml_app("files")
    app.sign_in(hub.browser(), side)
    page = mine.page(SEARCH + side.email)
    said = pages.text(page)
    assert "Acme" in said
    assert any(address.startswith("/console/people/acme/") for address in pages.links(page).values())
    assert any(address.startswith("/console/sign-ins/") for address in pages.links(page).values())


def test_given_the_code_of_a_failed_sign_in_then_search_leads_to_it(hub: Hub, mine: Desk) -> None:
    code = reference_code(hub.browser().open("/saml/sso?SAMLRequest=broken"))
    assert mine.get(f"{SEARCH}{code.lower()}").location.endswith(f"/console/sign-ins/{code}")


@pytest.mark.parametrize("words", ["", "%20", "zzz", "%3Cscript%3E", "%", "_", "a" * 300, "%F0%9F%90%8D", "'"])
def test_given_nothing_to_find_then_the_page_says_so(mine: Desk, words: str) -> None:
    page = mine.page(SEARCH + words)
    assert "<script>" not in page
    assert ("What are you looking for?" in page) == (words in {"", "%20"})
    assert ("No tenant has such a name or domain." in page) == (words not in {"", "%20"})


def test_given_a_tenant_administrator_then_only_their_own_is_found(hub: Hub, mine: Desk) -> None:
    theirs = desk(hub, Role.TENANT_ADMIN, "acme")
    page = theirs.page(f"{SEARCH}globex")
    assert "No tenant has such a name or domain." in page
    assert "/console/tenants/globex" not in page
    assert "No application" not in page
    assert theirs.get(f"{SEARCH}acme").location.endswith("/console/tenants/acme")


def test_given_an_auditor_then_neither_people_nor_sign_ins_are_offered(hub: Hub, mine: Desk) -> None:
    page = desk(hub, Role.AUDITOR).page(f"{SEARCH}nothing")
    assert "Nobody has such a name" not in page
    assert "sign-ins/ABCD" not in page
