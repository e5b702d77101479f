"""What the API needs, handed over once by `broker.app`, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Request

from broker.domain.access_errors import InvalidToken, NotSignedIn
from broker.services.api_tokens import ApiToken
from broker.services.operations import Operations, Services
from broker.services.throttle import Limit
from broker.settings import Settings

BASE = "/api/v1"
REFUSED = Limit("api-refused", 60, 60)
"""Of one address: requests whose credentials were refused."""


@dataclass(frozen=True, slots=True)
class ApiFace:
    settings: Settings
    operations: Operations
    services: Services

    def caller(self, request: Request) -> ApiToken:
        """By the Authorization header alone (RFC 6750 2.1). Raises NotSignedIn, InvalidToken, TooManyAttempts."""
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise NotSignedIn("Send a token: Authorization: Bearer vst_…", cause="no bearer token")
        try:
            caller = self.services.api_tokens.authenticate(presented.strip())
        except InvalidToken:
            self.refused(request)
            raise
        self.services.throttle.attempt(Limit("api", self.settings.api_requests_per_minute, 60), caller.id)
        return caller

    def refused(self, request: Request) -> None:
        """Counts credentials that were refused. Raises TooManyAttempts."""
        self.services.throttle.attempt(REFUSED, request.remote_addr or "")
