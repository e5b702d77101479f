"""The console's answer to "why can this person not sign in?": from the list to the verdict, the picture and the text to send."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from broker.console.sign_in_story import difference
from broker.services.actor import Role
from broker.store.tables.traces import TraceRow
from broker.store.trace_log import encode_events
from tests.faces.test_traces import Office
from tests.support import pages
from tests.support.console import Desk, desk
from tests.support.hub import ME, Hub


@pytest.fixture
def office(hub: Hub) -> Office:
    return Office(hub)


@pytest.fixture
def support(hub: Hub, office: Office) -> Desk:
    return desk(hub, Role.SUPPORT)


def test_given_a_reference_code_then_the_page_begins_with_cause_remedy_and_who_must_act(support: Desk, office: Office) -> None:
    code = office.wrong_certificate()
    found = support.get(f"/console/sign-ins?code={code.lower()}")
    assert found.headers["location"].endswith(f"/console/sign-ins/{code.lower()}")

    page = support.page(f"/console/sign-ins/{code}")

    words = pages.text(page)
    assert pages.heading(page) == f"Sign-in {code}"
    assert "signed with a certificate that is not the one registered here" in words
    assert "Import the identity provider’s current metadata" in words
    assert "Who can put it right: The customer’s IT team." in words
    assert words.index("signed with a certificate") < words.index("What happened")
    assert 'href="/console/errors/invalid_upstream_response"' in page


def test_given_a_sign_in_then_its_hops_are_drawn_and_told_and_nothing_needs_a_style_or_script(support: Desk, office: Office) -> None:
    page = support.page(f"/console/sign-ins/{office.wrong_certificate()}")
    assert page.count('class="arrow') >= 3
    assert "✗ saml.assertion_signature" in page
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_given_a_message_with_markup_then_it_stands_there_as_text(hub: Hub, support: Desk, office: Office) -> None:
    code = office.fails(audiences=(("https://x.example/<script>alert(1)</script>",),))
    page = support.page(f"/console/sign-ins/{code}")
    assert "<script>alert" not in page
    assert "&lt;samlp:Response" in page


def test_given_what_to_tell_them_then_it_is_there_in_both_languages(support: Desk, office: Office) -> None:
    page = support.page(f"/console/sign-ins/{office.fails(attributes={'email': ['eve@elsewhere.example']})}")
    assert "belongs to a domain that this organisation has not proved" in page
    assert "appartient à un domaine que cette organisation n’a pas prouvé" in page
    assert "Qui peut y remédier : L’équipe informatique du client." in page


def test_given_french_then_the_whole_verdict_is_french(support: Desk, office: Office) -> None:
    page = support.page(f"/console/sign-ins/{office.wrong_certificate()}?lang=fr")
    words = pages.text(page)
    assert "a signé avec un certificat qui n’est pas celui qui est enregistré ici" in words
    assert "Que leur dire" in words


def test_given_french_then_every_reason_is_french_and_its_values_stand_in_it(support: Desk, office: Office) -> None:
    words = pages.text(support.page(f"/console/sign-ins/{office.fails(attributes={'email': ['eve@elsewhere.example']})}?lang=fr"))
    assert "le domaine elsewhere.example n’est pas prouvé par cette organisation" in words
    assert "elsewhere.example prouvé par cette organisation : non" in words
    assert "la réponse est arrivée au connecteur interrogé" in words
    assert "is not proved by this tenant" not in words


def test_given_french_then_what_to_compare_is_french_too_and_in_the_text_to_send_in_either_language(
    support: Desk, office: Office
) -> None:
    page = support.page(f"/console/sign-ins/{office.wrong_certificate()}?lang=fr")
    words = pages.text(page)
    assert "Attendu certificat " in words
    assert ", valable jusqu’au 2046-01-01)" in words
    assert "Attendu : certificat " in words, "what to tell them, in French"
    assert "Expected: certificate " in words, "and in English"


def test_given_a_trace_of_an_earlier_release_then_its_reasons_stand_there_as_they_were_written(
    hub: Hub, support: Desk, office: Office
) -> None:
    code = office.fails(attributes={"email": ["eve@elsewhere.example"]})
    _as_before(hub, code)
    page = support.page(f"/console/sign-ins/{code}?lang=fr")
    assert '<span lang="en">the domain elsewhere.example is not proved by this tenant</span>' in page


def _as_before(hub: Hub, code: str) -> None:
    """As it was kept when a reason was its text alone."""
    events = [replace(event, detail=str(event.detail)) for event in hub.built.traces.show(ME, code).events]
    with hub.built.database.unit_of_work() as connection:
        connection.execute(update(TraceRow).where(TraceRow.code == code).values(events=encode_events(events)))


def test_given_claim_rules_then_what_each_did_is_shown(hub: Hub, support: Desk, office: Office) -> None:
    office.works()
    found = support.page("/console/sign-ins")
    code = re.search(r"/console/sign-ins/([A-Z0-9-]{12})", found)
    assert code is not None
    page = support.page(f"/console/sign-ins/{code[1]}")
    assert "Claims, rule by rule" in page
    assert "received, under canonical names" in page
    assert 'class="claim-changed"' in page
    assert "ann@acme.example" not in page, "values are masked"


def test_claims_before_and_after_are_compared_by_type_and_value() -> None:
    before = [("email", "a"), ("group", "x"), ("role", "r"), ("mail", "m")]
    after = [("email", "b"), ("group", "x"), ("name", "n"), ("address", "m")]
    assert [(line.change, line.type) for line in difference(before, after)] == [
        ("same", "group"),
        ("changed", "email"),
        ("added", "name"),
        ("changed", "address"),
        ("removed", "role"),
    ]


@pytest.mark.parametrize("code", ["AAAA-BBBB-CC", "x", "<b>"])
def test_given_a_code_that_does_not_exist_then_the_list_says_so_and_keeps_it(support: Desk, code: str) -> None:
    response = support.get(f"/console/sign-ins/{code}")
    assert response.status_code == 404
    assert "There is no sign-in with this reference code." in pages.text(response.data)


@pytest.mark.parametrize(
    ("query", "rows"),
    [("", 3), ("?outcome=failed", 2), ("?tenant=globex", 1), ("?tenant=acme&outcome=failed", 1), ("?email=ann@acme.example", 1)],
)
def test_given_filters_then_the_list_shows_those_and_how_to_take_them_away(support: Desk, office: Office, query: str, rows: int) -> None:
    office.works()
    office.fails(audiences=(("x",),))
    office.fails("globex", audiences=(("x",),))
    page = support.page(f"/console/sign-ins{query}")
    assert page.count('class="row-name"') == rows
    assert page.count("take away") == query.count("=")


@pytest.mark.parametrize("query", ["?tenant=nowhere", "?since=soon", "?email=nobody", "?outcome=fine", "?connector=idp", "?after=x"])
def test_given_a_filter_that_cannot_be_then_the_page_says_why(support: Desk, query: str) -> None:
    response = support.get(f"/console/sign-ins{query}")
    assert response.status_code in {400, 404}
    assert 'role="alert"' in response.get_data(as_text=True)


def test_given_nobody_has_signed_in_then_the_page_says_so(support: Desk) -> None:
    assert "Nobody has signed in yet" in support.page("/console/sign-ins")


def test_given_a_tenants_own_people_then_they_see_their_own_sign_ins_only(hub: Hub, office: Office) -> None:
    mine, theirs = office.fails(audiences=(("x",),)), office.fails("globex", audiences=(("x",),))
    admin = desk(hub, Role.TENANT_ADMIN, "acme")
    listed = admin.page("/console/sign-ins")
    assert mine in listed
    assert theirs not in listed
    assert admin.get(f"/console/sign-ins/{theirs}").status_code == 404


def test_given_an_auditor_then_sign_ins_are_not_for_them(hub: Hub) -> None:
    assert desk(hub, Role.AUDITOR).get("/console/sign-ins").status_code == 403


def test_given_any_error_code_then_the_catalogue_explains_it_to_anybody_even_without_a_session(hub: Hub) -> None:
    listed = hub.browser().open("/console/errors")
    codes = re.findall(r'href="/console/errors/(\w+)"', listed.get_data(as_text=True))
    assert len(codes) > 40
    for code in ("foreign_email", "invalid_upstream_response", "too_many_attempts"):
        page = hub.browser().open(f"/console/errors/{code}")
        assert (page.status_code, pages.heading(page.data)) == (200, code)
    assert hub.browser().open("/console/errors/unheard_of").status_code == 404
