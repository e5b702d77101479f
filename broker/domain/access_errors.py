"""Errors of people and programs that are refused at the door: staff, tokens, throttling, stale changes.

    ConfigurationError
    └─ AccessError          who asks, or how often, or about what version: refused before anything is done
        NotSignedIn  InvalidCredentials  ReauthenticationRequired  TooManyAttempts (CheckRequired)  InvalidToken  StaleVersion
        IdempotencyMismatch  InvalidInvitation  UnreadableBody  UnsupportedMediaType  NoSuchResource
"""

from __future__ import annotations

from broker.domain.errors import Act, ConfigurationError


class AccessError(ConfigurationError):
    code = "access_error"
    act = Act.USER


class NotSignedIn(AccessError):
    code = "not_signed_in"
    sentence = "Please sign in first."
    fix = "Sign in to the console."
    status = 401


class InvalidCredentials(AccessError):
    """One sentence for an unknown address, a wrong password and a wrong code: nothing may tell them apart."""

    code = "invalid_credentials"
    sentence = "This does not match. Check what you typed and try again."
    fix = "An owner can send a new link with `vestibule staff invite`."
    status = 401


class ReauthenticationRequired(AccessError):
    code = "reauthentication_required"
    sentence = "Please confirm that it is you before you change this."
    fix = "Sign in again in the same window."
    status = 403


class TooManyAttempts(AccessError):
    """`retry_after_seconds` also goes into the Retry-After header."""

    code = "too_many_attempts"
    sentence = "Too many attempts. Please wait a moment and try again."
    fix = "Wait for the time that Retry-After names."
    status = 429

    def __init__(self, *, retry_after_seconds: int, cause: str = "") -> None:
        super().__init__(cause=cause)
        self.retry_after_seconds = retry_after_seconds


class CheckRequired(TooManyAttempts):
    """A browser has a way on before the wait is over: the calculation of `broker.services.effort`."""

    code = "check_required"
    sentence = "There were several tries. Before the next one your browser makes a short calculation, which starts by itself."
    fix = "Try again in a browser that runs scripts, or wait for the time that Retry-After names."


class InvalidToken(AccessError):
    code = "invalid_token"
    sentence = "This access token is not valid."
    act = Act.OPERATOR
    fix = "Make a new token with `vestibule token create`; tokens expire and can be revoked."
    status = 401


class InvalidInvitation(AccessError):
    code = "invalid_invitation"
    sentence = "This link is not valid any more. Ask for a new one."
    fix = "An owner can send a new link with `vestibule staff invite`."
    status = 404


class StaleVersion(AccessError):
    """Somebody else changed the object since it was read (RFC 9110 13.1.1)."""

    code = "stale_version"
    sentence = "Somebody else changed this in the meantime. Load it again and repeat your change."
    fix = "Read the object again and send its current version."
    status = 412


class IdempotencyMismatch(AccessError):
    code = "idempotency_mismatch"
    sentence = "This idempotency key was used for another request."
    act = Act.OPERATOR
    fix = "Use a new Idempotency-Key for every new request."
    status = 422


class UnreadableBody(AccessError):
    code = "unreadable_body"
    sentence = "The body of this request cannot be read as JSON."
    act = Act.OPERATOR
    fix = "Send one JSON object in UTF-8, each name once, no NaN, no U+0000."
    status = 400


class UnsupportedMediaType(AccessError):
    code = "unsupported_media_type"
    sentence = "Send the body as JSON, with Content-Type: application/json."
    act = Act.OPERATOR
    fix = "Set the Content-Type header to application/json."
    status = 415


class NoSuchResource(AccessError):
    code = "no_such_resource"
    sentence = "There is nothing at this address of the API."
    act = Act.OPERATOR
    fix = "Compare the address with the description at /api/v1/openapi.json."
    status = 404
