"""Who a verified assertion is about: the subject that identifies a person for ever, and the claims as received."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.authentication import UpstreamSubject
from broker.domain.claims import NAME_IDENTIFIER, STRING, Claim, Claims
from broker.domain.errors import MissingClaim
from broker.domain.messages import filled
from broker.domain.trace import Trace
from broker.protocols.saml import names
from broker.protocols.saml.statements import NameIdentifier
from broker.protocols.saml.validation import VerifiedAssertion

# Between the parts of a qualified subject: a character that XML cannot carry, so no value can imitate another's parts.
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Person:
    """`subject_attribute` empty takes the NameID; `prefix_attribute` is put in front when it is sent (Entra: tid, oid)."""

    connector_id: str
    audience: str
    subject_attribute: str = ""
    prefix_attribute: str = ""

    def subject(self, assertion: VerifiedAssertion, trace: Trace) -> UpstreamSubject:
        """Raises MissingClaim. The Format of a NameID never selects another namespace (SECURITY 3)."""
        try:
            subject = self._from_attribute(assertion) if self.subject_attribute else self._from_name_id(assertion)
        except MissingClaim as error:
            error.check = "saml.subject"
            trace.check("saml.subject", False, error.cause)
            raise
        trace.check("saml.subject", True)
        return subject

    def claims(self, assertion: VerifiedAssertion) -> Claims:
        """One claim per value, under the name that was sent; the alias table comes later."""
        found = [] if assertion.name_id is None else [self._name_identifier(assertion.name_id, assertion.issuer)]
        for attribute in assertion.attributes:
            properties = {"name_format": attribute.name_format, "friendly_name": attribute.friendly_name}
            sent = {name: text for name, text in properties.items() if text}
            found += [
                Claim(attribute.name, value, STRING, self.connector_id, assertion.issuer, sent) for value in attribute.values
            ]
        return Claims(tuple(found))

    def _from_attribute(self, assertion: VerifiedAssertion) -> UpstreamSubject:
        value = _only_value(assertion, self.subject_attribute)
        if value is None:
            raise MissingClaim(
                cause=filled("the attribute %(name)s has not exactly one value", name=repr(self.subject_attribute)),
                fix=f"Release the attribute {self.subject_attribute} with one value per person.",
            )
        prefix = _only_value(assertion, self.prefix_attribute) if self.prefix_attribute else None
        text = value if prefix is None else f"{prefix}/{value}"
        return UpstreamSubject(self.connector_id, assertion.issuer, text, mutable="@" in value)

    def _from_name_id(self, assertion: VerifiedAssertion) -> UpstreamSubject:
        name_id = assertion.name_id
        if name_id is None:
            raise MissingClaim(cause="the assertion has no NameID", fix="Issue a persistent NameID (AD FS: a Name ID rule).")
        if name_id.format == names.TRANSIENT:
            raise MissingClaim(
                cause="the NameID is transient: another one at every login",
                fix="Have the provider send a persistent NameID (setting name_id_format asks for one), or name an attribute that "
                "identifies people (setting subject_attribute).",
            )
        qualifiers = [name_id.name_qualifier, name_id.sp_name_qualifier]
        # Core 8.3.7: left out, they mean the issuer and us; said or not said, it is the same person.
        foreign = [
            "" if qualifier in {None, "", usual} else str(qualifier)
            for qualifier, usual in zip(qualifiers, (assertion.issuer, self.audience), strict=True)
        ]
        value = _SEPARATOR.join([name_id.value, *foreign]) if any(foreign) else name_id.value
        mutable = name_id.format == names.EMAIL_ADDRESS or (name_id.format != names.PERSISTENT and "@" in name_id.value)
        return UpstreamSubject(self.connector_id, assertion.issuer, value, mutable)

    def _name_identifier(self, name_id: NameIdentifier, issuer: str) -> Claim:
        properties = {
            "format": name_id.format,
            "name_qualifier": name_id.name_qualifier,
            "sp_name_qualifier": name_id.sp_name_qualifier,
        }
        sent = {name: text for name, text in properties.items() if text}
        return Claim(NAME_IDENTIFIER, name_id.value, issuer=self.connector_id, original_issuer=issuer, properties=sent)


def _only_value(assertion: VerifiedAssertion, name: str) -> str | None:
    """The value of an attribute that must have exactly one; None if it has not."""
    values = [value for attribute in assertion.attributes if attribute.name == name for value in attribute.values]
    return values[0] if len(values) == 1 and values[0].strip() else None
