"""The signed cookie that remembers the last home realm on this browser. It routes; it proves nothing."""

from __future__ import annotations

import hashlib
import hmac

from broker.domain.http import Cookie, Incoming
from broker.keys.keyring import Keyring
from broker.login.context import REMEMBERED_COOKIE

_YEAR_SECONDS = 365 * 24 * 3600


def _signature(keyring: Keyring, connector_id: str) -> str:
    return hmac.new(keyring.secret("cookie_key"), b"home realm " + connector_id.encode(), hashlib.sha256).hexdigest()[:40]


def write(keyring: Keyring, connector_id: str) -> Cookie:
    return Cookie(REMEMBERED_COOKIE, f"{connector_id}.{_signature(keyring, connector_id)}", _YEAR_SECONDS)


def forget() -> Cookie:
    return Cookie(REMEMBERED_COOKIE, None)


def read(keyring: Keyring, incoming: Incoming) -> str | None:
    """The remembered connector's id, or None if there is no cookie or its signature is wrong."""
    connector_id, _, signature = incoming.cookies.get(REMEMBERED_COOKIE, "").rpartition(".")
    if not connector_id.isascii() or not connector_id:
        return None
    return (
        connector_id
        if hmac.compare_digest(_signature(keyring, connector_id), signature.encode("ascii", "replace").decode())
        else None
    )
