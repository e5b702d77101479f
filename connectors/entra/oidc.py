"""Microsoft Entra ID over OpenID Connect."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from broker.domain.errors import InvalidSettings, InvalidUpstreamResponse
from broker.domain.messages import filled
from broker.domain.trace import Trace
from broker.domain.trust import Connector
from connectors.contract import (
    ConnectorType,
    Discovers,
    Probe,
    Reading,
    SetupSheet,
    SetupStep,
    Tools,
    Upstream,
    Validators,
    setting,
)
from connectors.oidc import connector as oidc
from connectors.oidc import following
from connectors.oidc.deviations import Deviations
from connectors.oidc.settings import OidcSettings

_TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_SHARED = ("common", "organizations")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraOidcSettings(OidcSettings):
    """Microsoft's words; the addresses follow from the tenant and discovery."""

    issuer: str = setting("Follows from the tenant", default="", discovered=True, receives_secrets=True)
    tenant: str = setting("Directory (tenant) ID; or organizations or common, with a list of permitted tenants", default="")
    permitted_tenants: tuple[str, ...] = setting("Directory IDs that may sign in when the tenant is shared", default=())
    trust_xms_edov: bool = setting(
        "Believe the claim xms_edov as proof of an email address",
        default=False,
        risk="A directory's administrator can set any address; only its tenant's domain policy then stands in the way.",
    )
    site: str = setting("Sign-in host, another one in national clouds", default="https://login.microsoftonline.com")


class EntraOidcType:
    """Single directory, or a shared issuer with an allow-list of directories. A person is `tid` and `oid`."""

    name = "entra-oidc"
    label = "Microsoft Entra ID (OpenID Connect)"
    protocol = "oidc"
    Settings: type = EntraOidcSettings

    def prepare(self, connector: Connector, tools: Tools) -> Upstream:
        settings: EntraOidcSettings = connector.settings
        permitted = _permitted(settings)
        deviations = Deviations(
            issuer_of=lambda claims: f"{settings.site}/{_guid(claims, 'tid')}/v2.0",
            check=lambda claims, trace: _check_tenant(claims, permitted, trace),
            # `oid` alone collides between directories, `sub` changes with our client id.
            subject_of=lambda claims: f"{_guid(claims, 'tid')}.{_guid(claims, 'oid')}",
            email_verified=lambda claims: _email_verified(claims, settings),
        )
        return oidc.prepare(connector, _with_issuer(settings), tools, deviations)

    def discover(self, settings: Any, tools: Tools) -> tuple[Any, list[str], list[str]]:
        _permitted(settings)
        return oidc.discover(_with_issuer(settings), tools, issuer_document=_template(settings))

    def probe(self, settings: Any, tools: Tools) -> Probe:
        return oidc.probe(_with_issuer(settings), tools, issuer_document=_template(settings))

    def followed(self, settings: Any) -> str:
        return following.followed(_with_issuer(settings))

    def read_again(self, settings: Any, tools: Tools, known: Validators) -> Reading:
        return following.read_again(settings, tools, self.discover)

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet:
        claims = SetupStep("Token configuration", "email, upn, auth_time", "Optional claims of the ID token.")
        return SetupSheet("App registration in Microsoft Entra ID", (*oidc.standard_steps(tools)[:4], claims))


def _with_issuer(settings: EntraOidcSettings) -> EntraOidcSettings:
    return replace(settings, issuer=f"{settings.site}/{settings.tenant}/v2.0")


def _template(settings: EntraOidcSettings) -> str | None:
    """The shared description names a template as its issuer, `common` included."""
    return f"{settings.site}/{{tenantid}}/v2.0" if settings.tenant in _SHARED else None


def _permitted(settings: EntraOidcSettings) -> frozenset[str]:
    ids = settings.permitted_tenants if settings.tenant in _SHARED else (settings.tenant,)
    field = "permitted_tenants" if settings.tenant in _SHARED else "tenant"
    if not ids or not all(_TENANT_ID.match(value) for value in ids):
        raise InvalidSettings("Enter the directory ID, like 72f988bf-86f1-41af-91ab-2d7cd011db47.", field=field)
    return frozenset(ids)


def _guid(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not _TENANT_ID.match(value):
        raise InvalidUpstreamResponse(cause=filled("the ID token has no usable %(name)s", name=name), check="entra.identifiers")
    return value


def _check_tenant(claims: dict[str, Any], permitted: frozenset[str], trace: Trace) -> None:
    tenant = _guid(claims, "tid")
    trace.check(
        "entra.tenant",
        tenant in permitted,
        "" if tenant in permitted else filled("directory %(tenant)s is not permitted", tenant=tenant),
    )
    if tenant not in permitted:
        raise InvalidUpstreamResponse(cause=filled("directory %(tenant)s is not permitted", tenant=tenant), check="entra.tenant")


def _email_verified(claims: dict[str, Any], settings: EntraOidcSettings) -> bool | None:
    """Entra never says `email_verified`, and `email` proves nothing ("nOAuth")."""
    return True if settings.trust_xms_edov and claims.get("xms_edov") is True else None


TYPE: ConnectorType = EntraOidcType()
_ABILITY: Discovers = EntraOidcType()
