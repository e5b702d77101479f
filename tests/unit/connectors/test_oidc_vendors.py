"""Entra ID and Google Workspace over OpenID Connect: their deviations, against a provider that has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.domain.errors import InvalidSettings, InvalidUpstreamResponse
from connectors.contract import UpstreamRequest
from connectors.entra.oidc import EntraOidcType
from connectors.google.oidc import GoogleOidcType
from tests.support.oidc_connector import FixedClock, OidcRig
from tests.support.oidc_op import Deviation, OpenIdProvider

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
OTHER = "11111111-86f1-41af-91ab-2d7cd011db47"
OBJECT = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def op() -> Iterator[OpenIdProvider]:
    with OpenIdProvider(FixedClock()) as made:
        yield made


def entra_claims(op: OpenIdProvider, **changes: Any) -> Deviation:
    def discovery(good: dict[str, Any]) -> dict[str, Any]:
        return {**good, "issuer": f"{op.issuer}/{shared or TENANT}/v2.0"}

    shared = changes.pop("shared", None)
    values = {"iss": f"{op.issuer}/{TENANT}/v2.0", "tid": TENANT, "oid": OBJECT, **changes}

    def alter(claims: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**claims, **values}.items() if value is not None}

    return Deviation(discovery=discovery, claims=alter, callback=lambda a: {k: v for k, v in a.items() if k != "iss"})


def entra(op: OpenIdProvider, deviation: Deviation, **settings: Any) -> OidcRig:
    op.deviation = deviation
    rig = OidcRig(op, op.clock, EntraOidcType(), site=op.issuer, **{"tenant": TENANT, **settings})  # type: ignore[arg-type]
    rig.prepare(authorization_response_iss_parameter_supported=False)
    return rig


def test_given_one_directory_when_a_person_signs_in_then_the_subject_is_tid_and_oid(op: OpenIdProvider) -> None:
    result = entra(op, entra_claims(op)).login()
    assert result.subject.value == f"{TENANT}.{OBJECT}"
    assert result.subject.issuer == f"{op.issuer}/{TENANT}/v2.0"
    assert result.asserted_email_verified is None


@pytest.mark.parametrize("trust, xms_edov, word", [(False, True, None), (True, True, True), (True, "1", None), (True, False, None)])
def test_given_xms_edov_when_read_then_it_counts_only_when_trusted(
    op: OpenIdProvider, trust: bool, xms_edov: object, word: object
) -> None:
    assert entra(op, entra_claims(op, xms_edov=xms_edov), trust_xms_edov=trust).login().asserted_email_verified is word


@pytest.mark.parametrize(
    "changes, check",
    [
        ({"tid": OTHER}, "oidc.issuer"),
        ({"iss": None}, "oidc.issuer"),
        ({"tid": None}, "entra.identifiers"),
        ({"tid": "organizations"}, "entra.identifiers"),
        ({"tid": f"{TENANT}/v2.0#"}, "entra.identifiers"),
        ({"oid": None}, "entra.identifiers"),
        ({"oid": ""}, "entra.identifiers"),
    ],
)
def test_given_a_token_of_no_permitted_directory_when_completed_then_it_is_refused(
    op: OpenIdProvider, changes: dict[str, Any], check: str
) -> None:
    with pytest.raises(InvalidUpstreamResponse) as raised:
        entra(op, entra_claims(op, **changes)).login()
    assert raised.value.check == check


def test_given_a_consistent_token_of_another_directory_when_completed_then_it_is_refused(op: OpenIdProvider) -> None:
    foreign = entra_claims(op, iss=f"{op.issuer}/{OTHER}/v2.0", tid=OTHER)
    with pytest.raises(InvalidUpstreamResponse) as raised:
        entra(op, foreign).login()
    assert raised.value.check == "entra.tenant"


def test_given_the_shared_issuer_when_directories_are_listed_then_only_they_may_sign_in(op: OpenIdProvider) -> None:
    rig = entra(op, entra_claims(op, shared="{tenantid}"), tenant="organizations", permitted_tenants=(TENANT,))
    assert rig.login().subject.value == f"{TENANT}.{OBJECT}"
    op.deviation = entra_claims(op, shared="{tenantid}", iss=f"{op.issuer}/{OTHER}/v2.0", tid=OTHER)
    with pytest.raises(InvalidUpstreamResponse) as raised:
        rig.login()
    assert raised.value.check == "entra.tenant"


def test_given_the_shared_issuer_when_the_answer_names_an_issuer_then_it_must_be_the_tokens(op: OpenIdProvider) -> None:
    rig = entra(op, entra_claims(op, shared="{tenantid}"), tenant="common", permitted_tenants=(TENANT, OTHER))
    rig.login(lambda a: {**a, "iss": f"{op.issuer}/{TENANT}/v2.0"})
    with pytest.raises(InvalidUpstreamResponse) as raised:
        rig.login(lambda a: {**a, "iss": f"{op.issuer}/{OTHER}/v2.0"})
    assert raised.value.check == "oidc.response_issuer"


@pytest.mark.parametrize(
    "settings, field",
    [
        ({"tenant": "contoso.onmicrosoft.com"}, "tenant"),
        ({"tenant": ""}, "tenant"),
        ({"tenant": "common"}, "permitted_tenants"),
        ({"tenant": "organizations", "permitted_tenants": ("*",)}, "permitted_tenants"),
    ],
)
def test_given_no_directory_when_saved_then_its_field_is_named(op: OpenIdProvider, settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        entra(op, entra_claims(op), **settings)
    assert raised.value.field == field


def google(op: OpenIdProvider, *domains: str, **claims: Any) -> OidcRig:
    op.deviation = Deviation(claims=lambda original: {**original, **claims})
    return OidcRig(op, op.clock, GoogleOidcType(), issuer=op.issuer, hosted_domains=domains)  # type: ignore[arg-type]


@pytest.mark.parametrize("hosted", ["acme.example", "ACME.example"])
def test_given_a_workspace_account_when_it_signs_in_then_it_is_accepted(op: OpenIdProvider, hosted: str) -> None:
    rig = google(op, "acme.example", hd=hosted)
    assert rig.login().subject.value == "person-1"
    outgoing, _ = rig.upstream.begin(UpstreamRequest(handle="h"), rig.trace)
    assert parse_qs(urlsplit(outgoing.url).query)["hd"] == ["acme.example"]


@pytest.mark.parametrize(
    "claims", [{}, {"hd": "gmail.com"}, {"hd": ""}, {"hd": ["acme.example"]}, {"hd": "x.acme.example"}, {"hd": None}]
)
def test_given_no_account_of_the_domain_when_it_signs_in_then_it_is_refused(op: OpenIdProvider, claims: dict[str, Any]) -> None:
    """`hd` asked for in the request binds nobody: only the signed token counts, not userinfo."""
    op.person["hd"] = "acme.example"
    with pytest.raises(InvalidUpstreamResponse) as raised:
        google(op, "acme.example", **claims).login()
    assert raised.value.check == "google.hosted_domain"


@pytest.mark.parametrize("domains", [(), ("acme",), ("",)])
def test_given_no_domain_when_saved_then_its_field_is_named(op: OpenIdProvider, domains: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSettings) as raised:
        google(op, *domains)
    assert raised.value.field == "hosted_domains"
