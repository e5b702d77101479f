"""HTTP-Redirect and HTTP-POST bindings (SAML Bindings 3.4, 3.5): parameters to XML octets and back.

Reading:  `receive(incoming, "SAMLRequest")` gives a `ReceivedMessage`; its `xml` is unverified octets for `xml.parse`.
          A Redirect signature is verified by `verify_query(received, keys)` over the bytes of the query as they arrived.
Writing:  `redirect_url(...)` and `post_fields(...)`.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_plus

from broker.domain.errors import MalformedRequest, MessageTooLarge, RepeatedParameter
from broker.domain.http import Incoming, Pairs
from broker.domain.messages import filled
from broker.protocols.saml import names
from broker.protocols.xml import MAX_MESSAGE_BYTES
from broker.protocols.xmldsig import SignatureFault, SigningHandle, VerificationKey, sign_octets, verify_octets

OUR_RELAY_STATE_BYTES = 80
"""Bindings 3.4.3: what we send must not be longer."""
MAX_RELAY_STATE_BYTES = 4096
"""What we accept: many applications send a whole address, against the standard."""

_PARAMETERS = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding")
_DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True)
class QuerySignature:
    """A Redirect-binding signature and the octets that it covers, exactly as received (Bindings 3.4.4.1)."""

    algorithm: str
    value: bytes
    octets: bytes


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message out of its binding; nothing is verified. `binding` is the full URI."""

    binding: str
    xml: bytes = field(repr=False)
    relay_state: str | None = field(default=None, repr=False)
    query_signature: QuerySignature | None = None


def receive(incoming: Incoming, parameter: str) -> ReceivedMessage:
    """The message in `parameter` ("SAMLRequest" or "SAMLResponse"), from the form of a POST, else from the query.

    Raises MalformedRequest, RepeatedParameter, MessageTooLarge.
    """
    if incoming.method == "POST":
        return _receive_post(incoming, parameter)
    return _receive_redirect(incoming.raw_query, parameter)


def verify_query(received: ReceivedMessage, keys: Sequence[VerificationKey], *, allow_sha1: bool = False) -> str:
    """The name of the key that signed the query. Raises SignatureFault, also when the query is not signed."""
    signature = received.query_signature
    if signature is None:
        raise SignatureFault(cause="the query is not signed", check="signature.present")
    return verify_octets(signature.octets, signature.value, signature.algorithm, keys, allow_sha1=allow_sha1)


def decode_post(value: str) -> bytes:
    """XML octets of a POST parameter: strict base64, white space allowed, never compressed. Raises MalformedRequest."""
    octets = _decode_base64(value)
    if not octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        # Told apart because node-saml compresses POSTed requests unless told otherwise (VENDORS).
        raise MalformedRequest(
            cause="the POSTed message is not XML; it may be DEFLATE-compressed, which only the Redirect binding does",
            fix="Switch request compression off for the POST binding (node-saml: skipRequestCompression).",
            check="saml.binding",
        )
    return octets


def decode_redirect(value: str) -> bytes:
    """XML octets of an unquoted Redirect parameter, inflated up to the size limit. Raises MalformedRequest, MessageTooLarge."""
    compressed = _decode_base64(value)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        octets = inflater.decompress(compressed, MAX_MESSAGE_BYTES)
    except zlib.error as error:
        raise MalformedRequest(cause="the message is not raw DEFLATE data", check="saml.binding") from error
    if inflater.unconsumed_tail:
        raise MessageTooLarge(cause=filled("inflates beyond %(most)s bytes", most=MAX_MESSAGE_BYTES), check="saml.binding")
    if not inflater.eof or inflater.unused_data:
        raise MalformedRequest(cause="DEFLATE data is truncated or followed by something", check="saml.binding")
    return octets


def redirect_url(
    location: str, parameter: str, xml: bytes, relay_state: str | None = None, handle: SigningHandle | None = None
) -> str:
    """The address to send the browser to; signed over the query when a key is given. `location` may have a query already."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    compressed = deflater.compress(xml) + deflater.flush()
    query = f"{parameter}={_quoted_base64(compressed)}"
    if relay_state is not None:
        query += f"&RelayState={_quoted(relay_state)}"
    if handle is not None:
        query += f"&SigAlg={_quoted(handle.algorithm)}"
        signature = sign_octets(query.encode(), handle)
        query += f"&Signature={_quoted_base64(signature)}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def post_fields(parameter: str, xml: bytes, relay_state: str | None = None) -> Pairs:
    """Fields of the self-submitting form."""
    fields = ((parameter, base64.b64encode(xml).decode()),)
    return fields if relay_state is None else (*fields, ("RelayState", relay_state))


def _receive_post(incoming: Incoming, parameter: str) -> ReceivedMessage:
    values = {name: incoming.one(name) for name in ("SAMLRequest", "SAMLResponse", "RelayState")}
    value = _only_message(values, parameter)
    return ReceivedMessage(names.POST, decode_post(value), _relay_state(values["RelayState"]))


def _receive_redirect(raw_query: bytes, parameter: str) -> ReceivedMessage:
    raw = _raw_parameters(raw_query)
    decoded = {name: unquote_plus(value) for name, value in raw.items()}
    value = _only_message(decoded, parameter)
    if decoded.get("SAMLEncoding", _DEFLATE) != _DEFLATE:
        raise MalformedRequest(cause="unknown SAMLEncoding", check="saml.binding")
    return ReceivedMessage(
        names.REDIRECT, decode_redirect(value), _relay_state(decoded.get("RelayState")), _query_signature(raw, decoded, parameter)
    )


def _raw_parameters(raw_query: bytes) -> dict[str, str]:
    """The SAML parameters of a query, still quoted. Each at most once, and spelled plainly.

    A second reader (the framework's, with its own idea of `;`, case or quoted names) must not see other parameters than
    the ones that the signature covers (CVE-2025-27773).
    """
    found: dict[str, str] = {}
    for segment in raw_query.decode("latin-1").split("&"):
        quoted_name, _, value = segment.partition("=")
        name = unquote_plus(quoted_name)
        if name not in _PARAMETERS:
            continue
        if name != quoted_name:
            raise MalformedRequest(cause=filled("the name %(name)s is percent-encoded", name=name), check="saml.binding")
        if name in found:
            raise RepeatedParameter(cause=filled("parameter %(name)s occurs more than once", name=repr(name)), check="saml.binding")
        found[name] = value
    return found


def _query_signature(raw: dict[str, str], decoded: dict[str, str], parameter: str) -> QuerySignature | None:
    if "Signature" not in raw and "SigAlg" not in raw:
        return None
    if "Signature" not in raw or "SigAlg" not in raw:
        raise SignatureFault(cause="one of SigAlg and Signature is missing", check="signature.present")
    # Bindings 3.4.4.1: this order, RelayState left out when absent, values as the sender quoted them.
    signed = "&".join(f"{name}={raw[name]}" for name in (parameter, "RelayState", "SigAlg") if name in raw)
    return QuerySignature(decoded["SigAlg"], _decode_base64(decoded["Signature"]), signed.encode("latin-1"))


def _only_message(values: dict[str, str | None] | dict[str, str], parameter: str) -> str:
    other = "SAMLResponse" if parameter == "SAMLRequest" else "SAMLRequest"
    if values.get(other) is not None:
        raise MalformedRequest(
            cause=filled("%(other)s came together with, or instead of, %(parameter)s", other=other, parameter=parameter),
            check="saml.binding",
        )
    value = values.get(parameter)
    if not value:
        raise MalformedRequest(cause=filled("there is no %(parameter)s", parameter=parameter), check="saml.binding")
    return value


def _relay_state(value: str | None) -> str | None:
    if value is not None and len(value.encode("utf-8", "surrogatepass")) > MAX_RELAY_STATE_BYTES:
        raise MessageTooLarge(
            cause=filled("RelayState is longer than %(most)s bytes", most=MAX_RELAY_STATE_BYTES), check="saml.relay_state"
        )
    return value


def _decode_base64(value: str) -> bytes:
    if len(value) > MAX_MESSAGE_BYTES * 3 // 2:
        raise MessageTooLarge(cause=filled("%(count)s characters of base64", count=len(value)), check="saml.binding")
    text = "".join(value.split())
    if not _BASE64.fullmatch(text):
        raise MalformedRequest(cause="not base64", check="saml.binding")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise MalformedRequest(cause="not base64", check="saml.binding") from error


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _quoted_base64(octets: bytes) -> str:
    """What `_quoted` makes of it: base64 has three characters that must be written otherwise, and `quote` looks at each of all."""
    return base64.b64encode(octets).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
