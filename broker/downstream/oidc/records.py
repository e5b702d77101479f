"""What is kept for a moment between the endpoints: a code, and an access token. """

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from broker.domain.keys import HUB

CODE = "oidc.code"
ACCESS_TOKEN = "oidc.access_token"
CODE_SECONDS = 60


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything that the token and userinfo endpoints need to know of a login; they ask no pipeline. Times are epoch seconds."""

    client_id: str
    application_id: str
    tenant_id: str
    identity_id: str
    connector_id: str
    issuer: str
    redirect_uri: str
    scope: str
    subject: str
    auth_time: int
    issued_at: datetime
    session_ends_at: int
    trace_code: str
    claims: dict[str, Any]
    sid: str
    nonce: str | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    code_challenge: str | None = None
    key_owner: str = HUB
    """Whose keys sign the ID token; a code from before keys had owners: the hub's."""

    # What Authlib asks of an authorization code.

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    @property
    def code_challenge_method(self) -> str:
        return "S256"


# The first byte is the format's version: during a rolling upgrade an unknown one is treated as expired, not misread.
_FORMAT = b"2"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Grant)


def encode(grant: Grant) -> bytes:
    return _FORMAT + _encoder.encode(grant)


def decode(value: bytes | None) -> Grant | None:
    """None for nothing, and for a record of another version."""
    if value is None or not value.startswith(_FORMAT):
        return None
    return _decoder.decode(value[1:])
