"""The home realm page when an application may list thousands of organisations."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from sqlalchemy import select

from broker.services.tenants import SaveDomain
from broker.store.tables import trust_queries
from broker.store.tables.trusts import connectors
from tests.support import pages
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub

PAGE = 20


def many(hub: Hub, tenant: str, names: list[str]) -> None:
    """Connectors like the tenant's own, under other names: rows only, because what they would say is not looked at."""
    with hub.built.database.unit_of_work() as connection:
        model = connection.execute(select(connectors).where(connectors.c.tenant_id == hub.tenants[tenant])).first()
        assert model is not None
        for number, name in enumerate(names):
            values = {**model._mapping, "id": f"con_{tenant}{number}", "slug": f"other-{number}", "name": name}
            trust_queries.save_connector(connection, values.pop("tenant_id"), values, exists=False)


def page(browser: Browser, address: str) -> str:
    response = browser.open(address)
    assert response.status_code == 200, pages.text(response.data)[:300]
    return response.get_data(as_text=True)


def offered(text: str) -> list[str]:
    return [form.fields["connector"] for form in pages.forms(text) if "connector" in form.fields]


def labels(text: str) -> list[str]:
    return [each.text_content() for each in pages.elements(text, "//*[contains(@class, 'choice')]//*[@class='name']")]


@pytest.fixture
def university(hub: Hub) -> Hub:
    """One application for two tenants; a third has connectors that it may not see."""
    for tenant in ("acme", "globex", "hidden"):
        hub.tenant(tenant, f"{tenant}.example")
        hub.saml_idp(tenant)
    return hub


def app_of(hub: Hub, *tenants: str, **more: Any) -> Any:
    return hub.saml_app(tenant_ids=tuple(hub.tenants[tenant] for tenant in tenants), **more)


def test_given_more_than_a_page_then_every_one_is_reached_once_in_the_order_of_names(university: Hub) -> None:
    many(university, "acme", [f"École {number:03}" for number in range(30)] + [f"ecole {number:03}" for number in range(30, 47)])
    many(university, "hidden", [f"École secret {number}" for number in range(30)])
    browser = university.browser()
    text = page(browser, app_of(university, "acme", "globex").login_url())
    seen, names = offered(text), labels(text)
    for _ in range(10):
        following = pages.links(text, PUBLIC_URL).get("Next page")
        if following is None:
            break
        text = page(browser, following)
        assert len(offered(text)) <= PAGE
        seen += offered(text)
        names += labels(text)
    assert len(seen) == len(set(seen)) == 47 + 2
    assert [name for name in names if name.lower().endswith(tuple("0123456789"))] == sorted(
        (name for name in names if name.lower().endswith(tuple("0123456789"))), key=lambda name: name[1:].casefold().lstrip("éc")
    )
    assert not any("hidden" in name or "secret" in name for name in names)


@pytest.mark.parametrize("typed", ["lille", "LILLE", "Université de L", "universite", "  lille "])
def test_given_part_of_a_name_without_its_accents_then_it_is_found(university: Hub, typed: str) -> None:
    many(university, "acme", ["Université de Lille", *(f"Other {number}" for number in range(30))])
    browser = university.browser()
    first = page(browser, app_of(university, "acme", "globex").login_url())
    search = pages.search_form(first, PUBLIC_URL)
    assert search.method == "GET"
    assert labels(page(browser, f"{search.action}?search={typed}")) == ["Université de Lille"]


@pytest.mark.parametrize("typed", ["hidden", "secret", "idp", "%", "_", "'", ""])
def test_given_any_search_then_nothing_that_the_application_may_not_see_is_in_the_page(university: Hub, typed: str) -> None:
    many(university, "hidden", ["Secret school"])
    many(university, "acme", [f"Other {number}" for number in range(30)])
    browser = university.browser()
    first = page(browser, app_of(university, "acme", "globex").login_url())
    action = pages.search_form(first, PUBLIC_URL).action
    text = page(browser, f"{action}?search={typed}")
    assert "secret school" not in text.lower()
    assert "hidden idp" not in text
    for after in ("con_hidden0 a", "con_hidden0", " ", "x", "con_hidden0 secret school"):
        assert "secret school" not in page(browser, f"{action}?search={typed}&after={after}").lower()


def test_given_an_application_for_everybody_then_searching_lists_nobody(university: Hub) -> None:
    browser = university.browser()
    first = page(browser, university.saml_app(tenant_ids=None).login_url())
    action = pages.form_to(first, "", PUBLIC_URL).action
    text = page(browser, f"{action}?search=acme")
    assert offered(text) == []
    assert offered(page(browser, f"{action}?search=&after=con_1 a")) == []


def test_given_connectors_by_name_then_only_they_are_listed_and_found(university: Hub) -> None:
    many(university, "acme", [f"School {number}" for number in range(30)])
    browser = university.browser()
    listed = tuple(f"con_acme{number}" for number in range(25))
    text = page(browser, app_of(university, "acme", connector_ids=listed).login_url())
    action = pages.search_form(text, PUBLIC_URL).action
    assert labels(page(browser, f"{action}?search=School 29")) == []
    assert labels(page(browser, f"{action}?search=School 24")) == ["School 24"]


def test_given_a_choice_from_a_later_page_then_the_login_goes_there(university: Hub) -> None:
    many(university, "acme", [f"School {number:02}" for number in range(40)])
    browser = university.browser()
    text = page(browser, app_of(university, "acme", "globex").login_url())
    text = page(browser, pages.links(text, PUBLIC_URL)["Next page"])
    wanted = next(form for form in pages.forms(text, PUBLIC_URL) if form.fields.get("connector") == "con_acme25")
    response = browser.post(wanted.action, wanted.fields)
    assert response.status_code == 302
    assert response.headers["location"].startswith("https://idp.acme.example/")


def test_given_few_then_there_is_no_search(university: Hub) -> None:
    text = page(university.browser(), app_of(university, "acme", "globex").login_url())
    assert len(offered(text)) == 2
    assert 'name="search"' not in text


def test_given_a_tenants_own_endpoint_with_many_then_they_are_paged_too(university: Hub) -> None:
    many(university, "acme", [f"School {number:03}" for number in range(150)])
    browser = university.browser()
    text = page(browser, university.saml_app(tenant_ids=None).login_url(tenant="acme"))
    assert len(offered(text)) == PAGE
    assert 'name="email"' not in text
    action = pages.search_form(text, PUBLIC_URL).action
    assert labels(page(browser, f"{action}?search=149")) == ["School 149"]


def test_given_a_domain_that_one_of_many_serves_then_it_is_found_whatever_its_place(university: Hub) -> None:
    many(university, "acme", [f"School {number:03}" for number in range(150)])
    university.built.tenants.save_domain(ME, SaveDomain(university.tenants["acme"], "late.example", ("con_acme149",)))
    browser = university.browser()
    response = browser.open(university.saml_app(tenant_ids=None).login_url())
    form = pages.forms(response.data, PUBLIC_URL)[0]
    assert browser.post(form.action, {"email": "ann@late.example"}).status_code == 302


def test_given_letters_typed_one_after_another_then_the_trace_does_not_grow(university: Hub) -> None:
    many(university, "acme", [f"School {number}" for number in range(30)])
    browser = university.browser()
    text = page(browser, app_of(university, "acme", "globex").login_url())
    action, before = pages.search_form(text, PUBLIC_URL).action, events(university)
    for typed in ("s", "sc", "sch"):
        page(browser, f"{action}?search={typed}")
    assert events(university) == before


def events(hub: Hub) -> int:
    with hub.built.database.reading() as connection:
        return sum(len(row[0]) for row in connection.exec_driver_sql("SELECT events FROM traces").fetchall())


def test_given_five_thousand_then_a_page_is_as_much_work_as_with_a_few(university: Hub) -> None:
    """Whoever reads and prepares all of them calls a hundred times as many functions."""
    few, app = [f"School number {number}" for number in range(30)], app_of(university, "acme", "globex")
    many(university, "acme", few)
    with_few = calls_for_pages(university, app.login_url())

    many(university, "globex", [f"School number {number}" for number in range(30, 5000)])

    assert calls_for_pages(university, app.login_url()) < 2 * with_few


def calls_for_pages(hub: Hub, login_url: str) -> int:
    """Functions called while somebody searches, in pages that were shown once before."""
    browser = hub.browser()
    action = pages.search_form(page(browser, login_url), PUBLIC_URL).action
    asked = [f"{action}?search={typed}" for typed in ("", "school", "number 29", "nowhere")]
    for address in asked:
        page(browser, address)
    made = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for address in asked:
            page(browser, address)
    finally:
        sys.setprofile(None)
    return made
