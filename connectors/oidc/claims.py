"""From the claims of a provider to the hub's: one `Claim` per value, under the name as received."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from broker.domain.claims import BOOLEAN, NAME_IDENTIFIER, STRING, Claim, Claims
from broker.protocols.oidc.names import PROTOCOL_CLAIMS

_MAX_VALUES = 2000


def to_claims(received: dict[str, Any], *, subject: str, connector_id: str, issuer: str) -> Claims:
    """Lists become several claims; objects are left out; protocol claims say nothing about a person and are left out too."""
    items = [Claim(NAME_IDENTIFIER, subject, STRING, connector_id, issuer)]
    for name, value in received.items():
        if name in PROTOCOL_CLAIMS:
            continue
        for text, value_type in _values(value):
            items.append(Claim(name, text, value_type, connector_id, issuer))
            if len(items) >= _MAX_VALUES:
                return Claims(tuple(items))
    return Claims(tuple(items))


def _values(value: Any) -> Iterator[tuple[str, str]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, bool):
            yield ("true" if item else "false"), BOOLEAN
        elif isinstance(item, str):
            if item:
                yield item, STRING
        elif isinstance(item, int | float):
            yield str(item), STRING
