"""Settings that are refused, vendors' deviations, set-up sheets, metadata in and out."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from broker.domain.errors import InvalidMetadata, InvalidSettings
from broker.domain.http import PostForm
from connectors import registry
from connectors.contract import PublishesMetadata, ReadsMetadata
from connectors.saml.settings import Settings
from metadata.saml_read import read_service_provider
from tests.support.clock import NOW
from tests.support.saml_connector import ADDRESSES, scene
from tests.support.saml_idp import PERSISTENT, SmallIdp, key_pair

SAML_TYPES = ["saml", "adfs", "entra-saml", "google-saml", "okta", "onelogin", "ping"]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("entity_id", {"entity_id": " "}),
        ("entity_id", {"entity_id": ADDRESSES.entity_id}),
        ("signing_certificates", {"signing_certificates": ()}),
        ("signing_certificates", {"signing_certificates": ("x",)}),
        ("signing_certificates", {"signing_certificates": (key_pair("weak", kind="rsa1024").certificate_pem,)}),
        ("sso_redirect_url", {"sso_redirect_url": "", "sso_post_url": ""}),
        ("sso_redirect_url", {"sso_redirect_url": "javascript:alert(1)"}),
        ("sso_redirect_url", {"sso_redirect_url": "https://idp.example/#x"}),
        ("sso_redirect_url", {"sso_redirect_url": "https://idp.example/\nx"}),
        ("sso_redirect_url", {"sso_redirect_url": "https://[idp"}),
        ("sso_post_url", {"sso_post_url": "idp.example"}),
        ("sso_post_url", {"sso_post_url": "", "request_binding": "post"}),
        ("request_binding", {"request_binding": "soap"}),
        ("skew_seconds", {"skew_seconds": 301}),
        ("skew_seconds", {"skew_seconds": -1}),
        ("allow_sha1_until", {"allow_sha1_until": "soon"}),
        ("forward_login_hint", {"forward_login_hint": "mail"}),
    ],
)
def test_given_unusable_settings_when_preparing_then_the_field_is_named(field, changes):
    with pytest.raises(InvalidSettings) as error:
        scene(**changes).upstream()
    assert error.value.field == field
    assert error.value.sentence.endswith(".")


def test_given_production_when_an_address_is_http_then_it_is_refused():
    stage = scene(sso_redirect_url="http://idp.example/sso")
    assert stage.upstream()
    with pytest.raises(InvalidSettings):
        stage.connector_type.prepare(stage.connector, replace(stage.tools, production=True))


def test_given_signed_requests_when_there_is_no_key_then_it_is_refused():
    stage = scene(sign_requests=True)
    with pytest.raises(InvalidSettings) as error:
        stage.connector_type.prepare(stage.connector, replace(stage.tools, signing_keys=()))
    assert error.value.field == "sign_requests"


def test_given_only_a_post_address_when_beginning_then_the_binding_is_post():
    outgoing, _ = scene(sso_redirect_url="").begin()
    assert isinstance(outgoing, PostForm)


def test_given_settings_with_a_risk_then_they_are_off_by_default():
    for each in fields(Settings):
        assert each.metadata["help"].endswith(".")
    stage = scene()
    assert not stage.settings.accept_unsigned_cbc
    assert stage.settings.allow_sha1_until == ""


@pytest.mark.parametrize("name", SAML_TYPES)
def test_given_each_saml_type_then_it_completes_a_login_and_has_a_sheet_and_a_guide(name):
    stage = scene(registry.connector_type(name))
    attributes = {
        "http://schemas.microsoft.com/identity/claims/objectidentifier": ["oid-1"],
        "http://schemas.microsoft.com/identity/claims/tenantid": ["tid-1"],
    }
    subject = stage.complete(stage.idp.respond(stage.answer(attributes=attributes))).subject
    assert subject.value == ("tid-1/oid-1" if name == "entra-saml" else "u-4711")
    sheet = stage.connector_type.setup_sheet(stage.connector, stage.tools)
    values = [step.value for step in sheet.steps]
    assert {ADDRESSES.entity_id, ADDRESSES.acs, ADDRESSES.metadata} <= set(values)
    assert isinstance(stage.connector_type, ReadsMetadata)
    assert isinstance(stage.connector_type, PublishesMetadata)
    if name != "saml":
        folder = Path("connectors") / name.removesuffix("-saml")
        assert (folder / ("guide-saml.md" if name.endswith("-saml") else "guide.md")).is_file()


def test_given_adfs_then_no_name_id_policy_and_cbc_and_a_powershell_line():
    stage = scene(registry.connector_type("adfs"), name_id_format=PERSISTENT)
    outgoing, _ = stage.begin()
    request, _ = SmallIdp.read_redirect(outgoing.url)
    assert len(request) == 1
    certificate = key_pair("hub-encryption").certificate_pem
    assert stage.complete(stage.idp.respond(stage.answer(encrypt_for=certificate, cipher="Aes256Cbc")))
    values = {step.label: step.value for step in stage.connector_type.setup_sheet(stage.connector, stage.tools).steps}
    line = values["PowerShell, on the AD FS server"]
    assert f"-MetadataUrl '{ADDRESSES.metadata}'" in line
    assert "{" not in line
    rules = values["Claim rules (issuance transform rules)"]
    assert rules.count("@RuleName") == 3
    assert 'query = ";objectGUID;{0}"' in rules


def test_given_onelogin_then_the_validator_is_an_escaped_pattern():
    stage = scene(registry.connector_type("onelogin"))
    values = {step.label: step.value for step in stage.connector_type.setup_sheet(stage.connector, stage.tools).steps}
    assert values["ACS (Consumer) URL Validator"] == r"^https://hub\.example/upstream/con_1/acs$"


def test_given_entra_without_tenant_id_then_the_object_id_alone_identifies():
    stage = scene(registry.connector_type("entra-saml"))
    attributes = {"http://schemas.microsoft.com/identity/claims/objectidentifier": ["oid-1"]}
    assert stage.complete(stage.idp.respond(stage.answer(attributes=attributes))).subject.value == "oid-1"
    outgoing, _ = stage.begin(login_hint="ann@acme.example")
    assert "login_hint=ann%40acme.example" in outgoing.url


# --- metadata -------------------------------------------------------------------------------------------------------------


def test_given_metadata_when_imported_then_the_settings_work_and_nothing_needs_typing():
    stage = scene()
    document = stage.idp.metadata(extra_keys=(key_pair("idp-next"),), wants_signed=True)
    stage.settings, understood, warnings = stage.connector_type.settings_from_metadata(document, stage.tools)
    assert len(stage.settings.signing_certificates) == 2
    assert stage.settings.sign_requests
    assert "It wants our requests signed; we will sign them." in understood
    assert warnings == []
    assert stage.complete(stage.idp.respond(stage.answer()))


def test_given_a_refresh_when_metadata_changed_then_only_what_metadata_says_changes():
    stage = scene()
    current = replace(stage.settings, skew_seconds=10, metadata_url="https://idp.acme.example/metadata", sign_requests=True)
    document = SmallIdp(key=key_pair("idp-next")).metadata(sso="https://idp.acme.example/new")
    new, _, warnings = stage.connector_type.settings_from_metadata(document, stage.tools, current)
    assert (new.sso_redirect_url, new.sso_post_url) == ("https://idp.acme.example/new",) * 2
    assert new.signing_certificates == (key_pair("idp-next").certificate_pem,)
    assert (new.skew_seconds, new.metadata_url, new.sign_requests) == (10, current.metadata_url, True)
    assert warnings == []
    _, _, warnings = stage.connector_type.settings_from_metadata(SmallIdp("https://other").metadata(), stage.tools, current)
    assert len(warnings) == 1


def test_given_adfs_metadata_in_the_plain_type_then_its_encryption_is_accepted():
    stage = scene()
    document = stage.idp.metadata(sso="https://adfs.acme.example/adfs/ls/")
    assert stage.connector_type.settings_from_metadata(document, stage.tools)[0].accept_unsigned_cbc


def test_given_our_own_metadata_when_imported_then_it_is_refused():
    stage = scene()
    document = stage.connector_type.metadata_document(stage.connector, stage.tools)
    with pytest.raises(InvalidMetadata) as error:
        stage.connector_type.settings_from_metadata(document, stage.tools)
    assert error.value.problem == "own_metadata"


@pytest.mark.parametrize("offered", [False, True])
def test_given_a_connector_when_its_metadata_is_published_then_it_says_what_the_settings_say(offered):
    stage = scene(offer_encryption=offered, sign_requests=True)
    party = read_service_provider(stage.connector_type.metadata_document(stage.connector, stage.tools), now=NOW).metadata
    assert (party.entity_id, party.assertion_consumer[0].location) == (ADDRESSES.entity_id, ADDRESSES.acs)
    assert bool(party.encryption) == offered
    assert party.requests_signed
