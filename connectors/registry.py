"""Which connector types exist: built-in ones by name, third-party ones through the entry-point group
`vestibule.connectors`. An implementation is imported when it is first asked for."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points

from broker.domain.errors import InvalidSettings
from connectors.contract import ConnectorType

GROUP = "vestibule.connectors"

BUILT_IN: dict[str, str] = {
    "saml": "connectors.saml.connector:TYPE",
    "oidc": "connectors.oidc.connector:TYPE",
    "adfs": "connectors.adfs.connector:TYPE",
    "entra-saml": "connectors.entra.saml:TYPE",
    "entra-oidc": "connectors.entra.oidc:TYPE",
    "google-saml": "connectors.google.saml:TYPE",
    "google-oidc": "connectors.google.oidc:TYPE",
    "okta": "connectors.okta.connector:TYPE",
    "onelogin": "connectors.onelogin.connector:TYPE",
    "ping": "connectors.ping.connector:TYPE",
}


@cache
def _third_party() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in BUILT_IN or entry.name in found:
            raise InvalidSettings(f"Two connector types are called {entry.name!r}.", field="type", cause=entry.value)
        found[entry.name] = entry.value
    return found


def names() -> tuple[str, ...]:
    """Every type name, built-in ones first."""
    return (*BUILT_IN, *sorted(_third_party()))


@cache
def connector_type(name: str) -> ConnectorType:
    """The type of that name. Raises InvalidSettings when there is none."""
    target = BUILT_IN.get(name) or _third_party().get(name)
    if target is None:
        raise InvalidSettings(f"There is no connector type {name!r}. Known: {', '.join(names())}.", field="type")
    module, _, attribute = target.partition(":")
    found: ConnectorType = getattr(importlib.import_module(module), attribute)
    return found


def resolve(name: str, *, metadata: bool) -> str:
    """`entra` and `google` exist in two protocols: with metadata it is SAML, with issuer or client id it is OpenID Connect."""
    if name in {"entra", "google"}:
        return f"{name}-saml" if metadata else f"{name}-oidc"
    return name
