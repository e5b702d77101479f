"""A registered client, prepared: what Authlib's grants and our endpoints ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin

from broker.domain.trust import Application
from broker.downstream.oidc.settings import NATIVE, OidcClientSettings
from broker.protocols.oidc.names import AUTH_NONE

_LOOPBACK = re.compile(r"http://(?P<host>127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?(?P<rest>([/?][!-~]*)?)\Z")

VerifySecret = Callable[[str, str], bool]


class RegisteredClient(ClientMixin):  # type: ignore[misc] # authlib has no types
    """Immutable after construction; shared between threads."""

    def __init__(self, application: Application, settings: OidcClientSettings, verify_secret: VerifySecret) -> None:
        self.application_id = application.id
        self.client_id = settings.client_id
        self.settings = settings
        self.requires_pkce = settings.require_pkce or settings.token_endpoint_auth_method == AUTH_NONE
        self.origins = frozenset(_origin(uri) for uri in settings.redirect_uris)
        self._verify_secret = verify_secret
        self._redirect_uris = frozenset(settings.redirect_uris)
        native = settings.application_type == NATIVE
        self._loopback = frozenset(_without_port(uri) for uri in settings.redirect_uris if native) - {None}

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: redirect_uri is REQUIRED (OIDC Core 3.1.2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str:
        # OIDC Core 3.1.2.1: scopes that are not understood are ignored.
        return " ".join(name for name in dict.fromkeys((scope or "").split()) if name in self.settings.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Byte equality (RFC 9700 4.1.3); native loopback addresses with any port (RFC 8252 7.3)."""
        if redirect_uri in self._redirect_uris:
            return True
        return _without_port(redirect_uri) in self._loopback

    def check_client_secret(self, client_secret: str) -> bool:
        # Every hash is compared, so that the time does not tell which of two secrets fitted.
        fits = [self._verify_secret(client_secret, stored) for stored in self.settings.client_secret_hashes]
        return any(fits)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.settings.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


def _without_port(uri: str) -> tuple[str, str] | None:
    """Host and everything after the authority of a loopback address, as text, or None: only the port may differ."""
    found = _LOOPBACK.match(uri)
    return None if found is None else (found["host"], found["rest"])


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}".lower()
