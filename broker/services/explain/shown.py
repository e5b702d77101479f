"""The message as text for a person: indented, private parts masked unless they are asked for."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from broker.domain.messages import translatable
from broker.domain.redaction import mask
from broker.protocols import jose, xml
from broker.protocols.oidc.names import PROTOCOL_CLAIMS
from broker.protocols.saml import names, redaction

LONGEST = 200_000
_OPEN = PROTOCOL_CLAIMS | {"tid", "hd", "ver", "typ", "alg", "kid", "acr", "amr", "email_verified"}
_PRIVATE = {"sub", "nonce", "at_hash", "c_hash", "sid", "jti"}
_TIMES = ("iat", "nbf", "exp", "auth_time")
_OPEN_PARAMETERS = frozenset(
    {"client_id", "redirect_uri", "response_type", "response_mode", "scope", "prompt", "max_age", "ui_locales", "acr_values"}
    | {"display", "claims_locales", "code_challenge_method", "domain_hint", "hd", "whr", "idp_hint", "connector", "resource"}
)
DESTINATION = translatable("Meant for the address")
REPLY_ADDRESS = translatable("Wants the answer at")
_FACTS: tuple[tuple[str, str], ...] = (
    ("IssueInstant", translatable("Made at")),
    ("Destination", DESTINATION),
    ("InResponseTo", translatable("Answers the request")),
    ("AssertionConsumerServiceURL", REPLY_ADDRESS),
    ("NotOnOrAfter", translatable("Valid until")),
    ("validUntil", translatable("Valid until")),
    ("entityID", translatable("Entity ID")),
)
ISSUER = translatable("Sent by")
AUDIENCE = translatable("Made for")
STATUS = translatable("Status")
SIGNED = translatable("Signed")
ENCRYPTED = translatable("Encrypted")
ALGORITHM = translatable("Signature algorithm")
YES, NO = translatable("yes"), translatable("no")


def xml_text(root: etree._Element, *, reveal: bool) -> str:
    tree = copy.deepcopy(root)
    if not reveal:
        return redaction.readable(redaction.redact_in_place(tree))[:LONGEST]
    etree.indent(tree)
    return etree.tostring(tree, encoding="unicode")[:LONGEST]


def json_text(value: Any, *, reveal: bool) -> str:
    """Masked, except for what belongs to the protocol and not to a person."""
    return json.dumps(value if reveal else _masked(value), indent=2, ensure_ascii=False)[:LONGEST]


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value]
    if isinstance(value, str) and (name not in _OPEN or name in _PRIVATE):
        return mask(value)
    return value


def xml_facts(root: etree._Element) -> list[tuple[str, str]]:
    """(message id of the label, value): what support compares, without anything about a person."""
    facts = []
    issuer = root.find(names.saml("Issuer"))
    if issuer is not None:
        facts.append((ISSUER, xml.uri_of(issuer)[:500]))
    facts += [(label, str(root.get(name))[:500]) for name, label in _FACTS if root.get(name)]
    audiences = [xml.uri_of(each)[:500] for each in root.iter(names.saml("Audience"))]
    facts += [(AUDIENCE, audience) for audience in audiences[:5]]
    codes = [str(code.get("Value")).rpartition(":")[2] for code in root.iter(names.samlp("StatusCode"))]
    if codes:
        facts.append((STATUS, " / ".join(codes)[:200]))
    signatures = [xml.local_name(parent) for each in root.iter(names.ds("Signature")) if (parent := each.getparent()) is not None]
    facts.append((SIGNED, ", ".join(signatures) or NO))
    methods = {str(each.get("Algorithm")).rpartition("#")[2] for each in root.iter(names.ds("SignatureMethod"))}
    if methods:
        facts.append((ALGORITHM, ", ".join(sorted(methods))[:200]))
    if next(root.iter(names.saml("EncryptedAssertion")), None) is not None:
        facts.append((ENCRYPTED, YES))
    return facts


def parameters_text(pairs: list[tuple[str, str]], *, reveal: bool) -> str:
    """One a line, those that name a person or a browser masked."""
    return "\n".join(f"{name} = {value if reveal or name in _OPEN_PARAMETERS else mask(value)}" for name, value in pairs)[:LONGEST]


def request_facts(address: str, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    given = dict(pairs)
    named = ((ISSUER, given.get("client_id")), (DESTINATION, address), (REPLY_ADDRESS, given.get("redirect_uri")))
    return [(label, value[:500]) for label, value in named if value]


def token_facts(header: dict[str, Any], claims: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = [(ISSUER, claims.get("iss")), (AUDIENCE, claims.get("aud")), (ALGORITHM, header.get("alg"))]
    facts = [(label, str(value)[:500]) for label, value in pairs if value is not None]
    for name in _TIMES:
        moment = jose.numeric_date(claims.get(name))
        if moment is not None:
            facts.append((name, f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"))
    return facts
