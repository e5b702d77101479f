"""Certificates and key sets of partners in the audit log and in plans: which ones they are, not every line of them."""

from __future__ import annotations

from typing import Any

import msgspec

from broker.protocols.certificates import load_certificate

_PEM = "-----BEGIN CERTIFICATE-----"


def told(changed: dict[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Fields as `context.difference` gives them."""
    return {name: (_value(name, before), _value(name, after)) for name, (before, after) in changed.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_value(name, each) for each in value]
    if isinstance(value, str) and _PEM in value:
        return _certificate(value)
    return _key_ids(value) if isinstance(value, str) and name.endswith("jwks") and value else value


def _certificate(pem: str) -> str:
    try:
        found = load_certificate(pem)
    except ValueError:
        return "a certificate that cannot be read"
    return f"sha256:{found.sha256} until {found.not_after:%Y-%m-%d}"


def _key_ids(document: str) -> str:
    """The names by which tokens refer to them."""
    try:
        keys = msgspec.json.decode(document)["keys"]
        return ", ".join(sorted(str(key.get("kid", "without a name"))[:80] for key in keys))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return "keys that cannot be read"
