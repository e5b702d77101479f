"""`DownstreamProtocol` for SAML: prepare an application, answer it, refuse it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from broker.domain.clock import Clock
from broker.domain.errors import BrokerError, InvalidSettings
from broker.domain.http import Incoming, Outgoing, PostForm
from broker.domain.keys import HUB, KeyUse
from broker.domain.messages import Sentence, filled, translatable
from broker.domain.response import AuthenticationResponse
from broker.domain.trace import Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Application
from broker.downstream.saml.errors import status_of
from broker.downstream.saml.response import KEY_OWNER, statement
from broker.downstream.saml.settings import (
    ATTRIBUTE_NAME_CHOICES,
    NAME_ID_CHOICES,
    SIGN_CHOICES,
    PreparedSamlApplication,
    SamlApplicationSettings,
)
from broker.keys.keyring import Keyring
from broker.protocols import xml
from broker.protocols.saml import bindings, names, redaction
from broker.protocols.saml.assertion import ErrorTemplate, ResponseTemplate
from broker.protocols.xmldsig import SigningHandle, VerificationKey
from broker.protocols.xmlenc import EncryptionKey
from metadata.saml_read import read_service_provider

MAX_TENANT_TEMPLATES = 200
MAX_HANDLES = 500


class SamlProtocol:
    """See `broker.login.downstream.DownstreamProtocol`."""

    name, surveyed = "saml", "saml_request"
    Settings = SamlApplicationSettings

    def __init__(self, *, keyring: Keyring, clock: Clock, production: bool) -> None:
        self._keyring = keyring
        self._clock = clock
        self._production = production
        self._handles: dict[str, SigningHandle] = {}

    # --- configuration ------------------------------------------------------------------------------------------------

    def settings_from_metadata(self, document: bytes, now: datetime) -> dict[str, Any]:
        """Settings from a service provider's metadata. Raises InvalidMetadata."""
        partner = read_service_provider(document, now=now).metadata
        posts = [endpoint for endpoint in partner.assertion_consumer if endpoint.binding == names.POST]
        posts.sort(key=lambda endpoint: not endpoint.is_default)
        return {
            "entity_id": partner.entity_id,
            "acs_urls": [endpoint.location for endpoint in posts],
            "acs_indexes": [number if endpoint.index is None else endpoint.index for number, endpoint in enumerate(posts)],
            "signing_certificates": [certificate.pem for certificate in partner.signing],
            "encryption_certificate": partner.encryption[0].pem if partner.encryption else "",
            "require_signed_requests": partner.requests_signed,
        }

    def prepare(self, application: Application) -> PreparedSamlApplication:
        """Raises InvalidSettings."""
        settings: SamlApplicationSettings = application.settings
        self._check(settings)
        keys = tuple(_verification_key(pem) for pem in settings.signing_certificates)
        if settings.require_signed_requests and not keys:
            raise InvalidSettings("Signed requests need at least one signing certificate.", field="signing_certificates")
        if settings.encrypt_assertions:
            _encryption_key(settings)
        return PreparedSamlApplication(keys)

    def survey(
        self, incoming: Incoming, address: str, application: Application, catalog: Any, places: Any, trace: Trace
    ) -> None:
        """What the endpoint would say about a request that somebody pasted. Raises what it would raise."""
        from broker.downstream.saml import request as requests  # they know this module's settings

        requests.read(incoming, places.named(requests.destination_of(incoming)), catalog, trace)
        here = trace.application_id == application.id
        trace.check("saml.application", here, "" if here else "the request is of another application")

    def lookup_keys(self, application: Application) -> tuple[str, ...]:
        settings: SamlApplicationSettings = application.settings
        return (settings.entity_id,)

    def _check(self, settings: SamlApplicationSettings) -> None:
        if not settings.entity_id or len(settings.entity_id) > 1024:
            raise InvalidSettings("Give the application's entityID.", field="entity_id")
        if not settings.acs_urls:
            raise InvalidSettings("Give at least one assertion consumer service address.", field="acs_urls")
        for url in settings.acs_urls:
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment or parts.username is not None:
                raise InvalidSettings(f"{url!r} is no http(s) address.", field="acs_urls")
            if self._production and parts.scheme != "https":
                raise InvalidSettings(f"In production an application's address must be https: {url}", field="acs_urls")
        for field, value, choices in (
            ("sign", settings.sign, SIGN_CHOICES),
            ("name_id_format", settings.name_id_format, NAME_ID_CHOICES),
            ("attribute_names", settings.attribute_names, ATTRIBUTE_NAME_CHOICES),
        ):
            if value not in choices:
                raise InvalidSettings(f"{field} is one of {', '.join(choices)}.", field=field)
        if settings.acs_indexes and len(settings.acs_indexes) != len(settings.acs_urls):
            raise InvalidSettings("Give one index for each address, or none.", field="acs_indexes")

    # --- logins -------------------------------------------------------------------------------------------------------

    def answers_at(self, address: str, application: Application, prepared: Any) -> bool:
        settings: SamlApplicationSettings = application.settings
        return address in settings.acs_urls

    def answer(
        self, transaction: LoginTransaction, application: Application, prepared: Any, response: AuthenticationResponse, trace: Trace
    ) -> Outgoing:
        """A signed Response, posted to the proved ACS. Raises SubjectFormatUnavailable."""
        request, state = transaction.request, transaction.request.protocol_state
        issuer = state["issuer"]
        said = statement(
            application.settings,
            request_id=state["request_id"],
            recipient=request.reply_address,
            asked_format=request.subject_format,
            issuer=issuer,
            response=response,
        )
        template, _ = self._templates(prepared, application.settings, issuer)
        document = template.fill(said, self._signing_handle(state))
        trace.decide("NameID", _named(said.name_id.format, application))
        return self._post(request.reply_address, document, state.get("relay_state"), trace)

    def refuse(
        self, transaction: LoginTransaction, application: Application, prepared: Any, error: BrokerError, trace: Trace
    ) -> Outgoing:
        """A signed Response with a Status and no assertion."""
        request, state = transaction.request, transaction.request.protocol_state
        code, second = status_of(error)
        _, template = self._templates(prepared, application.settings, state["issuer"])
        document = template.fill(
            state["request_id"],
            request.reply_address,
            self._clock.now(),
            code,
            self._signing_handle(state),
            second_code=second,
            message=f"{error.sentence} (reference {trace.code})",
        )
        return self._post(request.reply_address, document, state.get("relay_state"), trace)

    def _post(self, action: str, document: etree._Element, relay_state: str | None, trace: Trace) -> PostForm:
        fields = bindings.post_fields("SAMLResponse", xml.serialise(document), relay_state)
        trace.message(translatable("Response sent"), redaction.redact_in_place(document))
        return PostForm(action, fields)

    def _templates(
        self, prepared: PreparedSamlApplication, settings: SamlApplicationSettings, issuer: str
    ) -> tuple[ResponseTemplate, ErrorTemplate]:
        found = prepared.templates.get(issuer)
        if found is None:
            response = ResponseTemplate.prepare(
                issuer,
                settings.entity_id,
                sign_assertion=settings.sign in {"assertion", "both"},
                sign_response=settings.sign in {"response", "both"},
                encrypt_for=_encryption_key(settings) if settings.encrypt_assertions else None,
            )
            found = (response, ErrorTemplate.prepare(issuer))
            if len(prepared.templates) < MAX_TENANT_TEMPLATES:
                prepared.templates[issuer] = found
        return found

    def _signing_handle(self, state: dict[str, str]) -> SigningHandle:
        """Of the key that signs where the request came in, at this moment; a login from before keys had owners: the hub's."""
        key = self._keyring.active(KeyUse.SAML_SIGNING, owner_id=state.get(KEY_OWNER, HUB))
        handle = self._handles.get(key.id)
        if handle is None:
            if len(self._handles) >= MAX_HANDLES:
                self._handles.clear()
            handle = self._handles[key.id] = SigningHandle.from_pem(key.private_pem, key.certificate_pem)
        return handle


def _named(name_id_format: str, application: Application) -> Sentence:
    return filled("%(format)s for %(name)s", format=name_id_format.rpartition(":")[2], name=application.name)


def _verification_key(pem: str) -> VerificationKey:
    try:
        return VerificationKey.from_certificate(pem)
    except ValueError as error:
        raise InvalidSettings("A signing certificate cannot be read, or its key is weak.", field="signing_certificates") from error


def _encryption_key(settings: SamlApplicationSettings) -> EncryptionKey:
    if not settings.encryption_certificate:
        raise InvalidSettings("Encrypting needs the application's encryption certificate.", field="encryption_certificate")
    try:
        return EncryptionKey.from_certificate(settings.encryption_certificate)
    except ValueError as error:
        raise InvalidSettings("The encryption certificate cannot be read.", field="encryption_certificate") from error
