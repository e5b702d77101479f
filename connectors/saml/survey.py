"""What a login would say about a SAML message that somebody pasted: a Response, a LogoutRequest, a request of our own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from lxml import etree

from broker.domain.errors import BrokerError
from broker.domain.trace import Trace, TraceEvent
from broker.protocols import xml, xmldsig, xmlenc
from broker.protocols.saml import names
from broker.protocols.saml.times import format_instant, parse_instant
from broker.protocols.saml.validation import Asked, Trust, VerifiedAssertion, validate_response
from connectors.rehearsal import rehearse

_CERTIFICATE = f"{names.ds('KeyInfo')}/{names.ds('X509Data')}/{names.ds('X509Certificate')}"
_TIMES = ("saml.response_issued", "saml.assertion_issued", "saml.conditions", "saml.authn_statement", "saml.session")


@dataclass(frozen=True, slots=True)
class _Pretended:
    trust: Trust
    asked: Asked
    now: datetime


def survey_message(message: bytes, trust: Trust, acs: str, now: datetime, trace: Trace) -> VerifiedAssertion | None:
    """Every check on the trace. An assertion only from a Response, and only for showing (`connectors.rehearsal`)."""
    try:
        root = xml.parse(message)
    except BrokerError as error:
        trace.check("saml.xml", False, error.cause)
        return None
    if root.tag != names.samlp("Response"):
        _survey_other(root, trust, now, trace)
        return None
    # Which request it answers, one message cannot tell: its own word is taken. Without any it came unasked.
    asked = Asked(cast("str", root.get("InResponseTo")), acs)

    def validate(state: _Pretended, rehearsal: Trace) -> VerifiedAssertion:
        return validate_response(root, state.trust, state.asked, state.now, rehearsal)

    return rehearse(trace, _Pretended(trust, asked, now), validate, lambda state, failed: _pretend(state, failed, root))


def _pretend(state: _Pretended, failed: TraceEvent, root: etree._Element) -> _Pretended | None:
    """What to expect in the next round so that this check passes; None where that would mean to forge."""
    received = failed.data.get("received", "")
    trust, asked = state.trust, state.asked
    match failed.name:
        case "saml.response_signature" | "saml.assertion_signature" if "none of the" in failed.detail:
            # What was encrypted for us is opened for nobody but the provider: by a signature of their own, whoever pastes a
            # message that they caught would read it, or ask us byte by byte what is in it.
            keys = () if _is_encrypted(root) else _keys_in(root)
            return replace(state, trust=replace(trust, keys=keys)) if keys else None
        case "saml.response_signature" | "saml.assertion_signature" if "algorithm" in failed.detail:
            return None if trust.allow_sha1 else replace(state, trust=replace(trust, allow_sha1=True))
        case "saml.response_issuer" | "saml.assertion_issuer" if received:
            return replace(state, trust=replace(trust, issuer=received))
        case "saml.audience" if received and received != "absent":
            return replace(state, trust=replace(trust, audience=received.split("; ")[0].split(", ")[0]))
        case "saml.destination" if received and received != "absent":
            return replace(state, asked=replace(asked, recipient=received))
        case "saml.subject_confirmation" if failed.detail.startswith("Recipient") and received != "absent":
            return replace(state, asked=replace(asked, recipient=received))
        case name if name in _TIMES or (name == "saml.subject_confirmation" and "passed" in failed.detail):
            issued = _issued(root)
            return None if issued is None or issued == state.now else replace(state, now=issued)
    return None


def _keys_in(root: etree._Element) -> tuple[xmldsig.VerificationKey, ...]:
    """The keys that the message itself names: they prove nothing, but tell a changed message from another certificate."""
    found = []
    for signature in root.iter(names.ds("Signature")):
        for certificate in signature.findall(_CERTIFICATE):
            try:
                found.append(xmldsig.VerificationKey.from_certificate(xml.text_of(certificate)))
            except ValueError:
                continue
    return tuple(found[:4])


def _is_encrypted(root: etree._Element) -> bool:
    return next(root.iter(f"{{{xmlenc.XENC}}}EncryptedData"), None) is not None


def _issued(root: etree._Element) -> datetime | None:
    try:
        return parse_instant(root.get("IssueInstant"))
    except ValueError:
        return None


def _survey_other(root: etree._Element, trust: Trust, now: datetime, trace: Trace) -> None:
    """Logout messages, and requests that we sent ourselves."""
    ours = root.tag == names.samlp("AuthnRequest")
    issuer = root.find(names.saml("Issuer"))
    expected, received = trust.audience if ours else trust.issuer, "absent" if issuer is None else xml.uri_of(issuer)
    said = "" if received == expected else "the Issuer is another one"
    trace.check("saml.response_issuer", received == expected, said, expected=expected, received=received)
    if not ours and xmldsig.is_signed(root):
        try:
            xmldsig.verify(root, root, trust.keys)
        except BrokerError as error:
            trace.check("saml.response_signature", False, error.cause, expected=error.expected, received=error.received)
        else:
            trace.check("saml.response_signature", True)
    elif not ours:
        trace.check("saml.signed", False, "the message is not signed, or only its address is (Redirect binding)")
    _survey_times(root, trust, now, trace)


def _survey_times(root: etree._Element, trust: Trust, now: datetime, trace: Trace) -> None:
    issued = _issued(root)
    early = issued is None or issued > now + trust.skew
    trace.check("saml.response_issued", not early, "IssueInstant lies in the future, or is missing" if early else "")
    stated = root.get("NotOnOrAfter")
    if stated is None:
        return
    try:
        late = now >= parse_instant(stated) + trust.skew
    except ValueError:
        late = True
    said = "NotOnOrAfter has passed" if late else ""
    trace.check("saml.conditions", not late, said, expected=format_instant(now), received=stated)
