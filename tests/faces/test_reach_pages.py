"""What console and set-up portal say of identity providers that do not answer, and looking at once."""

from __future__ import annotations

from broker.services.actor import Role
from broker.store.tables import setup_links
from tests.support import pages
from tests.support.administrator import link_for
from tests.support.console import desk
from tests.support.hub import Hub
from tests.support.ports import free_port
from tests.support.provider_site import ProviderSite, page
from tests.support.reach import hub, saml, site, watch

__all__ = ["hub", "site"]  # fixtures


def silence(hub: Hub) -> str:
    """Acme's provider has gone; the address that was asked."""
    address = f"http://127.0.0.1:{free_port()}/sso"
    saml(hub, address)
    watch(hub)
    watch(hub, minutes=3)
    return address


def test_given_a_silent_provider_then_home_tenant_and_connector_say_what_is_wrong_and_who_must_act(hub: Hub) -> None:
    address, mine = silence(hub), desk(hub)
    home = pages.text(mine.page("/console"))
    assert "Who does not answer" in home
    assert "Its server refuses connections." in home
    assert "node-unreachable" in mine.page("/console")
    assert "edge-unreachable" in mine.page("/console")
    tenant = pages.text(mine.page("/console/tenants/acme"))
    assert "Its server refuses connections. To act: The customer’s IT team" in tenant
    connector = pages.text(mine.page("/console/tenants/acme/connectors/idp"))
    for said in ("Does not answer", "Its server refuses connections.", address, "The customer’s IT team:", "let its firewall admit us"):
        assert said in connector


def test_given_all_is_well_then_home_says_nothing_of_it(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    watch(hub)
    assert "Who does not answer" not in desk(hub).page("/console")


def test_given_support_presses_look_now_then_the_page_says_what_was_found(hub: Hub, site: ProviderSite) -> None:
    saml(hub, f"{site.url}/sso")
    place, support = "/console/tenants/acme/connectors/idp", desk(hub, Role.SUPPORT)
    assert "Not looked at yet" in support.page(place)
    answer = support.submit(place, "/probe")
    assert answer.location.endswith(f"{place}#health")
    page_now = pages.text(support.page(place))
    assert "It answers." in page_now
    assert "Answers in" in page_now
    assert "/probe" not in desk(hub, Role.AUDITOR).page(place)
    for _ in range(10):
        last = support.submit(place, "/probe")
    assert last.status_code == 429


def test_given_a_provider_that_answers_with_an_error_then_its_badge_says_so_and_home_raises_no_alarm(hub: Hub, site: ProviderSite) -> None:
    site.pages["/sso"] = page("Oops", 500)
    saml(hub, f"{site.url}/sso")
    watch(hub)
    watch(hub, hours=1)
    place, mine = "/console/tenants/acme/connectors/idp", desk(hub)
    shown = mine.page(place)
    assert '<span class="tag tag-amber">Answers with an error</span>' in shown
    assert "It answers, but with the error 500 when nobody signs in." in pages.text(shown)
    assert "Does not answer" not in pages.text(shown)
    assert "Who does not answer" not in pages.text(mine.page("/console"))
    mine.submit(place, "/probe")
    assert "It answers, with an error." in pages.text(mine.page(place))
    french = pages.text(mine.page(f"{place}?lang=fr"))
    assert "Répond par une erreur" in french
    assert "Il répond, mais par l’erreur 500 quand personne ne se connecte." in french


def test_given_the_page_in_french_then_nothing_of_it_is_english(hub: Hub) -> None:
    silence(hub)
    mine = desk(hub)
    french = pages.text(mine.page("/console/tenants/acme/connectors/idp?lang=fr"))
    assert "Son serveur refuse les connexions." in french
    assert "ouvrez-nous son pare-feu" in french
    assert "Ne répond pas" in french


def test_given_a_later_visit_with_the_set_up_link_then_the_customer_learns_that_their_system_does_not_answer(hub: Hub) -> None:
    address = silence(hub)
    visitor = link_for(hub, "acme")
    connector_id = hub.built.connectors.get(hub.tenants["acme"], "idp").id
    with hub.built.database.unit_of_work() as connection:
        (link,) = hub.built.setup_links.all(hub.tenants["acme"])
        setup_links.set_connector(connection, hub.tenants["acme"], link.id, connector_id)
    said = pages.text(visitor.page())
    for line in ("Your system does not answer us at the moment.", "Its server refuses connections.", address):
        assert line in said
