"""Applications in the console: registered, their developer helped, who may use them by which ways of signing in."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.domain import claims as c
from broker.services.actor import Role
from broker.services.operations.applications import ChangeApplication
from tests.support import pages
from tests.support.console import Desk, desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import SamlApp

APPLICATIONS, NEW = "/console/applications", "/console/new/application"
MAIL, WIKI = f"{APPLICATIONS}/mail", f"{APPLICATIONS}/wiki"
CALLBACK = "https://mail.example/callback"


@pytest.fixture
def mine(hub: Hub) -> Desk:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    return desk(hub)


def stored(hub: Hub, slug: str = "mail") -> Any:
    return hub.built.applications.get(slug)


def multipart(mine: Desk, path: str, ending: str, **fields: Any) -> TestResponse:
    form = pages.form_to(mine.page(path), ending)
    return mine.browser.open(form.action, method="POST", data={**form.fields, **fields}, content_type="multipart/form-data")


def secret_on(page: str) -> str:
    return pages.text(page).partition("make another one. ")[2].split()[0]


# --- registering --------------------------------------------------------------------------------------------------------


def test_given_no_applications_then_the_list_says_what_to_do(mine: Desk) -> None:
    assert pages.links(mine.page(APPLICATIONS))["Register an application"] == NEW


def test_given_a_new_client_then_its_secret_is_shown_once_and_its_developer_has_what_is_needed(hub: Hub, mine: Desk) -> None:
    page = mine.submit(f"{NEW}/oidc", "/oidc", name="Mail", redirect_uris=f"{CALLBACK}\nhttps://mail.example/other\n").text
    secret = secret_on(page)
    assert len(secret) > 30
    for told in (
        PUBLIC_URL,
        f"{PUBLIC_URL}/.well-known/openid-configuration",
        stored(hub).settings.client_id,
        "Flask with Authlib",
    ):
        assert told in pages.text(page)
    assert stored(hub).settings.redirect_uris == (CALLBACK, "https://mail.example/other")
    assert stored(hub).tenant_ids is None
    assert secret not in mine.page(MAIL)


def test_given_a_public_client_then_it_has_no_secret(hub: Hub, mine: Desk) -> None:
    page = mine.submit(f"{NEW}/oidc", "/oidc", name="Mail", redirect_uris=CALLBACK, client="public").text
    assert "Copy the client secret" not in page
    assert stored(hub).settings.token_endpoint_auth_method == "none"
    assert "A public client" in mine.page(MAIL)


@pytest.mark.parametrize("way", ["file", "text", "fields"])
def test_given_a_saml_application_then_its_metadata_or_two_values_are_enough(hub: Hub, mine: Desk, way: str) -> None:
    app = SamlApp(hub, "wiki")
    metadata = _metadata(app)
    given = {
        "file": {"file": (BytesIO(metadata), "sp.xml")},
        "text": {"metadata": metadata.decode()},
        "fields": {"entity_id": app.entity_id, "acs_urls": app.acs},
    }[way]
    answer = multipart(mine, f"{NEW}/saml", "/saml", name="Wiki", **given)
    assert answer.status_code == 200, pages.text(answer.text)
    assert f"{PUBLIC_URL}/saml/metadata" in answer.text
    assert "mod_auth_mellon" in answer.text
    assert stored(hub, "wiki").settings.entity_id == app.entity_id
    assert stored(hub, "wiki").settings.acs_urls == (app.acs,)


def _metadata(app: SamlApp) -> bytes:
    return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{app.entity_id}">
      <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
      Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{app.acs}"/></SPSSODescriptor></EntityDescriptor>""".encode()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "Mail", "redirect_uris": ""}, "redirect_uris"),
        ({"name": "Mail", "redirect_uris": "https://*.example/callback"}, "redirect_uris"),
        ({"name": "", "redirect_uris": CALLBACK, "slug": "mail"}, "name"),
        ({"name": "Mail", "redirect_uris": CALLBACK, "slug": "No!"}, "slug"),
        ({"name": "Mail", "redirect_uris": CALLBACK, "slug": "taken"}, "slug"),
    ],
)
def test_given_something_unusable_then_it_is_said_at_the_field_and_kept(
    hub: Hub, mine: Desk, typed: dict[str, str], field: str
) -> None:
    hub.oidc_app("taken")
    answer = mine.submit(f"{NEW}/oidc", "/oidc", **typed)
    assert answer.status_code in {400, 409}
    assert f'id="wrong-{field}"' in answer.text
    assert pages.form_to(answer.text, "/oidc").fields["redirect_uris"] == typed["redirect_uris"]
    assert hub.count("applications") == 1


def test_given_an_unknown_protocol_then_there_is_no_such_page(mine: Desk) -> None:
    assert mine.get(f"{NEW}/telepathy").status_code == 400


# --- secrets ------------------------------------------------------------------------------------------------------------


def test_given_a_client_when_a_secret_is_added_and_the_old_one_removed_then_only_the_new_one_works(hub: Hub, mine: Desk) -> None:
    app = hub.oidc_app("mail")
    added = secret_on(mine.submit(MAIL, "/secrets/add").text)
    accepted = hub.built.keyring.verify_client_secret
    assert [accepted(secret, each) for secret in (app.secret, added) for each in stored(hub).settings.client_secret_hashes].count(
        True
    ) == 2
    forms = [form for form in pages.forms(mine.page(MAIL)) if form.action.endswith("/remove")]
    mine.browser.post(forms[0].action, forms[0].fields)
    (left,) = stored(hub).settings.client_secret_hashes
    assert accepted(added, left)
    assert not accepted(app.secret, left)


def test_given_a_client_when_all_secrets_are_replaced_then_the_old_one_is_dead(hub: Hub, mine: Desk) -> None:
    app = hub.oidc_app("mail")
    new = secret_on(mine.submit(MAIL, "/secrets/rotate").text)
    (left,) = stored(hub).settings.client_secret_hashes
    assert hub.built.keyring.verify_client_secret(new, left)
    assert not hub.built.keyring.verify_client_secret(app.secret, left)


def test_given_the_last_secret_then_it_is_not_taken_away(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    answer = mine.submit(MAIL, "/remove")
    assert answer.status_code in {400, 409}
    assert len(stored(hub).settings.client_secret_hashes) == 1


# --- settings -----------------------------------------------------------------------------------------------------------


def test_given_settings_when_saved_then_they_hold(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    mine.submit(
        f"{MAIL}/settings", "/settings", redirect_uris=f"{CALLBACK}\nhttps://mail.example/b", id_token_lifetime_seconds="600"
    )
    assert stored(hub).settings.redirect_uris == (CALLBACK, "https://mail.example/b")
    assert stored(hub).settings.id_token_lifetime_seconds == 600
    assert len(stored(hub).settings.client_secret_hashes) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("redirect_uris", "http://user@mail.example/x"),
        ("id_token_lifetime_seconds", "1"),
        ("scopes", "email"),
        ("client_id", "a b"),
    ],
)
def test_given_a_wrong_setting_then_it_is_said_at_its_field(hub: Hub, mine: Desk, field: str, value: str) -> None:
    hub.oidc_app("mail")
    before = stored(hub)
    answer = mine.submit(f"{MAIL}/settings", "/settings", **{field: value})
    assert answer.status_code == 400
    assert f'id="wrong-{field}"' in answer.text
    assert pages.form_to(answer.text, "/settings").fields[field] == value
    assert stored(hub) == before


def test_given_newer_metadata_of_a_saml_application_then_its_addresses_follow(hub: Hub, mine: Desk) -> None:
    app = hub.saml_app("wiki")
    moved = _metadata(app).replace(app.acs.encode(), b"https://wiki.example/moved")
    answer = multipart(mine, f"{WIKI}/settings", "/metadata", metadata=moved.decode())
    assert answer.status_code == 302, pages.text(answer.text)
    assert stored(hub, "wiki").settings.acs_urls == ("https://wiki.example/moved",)


# --- who may use it, and how (O3) -----------------------------------------------------------------------------------------


def test_given_only_one_tenant_chosen_then_the_other_gets_in_no_more(hub: Hub, mine: Desk) -> None:
    idp, _ = hub.saml_idp("acme"), hub.saml_idp("globex")
    app = hub.saml_app("wiki")
    mine.submit(f"{WIKI}/access", "/access", serve="these", tenants="acme")
    assert app.sign_in(hub.browser(), idp).status == "success"
    assert hub.browser().open(app.login_url(tenant="globex")).status_code == 403


def test_given_only_one_connector_chosen_then_people_may_not_use_the_other(hub: Hub, mine: Desk) -> None:
    hub.saml_idp("acme", "staff")
    hub.saml_idp("acme", "partners")
    hub.saml_app("wiki")
    mine.submit(f"{WIKI}/access", "/access", through="these", connectors="acme/staff", default_connector="acme/staff")
    connector = hub.built.connectors.get(hub.tenants["acme"], "staff")
    assert stored(hub, "wiki").connector_ids == {connector.id}
    assert stored(hub, "wiki").default_connector_id == connector.id
    page = mine.page(f"{WIKI}/access")
    assert 'value="acme/partners"' in page
    mine.submit(f"{WIKI}/access", "/access", through="all")
    assert stored(hub, "wiki").connector_ids is None


def test_given_several_boxes_ticked_then_all_of_them_count(hub: Hub, mine: Desk) -> None:
    hub.saml_app("wiki")
    form = pages.form_to(mine.page(f"{WIKI}/access"), "/access").with_fields(serve="these")
    mine.browser.post(form.action, (*form.fields.items(), ("tenants", "acme"), ("tenants", "globex")))
    assert stored(hub, "wiki").tenant_ids == set(hub.tenants.values())


@pytest.mark.parametrize("field", ["tenants", "connectors"])
def test_given_many_tenants_then_names_are_typed_and_a_wrong_one_is_said(hub: Hub, mine: Desk, field: str) -> None:
    for number in range(30):
        hub.tenant(f"company-{number:02}")
    hub.saml_app("wiki")
    wrong = {"tenants": "company-01\nnobody", "connectors": "acme/nothing"}[field]
    answer = mine.submit(f"{WIKI}/access", "/access", serve="these", through="these", **{field: wrong})
    assert answer.status_code == 404
    assert pages.form_to(answer.text, "/access").fields[field] == wrong
    assert stored(hub, "wiki").tenant_ids is None


# --- what it is told ------------------------------------------------------------------------------------------------------


def test_given_rules_and_a_limit_when_saved_then_they_hold_and_are_said_in_words(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    sent = {
        "authorization_rules": '[{"template": "permit", "claim": "group", "value": "staff"}]',
        "transform_rules": '[{"template": "pass_through", "claim": "email"}]',
        "limited": "yes",
        "release": "email\nname",
        "subject_kind": "public",
    }
    mine.submit(f"{MAIL}/rules", "/rules", **sent)
    assert stored(hub).release == {c.EMAIL, c.NAME}
    assert stored(hub).subject_kind == "public"
    assert "May: whoever has group = staff" in mine.page(f"{MAIL}/rules")
    assert "May: whoever has group = staff" in mine.page(MAIL)
    assert pages.form_to(mine.page(f"{MAIL}/rules"), "/rules").fields["release"].splitlines() == ["email", "name"]


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("authorization_rules", '[{"template": "pass_through", "claim": "email"}]'),
        ("transform_rules", '[{"template": "permit_all"}]'),
    ],
)
def test_given_a_rule_in_the_wrong_place_then_its_number_is_said_there(hub: Hub, mine: Desk, field: str, rules: str) -> None:
    hub.oidc_app("mail")
    answer = mine.submit(f"{MAIL}/rules", "/rules", **{field: rules})
    assert answer.status_code == 400
    assert f'id="wrong-{field}"' in answer.text
    assert "Rule 1:" in pages.text(answer.text)


def test_given_somebody_else_saved_in_between_then_it_is_explained(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    forms = {page: pages.form_to(mine.page(f"{MAIL}/{page}"), f"/{page}") for page in ("settings", "access", "rules")}
    hub.built.operations.run(ME, "application.save", ChangeApplication("mail", name="Theirs"))
    for page, form in forms.items():
        answer = mine.browser.post(form.action, form.fields)
        assert answer.status_code == 412, page
        assert "Somebody else changed this" in pages.text(answer.text)
        assert pages.links(answer.text)["Load it again"] == f"{MAIL}/{page}"


# --- what its developer needs, and its end ----------------------------------------------------------------------------------


def test_given_one_tenant_then_its_own_addresses_are_shown(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    assert f"{PUBLIC_URL}/t/acme/.well-known/openid-configuration" in mine.page(f"{MAIL}?at=acme")
    assert mine.get(f"{MAIL}?at=nobody").status_code == 404


def test_given_the_short_name_typed_when_deleted_then_it_is_gone(hub: Hub, mine: Desk) -> None:
    hub.oidc_app("mail")
    assert mine.submit(MAIL, "/delete", confirm="wiki").status_code == 400
    assert mine.submit(MAIL, "/delete", confirm="mail").location.endswith(APPLICATIONS)
    assert hub.count("applications") == 0


@pytest.mark.parametrize(
    ("role", "tenant", "status"), [(Role.SUPPORT, None, 200), (Role.AUDITOR, None, 200), (Role.TENANT_ADMIN, "acme", 403)]
)
def test_given_whoever_may_not_change_applications_then_they_only_look_or_not_even_that(
    hub: Hub, mine: Desk, role: Role, tenant: str | None, status: int
) -> None:
    hub.oidc_app("mail")
    theirs = desk(hub, role, tenant)

    def look(path: str) -> int:
        return theirs.get(path).status_code

    assert look(APPLICATIONS) == look(MAIL) == status
    for path in (NEW, f"{NEW}/oidc", f"{MAIL}/settings", f"{MAIL}/access", f"{MAIL}/rules"):
        assert look(path) == 403, path
