"""Connectors: a working one is never broken, a secret never shown."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from broker.domain.errors import (
    BrokerError,
    InvalidMetadata,
    InvalidSettings,
    UnknownObject,
)
from broker.services.connectors import SaveConnector
from broker.services.context import Action
from tests.support.hub import ME, Hub
from tests.support.oidc_op import OTHER_RSA
from tests.support.saml_idp import SmallIdp
from tests.unit.services.core_audit import entries, last_entry, version


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


RULE = {"template": "pass_through", "claim": "email"}



JWKS = json.dumps({"keys": [OTHER_RSA.as_dict(private=False)]})


def save_oidc(hub: Hub, acme: str, **settings: Any) -> Any:
    addresses = {name: f"https://op.example/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    values = {"issuer": "https://op.example", "client_id": "c", "client_secret": "first secret", **addresses, "jwks": JWKS, **settings}
    command = SaveConnector(acme, "op", "oidc", "OP", values)
    from broker.services.connectors import Understood
    from broker.store import mapping
    from connectors.oidc.settings import OidcSettings

    return hub.built.connectors.save(ME, command, Understood(mapping.settings_from(OidcSettings, values), ("read",), ()))


def sealed(hub: Hub) -> bytes | None:
    with hub.built.database.reading() as connection:
        value = connection.exec_driver_sql("SELECT sealed_secrets FROM connectors").scalar()
    return None if value is None else bytes(value)


def test_a_secret_is_sealed_and_never_shown(hub: Hub, acme: str) -> None:
    created = save_oidc(hub, acme)

    stored = sealed(hub)
    assert stored is not None
    assert b"first secret" not in stored
    assert created.fields["secrets"] == (None, "[secret] (new)")
    assert "first secret" not in str(last_entry(hub))
    assert "first secret" not in str(created)
    assert hub.built.connectors.get(acme, "op").settings.client_secret == "first secret"


def test_another_secret_is_a_change_and_the_same_is_none(hub: Hub, acme: str) -> None:
    save_oidc(hub, acme)

    assert save_oidc(hub, acme).action is Action.UNCHANGED
    changed = save_oidc(hub, acme, client_secret="second secret")

    assert changed.fields == {"secrets": ("[secret]", "[secret] (new)")}
    assert "second secret" not in str(last_entry(hub))


def test_a_secret_that_is_taken_away_is_gone(hub: Hub, acme: str) -> None:
    save_oidc(hub, acme, token_endpoint_auth_method="none")
    removed = save_oidc(hub, acme, token_endpoint_auth_method="none", client_secret="")

    assert removed.fields == {"secrets": ("[secret]", None)}
    assert sealed(hub) is None
    assert hub.built.connectors.get(acme, "op").settings.client_secret == ""
    assert save_oidc(hub, acme, token_endpoint_auth_method="none", client_secret="").action is Action.UNCHANGED


def test_a_secret_does_not_open_in_another_row(hub: Hub, acme: str) -> None:
    save_oidc(hub, acme)
    hub.saml_idp("acme")
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("UPDATE connectors SET id = 'con_stolen' WHERE slug = 'op'")

    with pytest.raises(BrokerError):
        hub.built.connectors.get(acme, "op")


WRONG_CONNECTORS: list[tuple[dict[str, Any], str]] = [
    ({"slug": "Not A Slug"}, "slug"),
    ({"name": ""}, "name"),
    ({"acceptance_rules": ({"template": "permit_all"},)}, "acceptance[1]"),
    ({"settings": {"nonsense": 1}}, "nonsense"),
    ({"settings": {"skew_seconds": "90"}}, "skew_seconds"),
    ({"settings": {"skew_seconds": 301}}, "skew_seconds"),
    ({"metadata": None}, "entity_id"),
    ({"type": "telepathy"}, "type"),
    ({"type": "oidc"}, "metadata"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG_CONNECTORS, ids=[f"{number}-{field}" for number, (_, field) in enumerate(WRONG_CONNECTORS)])
def test_a_connector_that_could_not_work_is_not_saved(hub: Hub, acme: str, changes: dict[str, Any], field: str) -> None:
    values: dict[str, Any] = {"slug": "idp", "type": "saml", "name": "I", "metadata": SmallIdp().metadata(), "enabled": True}
    with pytest.raises(InvalidSettings) as refused:
        hub.built.connectors.save(ME, SaveConnector(acme, **{**values, **changes}))

    assert refused.value.field == field
    assert hub.count("connectors") == 0


def test_bad_metadata_leaves_a_working_connector_as_it_was(hub: Hub, acme: str) -> None:
    idp = hub.saml_idp("acme")
    before = hub.built.connectors.get(acme, "idp"), entries(hub), version(hub)

    with pytest.raises(InvalidMetadata):
        hub.built.connectors.save(ME, SaveConnector(acme, "idp", "saml", "acme idp", metadata=b"<html>", enabled=True))

    assert (hub.built.connectors.get(acme, "idp"), entries(hub), version(hub)) == before
    assert hub.saml_app().sign_in(hub.browser(), idp).subject


def test_a_draft_is_no_way_in_until_it_has_settings(hub: Hub, acme: str) -> None:
    draft = hub.built.connectors.draft(ME, acme, "idp", "saml", "I")

    hub.built.catalog.refresh()
    assert hub.built.catalog.connector(draft.id) is None
    with pytest.raises(InvalidSettings):
        hub.built.connectors.set_enabled(ME, acme, "idp", enabled=True)
    with pytest.raises(InvalidSettings):
        hub.built.connectors.draft(ME, acme, "Not A Slug", "saml", "I")


def test_only_a_draft_is_discarded(hub: Hub, acme: str) -> None:
    connectors = hub.built.connectors
    draft = connectors.draft(ME, acme, "draft", "saml", "D")
    connectors.draft(ME, acme, "used", "saml", "D")
    connectors.save(ME, SaveConnector(acme, "used", "saml", "D", metadata=SmallIdp().metadata()))

    assert connectors.discard_draft(ME, draft)
    assert not connectors.discard_draft(ME, connectors.get(acme, "used"))
    assert [connector.slug for connector in connectors.all(acme)] == ["used"]


def test_an_accepted_risk_is_said_and_written_down(hub: Hub, acme: str) -> None:
    idp = hub.saml_idp("acme")
    command = SaveConnector(acme, "idp", "saml", "acme idp", {"allow_sha1_until": "2026-04-01"}, enabled=True)

    change = hub.built.connectors.save(ME, command)

    assert any(note.startswith("Risk accepted: allow_sha1_until") for note in change.notes)
    assert last_entry(hub).after == {"settings.allow_sha1_until": "2026-04-01"}
    assert hub.built.connectors.words(acme, idp.connector_id)[1] == change.notes


def test_admitting_guests_is_written_down(hub: Hub, acme: str) -> None:
    hub.saml_idp("acme")
    hub.saml_idp("acme", admits_guests=True)

    assert last_entry(hub).after == {"admits_guests": True}


def test_connectors_are_looked_up_within_their_tenant(hub: Hub, acme: str) -> None:
    hub.tenant("other")
    idp = hub.saml_idp("acme")
    other = hub.tenants["other"]

    assert hub.built.connectors.by_id(acme, idp.connector_id) is not None
    assert hub.built.connectors.by_id(other, idp.connector_id) is None
    assert hub.built.connectors.find(other, "idp") is None
    assert hub.built.connectors.words(other, idp.connector_id) == ((), ())
    assert hub.built.connectors.all(other) == []
    for call in (lambda: hub.built.connectors.get(other, "idp"), lambda: hub.built.connectors.delete(ME, other, "idp")):
        with pytest.raises(UnknownObject):
            call()
    assert hub.count("connectors") == 1


def test_new_metadata_keeps_what_metadata_does_not_say(hub: Hub, acme: str) -> None:
    idp = hub.saml_idp("acme", settings={"skew_seconds": 30})
    before = hub.built.connectors.get(acme, "idp")

    hub.built.connectors.save(ME, SaveConnector(acme, "idp", "saml", "acme idp", metadata=idp.idp.metadata(sso="https://new.example/sso"), enabled=True))

    after = hub.built.connectors.get(acme, "idp")
    assert (after.id, after.settings.skew_seconds) == (before.id, 30)
    assert after.settings.sso_redirect_url == "https://new.example/sso"
    assert after.version == before.version + 1


def test_another_type_starts_from_nothing(hub: Hub, acme: str) -> None:
    hub.saml_idp("acme", settings={"skew_seconds": 30})
    command = SaveConnector(acme, "idp", "okta", "acme idp", metadata=SmallIdp().metadata(), enabled=True)

    hub.built.connectors.save(ME, command)

    after = hub.built.connectors.get(acme, "idp")
    assert after.type == "okta"
    assert after.settings.skew_seconds != 30


def test_changing_one_of_our_choices_keeps_what_the_description_said(hub: Hub) -> None:
    tenant = hub.tenant("acme")
    hub.saml_idp("acme", "adfs", type="adfs")
    before = hub.built.connectors.said(tenant, "adfs")

    for settings, risks in (({"allow_sha1_until": "2030-01-01"}, 1), ({"allow_sha1_until": ""}, 0)):
        hub.built.connectors.save(ME, SaveConnector(tenant, "adfs", "adfs", "Acme", settings, enabled=True))
        after = hub.built.connectors.said(tenant, "adfs")
        assert after.understood == before.understood
        assert len([line for line in after.warnings if line.startswith("Risk accepted: allow_sha1")]) == risks


def test_a_name_that_no_index_takes_is_saved_all_the_same(hub: Hub, acme: str) -> None:
    """PostgreSQL indexes 2704 bytes; these are 1024 characters that no compression shortens."""
    chosen = random.Random(1)
    name = "urn:" + "".join(chr(chosen.randrange(0x4E00, 0x9FFF)) for _ in range(1020))
    side = hub.saml_idp("acme")

    change = hub.built.connectors.save(ME, SaveConnector(acme, "idp", "saml", "IdP", {"entity_id": name}, enabled=True))

    assert change.object_id == side.connector_id
    assert hub.built.connectors.get(acme, "idp").settings.entity_id == name
