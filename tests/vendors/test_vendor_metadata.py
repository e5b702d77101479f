"""Every vendor's metadata is read into what its folder expects, and makes a connector that can ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.domain.http import Redirect
from connectors import registry
from metadata.saml_read import read_identity_provider
from tests.support.saml_connector import scene

NOW = datetime(2026, 12, 1, tzinfo=UTC)
FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/metadata.xml"))
TYPES = {"adfs": "adfs", "entra": "entra-saml", "google": "google-saml", "okta": "okta", "onelogin": "onelogin", "ping": "ping"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_given_vendor_metadata_when_read_then_it_is_understood(folder):
    result = read_identity_provider((folder / "metadata.xml").read_bytes(), now=NOW)
    provider = result.metadata
    assert json.loads((folder / "expected.json").read_text()) == {
        "entity_id": provider.entity_id,
        "vendor": provider.vendor,
        "sso": {endpoint.binding.rpartition(":")[2]: endpoint.location for endpoint in provider.single_sign_on},
        "signing": len(provider.signing),
        "encryption": len(provider.encryption),
        "wants_requests_signed": provider.wants_requests_signed,
        "display_name": provider.display_name,
        "understood": list(result.understood),
    }
    assert result.warnings == ()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_given_vendor_metadata_when_imported_then_its_type_and_the_plain_one_can_begin(folder):
    document = (folder / "metadata.xml").read_bytes()
    for name in {TYPES.get(folder.name, "saml"), "saml"}:
        stage = scene(registry.connector_type(name))
        stage.clock.moment = NOW
        stage.settings, understood, warnings = stage.connector_type.settings_from_metadata(document, stage.tools)
        assert understood
        assert warnings == []
        outgoing, _ = stage.begin()
        assert isinstance(outgoing, Redirect)
        assert outgoing.url.startswith(stage.settings.sso_redirect_url)
        assert ("&Signature=" in outgoing.url) == (folder.name == "ping")
