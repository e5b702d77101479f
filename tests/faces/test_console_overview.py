"""The page of a tenant: what it has, what is missing, domains, and set-up links that are shown once."""

from __future__ import annotations

import re

import pytest

from broker.services.actor import Role
from tests.support import pages
from tests.support.console import Desk, desk
from tests.support.hub import ME, PUBLIC_URL, Hub

ACME = "/console/tenants/acme"


@pytest.fixture
def acme(hub: Hub) -> Desk:
    hub.tenant("acme")
    return desk(hub)


def test_given_any_page_then_its_search_field_is_empty(acme: Desk) -> None:
    assert pages.form_to(acme.page(ACME), "/console/search").fields["q"] == ""
    assert pages.form_to(acme.page("/console/search?q=zzz"), "/console/search").fields["q"] == "zzz"


def test_given_a_fresh_tenant_then_its_page_says_what_is_missing_and_leads_there(acme: Desk) -> None:
    links = pages.links(acme.page(ACME))
    assert links["Send the customer a set-up link"] == f"{ACME}/new/setup-link"
    assert links["Connect it yourself"] == f"{ACME}/new/connector"
    assert {"Add a domain", "Choose an application"} <= links.keys()


def test_given_a_tenant_that_has_everything_then_nothing_is_asked_of_anybody(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    hub.saml_app()
    page = desk(hub).page(ACME)
    assert "Until its people can sign in" not in page
    assert {"acme idp", "Wiki"} <= pages.links(page).keys()
    assert "acme.example" in pages.text(page)


# --- domains ------------------------------------------------------------------------------------------------------------


def test_given_a_domain_when_added_and_removed_then_the_page_says_so(hub: Hub, acme: Desk) -> None:
    acme.submit(ACME, "/domains", domain=" Acme.Example ")
    page = acme.page(ACME)
    assert "The domain has been added." in pages.text(page)
    assert "Vouched for" in pages.text(page)
    acme.submit(ACME, "/domains/acme.example/remove")
    assert "The domain has been removed." in pages.text(acme.page(ACME))
    assert hub.count("domains") == 0


def test_given_a_domain_of_another_tenant_then_it_is_refused_at_the_field(hub: Hub, acme: Desk) -> None:
    hub.tenant("globex", "globex.example")
    answer = acme.submit(ACME, "/domains", domain="globex.example")
    assert answer.status_code == 409
    assert 'id="wrong-domain"' in answer.text
    assert pages.form_to(answer.text, "/domains").fields["domain"] == "globex.example"


def test_given_a_domain_when_credentials_were_shown_long_ago_then_they_are_asked_for_first(hub: Hub, acme: Desk) -> None:
    form = pages.form_to(acme.page(ACME), "/domains").with_fields(domain="acme.example")
    hub.clock.forward(minutes=11)
    acme.browser.post(f"{ACME}/domains", form.fields)
    assert hub.count("domains") == 0


# --- set-up links -------------------------------------------------------------------------------------------------------


def test_given_a_new_link_then_it_is_shown_once_with_words_in_both_languages_and_works(hub: Hub, acme: Desk) -> None:
    answer = acme.submit(f"{ACME}/new/setup-link", "/new/setup-link", label="Anna, IT", days="7")
    assert answer.status_code == 200
    (link,) = set(re.findall(rf"{PUBLIC_URL}/setup/[\w-]+", pages.text(answer.text)))
    said = pages.text(answer.text)
    assert "Hello, with this link" in said
    assert "Bonjour, ce lien" in said
    assert "9 March 2026" in said
    assert "9 mars 2026" in said
    assert hub.browser().open(link).status_code == 200
    listed = acme.page(ACME)
    assert "Anna, IT" in listed
    assert link.rpartition("/")[2] not in listed


def test_given_a_link_when_revoked_then_it_opens_no_more(hub: Hub, acme: Desk) -> None:
    link = hub.built.setup_links.create(ME, hub.tenants["acme"], label="Anna")
    acme.submit(ACME, f"/setup-links/{link.id}/revoke")
    assert hub.browser().open(f"/setup/{link.token}").status_code == 404
    assert "Revoked" in pages.text(acme.page(ACME))


@pytest.mark.parametrize("days", ["0", "91", "soon", "", "1e400"])
def test_given_an_impossible_time_then_it_is_said_at_the_field(hub: Hub, acme: Desk, days: str) -> None:
    answer = acme.submit(f"{ACME}/new/setup-link", "/new/setup-link", label="Anna", days=days)
    assert answer.status_code == 400
    assert 'id="wrong-days"' in answer.text
    assert pages.form_to(answer.text, "/new/setup-link").fields["label"] == "Anna"
    assert hub.count("setup_links") == 0


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_given_a_role_that_only_reads_then_there_is_nothing_to_press(hub: Hub, role: Role) -> None:
    hub.tenant("acme", "acme.example")
    hub.built.setup_links.create(ME, hub.tenants["acme"], label="Anna")
    mine = desk(hub, role)
    assert [form.action for form in pages.forms(mine.page(ACME)) if form.action.startswith("/console/tenants")] == []
    assert mine.get(f"{ACME}/new/setup-link").status_code == 403


def test_given_a_tenant_administrator_then_their_page_has_no_foreign_tools(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_app()
    page = desk(hub, Role.TENANT_ADMIN, "acme").page(ACME)
    assert "Connect one" in pages.links(page)
    assert not {"Make a link", "Wiki", "Settings", "Claim rules"} & pages.links(page).keys()
    assert "Wiki" in pages.text(page)


# --- domains that wait for their proof ------------------------------------------------------------------------------------


def test_given_a_domain_when_claimed_then_its_record_is_shown_and_looked_for(hub: Hub, acme: Desk) -> None:
    theirs = desk(hub, Role.TENANT_ADMIN, "acme")
    theirs.submit(ACME, "/claims", claim="acme.dev")
    page = theirs.page(ACME)
    assert "_vestibule-challenge.acme.dev" in page
    assert "Nobody has looked yet" in page
    theirs.submit(ACME, "/claims/acme.dev/withdraw")
    assert "The claim has been withdrawn." in theirs.page(ACME)
    assert hub.count("domain_claims") == 0
    assert hub.count("domains") == 0


@pytest.mark.parametrize("domain", ["", "not a domain", "gmail.com"])
def test_given_a_domain_that_nobody_can_claim_then_it_is_said_at_the_field(hub: Hub, acme: Desk, domain: str) -> None:
    answer = acme.submit(ACME, "/claims", claim=domain)
    assert answer.status_code in {400, 409}
    assert 'id="wrong-claim"' in answer.text
    assert pages.form_to(answer.text, "/claims").fields["claim"] == domain
    assert hub.count("domain_claims") == 0


def test_given_no_disputed_domain_then_the_page_says_so_and_is_not_for_tenants(hub: Hub, acme: Desk) -> None:
    assert "No domain is disputed" in acme.page("/console/domain-conflicts")
    assert desk(hub, Role.TENANT_ADMIN, "acme").get("/console/domain-conflicts").status_code == 403


def test_given_a_domain_that_another_tenant_has_proved_then_it_is_passed_on_from_the_list(hub: Hub, acme: Desk) -> None:
    hub.tenant("globex", "shared.example")
    hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "shared.example")
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("UPDATE domain_claims SET result = 'conflict'")
    assert "Disputed domains" in pages.links(acme.page("/console/tenants"))
    acme.submit("/console/domain-conflicts", "/transfer")
    assert "The domain has been passed on." in pages.text(acme.page(ACME))
    assert hub.built.tenants.domain(hub.tenants["acme"], "shared.example")


# --- what the customer said -----------------------------------------------------------------------------------------------


def test_given_what_a_customer_said_then_its_page_shows_it_and_staff_may_note_more(hub: Hub, acme: Desk) -> None:
    assert "has not said anything about itself yet" in pages.text(acme.page(ACME))
    acme.submit(f"{ACME}/intake", "/intake", people="1000", contact="anna@acme.example", remarks="Shift begins at six.")
    said = pages.text(acme.page(ACME))
    assert "up to 1,000" in said
    assert "anna@acme.example" in said
    assert "Shift begins at six." in said
    wrong = acme.submit(f"{ACME}/intake", "/intake", people="1000", manager="x" * 500)
    assert wrong.status_code == 400
    assert 'id="wrong-manager"' in wrong.text
    assert "anna@acme.example" in wrong.text
    assert desk(hub, Role.SUPPORT).get(f"{ACME}/intake").status_code == 403
