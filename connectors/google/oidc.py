"""Google Workspace over OpenID Connect."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleOidcSettings(OidcSettings):
    """Google's words."""

    issuer: str = setting("Google's issuer", default="https://accounts.google.com", receives_secrets=True)
    hosted_domains: tuple[str, ...] = setting("Workspace domains whose people may sign in", default=())


class GoogleOidcType:
    """Workspace accounts only: `hd` must be in the token, because asking for it binds nobody."""

    name = "google-oidc"
    label = "Google Workspace (OpenID Connect)"
    protocol = "oidc"
    Settings: type = GoogleOidcSettings

    def prepare(self, connector: Connector, tools: Tools) -> Upstream:
        settings: GoogleOidcSettings = connector.settings
        domains = frozenset(domain.strip().lower() for domain in settings.hosted_domains)
        if not domains or not all("." in domain for domain in domains):
            raise InvalidSettings("Enter the Workspace domains, like example.com.", field="hosted_domains")
        deviations = Deviations(
            check=lambda claims, trace: _check_hosted_domain(claims, domains, trace),
            # One domain can be asked for; "*" asks for any Workspace account (Google's own extension).
            authorization_parameters={"hd": next(iter(domains)) if len(domains) == 1 else "*"},
        )
        return oidc.prepare(connector, settings, tools, deviations)

    def discover(self, settings: Any, tools: Tools) -> tuple[Any, list[str], list[str]]:
        return oidc.discover(settings, tools)

    def probe(self, settings: Any, tools: Tools) -> Probe:
        return oidc.probe(settings, tools)

    def followed(self, settings: Any) -> str:
        return following.followed(settings)

    def read_again(self, settings: Any, tools: Tools, known: Validators) -> Reading:
        return following.read_again(settings, tools, self.discover)

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet:
        audience = SetupStep("User type", "Internal", "On the OAuth consent screen.")
        return SetupSheet("OAuth client in the Google Cloud console", (audience, *oidc.standard_steps(tools)[:4]))


def _check_hosted_domain(claims: dict[str, Any], domains: frozenset[str], trace: Trace) -> None:
    hosted = claims.get("hd")
    passed = isinstance(hosted, str) and hosted.lower() in domains
    reason = (
        ""
        if passed
        else filled(
            "hd is %(hosted)s: no Workspace account of %(domains)s",
            hosted=repr(hosted)[:200],
            domains=", ".join(sorted(domains))[:100],
        )
    )
    trace.check("google.hosted_domain", passed, reason)
    if not passed:
        raise InvalidUpstreamResponse(cause=reason, check="google.hosted_domain", fix="Use the account of the organisation.")


TYPE: ConnectorType = GoogleOidcType()
_ABILITY: Discovers = GoogleOidcType()
