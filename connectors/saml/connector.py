"""The SAML connector type: checks settings, prepares them, tells the other side's administrator what to enter."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from broker.domain.errors import InvalidSettings
from broker.domain.trust import Connector
from broker.protocols.certificates import WeakKeyError
from broker.protocols.saml import names
from broker.protocols.saml.messages import AuthnRequestTemplate
from broker.protocols.saml.validation import Trust
from broker.protocols.xmldsig import SigningHandle, VerificationKey
from broker.protocols.xmlenc import DecryptionKey
from connectors.contract import Addresses, Probe, Reading, SetupSheet, SetupStep, Tools, Validators
from connectors.saml import following, probing
from connectors.saml.person import Person
from connectors.saml.settings import MAX_SKEW_SECONDS
from connectors.saml.settings import Settings as SamlSettings
from connectors.saml.upstream import SamlUpstream
from metadata import saml_words
from metadata.model import Endpoint, ProviderMetadata
from metadata.saml_read import read_identity_provider
from metadata.saml_write import write_service_provider


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a vendor's identity providers do differently; a thin connector type states only this."""

    subject_attribute: str = ""
    """Used when the connector's own setting is empty."""
    prefix_attribute: str = ""
    never_name_id_policy: bool = False
    accept_unsigned_cbc: bool = False
    forward_login_hint: str = "off"
    steps: tuple[SetupStep, ...] = ()
    """What only this vendor needs on the set-up sheet; {acs}, {acs_pattern} and {metadata} stand for our addresses."""


class SamlConnectorType:
    """See `connectors.contract.ConnectorType`, `ReadsMetadata`, `PublishesMetadata`."""

    name = "saml"
    label = "SAML 2.0"
    protocol = "saml"
    Settings: type = SamlSettings
    dialect = Dialect()

    def prepare(self, connector: Connector, tools: Tools) -> SamlUpstream:
        """Raises InvalidSettings, naming the field."""
        settings = self._adapted(connector.settings)
        _check_addresses(settings, tools)
        _check_numbers(settings)
        following.pinned_keys(settings)
        signing = _signing_handle(settings, tools)
        trust = Trust(
            issuer=settings.entity_id,
            audience=tools.addresses.entity_id,
            keys=_verification_keys(settings),
            decryption_keys=tuple(DecryptionKey.from_pem(key.private_pem) for key in tools.decryption_keys),
            skew=timedelta(seconds=tools.skew_seconds if settings.skew_seconds is None else settings.skew_seconds),
            allow_cbc=settings.accept_unsigned_cbc,
        )
        return SamlUpstream(
            connector_id=connector.id,
            settings=settings,
            acs=tools.addresses.acs,
            clock=tools.clock,
            template=AuthnRequestTemplate.prepare(
                tools.addresses.entity_id,
                tools.addresses.acs,
                name_id_format=settings.name_id_format,
                allow_create=settings.allow_create,
                omit_policy=not settings.name_id_format,
            ),
            signing=signing,
            trust=trust,
            trust_with_sha1=replace(trust, allow_sha1=True),
            sha1_until=_day(settings.allow_sha1_until),
            person=Person(connector.id, trust.audience, settings.subject_attribute, self.dialect.prefix_attribute),
        )

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet:
        addresses = tools.addresses
        steps = (
            SetupStep("Entity ID (audience, identifier)", addresses.entity_id, "Exactly this text."),
            SetupStep("Assertion consumer service (ACS, reply URL)", addresses.acs, "HTTP-POST binding."),
            SetupStep("Metadata", addresses.metadata, "Contains all of the above and our certificates."),
            *(_with_addresses(step, addresses) for step in self.dialect.steps),
            SetupStep("NameID", "persistent", "An identifier that never changes and is never given to another person; no email."),
            SetupStep("Attributes", "email, givenName, surname, displayName, groups", "Any usual names. Groups are optional."),
            SetupStep("Signature", "RSA-SHA256", "Sign the assertion, the response, or both."),
        )
        return SetupSheet(f"What to enter at {self.label}", steps)

    def settings_from_metadata(
        self, document: bytes, tools: Tools, current: Any | None = None
    ) -> tuple[SamlSettings, list[str], list[str]]:
        """See `connectors.contract.ReadsMetadata`. Raises InvalidMetadata."""
        result = read_identity_provider(document, now=tools.clock.now(), own_entity_ids=(tools.addresses.entity_id,))
        if result.metadata.entity_id.startswith(tools.addresses.entity_id.partition("/upstream/")[0] + "/"):
            # What we publish for applications: a connector to it would send people round in circles.
            raise saml_words.problem("own_metadata")
        warnings = list(result.warnings)
        if current is not None and current.entity_id not in {"", result.metadata.entity_id}:
            warnings.append("This is another identity provider than before: people's links to their accounts start anew.")
        return _settings_of(result.metadata, current), list(result.understood), warnings

    def probe(self, settings: SamlSettings, tools: Tools) -> Probe:
        """See `connectors.contract.Probes`."""
        return probing.probe(settings, tools)

    def followed(self, settings: SamlSettings) -> str:
        """See `connectors.contract.FollowsProvider`."""
        return following.followed(settings)

    def read_again(self, settings: SamlSettings, tools: Tools, known: Validators) -> Reading:
        return following.read_again(settings, tools, known, _settings_of)

    def metadata_document(self, connector: Connector, tools: Tools) -> bytes:
        # Metadata lets a partner choose among encryption keys (SAML Metadata 2.4.1.1), so only the one that stays longest is
        # offered. Whoever still encrypts to an earlier one is understood until that one ends.
        return write_service_provider(
            tools.addresses.entity_id,
            tools.addresses.acs,
            signing_keys=tools.signing_keys,
            encryption_keys=tools.decryption_keys[:1] if connector.settings.offer_encryption else (),
            requests_signed=connector.settings.sign_requests,
        )

    def _adapted(self, settings: SamlSettings) -> SamlSettings:
        dialect = self.dialect
        hint = settings.forward_login_hint
        return replace(
            settings,
            subject_attribute=settings.subject_attribute or dialect.subject_attribute,
            name_id_format="" if dialect.never_name_id_policy else settings.name_id_format,
            accept_unsigned_cbc=settings.accept_unsigned_cbc or dialect.accept_unsigned_cbc,
            forward_login_hint=dialect.forward_login_hint if hint == "off" else hint,
        )


def _with_addresses(step: SetupStep, addresses: Addresses) -> SetupStep:
    value = step.value.replace("{acs_pattern}", f"^{re.escape(addresses.acs)}$")
    return replace(step, value=value.replace("{acs}", addresses.acs).replace("{metadata}", addresses.metadata))


def _settings_of(provider: ProviderMetadata, current: SamlSettings | None) -> SamlSettings:
    """New settings, or the current ones with only what metadata says replaced."""
    from_metadata: dict[str, Any] = {
        "entity_id": provider.entity_id,
        "signing_certificates": tuple(certificate.pem for certificate in provider.signing),
        "sso_redirect_url": _location(provider.single_sign_on, names.REDIRECT),
        "sso_post_url": _location(provider.single_sign_on, names.POST),
        "valid_until": "" if provider.valid_until is None else provider.valid_until.isoformat(),
    }
    if current is not None:
        if current.entity_id not in {"", provider.entity_id}:
            # What is known of the old provider's publishing says nothing of the new one.
            from_metadata |= {"metadata_url": "", "metadata_signing_certificates": ()}
        # Follows upward only: a provider that stops asking for signed requests still takes them.
        return replace(current, **from_metadata, sign_requests=current.sign_requests or provider.wants_requests_signed)
    return SamlSettings(
        **from_metadata, sign_requests=provider.wants_requests_signed, accept_unsigned_cbc=provider.vendor == "adfs"
    )


def _location(endpoints: tuple[Endpoint, ...], binding: str) -> str:
    return next((endpoint.location for endpoint in endpoints if endpoint.binding == binding), "")


def _check_addresses(settings: SamlSettings, tools: Tools) -> None:
    if not settings.entity_id.strip() or len(settings.entity_id) > 1024:
        raise InvalidSettings("Enter the identity provider's entityID.", field="entity_id")
    if settings.entity_id == tools.addresses.entity_id:
        raise InvalidSettings("This is our own entityID; enter the identity provider's.", field="entity_id")
    for field, address in (("sso_redirect_url", settings.sso_redirect_url), ("sso_post_url", settings.sso_post_url)):
        if address and not _usable(address, tools.production):
            raise InvalidSettings("Enter a complete https:// address without a fragment.", field=field)
    wanted = {
        "auto": settings.sso_redirect_url or settings.sso_post_url,
        "redirect": settings.sso_redirect_url,
        "post": settings.sso_post_url,
    }
    if settings.request_binding not in wanted:
        raise InvalidSettings("Choose auto, redirect or post.", field="request_binding")
    if not wanted[settings.request_binding]:
        missing = "sso_post_url" if settings.request_binding == "post" else "sso_redirect_url"
        raise InvalidSettings("Enter the single sign-on address for this binding.", field=missing)


def _usable(address: str, production: bool) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    schemes = {"https"} if production else {"https", "http"}
    return parts.scheme in schemes and bool(parts.hostname) and not parts.fragment and address.isprintable() and " " not in address


def _check_numbers(settings: SamlSettings) -> None:
    if settings.skew_seconds is not None and not 0 <= settings.skew_seconds <= MAX_SKEW_SECONDS:
        raise InvalidSettings(f"Enter at most {MAX_SKEW_SECONDS} seconds.", field="skew_seconds")
    if settings.forward_login_hint not in {"off", "query", "subject"}:
        raise InvalidSettings("Choose off, query or subject.", field="forward_login_hint")


def _verification_keys(settings: SamlSettings) -> tuple[VerificationKey, ...]:
    if not settings.signing_certificates:
        # Without a certificate nothing could be verified: such a connector cannot be (SECURITY 1, fail-open).
        raise InvalidSettings("Enter the identity provider's signing certificate.", field="signing_certificates")
    try:
        return tuple(VerificationKey.from_certificate(pem) for pem in settings.signing_certificates)
    except WeakKeyError as error:
        sentence = "A signing certificate has a key that is too short; RSA keys need 2048 bits."
        raise InvalidSettings(sentence, field="signing_certificates", cause=str(error)) from error
    except ValueError as error:
        sentence = "A signing certificate cannot be read; paste it in PEM form."
        raise InvalidSettings(sentence, field="signing_certificates", cause=str(error)) from error


def _signing_handle(settings: SamlSettings, tools: Tools) -> SigningHandle | None:
    if not settings.sign_requests:
        return None
    if not tools.signing_keys:
        raise InvalidSettings("There is no key to sign requests with.", field="sign_requests")
    return SigningHandle.from_pem(tools.signing_keys[0].private_pem, tools.signing_keys[0].certificate_pem)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidSettings("Enter a day as YYYY-MM-DD.", field="allow_sha1_until") from error


TYPE = SamlConnectorType()
