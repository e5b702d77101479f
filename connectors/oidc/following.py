"""The description of an OpenID provider, read again by the clock: addresses, algorithms and keys as they are now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from connectors.contract import Reading, Tools
from connectors.oidc.settings import OidcSettings
from metadata.oidc_read import discovery_url

S = TypeVar("S", bound=OidcSettings)


def followed(settings: OidcSettings) -> str:
    return discovery_url(settings.issuer) if settings.issuer and settings.jwks_uri else ""


def read_again(settings: S, tools: Tools, discover: Callable[[S, Tools], tuple[S, list[str], list[str]]]) -> Reading:
    """See `connectors.contract.FollowsProvider`. `discover`: as when the connector is saved."""
    then, understood, warnings = discover(settings, tools)
    if _keys(then.jwks) == _keys(settings.jwks):
        then = replace(then, jwks=settings.jwks)  # told in another order by the next machine
    waits: tuple[str, ...] = ()
    if settings.client_secret and _host(then.token_endpoint) != _host(settings.token_endpoint):
        # A stored secret stays with its address, whoever names another one (`services.connectors`).
        waits = ("secret_elsewhere",)
    return Reading(then, tuple(understood), tuple(warnings), waits)


def _keys(document: str) -> set[bytes]:
    """Each key in one spelling. What was stored was read before, and so was what has just been discovered."""
    return {msgspec.json.encode(key, order="sorted") for key in msgspec.json.decode(document)["keys"]} if document else set()


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
