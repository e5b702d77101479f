"""Whether an OpenID provider answers: its description, still of the same issuer, and its keys."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.errors import InvalidMetadata
from broker.protocols import jose
from connectors.contract import Probe, Tools
from connectors.oidc.settings import OidcSettings
from connectors.probing import look
from metadata.oidc_read import discovery_url, is_address, read_discovery

_JSON = "application/json"


def probe(settings: OidcSettings, tools: Tools, *, issuer_document: str | None = None) -> Probe:
    """`issuer_document`: the issuer that the description names, when it is a template."""
    issuer = settings.issuer.strip()
    if not is_address(issuer, require_https=tools.production):
        return Probe("no_address")
    answer, found = look(discovery_url(issuer), tools, accept=_JSON)
    if answer is None:
        return found
    if answer.status != 200:
        return replace(found, problem="status", detail=str(answer.status))
    try:
        description = read_discovery(answer.body, issuer=issuer_document or issuer, require_https=tools.production).metadata
    except InvalidMetadata as error:
        return replace(found, problem="other_issuer" if error.problem == "other_issuer" else "not_description")
    return _keys(description.jwks_uri, found, tools)


def _keys(url: str, found: Probe, tools: Tools) -> Probe:
    answer, keys = look(url, tools, accept=_JSON)
    if answer is None:
        return keys
    if answer.status != 200:
        return replace(keys, problem="status", detail=str(answer.status))
    try:
        usable = len(jose.read_key_set(answer.body))
    except jose.InvalidToken:
        usable = 0
    return found if usable else replace(keys, problem="keys")
