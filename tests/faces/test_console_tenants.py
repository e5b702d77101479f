"""Tenants in the console: found among many, made, changed, refused at the field, deleted on purpose."""

from __future__ import annotations

import pytest

from broker.services.actor import Role
from broker.services.operations.tenants import ChangeTenant
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, Hub

TENANTS, NEW = "/console/tenants", "/console/new/tenant"


def stored(hub: Hub, slug: str = "acme") -> object:
    return hub.built.tenants.get(slug)


# --- the list -----------------------------------------------------------------------------------------------------------


def test_given_no_tenants_then_the_list_says_what_one_is_and_how_to_make_it(hub: Hub) -> None:
    page = desk(hub).page(TENANTS)
    assert pages.links(page)["Make the first tenant"].endswith(NEW)


def test_given_more_tenants_than_a_page_then_each_page_leads_to_the_next(hub: Hub) -> None:
    for number in range(53):
        hub.built.tenants.save(ME, SaveTenant(f"company-{number:02}", f"Company {number}"))
    mine = desk(hub)
    first = mine.page(TENANTS)
    assert "Company 49" in pages.text(first)
    assert "Company 50" not in pages.text(first)
    second = mine.page(pages.links(first)["Next page"])
    assert "Company 50" in pages.text(second)
    assert "Company 49" not in pages.text(second)
    assert "Next page" not in pages.links(second)
    assert pages.links(second)["First page"] == TENANTS


@pytest.mark.parametrize("text", ["globex", "Glob", "globex.exa"])
def test_given_a_name_or_a_domain_when_searched_then_only_that_tenant_is_listed(hub: Hub, text: str) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    listed = pages.links(desk(hub).page(f"{TENANTS}?search={text}"))
    assert "Globex" in listed
    assert "Acme" not in listed


def test_given_nothing_found_then_the_page_says_so_and_leads_back(hub: Hub) -> None:
    hub.tenant("acme")
    page = desk(hub).page(f"{TENANTS}?search=%3Cb%3E")
    assert "with “<b>”" in pages.text(page)
    assert pages.links(page)["Show all"] == TENANTS


def test_given_a_tenant_administrator_then_only_their_own_tenant_is_listed(hub: Hub) -> None:
    hub.tenant("acme")
    hub.tenant("globex")
    mine = desk(hub, Role.TENANT_ADMIN, "acme")
    page = mine.page(TENANTS)
    assert "Acme" in pages.links(page)
    assert "Globex" not in page
    assert "New tenant" not in page
    assert mine.get(f"{TENANTS}/globex").status_code == mine.get(f"{TENANTS}/nobody").status_code == 404


# --- a new one ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "slug"), [("", "societe-generale"), ("socgen", "socgen"), (" SocGen ", "socgen")])
def test_given_a_name_when_made_then_its_page_says_so_and_the_short_name_follows(hub: Hub, typed: str, slug: str) -> None:
    mine = desk(hub)
    answer = mine.submit(NEW, NEW, name="Société Générale", slug=typed)
    assert answer.location.endswith(f"{TENANTS}/{slug}")
    page = mine.page(f"{TENANTS}/{slug}")
    assert "The tenant has been made" in pages.text(page)
    assert "The tenant has been made" not in mine.page(f"{TENANTS}/{slug}"), "said once"


@pytest.mark.parametrize(
    ("name", "slug", "field"), [("", "acme-2", "name"), ("Acme", "UPPER CASE", "slug"), ("x" * 201, "fine", "name"), ("日本", "", "slug")]
)
def test_given_something_unusable_then_it_is_said_at_the_field_and_what_was_typed_is_kept(
    hub: Hub, name: str, slug: str, field: str
) -> None:
    answer = desk(hub).submit(NEW, NEW, name=name, slug=slug)
    assert answer.status_code == 400
    assert f'id="wrong-{field}"' in answer.text
    assert pages.form_to(answer.text, NEW).fields["name"] == name
    assert hub.count("tenants") == 0


def test_given_a_short_name_that_is_taken_then_the_other_tenant_stays_as_it_is(hub: Hub) -> None:
    hub.tenant("acme")
    answer = desk(hub).submit(NEW, NEW, name="Impostor", slug="acme")
    assert answer.status_code == 409
    assert 'id="wrong-slug"' in answer.text
    assert stored(hub).name == "Acme"  # type: ignore[attr-defined]


# --- settings -----------------------------------------------------------------------------------------------------------


def test_given_new_settings_when_saved_then_they_hold(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), f"{TENANTS}/acme/settings"
    mine.submit(path, path, name="Acme Corporation", session_idle_minutes="30", session_absolute_minutes="90,5")
    tenant = hub.built.tenants.get("acme")
    assert (tenant.name, tenant.session_idle_seconds, tenant.session_absolute_seconds) == ("Acme Corporation", 1800, 5430)
    assert tenant.enabled


def test_given_the_box_unticked_when_saved_then_the_tenant_is_off(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), f"{TENANTS}/acme/settings"
    form = pages.form_to(mine.page(path), path)
    del form.fields["enabled"]
    mine.browser.post(path, form.fields)
    assert not hub.built.tenants.get("acme").enabled
    assert "Switched off" in mine.page(f"{TENANTS}/acme")


@pytest.mark.parametrize("minutes", ["", "soon", "nan", "inf", "1", "99999999"])
def test_given_an_impossible_session_length_then_it_is_said_at_the_field(hub: Hub, minutes: str) -> None:
    hub.tenant("acme")
    path = f"{TENANTS}/acme/settings"
    answer = desk(hub).submit(path, path, session_idle_minutes=minutes)
    assert answer.status_code == 400
    assert 'id="wrong-session_idle_minutes"' in answer.text
    assert pages.form_to(answer.text, path).fields["session_idle_minutes"] == minutes


def test_given_somebody_else_saved_in_between_then_it_is_explained_and_nothing_is_overwritten(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), f"{TENANTS}/acme/settings"
    form = pages.form_to(mine.page(path), path).with_fields(name="Mine")
    hub.built.operations.run(ME, "tenant.save", ChangeTenant("acme", name="Theirs"))
    answer = mine.browser.post(path, form.fields)
    assert answer.status_code == 412
    said = pages.text(answer.text)
    assert "Somebody else changed this in the meantime" in said
    assert "Stored now: Theirs" in said
    assert pages.links(answer.text)["Load it again"] == path
    assert pages.form_to(answer.text, path).fields["name"] == "Mine"
    assert mine.browser.post(path, pages.form_to(answer.text, path).fields).status_code == 412, "still the old version"
    assert hub.built.tenants.get("acme").name == "Theirs"


# --- rules --------------------------------------------------------------------------------------------------------------


def test_given_rules_when_saved_then_the_page_says_them_in_words(hub: Hub) -> None:
    hub.tenant("acme")
    mine, path = desk(hub), f"{TENANTS}/acme/rules"
    rules = '[{"template": "pass_through", "claim": "email"}, {"template": "constant", "claim": "plan", "value": "gold"}]'
    assert mine.submit(path, path, acceptance_rules=rules).status_code == 302
    assert "Take over email" in mine.page(path)
    assert "Always add plan = gold" in mine.page(path)
    assert len(hub.built.tenants.get("acme").acceptance_rules) == 2


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[{]", "not valid JSON: line 1, column 3"),
        ("{}", "Rules are a list"),
        ("[" * 100_000, "Rules are a list"),
        ('[{"template": "pass_through", "claim": "email"}, {"template": "pass_through"}]', "Rule 2:"),
        ('[{"template": "permit_all"}]', "Rule 1:"),
        ("[7]", "Rule 1:"),
        ('[{"template": "constant", "claim": "tenant", "value": "globex"}]', "Rule 1:"),
    ],
)
def test_given_a_wrong_rule_then_its_number_and_reason_are_said_and_the_text_is_kept(hub: Hub, rules: str, said: str) -> None:
    hub.tenant("acme")
    path = f"{TENANTS}/acme/rules"
    answer = desk(hub).submit(path, path, acceptance_rules=rules)
    assert answer.status_code == 400
    assert said in pages.text(answer.text)
    assert 'id="wrong-acceptance_rules"' in answer.text
    assert hub.built.tenants.get("acme").acceptance_rules == ()


# --- its end ------------------------------------------------------------------------------------------------------------


def test_given_the_short_name_typed_when_deleted_then_it_is_gone(hub: Hub) -> None:
    hub.tenant("acme")
    mine = desk(hub)
    answer = mine.submit(f"{TENANTS}/acme/settings", "/delete", confirm="acme")
    assert answer.location.endswith(TENANTS)
    assert hub.count("tenants") == 0


@pytest.mark.parametrize("typed", ["", "Acme", "globex"])
def test_given_another_word_typed_then_nothing_is_deleted(hub: Hub, typed: str) -> None:
    hub.tenant("acme")
    answer = desk(hub).submit(f"{TENANTS}/acme/settings", "/delete", confirm=typed)
    assert answer.status_code == 400
    assert "Nothing was deleted" in answer.text
    assert hub.count("tenants") == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_given_a_role_that_only_reads_then_it_changes_nothing(hub: Hub, role: Role) -> None:
    hub.tenant("acme")
    mine, owner = desk(hub, role), desk(hub)
    assert "New tenant" not in mine.page(TENANTS)
    for path in (NEW, f"{TENANTS}/acme/settings", f"{TENANTS}/acme/rules"):
        form = pages.form_to(owner.page(path), path)
        token = {"csrf": pages.forms(mine.page(TENANTS))[0].fields["csrf"]}
        assert mine.get(path).status_code == 403
        assert mine.browser.post(path, {**form.fields, **token, "slug": "new"}).status_code == 403
    assert hub.count("tenants") == 1
