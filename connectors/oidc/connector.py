"""The connector type for any OpenID provider, and what vendors build on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from broker.domain.errors import InvalidMetadata, InvalidSettings
from broker.domain.trust import Connector
from broker.protocols import jose
from broker.protocols.oidc.names import AUTH_BASIC, AUTH_METHODS
from connectors.contract import ConnectorType, Probe, Reading, SetupSheet, SetupStep, Tools, Upstream, Validators
from connectors.oidc import following
from connectors.oidc.deviations import STANDARD, Deviations
from connectors.oidc.keys import ProviderKeys
from connectors.oidc.probing import probe as probe  # vendors find it beside `discover`
from connectors.oidc.settings import OidcSettings, validate
from connectors.oidc.upstream import OidcUpstream
from metadata.oidc_read import OpenIdProviderMetadata, discovery_url, is_address, read_discovery

S = TypeVar("S", bound=OidcSettings)


class OidcConnectorType:
    """Any OpenID provider with discovery."""

    name = "oidc"
    label = "OpenID Connect"
    protocol = "oidc"
    Settings: type = OidcSettings

    def prepare(self, connector: Connector, tools: Tools) -> Upstream:
        return prepare(connector, connector.settings, tools, STANDARD)

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet:
        return SetupSheet("Register us at your OpenID provider", standard_steps(tools))

    def discover(self, settings: Any, tools: Tools) -> tuple[Any, list[str], list[str]]:
        return discover(settings, tools)

    def probe(self, settings: Any, tools: Tools) -> Probe:
        return probe(settings, tools)

    def followed(self, settings: Any) -> str:
        return following.followed(settings)

    def read_again(self, settings: Any, tools: Tools, known: Validators) -> Reading:
        return following.read_again(settings, tools, self.discover)


def prepare(connector: Connector, settings: OidcSettings, tools: Tools, deviations: Deviations) -> OidcUpstream:
    """Validates and imports everything that a login needs. Raises InvalidSettings."""
    validate(settings, production=tools.production)
    try:
        first = jose.read_key_set(settings.jwks.encode()) if settings.jwks else None
    except jose.InvalidToken as error:
        raise InvalidSettings("The provider's keys cannot be used.", field="jwks", cause=str(error)) from error
    keys = ProviderKeys(settings.jwks_uri, first, tools.fetcher, tools.clock)
    return OidcUpstream(connector.id, settings, tools, keys, deviations)


def discover(settings: S, tools: Tools, *, issuer_document: str | None = None) -> tuple[S, list[str], list[str]]:
    """Completes settings from the provider's own description. `issuer_document`: the issuer that the document names, when
    it is a template. Raises FetchError, InvalidSettings."""
    issuer = settings.issuer.strip()
    if not is_address(issuer, require_https=tools.production):
        raise InvalidSettings("Enter the https address of the provider, as it names itself.", field="issuer")
    answer = tools.fetcher.get(discovery_url(issuer), headers={"Accept": "application/json"})
    if answer.status != 200:
        raise InvalidSettings(
            "There is no OpenID Connect description at this address.",
            field="issuer",
            cause=f"{discovery_url(issuer)}: {answer.status}",
        )
    try:
        result = read_discovery(answer.body, issuer=issuer_document or issuer, require_https=tools.production)
    except InvalidMetadata as error:
        raise InvalidSettings(error.sentence, field="issuer", cause=f"{error.problem}: {error.cause}") from error
    keys = tools.fetcher.get(result.metadata.jwks_uri, headers={"Accept": "application/json"})
    try:
        count = len(jose.read_key_set(keys.body)) if keys.status == 200 else 0
    except jose.InvalidToken as error:
        raise InvalidSettings("The provider's keys cannot be used.", field="jwks_uri", cause=str(error)) from error
    if not count:
        raise InvalidSettings("The provider's keys cannot be read.", field="jwks_uri", cause=f"status {keys.status}")
    completed = _complete(replace(settings, issuer=issuer), result.metadata, keys.body.decode())
    return completed, [*result.understood, f"Signing keys: {count}"], list(result.warnings)


def _complete(settings: S, found: OpenIdProviderMetadata, jwks: str) -> S:
    algorithms = tuple(name for name in found.id_token_signing_algorithms if name in jose.ALGORITHMS)
    if not algorithms:
        raise InvalidSettings("The provider offers no signature algorithm that we accept.", field="id_token_signing_algs")
    return replace(
        settings,
        authorization_endpoint=found.authorization_endpoint,
        token_endpoint=found.token_endpoint,
        userinfo_endpoint=found.userinfo_endpoint or "",
        jwks_uri=found.jwks_uri,
        jwks=jwks,
        token_endpoint_auth_method=_authentication_method(settings, found.token_endpoint_auth_methods),
        id_token_signing_algs=algorithms,
        authorization_response_iss_parameter_supported=found.response_iss_parameter,
    )


def _authentication_method(settings: OidcSettings, offered: tuple[str, ...]) -> str:
    if not settings.client_secret:
        return "none"
    usable = [method for method in AUTH_METHODS if method in offered and method != "none"]
    if settings.token_endpoint_auth_method in usable:
        return settings.token_endpoint_auth_method
    return usable[0] if usable else AUTH_BASIC


def standard_steps(tools: Tools) -> tuple[SetupStep, ...]:
    """What every provider's administrator must enter."""
    return (
        SetupStep("Application type", "Web application (confidential client)"),
        SetupStep("Redirect URI", tools.addresses.redirect_uri, "Enter it exactly; it belongs to this connection alone."),
        SetupStep("Grant type", "Authorization code, with PKCE (S256)"),
        SetupStep("Scopes", "openid profile email"),
        SetupStep("Then tell us", "", "The issuer address, the client id and the client secret."),
    )


TYPE: ConnectorType = OidcConnectorType()

