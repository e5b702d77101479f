"""What a Response must be before anything in it is believed (SAML Core 2-3, Profiles 4.1.4.3, SECURITY 1 and 3).

`validate_response` is the review: the checks in their order. Each goes on the trace as `saml.<check>`; each raises. There
is no result for "invalid". Everything that the checks need comes in: keys, clock, what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from lxml import etree

from broker.domain.errors import BrokerError, InteractionRequired, InvalidUpstreamResponse, UpstreamRefused
from broker.domain.http import Incoming
from broker.domain.messages import filled, translatable
from broker.domain.trace import Trace
from broker.protocols import xml, xmldsig, xmlenc
from broker.protocols.saml import bindings, names, statements
from broker.protocols.saml.redaction import redacted, unreadable
from broker.protocols.saml.statements import AuthnStatement, Confirmation, NameIdentifier, ReceivedAttribute
from broker.protocols.saml.times import format_instant, parse_instant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is configured about one identity provider, prepared. `skew` is already capped."""

    issuer: str
    audience: str
    keys: tuple[xmldsig.VerificationKey, ...]
    decryption_keys: tuple[xmlenc.DecryptionKey, ...]
    skew: timedelta
    allow_cbc: bool = False
    allow_sha1: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What this login asked for: the answer must name `request_id` and arrive at `recipient`."""

    request_id: str
    recipient: str
    forced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """Read from signed bytes only; every check passed. `usable_until` includes the skew: remember the id until then."""

    id: str
    issuer: str
    name_id: NameIdentifier | None
    attributes: tuple[ReceivedAttribute, ...]
    authn: AuthnStatement
    usable_until: datetime


def validate_response(unverified: etree._Element, trust: Trust, asked: Asked, now: datetime, trace: Trace) -> VerifiedAssertion:
    """The assertion of a Response.

    Raises InvalidUpstreamResponse; UpstreamRefused, or InteractionRequired for NoPassive, when the Status is no success.
    """
    step = _Steps(trace)
    # 1. Form, before any cryptography: one Response, one assertion, signatures only where they belong.
    step("shape", lambda: _shape(unverified))
    # 2. Every signature that is present must verify; from here on only what they cover is read.
    signed_response = step("response_signature", lambda: _signed(unverified, unverified, trust))
    response = signed_response.root if signed_response else unverified
    # 3. The envelope: this provider, to this address, about this request.
    step("response_issuer", lambda: _response_issuer(response, trust.issuer, required=signed_response is not None))
    step("destination", lambda: _destination(response, asked.recipient, required=signed_response is not None))
    step("response_in_response_to", lambda: _equal(response.get("InResponseTo"), asked.request_id, _OF_THE_RESPONSE))
    step("response_issued", lambda: _issued(response, now, trust.skew))
    step("status", lambda: _status(response))
    # 4. The assertion itself: decrypted if need be, and signed itself or inside the signed Response.
    unverified_assertion = step("decryption", lambda: _plain_assertion(response, unverified, trust, signed_response is not None))
    signed_assertion = step("assertion_signature", lambda: _signed(_root_of(unverified_assertion), unverified_assertion, trust))
    step("signed", lambda: _require(signed_response or signed_assertion, "neither the Response nor the Assertion is signed"))
    assertion = signed_assertion.root if signed_assertion else _covered(response, unverified_assertion)
    # 5. What the assertion says about itself.
    step("assertion_issuer", lambda: _assertion_issuer(assertion, trust.issuer))
    step("assertion_issued", lambda: _issued(assertion, now, trust.skew))
    confirmation = step("subject_confirmation", lambda: _confirmation(assertion, asked, now, trust.skew))
    step("conditions", lambda: _conditions(assertion, now, trust.skew))
    step("audience", lambda: _audience(assertion, trust.audience))
    authn = step("authn_statement", lambda: _authn_statement(assertion, now, trust.skew))
    step("session", lambda: _session(authn, now))
    step("force_authn", lambda: _force_authn(authn, asked.forced_at, trust.skew))
    # 6. Who it is about.
    name_id = step("name_id", lambda: statements.read_name_id(assertion, trust.decryption_keys, allow_cbc=True))
    attributes = step("attributes", lambda: statements.read_attributes(assertion))
    return VerifiedAssertion(
        str(assertion.get("ID")), trust.issuer, name_id, attributes, authn, confirmation.not_on_or_after + trust.skew
    )


def receive_response(incoming: Incoming, trace: Trace) -> etree._Element:
    """The Response in a POST to the assertion consumer service, parsed, nothing verified. Raises InvalidUpstreamResponse."""
    step = _Steps(trace)
    received = step("binding", lambda: _posted(incoming))
    try:
        unverified = step("xml", lambda: xml.parse(received.xml))
    except InvalidUpstreamResponse:
        trace.message(translatable("SAML Response received"), unreadable(received.xml))
        raise
    trace.message(translatable("SAML Response received"), redacted(unverified))
    _note_clock(unverified, trace)
    return unverified


def _note_clock(unverified: etree._Element, trace: Trace) -> None:
    """For support only: nothing is decided by it, and it may be forged."""
    try:
        trace.clock_seen(parse_instant(unverified.get("IssueInstant")))
    except ValueError:
        return  # the check of IssueInstant says so


class _Steps:
    """Runs a check, writes its outcome on the trace, and translates what the grammar raises."""

    __slots__ = ("_trace",)

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __call__(self, name: str, check: Callable[[], T]) -> T:
        full_name = f"saml.{name}"
        try:
            result = check()
        except (UpstreamRefused, InteractionRequired) as error:
            self._trace.check(full_name, False, error.cause)
            error.check = full_name
            raise
        except BrokerError as error:
            self._trace.check(full_name, False, error.cause, expected=error.expected, received=error.received)
            fix = error.fix if error.fix != type(error).fix else None
            raise InvalidUpstreamResponse(cause=error.cause, fix=fix, check=full_name) from error
        except statements.Unacceptable as error:
            self._trace.check(full_name, False, error.cause, expected=error.expected, received=error.received)
            raise InvalidUpstreamResponse(cause=error.cause, fix=error.fix, check=full_name) from error
        self._trace.check(full_name, True)
        return result


def _posted(incoming: Incoming) -> bindings.ReceivedMessage:
    if incoming.method != "POST":  # Profiles 4.1.4.2: a Response never travels by Redirect
        raise statements.Unacceptable("the answer did not arrive by POST")
    return bindings.receive(incoming, "SAMLResponse")


# --- 1. form -----------------------------------------------------------------------------------------------------------

_ASSERTIONS = (names.saml("Assertion"), names.saml("EncryptedAssertion"))
_RESPONSE_CHILDREN = frozenset(
    {names.saml("Issuer"), names.ds("Signature"), names.samlp("Extensions"), names.samlp("Status"), *_ASSERTIONS}
)


def _shape(root: etree._Element) -> None:
    if root.tag != names.samlp("Response"):
        raise statements.Unacceptable(filled("the message is a %(name)s, not a Response", name=repr(xml.local_name(root)[:40])))
    _version(root)
    for child in root:
        if child.tag not in _RESPONSE_CHILDREN:
            raise statements.Unacceptable(filled("unexpected %(name)s in the Response", name=repr(xml.local_name(child)[:40])))
    # Counted anywhere in the document, so that no second one can hide (XSW 1-8, SAML Advice included).
    assertions = list(root.iter(*_ASSERTIONS))
    if len(assertions) > 1 or any(assertion.getparent() is not root for assertion in assertions):
        raise statements.Unacceptable(filled("%(count)s assertions, or one in an unexpected place", count=len(assertions)))
    if next(root.iterdescendants(names.samlp("Response")), None) is not None:
        raise statements.Unacceptable("a Response inside the Response")
    _signature_places(root, {root, *assertions})
    if len(root.findall(names.samlp("Status"))) != 1:
        raise statements.Unacceptable("not exactly one Status")


def _signature_places(root: etree._Element, parents: set[etree._Element]) -> None:
    seen: set[etree._Element] = set()
    for signature in root.iter(names.ds("Signature")):
        parent = signature.getparent()
        if parent is None or parent not in parents or parent in seen:
            raise statements.Unacceptable("a signature in an unexpected place, or a second one")
        seen.add(parent)


def _version(element: etree._Element) -> None:
    if element.get("Version") != "2.0" or not element.get("ID"):
        raise statements.Unacceptable(filled("%(element)s has no ID or is not version 2.0", element=xml.local_name(element)))


# --- 2. signatures -------------------------------------------------------------------------------------------------------


def _signed(root: etree._Element, element: etree._Element, trust: Trust) -> xmldsig.SignedElement | None:
    """The verified element, or None when it carries no signature: whether that may be is the check `signed`."""
    if not xmldsig.is_signed(element):
        return None
    return xmldsig.verify(root, element, trust.keys, allow_sha1=trust.allow_sha1)


# --- 3. the envelope ------------------------------------------------------------------------------------------------------


def _response_issuer(response: etree._Element, expected: str, *, required: bool) -> None:
    issuers = response.findall(names.saml("Issuer"))
    if not issuers and not required:
        return  # Profiles 4.1.4.2 lets it be absent unless the Response is signed; the Assertion's own is always checked
    if len(issuers) != 1 or xml.uri_of(issuers[0]) != expected:
        raise _other_issuer("Response", issuers[0] if len(issuers) == 1 else None, expected)


def _other_issuer(where: str, issuer: etree._Element | None, expected: str) -> statements.Unacceptable:
    cause = filled("the Issuer of the %(where)s is not this connector's identity provider", where=where)
    received = "absent" if issuer is None else xml.uri_of(issuer)
    return statements.Unacceptable(cause, _ISSUER_FIX, expected=expected, received=received)


def _destination(response: etree._Element, recipient: str, *, required: bool) -> None:
    destination = response.get("Destination")
    if destination is None and not required:
        return  # Bindings 3.5.5.2: mandatory when the message is signed
    _equal(destination, recipient, "Destination")


def _issued(element: etree._Element, now: datetime, skew: timedelta) -> None:
    _version(element)
    issued = _instant(element, "IssueInstant")
    if issued > now + skew:
        raise _wrong_time("IssueInstant lies in the future", issued, now, skew)


def _status(response: etree._Element) -> None:
    """Core 3.2.2. Raises UpstreamRefused or InteractionRequired, with the provider's own codes for support."""
    codes = response.findall(f"{names.samlp('Status')}/{names.samlp('StatusCode')}")
    top = codes[0].get("Value") if len(codes) == 1 else None
    has_assertion = any(child.tag in _ASSERTIONS for child in response)
    if top == names.SUCCESS:
        if not has_assertion:
            raise statements.Unacceptable("a success without an assertion")
        return
    if not top or has_assertion:
        raise statements.Unacceptable("no status code, or an assertion beside a status that is no success")
    inner = codes[0].find(names.samlp("StatusCode"))
    second = "" if inner is None else str(inner.get("Value", ""))
    message = response.find(f"{names.samlp('Status')}/{names.samlp('StatusMessage')}")
    words = [_short(top), _short(second), "" if message is None else xml.text_of(message).strip()[:300]]
    cause = filled("identity provider answered %(words)s", words=" / ".join(word for word in words if word))
    if second == names.NO_PASSIVE:
        raise InteractionRequired(cause=cause)
    raise UpstreamRefused(cause=cause, fix=_STATUS_FIXES.get(second))


# --- 4. the assertion -----------------------------------------------------------------------------------------------------


def _plain_assertion(response: etree._Element, unverified: etree._Element, trust: Trust, covered: bool) -> etree._Element:
    """The Assertion element, still unverified unless the Response was signed.

    A plain one is taken from the message as received, where the namespaces that its own signature may name are in scope;
    an encrypted one from the verified Response, so that AES-CBC is decrypted under its protection.
    """
    encrypted = response.find(names.saml("EncryptedAssertion"))
    if encrypted is None:
        return _child(unverified, "Assertion")
    assertion = xmlenc.decrypt(encrypted, trust.decryption_keys, allow_cbc=covered or trust.allow_cbc)
    if assertion.tag != names.saml("Assertion") or len(list(assertion.iter(*_ASSERTIONS))) != 1:
        raise xmlenc.DecryptionFault
    _signature_places(assertion, {assertion})
    return assertion


def _covered(response: etree._Element, unverified_assertion: etree._Element) -> etree._Element:
    """The assertion that the Response's signature covers: its own bytes, or those that came out of its ciphertext."""
    return unverified_assertion if response.find(names.saml("Assertion")) is None else _child(response, "Assertion")


def _assertion_issuer(assertion: etree._Element, expected: str) -> None:
    issuer = _child(assertion, "Issuer")
    if issuer.get("Format", names.ENTITY) != names.ENTITY or xml.uri_of(issuer) != expected:
        raise _other_issuer("Assertion", issuer, expected)


def _confirmation(assertion: etree._Element, asked: Asked, now: datetime, skew: timedelta) -> Confirmation:
    """At least one bearer confirmation must satisfy everything (Profiles 4.1.4.3); the last reason is reported."""
    reason = statements.Unacceptable("no bearer SubjectConfirmation")
    for confirmation in statements.read_bearer_confirmations(assertion):
        try:
            _confirm(confirmation, asked, now, skew)
        except statements.Unacceptable as error:
            reason = error
        else:
            return confirmation
    raise reason


def _confirm(confirmation: Confirmation, asked: Asked, now: datetime, skew: timedelta) -> None:
    _equal(confirmation.recipient, asked.recipient, "Recipient")
    _equal(confirmation.in_response_to, asked.request_id, _OF_THE_CONFIRMATION)
    if confirmation.has_not_before:
        raise statements.Unacceptable("a bearer confirmation must not have NotBefore")
    if now >= confirmation.not_on_or_after + skew:
        raise _wrong_time("NotOnOrAfter of the SubjectConfirmationData has passed", confirmation.not_on_or_after, now, skew)


def _conditions(assertion: etree._Element, now: datetime, skew: timedelta) -> None:
    """Core 2.5.1. A condition that is not understood makes the assertion unusable."""
    conditions = _child(assertion, "Conditions")
    if "NotBefore" in conditions.attrib and now < (begins := _instant(conditions, "NotBefore")) - skew:
        raise _wrong_time("NotBefore lies in the future", begins, now, skew)
    if "NotOnOrAfter" in conditions.attrib and now >= (ends := _instant(conditions, "NotOnOrAfter")) + skew:
        raise _wrong_time("NotOnOrAfter of the Conditions has passed", ends, now, skew)
    for condition in conditions:
        if condition.tag not in statements.UNDERSTOOD_CONDITIONS:
            raise statements.Unacceptable(filled("unknown condition %(name)s", name=repr(xml.local_name(condition)[:40])))


def _audience(assertion: etree._Element, expected: str) -> None:
    """Every AudienceRestriction must name us (Core 2.5.1.4: they are joined by AND), by equality."""
    restrictions = _child(assertion, "Conditions").findall(names.saml("AudienceRestriction"))
    named = [{xml.uri_of(audience) for audience in each.findall(names.saml("Audience"))} for each in restrictions]
    if not named or not all(expected in audiences for audiences in named):
        received = "; ".join(", ".join(sorted(audiences)) for audiences in named) or "absent"
        raise statements.Unacceptable(
            "the assertion is not meant for this connector", _AUDIENCE_FIX, expected=expected, received=received
        )


def _authn_statement(assertion: etree._Element, now: datetime, skew: timedelta) -> AuthnStatement:
    authn = statements.read_authn_statement(assertion)
    if authn.authenticated_at > now + skew:
        raise _wrong_time("AuthnInstant lies in the future", authn.authenticated_at, now, skew)
    return authn


def _session(authn: AuthnStatement, now: datetime) -> None:
    if authn.session_ends_at is not None and now >= authn.session_ends_at:
        raise _wrong_time("SessionNotOnOrAfter has passed", authn.session_ends_at, now)


def _force_authn(authn: AuthnStatement, forced_at: datetime | None, skew: timedelta) -> None:
    if forced_at is not None and authn.authenticated_at < forced_at - skew:
        raise statements.Unacceptable(
            "a fresh authentication was demanded, and AuthnInstant is older than the demand",
            "Have the identity provider honour ForceAuthn.",
            expected=filled("not before %(time)s", time=format_instant(forced_at)),
            received=format_instant(authn.authenticated_at),
        )


# --- small things ---------------------------------------------------------------------------------------------------------

_ISSUER_FIX = "Import the identity provider's metadata again: its entityID and the connector's must be the same string."
_CLOCK_FIX = "Compare the identity provider's clock with ours; allow more skew on the connector (at most 300 seconds)."
_AUDIENCE_FIX = "Enter the connector's entityID, exactly, as audience (identifier) at the identity provider."
_STATUS_FIXES = {
    names.INVALID_NAMEID_POLICY: "Clear the connector's name_id_format: the provider does not offer what we ask for.",
    names.NO_AUTHN_CONTEXT: "Clear the connector's requested_contexts: the provider cannot authenticate in the way we ask for.",
    names.REQUEST_DENIED: "Look at the provider's log; often the person is not assigned to the application there.",
}
_OF_THE_RESPONSE = filled("InResponseTo of the Response")
_OF_THE_CONFIRMATION = filled("InResponseTo of the SubjectConfirmationData")
_MISSING, _ANOTHER = translatable("%(what)s is missing"), translatable("%(what)s is not the one of this sign-in")


def _equal(value: str | None, expected: str, what: str) -> None:
    if value != expected:
        cause = filled(_MISSING if value is None else _ANOTHER, what=what)
        raise statements.Unacceptable(cause, expected=expected, received="absent" if value is None else value)


def _wrong_time(cause: str, stated: datetime, now: datetime, skew: timedelta = timedelta()) -> statements.Unacceptable:
    ours = filled("our time %(time)s, give or take %(skew)s s", time=format_instant(now), skew=f"{skew.total_seconds():.0f}")
    return statements.Unacceptable(cause, _CLOCK_FIX, expected=ours, received=format_instant(stated))


def _require(fact: object, otherwise: str) -> None:
    if not fact:
        raise statements.Unacceptable(otherwise, "Have the identity provider sign assertions or responses.")


def _child(parent: etree._Element, name: str) -> etree._Element:
    return statements.only_child(parent, name)


def _instant(element: etree._Element, attribute: str) -> datetime:
    return statements.instant(element, attribute)


def _root_of(element: etree._Element) -> etree._Element:
    return element.getroottree().getroot()


def _short(status: str) -> str:
    return status.rpartition(":")[2][:80]
