"""Applications: what is refused, one name each, secrets kept as hashes and shown as nothing."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import (
    Conflict,
    InvalidSettings,
    UnknownObject,
)
from broker.services.applications import SaveApplication
from broker.services.context import Action
from tests.support.hub import ME, Hub
from tests.unit.services.core_audit import entries, last_entry, version


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


RULE = {"template": "pass_through", "claim": "email"}


SAML_APP = {"entity_id": "https://wiki.example/metadata", "acs_urls": ["https://wiki.example/acs"]}
OIDC_APP = {"client_id": "wiki", "redirect_uris": ["https://wiki.example/cb"]}
WRONG_APPLICATIONS: list[tuple[dict[str, Any], str]] = [
    ({"slug": "a/b"}, "slug"),
    ({"name": " "}, "name"),
    ({"protocol": "gopher"}, "protocol"),
    ({"subject_kind": "email"}, "subject_kind"),
    ({"transform_rules": ({"template": "permit_all"},)}, "transform[1]"),
    ({"authorization_rules": ({"template": "permit_all"}, RULE)}, "authorization[2]"),
    ({"authorization_rules": ({"template": "rm"},)}, "authorization[1]"),
    ({"settings": {**SAML_APP, "nonsense": 1}}, "nonsense"),
    ({"settings": {**SAML_APP, "entity_id": ""}}, "entity_id"),
    ({"settings": {**SAML_APP, "entity_id": "e" * 1025}}, "entity_id"),
    ({"settings": {**SAML_APP, "acs_urls": []}}, "acs_urls"),
    ({"settings": {**SAML_APP, "acs_urls": ["javascript:alert(1)"]}}, "acs_urls"),
    ({"settings": {**SAML_APP, "acs_urls": ["https:///acs"]}}, "acs_urls"),
    ({"settings": {**SAML_APP, "acs_urls": ["https://w.example/acs#x"]}}, "acs_urls"),
    ({"settings": {**SAML_APP, "acs_urls": ["https://user@w.example/acs"]}}, "acs_urls"),
    ({"settings": {**SAML_APP, "sign": "nothing"}}, "sign"),
    ({"settings": {**SAML_APP, "name_id_format": "kerberos"}}, "name_id_format"),
    ({"settings": {**SAML_APP, "attribute_names": "emoji"}}, "attribute_names"),
    ({"settings": {**SAML_APP, "acs_indexes": [1, 2]}}, "acs_indexes"),
    ({"settings": {**SAML_APP, "require_signed_requests": True}}, "signing_certificates"),
    ({"settings": {**SAML_APP, "signing_certificates": ["nonsense"]}}, "signing_certificates"),
    ({"settings": {**SAML_APP, "encrypt_assertions": True}}, "encryption_certificate"),
    ({"settings": {**SAML_APP, "encrypt_assertions": True, "encryption_certificate": "nonsense"}}, "encryption_certificate"),
    ({"protocol": "oidc", "settings": OIDC_APP, "metadata": b"<x/>"}, "metadata"),
    ({"protocol": "oidc", "settings": OIDC_APP}, "client_secret_hashes"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG_APPLICATIONS, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG_APPLICATIONS)])
def test_an_application_that_makes_no_sense_is_refused(hub: Hub, changes: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {"slug": "wiki", "name": "Wiki", "protocol": "saml", "settings": SAML_APP}
    with pytest.raises(InvalidSettings) as refused:
        hub.built.applications.save(ME, SaveApplication(**{**values, **changes}))

    assert refused.value.field == field
    assert hub.count("applications") == hub.count("application_keys") == 0


def save_app(hub: Hub, slug: str = "wiki", protocol: str = "saml", settings: dict[str, Any] | None = None, **changes: Any) -> Any:
    values = settings if settings is not None else (SAML_APP if protocol == "saml" else OIDC_APP)
    return hub.built.applications.save(ME, SaveApplication(slug, slug.title(), protocol, values, **changes))


def test_two_applications_cannot_have_one_name(hub: Hub) -> None:
    save_app(hub)
    with pytest.raises(Conflict):
        save_app(hub, "twin")
    with pytest.raises(Conflict):
        save_app(hub, "wiki", "oidc", client_secrets=("s" * 32,))

    assert hub.count("applications") == 1
    assert save_app(hub, "mail", "oidc", {**OIDC_APP, "client_id": SAML_APP["entity_id"]}, client_secrets=("s" * 32,)).object_id


def test_an_application_keeps_its_name_and_gives_the_old_one_back(hub: Hub) -> None:
    save_app(hub)
    save_app(hub, settings={**SAML_APP, "entity_id": "https://wiki.example/new"})

    assert save_app(hub, "twin").action is Action.CREATED
    hub.built.applications.delete(ME, "twin")
    assert last_entry(hub).action == "application.deleted"
    assert save_app(hub, "third").action is Action.CREATED
    with pytest.raises(UnknownObject):
        hub.built.applications.delete(ME, "twin")


def test_the_same_application_again_is_unchanged(hub: Hub) -> None:
    created = save_app(hub)
    before = entries(hub), version(hub)

    again = save_app(hub)

    assert (again.action, again.object_id) == (Action.UNCHANGED, created.object_id)
    assert (entries(hub), version(hub)) == before


def test_secrets_of_an_application_are_kept_until_others_are_given(hub: Hub) -> None:
    created = save_app(hub, protocol="oidc", client_secrets=("first" * 8,))
    kept = save_app(hub, protocol="oidc")
    renewed = save_app(hub, protocol="oidc", client_secrets=("second" * 8,))

    assert kept.action is Action.UNCHANGED
    assert created.fields["settings.client_secret_hashes"] == (None, "[secret] (new)")
    assert renewed.fields == {"settings.client_secret_hashes": ("[secret]", "[secret] (new)")}
    assert "hmac" not in str(last_entry(hub))
    hashes = hub.built.applications.get("wiki").settings.client_secret_hashes
    assert [hub.built.keyring.verify_client_secret("second" * 8, stored) for stored in hashes] == [True]


def test_nobody_may_use_an_application_of_no_tenant(hub: Hub, acme: str) -> None:
    hub.saml_idp("acme")
    app = hub.saml_app(tenant_ids=())

    assert hub.browser().open(app.login_url()).status_code == 403
