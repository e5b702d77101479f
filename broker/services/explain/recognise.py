"""What is this? From whatever people copy out of browsers, logs and mails to the message inside, and how it was wrapped."""

from __future__ import annotations

import base64
import binascii
import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from lxml import etree

from broker.domain.errors import BrokerError
from broker.domain.messages import translatable
from broker.protocols import jose, xml
from broker.protocols.saml import bindings, names

MAX_CHARACTERS = 1_500_000

FROM_ADDRESS = translatable("Taken out of an address.")
FROM_FORM = translatable("Taken out of a form.")
BASE64 = translatable("Base64 decoded.")
INFLATED = translatable("Inflated (DEFLATE, as the Redirect binding does).")

_PARAMETER = re.compile(r"(?:^|[?&#\s])(SAMLRequest|SAMLResponse|id_token|id_token_hint|logout_token)=([^&\s\"'<>]+)")
_FIELD = re.compile(r"<input\b[^<>]*>", re.IGNORECASE)  # without "<", so that a page of half tags is read once only
_ATTRIBUTE = re.compile(r"""\b(name|value)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_FIELDS = ("SAMLResponse", "SAMLRequest", "id_token", "wresult")
_ROOTS = {
    names.samlp("Response"): "saml_response",
    names.samlp("AuthnRequest"): "saml_request",
    names.samlp("LogoutRequest"): "logout_request",
    names.samlp("LogoutResponse"): "logout_response",
    names.saml("Assertion"): "assertion",
    names.md("EntityDescriptor"): "metadata",
    names.md("EntitiesDescriptor"): "metadata",
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """`kind` "unknown" when it is nothing that we know; `problem`: why it cannot be read further. `octets`: the message; of an
    authorization request, which is all query, the address that it goes to."""

    kind: str = "unknown"
    how: tuple[str, ...] = ()
    octets: bytes = field(default=b"", repr=False)
    raw_query: bytes = field(default=b"", repr=False)
    decoded: Any = field(default=None, repr=False)
    problem: str = ""


def recognise(text: str) -> Recognised:
    """Never raises."""
    text = text.strip().lstrip("\ufeff")
    if not text or len(text) > MAX_CHARACTERS:
        return Recognised()
    if (asked := _authorization_request(text)) is not None:
        return asked
    inside, how, query = _unwrap(text)
    found = _message(inside)
    return Recognised(found.kind, (*how, *found.how), found.octets, query, found.decoded, found.problem)


def _authorization_request(text: str) -> Recognised | None:
    """The address to which an application sends the browser (OIDC Core 3.1.2.1), or its query alone."""
    if any(character.isspace() for character in text) or text.startswith("<"):
        return None
    address, _, rest = text.rpartition("?")
    query = rest.partition("#")[0]
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    names_given = {name for name, _ in pairs}
    if "client_id" not in names_given or not names_given & {"response_type", "redirect_uri", "scope"}:
        return None
    raw = query.encode("utf-8", "replace")
    return Recognised("authorization_request", (FROM_ADDRESS,) if address else (), address.encode("utf-8", "replace"), raw, pairs)


def _unwrap(text: str) -> tuple[str, tuple[str, ...], bytes]:
    """(the message, how it was wrapped, the query of an address as it stood there)."""
    for tag in _FIELD.findall(text[:MAX_CHARACTERS]):
        pairs = {name.lower(): html.unescape(double or single) for name, double, single in _ATTRIBUTE.findall(tag)}
        if pairs.get("name") in _FIELDS and pairs.get("value"):
            return pairs["value"], (FROM_FORM,), b""
    if not text.startswith("<") and (found := _PARAMETER.search(text)):
        query = b""
        if text.startswith(("http://", "https://")) and "\n" not in text:
            # Not by `urlsplit`, which raises where the host is no host.
            query = text.partition("#")[0].partition("?")[2].encode("utf-8", "replace")
        # A "+" of base64 that somebody pasted undecoded is no space.
        quoted = found[2]
        value = unquote_plus(quoted) if "%" in quoted else quoted
        return value, (FROM_ADDRESS,), query
    return text, (), b""


def _message(text: str) -> Recognised:
    text = text.strip()
    if text.startswith("<"):
        return _xml(text.encode("utf-8", "replace"), ())
    if text.startswith("{"):
        return _json(text)
    if re.fullmatch(r"[\w-]+\.[\w-]*\.[\w-]*", text):
        return _token(text)
    if re.fullmatch(r"[\w-]+(\.[\w-]*){4}", text):
        return Recognised("encrypted_token")
    return _base64(text)


def _xml(octets: bytes, how: tuple[str, ...]) -> Recognised:
    try:
        root: etree._Element = xml.parse(octets)
    except xml.XmlError as error:
        try:
            root = xml.parse_metadata(octets)  # a file may have what a message must not: comments, another encoding
        except xml.XmlError:
            return Recognised("xml", how, octets, problem=error.cause)
        if _ROOTS.get(root.tag) != "metadata":
            return Recognised("xml", how, octets, problem=error.cause)
    return Recognised(_ROOTS.get(root.tag, "xml"), how, octets, decoded=root)


def _json(text: str) -> Recognised:
    try:
        decoded = jose.decode_json(text.encode("utf-8", "replace"))
    except jose.InvalidToken:
        return Recognised()
    if not isinstance(decoded, dict):
        return Recognised()
    if isinstance(decoded.get("id_token"), str):
        return _token(decoded["id_token"])
    kind = "keys" if isinstance(decoded.get("keys"), list) else "json"
    if "issuer" in decoded and "jwks_uri" in decoded:
        kind = "discovery"
    return Recognised(kind, (), text.encode("utf-8", "replace"), decoded=decoded)


def _token(text: str) -> Recognised:
    try:
        parts = [jose.decode_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in text.split(".")[:2]]
    except (binascii.Error, ValueError, jose.InvalidToken):
        return Recognised()
    if not all(isinstance(part, dict) for part in parts):
        return Recognised()
    return Recognised("id_token", (), text.encode("ascii", "replace"), decoded=tuple(parts))


def _base64(text: str) -> Recognised:
    compact = "".join(unquote_plus(text).split() if "%" in text else text.split()).replace("-", "+").replace("_", "/")
    compact += "=" * (-len(compact) % 4)
    try:
        octets = base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        return Recognised()
    if octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _xml(octets, (BASE64,))
    try:
        inflated = bindings.decode_redirect(compact)
    except BrokerError:
        return Recognised()
    return _xml(inflated, (BASE64, INFLATED))
