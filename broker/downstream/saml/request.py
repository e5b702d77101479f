"""From an AuthnRequest to the neutral request: who asks, is it signed as it must be, where may the answer go."""

from __future__ import annotations

from lxml import etree

from broker.catalog.catalog import Catalog
from broker.catalog.prepare import PreparedApplication
from broker.domain.errors import (
    BrokerError,
    InvalidAuthenticationRequest,
    InvalidRequestSignature,
    MalformedRequest,
    SubjectFormatUnavailable,
    UnknownApplication,
    UnregisteredReplyAddress,
)
from broker.domain.http import Incoming
from broker.domain.messages import filled, translatable
from broker.domain.place import Place
from broker.domain.request import AuthenticationRequest, Hints
from broker.domain.trace import Trace
from broker.downstream.saml.response import KEY_OWNER, SUPPORTED_FORMATS
from broker.downstream.saml.settings import PreparedSamlApplication, SamlApplicationSettings
from broker.login.own_place import require_own_place
from broker.protocols import xml, xmldsig
from broker.protocols.saml import bindings, names, redaction
from broker.protocols.saml.messages import AuthnRequest, read_authn_request, unverified_issuer


def read(
    incoming: Incoming, place: Place, catalog: Catalog, trace: Trace
) -> tuple[AuthenticationRequest, BrokerError | None]:
    """The request, and an error that the application may be told because its reply address is proved.

    Raises RequestError for everything before that point: then nobody is redirected anywhere.
    """
    received = bindings.receive(incoming, "SAMLRequest")
    unverified = xml.parse(received.xml)
    binding = received.binding.rpartition(":")[2]
    trace.message(translatable("AuthnRequest received"), redaction.redacted(unverified), binding=binding)
    found = catalog.application_by("saml", unverified_issuer(unverified))
    trace.check("saml.application", passed=found is not None, reason="the Issuer is a registered application")
    if found is None:
        raise UnknownApplication(
            cause=filled("Issuer %(issuer)s is not registered", issuer=repr(unverified_issuer(unverified)[:200])),
            check="saml.application",
        )
    trace.application_id = found.application.id
    require_own_place(place, found.application.id, trace)
    request = read_authn_request(_verified(received, unverified, found, trace))
    _check_destination(request, place, trace)
    reply_address = _reply_address(request, found.application.settings, trace)
    return _neutral(request, _hints(request, place, incoming), place, found, reply_address, received.relay_state), _objection(
        request, found.application.settings
    )


def destination_of(incoming: Incoming) -> str:
    """Where a request says that it goes; unverified, to know which endpoint would judge it."""
    return str(xml.parse(bindings.receive(incoming, "SAMLRequest").xml).get("Destination", ""))


def _verified(
    received: bindings.ReceivedMessage, unverified: etree._Element, found: PreparedApplication, trace: Trace
) -> etree._Element:
    """The element whose values may be believed (SAML Core 3.4.1.4; Bindings 3.4.4.1). Keys come from registration only."""
    settings: SamlApplicationSettings = found.application.settings
    prepared: PreparedSamlApplication = found.prepared
    signed = received.query_signature is not None or xmldsig.is_signed(unverified)
    if not signed or not prepared.verification_keys:
        trace.check(
            "saml.request_signature",
            passed=not settings.require_signed_requests,
            reason="signed, but no certificate is registered" if signed else "the request is not signed",
        )
        if settings.require_signed_requests:
            raise InvalidRequestSignature(cause="this application's requests must be signed", check="saml.request_signature")
        return unverified
    root = unverified
    try:
        if received.query_signature is not None:
            bindings.verify_query(received, prepared.verification_keys)
        if xmldsig.is_signed(unverified):
            root = xmldsig.verify(unverified, unverified, prepared.verification_keys).root
    except BrokerError as error:
        trace.check("saml.request_signature", passed=False, reason=error.cause)
        raise InvalidRequestSignature(cause=error.cause, check="saml.request_signature") from error
    trace.check("saml.request_signature", passed=True, reason="signed with a registered key")
    return root


def _check_destination(request: AuthnRequest, place: Place, trace: Trace) -> None:
    """SAML Core 3.2.1: when present it must be the address where the message arrived."""
    right = request.destination in (None, place.saml_sign_on)
    if right:
        trace.check("saml.destination", passed=True)
    else:
        reason = filled("expected %(address)s", address=place.saml_sign_on)
        trace.check("saml.destination", passed=False, reason=reason, expected=place.saml_sign_on, received=str(request.destination))
    if not right:
        raise MalformedRequest(
            cause=filled("Destination is not %(address)s", address=place.saml_sign_on),
            check="saml.destination",
            fix=f"Configure the application with the single sign-on address {place.saml_sign_on}.",
        )


def _reply_address(request: AuthnRequest, settings: SamlApplicationSettings, trace: Trace) -> str:
    """Only an address from registration, compared byte for byte (SECURITY 5, ACS spoofing)."""
    if request.acs_url is not None:
        found = request.acs_url if request.acs_url in settings.acs_urls else None
    elif request.acs_index is not None:
        found = settings.index_of(request.acs_index)
    else:
        found = settings.acs_urls[0]
    asked = request.acs_url if request.acs_url is not None else filled("index %(number)s", number=request.acs_index)
    compared = {} if found is not None else {"expected": "\n".join(settings.acs_urls), "received": asked}
    trace.check("saml.acs", passed=found is not None, reason="the assertion consumer service is registered", **compared)
    if found is None:
        raise UnregisteredReplyAddress(
            cause=filled("%(wanted)s is not registered for this application", wanted=asked[:300]), check="saml.acs"
        )
    return found


def _objection(request: AuthnRequest, settings: SamlApplicationSettings) -> BrokerError | None:
    if request.protocol_binding not in (None, names.POST):
        return InvalidAuthenticationRequest(
            cause=filled("ProtocolBinding %(binding)s: we answer by HTTP-POST", binding=request.protocol_binding[:100])
        )
    policy = request.name_id_policy
    if policy is None or settings.force_name_id_format:
        return None
    if policy.sp_name_qualifier not in (None, "", settings.entity_id):
        return _name_id_objection("SPNameQualifier names another application")
    if policy.format and policy.format not in SUPPORTED_FORMATS:
        return _name_id_objection(filled("NameIDPolicy Format %(format)s is not supported", format=policy.format[:100]))
    return None


def _name_id_objection(cause: str) -> BrokerError:
    return SubjectFormatUnavailable(cause=cause, check="saml.name_id_policy")


def _hints(request: AuthnRequest, place: Place, incoming: Incoming) -> Hints:
    """From the message, and from parameters beside it (PRODUCT rule 6). Nothing signs those, and they only route."""
    given = dict(incoming.query)
    return Hints(
        tenant_id=place.tenant_id,
        connector=given.get("idp_hint") or given.get("connector"),
        domain=given.get("domain_hint") or given.get("whr"),
        login_hint=request.subject_hint or given.get("login_hint"),
        idp_list=request.idp_list,
    )


def _neutral(
    request: AuthnRequest, hints: Hints, place: Place, found: PreparedApplication, reply_address: str, relay_state: str | None
) -> AuthenticationRequest:
    state = {"request_id": request.id, "issuer": place.saml_issuer, KEY_OWNER: place.key_owner}
    if relay_state is not None:
        state["relay_state"] = relay_state
    return AuthenticationRequest(
        application_id=found.application.id,
        protocol="saml",
        reply_address=reply_address,
        hints=hints,
        passive=request.is_passive,
        force_authentication=request.force_authn,
        subject_format=None if request.name_id_policy is None else request.name_id_policy.format,
        protocol_state=state,
    )
