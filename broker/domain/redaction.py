"""What may be kept of a value on a trace or in a log. The one place for values and parameters; XML has a twin in
`broker.protocols.saml.redaction`, which calls this."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SECRET_SEGMENT = re.compile(r"^(/(?:login|setup|test|console/welcome)/)[^/]+")

# A connector's own form may call its fields anything; these names are never shown.
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|otp|assertion|credential|(^|_)(pin|code|key)$", re.IGNORECASE)

SECRET_PARAMETERS = frozenset(
    {
        "access_token",
        "assertion",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "id_token",
        "id_token_hint",
        "nonce",
        "password",
        "refresh_token",
        "state",
        "token",
        "RelayState",
        "SAMLRequest",
        "SAMLResponse",
        "Signature",
    }
)


def mask(value: str) -> str:
    """A value that support can recognise and nobody can use: `a…e@acme.example`, `0…f (36)`.

    The domain of an address stays, because it decides home realm and tenant boundary.
    """
    local, at, domain = value.rpartition("@")
    if at and local and len(domain) <= 255:
        return f"{_ends(local)}@{domain}"
    return f"{_ends(value)} ({len(value)})" if len(value) > 3 else "…"


def path(text: str) -> str:
    """A path of ours without the secret that it carries: a login's handle, the token of a link, a test's id."""
    return _SECRET_SEGMENT.sub(r"\1…", text)[:200]


def _ends(text: str) -> str:
    return f"{text[0]}…{text[-1]}" if len(text) > 2 else "…"


def parameters(pairs: Iterable[tuple[str, str]]) -> str:
    """Request parameters for a trace: one a line, secrets replaced by their length, everything cut at 300 characters."""
    lines = []
    for name, value in pairs:
        secret = name in SECRET_PARAMETERS or _SECRET_NAME.search(name) is not None
        shown = f"[{len(value)} characters]" if secret else value[:300]
        lines.append(f"{name[:60]}={shown}")
    return "\n".join(lines)
