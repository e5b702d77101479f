"""An OpenID provider's own description, read (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from broker.domain.errors import InvalidMetadata
from metadata.model import ReadResult

_MAX_DOCUMENT = 1024 * 1024
_MAX_URL = 2000


@dataclass(frozen=True, slots=True)
class OpenIdProviderMetadata:
    """What a relying party needs of a provider. Addresses are absolute http(s) URLs without credentials or fragment."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    id_token_signing_algorithms: tuple[str, ...] = ("RS256",)
    response_iss_parameter: bool = False
    scopes: tuple[str, ...] = ()
    code_challenge_methods: tuple[str, ...] = ()


def discovery_url(issuer: str) -> str:
    """Where the description is (Discovery 4): the path is appended to the issuer, less one trailing slash."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_discovery(document: bytes, *, issuer: str, require_https: bool = True) -> ReadResult[OpenIdProviderMetadata]:
    """The description of exactly this issuer (Discovery 4.3), in words and with warnings. Raises InvalidMetadata."""
    values = _decode(document)
    stated = values.get("issuer")
    # Discovery 4.3: identical, or somebody else's keys would be believed in this issuer's name.
    if stated != issuer:
        raise InvalidMetadata(
            f"The document at this address belongs to the issuer {str(stated)[:200]!r}. Enter exactly that address.",
            problem="other_issuer",
            cause=f"expected {issuer!r}",
        )
    metadata = OpenIdProviderMetadata(
        issuer=issuer,
        authorization_endpoint=_address(values, "authorization_endpoint", require_https),
        token_endpoint=_address(values, "token_endpoint", require_https),
        jwks_uri=_address(values, "jwks_uri", require_https),
        userinfo_endpoint=_address(values, "userinfo_endpoint", require_https) if values.get("userinfo_endpoint") else None,
        token_endpoint_auth_methods=_words(values, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        id_token_signing_algorithms=_words(values, "id_token_signing_alg_values_supported") or ("RS256",),
        response_iss_parameter=values.get("authorization_response_iss_parameter_supported") is True,
        scopes=_words(values, "scopes_supported"),
        code_challenge_methods=_words(values, "code_challenge_methods_supported"),
    )
    if "code" not in (_words(values, "response_types_supported") or ("code",)):
        raise InvalidMetadata("This provider does not offer the authorization code flow.", problem="no_code_flow")
    return ReadResult(metadata, _understood(metadata), _warnings(metadata))


def _decode(document: bytes) -> dict[str, Any]:
    if len(document) > _MAX_DOCUMENT:
        raise InvalidMetadata("The document is too large.", problem="too_large")
    if document.lstrip()[:1] == b"<":
        raise InvalidMetadata(
            "This is a web page or XML, not an OpenID Connect description. Check the issuer address.", problem="not_json"
        )
    try:
        values = msgspec.json.decode(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidMetadata("This is not an OpenID Connect description.", problem="not_json") from error
    if not isinstance(values, dict):
        raise InvalidMetadata("This is not an OpenID Connect description.", problem="not_json")
    return values


def _address(values: dict[str, Any], name: str, require_https: bool) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidMetadata(f"The description names no {name}.", problem=f"no_{name}")
    if not is_address(value, require_https=require_https):
        raise InvalidMetadata(f"The {name} is not an address that we may use: it must be an https URL.", problem="bad_address")
    return value


def is_address(value: str, *, require_https: bool) -> bool:
    """Whether a text is an absolute http(s) URL without credentials, fragment or control characters."""
    if len(value) > _MAX_URL or not value.isascii() or any(character <= " " or character in '"<>\\' for character in value):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    schemes = ("https",) if require_https else ("https", "http")
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and "#" not in value


def _words(values: dict[str, Any], name: str) -> tuple[str, ...]:
    value = values.get(name)
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _understood(metadata: OpenIdProviderMetadata) -> tuple[str, ...]:
    return (
        f"Issuer: {metadata.issuer}",
        f"People sign in at: {urlsplit(metadata.authorization_endpoint).hostname}",
        f"Signatures: {', '.join(metadata.id_token_signing_algorithms)}",
        "Details about people come from: " + ("the userinfo endpoint" if metadata.userinfo_endpoint else "the ID token"),
    )


def _warnings(metadata: OpenIdProviderMetadata) -> tuple[str, ...]:
    if metadata.code_challenge_methods and "S256" not in metadata.code_challenge_methods:
        return ("The provider does not offer PKCE with S256. We send it all the same; most providers then ignore it.",)
    return ()
