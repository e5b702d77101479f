"""Discovery and settings: what is understood, and what its administrator is told when it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from broker.domain.errors import FetchError, InvalidSettings
from connectors.oidc.connector import OidcConnectorType
from connectors.oidc.settings import OidcSettings
from tests.support.oidc_connector import FixedClock, OidcRig
from tests.support.oidc_op import CLIENT_ID, Deviation, OpenIdProvider


@pytest.fixture
def rig() -> Iterator[OidcRig]:
    clock = FixedClock()
    with OpenIdProvider(clock) as op:
        yield OidcRig(op, clock)


def test_given_an_issuer_when_discovered_then_the_settings_are_complete(rig: OidcRig) -> None:
    settings = rig.settings
    assert settings.token_endpoint == rig.op.issuer + "/token"
    assert settings.id_token_signing_algs == ("RS256", "ES256")  # never HS256 or none, whatever is offered
    assert settings.token_endpoint_auth_method == "client_secret_basic"
    assert settings.authorization_response_iss_parameter_supported
    assert any(rig.op.issuer in line for line in rig.understood)
    assert rig.warnings == []


def test_given_a_public_client_when_discovered_then_no_secret_is_sent(rig: OidcRig) -> None:
    found, _, _ = OidcConnectorType().discover(OidcSettings(issuer=rig.op.issuer, client_id="x"), rig.tools)
    assert found.token_endpoint_auth_method == "none"


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda good: {name: value for name, value in {**good, **values}.items() if value is not None}


@pytest.mark.parametrize(
    "deviation, field",
    [
        (Deviation(discovery=changed(issuer="https://evil.example")), "issuer"),
        (Deviation(discovery=lambda good: {**good, "issuer": good["issuer"] + "/"}), "issuer"),
        (Deviation(discovery=changed(issuer=None)), "issuer"),
        (Deviation(discovery=changed(token_endpoint=None)), "issuer"),
        (Deviation(discovery=changed(authorization_endpoint="javascript:alert(1)")), "issuer"),
        (Deviation(discovery=changed(token_endpoint="https://u:p@evil.example/")), "issuer"),
        (Deviation(discovery=changed(jwks_uri=["x"])), "issuer"),
        (Deviation(discovery=changed(userinfo_endpoint="/relative")), "issuer"),
        (Deviation(discovery=changed(response_types_supported=["id_token"])), "issuer"),
        (Deviation(discovery=changed(id_token_signing_alg_values_supported=["HS256"])), "id_token_signing_algs"),
        (Deviation(discovery=lambda _good: []), "issuer"),  # type: ignore[arg-type, return-value]
        (Deviation(jwks=lambda _good: {"keys": []}), "jwks_uri"),
    ],
)
def test_given_a_description_that_cannot_be_used_when_discovered_then_the_field_and_a_sentence_say_so(
    rig: OidcRig, deviation: Deviation, field: str
) -> None:
    rig.op.deviation = deviation
    with pytest.raises(InvalidSettings) as raised:
        rig.kind.discover(rig.settings, rig.tools)
    assert raised.value.field == field
    assert raised.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "issuer", ["", "op.example", "ftp://op.example", "https://u@op.example", "https://op.example#x", "https://o p"]
)
def test_given_an_issuer_that_is_no_address_when_discovered_then_nothing_is_asked(rig: OidcRig, issuer: str) -> None:
    before = len(rig.op.requests)
    with pytest.raises(InvalidSettings) as raised:
        rig.kind.discover(OidcSettings(issuer=issuer, client_id="x"), rig.tools)
    assert raised.value.field == "issuer"
    assert len(rig.op.requests) == before


def test_given_a_private_issuer_when_discovered_then_the_guard_refuses(rig: OidcRig) -> None:
    with pytest.raises(FetchError):
        rig.kind.discover(OidcSettings(issuer="http://169.254.169.254", client_id="x"), rig.tools)


def test_given_a_page_that_is_no_description_when_discovered_then_it_is_said(rig: OidcRig) -> None:
    with pytest.raises(InvalidSettings):
        rig.kind.discover(OidcSettings(issuer=rig.op.issuer + "/nothing?", client_id="x"), rig.tools)


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"client_id": " "}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"token_endpoint": ""}, "token_endpoint"),
        ({"token_endpoint": "http://[x"}, "token_endpoint"),
        ({"scopes": ("email",)}, "scopes"),
        ({"id_token_signing_algs": ("none",)}, "id_token_signing_algs"),
        ({"id_token_signing_algs": ()}, "id_token_signing_algs"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"skew_seconds": 301}, "skew_seconds"),
        ({"subject_claim": ""}, "subject_claim"),
        ({"jwks": "{}"}, "jwks"),
    ],
)
def test_given_wrong_settings_when_prepared_then_the_field_is_named(rig: OidcRig, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        rig.prepare(**changes)
    assert raised.value.field == field


def test_given_settings_when_shown_then_the_secret_is_not(rig: OidcRig) -> None:
    assert "s%cret" not in repr(rig.settings)


def test_given_a_connector_when_its_sheet_is_made_then_it_shows_the_redirect_uri(rig: OidcRig) -> None:
    sheet = rig.kind.setup_sheet(None, rig.tools)
    assert rig.op.redirect_uri in [step.value for step in sheet.steps]
    assert CLIENT_ID not in str(sheet)
