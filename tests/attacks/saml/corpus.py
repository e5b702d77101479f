"""Forged SAML Responses, second part: what a good signature does not make right (SECURITY 3), and the whole corpus.

An attack is data: how to forge the message from an honest `Answer`, the validation that must stop it, and the honest
message nearest to it. Tests of the connector and tests through HTTP run the same list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from tests.attacks.saml import signature_corpus
from tests.attacks.saml.signature_corpus import Attack, Forge, find
from tests.support.saml_idp import DS, SAML, SAMLP, encrypt, key_pair, sign

OTHER = "https://elsewhere.example/"
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
TIME_WITH_OFFSET = "%Y-%m-%dT%H:%M:%S+00:00"


def says(**deviations: object) -> Forge:
    """A message that is signed well and says something else."""
    return lambda idp, answer: idp.respond(replace(answer, **deviations))


def edited(change: Callable[[etree._Element], None], **deviations: object) -> Forge:
    """The same for what `Answer` has no word for: changed before it is signed."""
    return lambda idp, answer: idp.respond(replace(answer, edit=change, **deviations))


def signed_response(**deviations: object) -> Forge:
    return says(sign=("response",), **deviations)


def _drop(name: str, namespace: str = SAML) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = find(root, name, namespace)
        element.getparent().remove(element)

    return change


def _add_condition(root: etree._Element) -> None:
    etree.SubElement(find(root, "Conditions"), f"{{{SAML}}}Condition")


def _set(name: str, attribute: str, value: str | None) -> Callable[[etree._Element], None]:
    def change(root: etree._Element) -> None:
        element = root if name == "Response" else find(root, name)
        if value is None:
            del element.attrib[attribute]
        else:
            element.set(attribute, value)

    return change


def _second_name_id(root: etree._Element) -> None:
    find(root, "NameID").addnext(etree.fromstring(f'<saml:NameID xmlns:saml="{SAML}">other</saml:NameID>'))


def _second_authn_statement(root: etree._Element) -> None:
    statement = find(root, "AuthnStatement")
    statement.addnext(etree.fromstring(etree.tostring(statement)))


def _stray_signature(root: etree._Element) -> None:
    etree.SubElement(find(root, "AttributeValue"), f"{{{DS}}}Signature")


def _second_class_ref(root: etree._Element) -> None:
    find(root, "AuthnContextClassRef").addnext(etree.Element(f"{{{SAML}}}AuthnContextClassRef"))


def _encrypted_something(root: etree._Element) -> None:
    name_id = find(root, "NameID")
    name_id.tag = f"{{{SAML}}}BaseID"
    encrypt(name_id, key_pair("hub-encryption").certificate_pem, holder_name="EncryptedID")


def _nested_response(root: etree._Element) -> None:
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    etree.SubElement(extensions, f"{{{SAMLP}}}Response")
    root.insert(1, extensions)


def two_signed_assertions(idp, answer) -> bytes:
    root = etree.fromstring(idp.respond(answer))
    other = etree.fromstring(idp.respond(replace(answer, assertion_id="_assertion2", name_id="u-other")))
    root.append(find(other, "Assertion"))
    return etree.tostring(root)


def logout_response_as_wrapper(idp, answer) -> bytes:
    root = etree.fromstring(idp.respond(answer))
    root.tag = f"{{{SAMLP}}}LogoutResponse"
    return etree.tostring(root)


def response_in_response(idp, answer) -> bytes:
    inner = etree.fromstring(idp.respond(answer))
    outer = etree.fromstring(idp.respond(replace(answer, with_assertion=False, sign=(), response_id="_outer")))
    etree.SubElement(outer, f"{{{SAMLP}}}Extensions").append(inner)
    sign(outer, idp.key)
    return etree.tostring(outer)


PROTOCOL_ATTACKS = [
    Attack("InResponseTo missing: unsolicited", "Profiles 4.1.4.3", "saml.response_in_response_to",
           says(in_response_to=None, confirmation_in_response_to=None)),
    Attack("InResponseTo of another login", "Profiles 4.1.4.3", "saml.response_in_response_to", says(in_response_to="_other")),
    Attack("wrapper names the live request", "Profiles 4.1.4.3", "saml.subject_confirmation",
           says(confirmation_in_response_to="_other")),
    Attack("InResponseTo missing inside", "Profiles 4.1.4.3", "saml.subject_confirmation", says(confirmation_in_response_to=None)),
    Attack("other Destination", "Bindings 3.5.5.2", "saml.destination", says(destination=OTHER)),
    Attack("Destination missing, signed", "Bindings 3.5.5.2", "saml.destination", signed_response(destination=None),
           neighbour=says(destination=None)),
    Attack("other Recipient", "Profiles 4.1.4.2", "saml.subject_confirmation",
           edited(_set("SubjectConfirmationData", "Recipient", OTHER))),
    Attack("longer Recipient", "Profiles 4.1.4.2", "saml.subject_confirmation",
           lambda idp, a: idp.respond(replace(a, edit=_set("SubjectConfirmationData", "Recipient", a.recipient + "/x")))),
    Attack("Recipient missing", "Profiles 4.1.4.2", "saml.subject_confirmation",
           edited(_set("SubjectConfirmationData", "Recipient", None))),
    Attack("other Audience", "Core 2.5.1.4", "saml.audience", says(audiences=((OTHER,),))),
    Attack("Audience as prefix", "Core 2.5.1.4", "saml.audience", lambda idp, a: idp.respond(
        replace(a, audiences=((a.audience + "/",),)))),
    Attack("no AudienceRestriction", "Profiles 4.1.4.2", "saml.audience", says(audiences=())),
    Attack("second AudienceRestriction", "Core 2.5.1.4: AND", "saml.audience",
           lambda idp, a: idp.respond(replace(a, audiences=((a.audience,), (OTHER,)))),
           neighbour=lambda idp, a: idp.respond(replace(a, audiences=((a.audience, OTHER), (OTHER, a.audience))))),
    Attack("no Conditions", "Profiles 4.1.4.2", "saml.conditions", edited(_drop("Conditions"))),
    Attack("unknown condition", "Core 2.5.1", "saml.conditions", edited(_add_condition)),
    Attack("not yet valid", "Core 2.5.1.2", "saml.conditions", says(not_before=91), neighbour=says(not_before=89)),
    Attack("no longer valid", "Core 2.5.1.2", "saml.conditions", says(not_on_or_after=-91), neighbour=says(not_on_or_after=-89)),
    Attack("confirmation expired", "Profiles 4.1.4.3", "saml.subject_confirmation", says(confirmed_until=-91),
           neighbour=says(confirmed_until=-89)),
    Attack("confirmation without end", "Profiles 4.1.4.2", "saml.subject_confirmation", says(confirmed_until=None)),
    Attack("confirmation with NotBefore", "Profiles 4.1.4.2", "saml.subject_confirmation", says(confirmed_from=-60)),
    Attack("session over", "Core 2.7.2", "saml.session", says(session_until=-1), neighbour=says(session_until=None)),
    Attack("issued in the future", "Core 3.2.2", "saml.response_issued", says(issued=91), neighbour=says(issued=89)),
    Attack("assertion issued in the future", "Core 2.3.3", "saml.assertion_issued",
           edited(_set("Assertion", "IssueInstant", "2099-01-01T00:00:00Z"))),
    Attack("authenticated in the future", "Core 2.7.2", "saml.authn_statement", says(authenticated=91)),
    Attack("times with an offset", "Core 1.3.3", "saml.response_issued", says(time_format=TIME_WITH_OFFSET),
           neighbour=says(time_format="%Y-%m-%dT%H:%M:%S.1234567Z")),
    Attack("malformed time", "Core 1.3.3", "saml.conditions", edited(_set("Conditions", "NotOnOrAfter", "tomorrow"))),
    Attack("error status with an assertion", "Core 3.2.2", "saml.status",
           says(status="urn:oasis:names:tc:SAML:2.0:status:Responder")),
    Attack("success without assertion", "Profiles 4.1.4.2", "saml.status", says(with_assertion=False)),
    Attack("no Status", "Core 3.2.2", "saml.shape", says(status=None)),
    Attack("holder of key", "Profiles 4.1.4.3", "saml.subject_confirmation", says(method=HOLDER_OF_KEY)),
    Attack("no SubjectConfirmation", "Profiles 4.1.4.2", "saml.subject_confirmation", edited(_drop("SubjectConfirmation"))),
    Attack("no AuthnStatement", "Profiles 4.1.4.2", "saml.authn_statement", says(authenticated=None)),
    Attack("two AuthnStatements", "-", "saml.authn_statement", edited(_second_authn_statement)),
    Attack("empty NameID", "everybody would be one person", "saml.name_id", says(name_id="")),
    Attack("blank NameID", "everybody would be one person", "saml.name_id", says(name_id=" \n ")),
    Attack("two NameIDs", "-", "saml.name_id", edited(_second_name_id)),
    Attack("two signed assertions", "-", "saml.shape", two_signed_assertions),
    Attack("LogoutResponse as wrapper", "-", "saml.shape", logout_response_as_wrapper),
    Attack("Response in a Response", "XSW", "saml.shape", response_in_response),
    Attack("empty Response in Extensions", "XSW", "saml.shape", edited(_nested_response)),
    Attack("signature inside a value", "XSW", "saml.shape", edited(_stray_signature)),
    Attack("signature inside a value, encrypted", "XSW", "saml.decryption",
           edited(_stray_signature, encrypt_for=key_pair("hub-encryption").certificate_pem)),
    Attack("two context classes", "Core 2.7.2.2", "saml.authn_statement", edited(_second_class_ref)),
    Attack("EncryptedID without a NameID in it", "Core 2.2.4", "saml.name_id", edited(_encrypted_something)),
    Attack("Issuer of another provider", "RFC 9700 4.4, mix-up", "saml.response_issuer", says(issuer=OTHER)),
    Attack("other Issuer inside", "RFC 9700 4.4, mix-up", "saml.assertion_issuer",
           says(issuer=OTHER, response_issuer="https://idp.acme.example/saml")),
    Attack("Response Issuer missing, signed", "Profiles 4.1.4.2", "saml.response_issuer", signed_response(response_issuer=None),
           neighbour=says(response_issuer=None)),
    Attack("Assertion Issuer missing", "Core 2.3.3", "saml.assertion_issuer",
           says(issuer=None, response_issuer="https://idp.acme.example/saml")),
    Attack("version 1.1", "Core 3.2.2", "saml.shape", edited(_set("Response", "Version", "1.1"))),
    Attack("assertion version 1.1", "Core 2.3.3", "saml.assertion_issued", edited(_set("Assertion", "Version", "1.1"))),
    Attack("unknown element in the Response", "Core 3.2.2", "saml.shape",
           edited(lambda root: root.append(etree.Element("{urn:x}Assertion")))),
    Attack("attribute without name", "Core 2.7.3.1", "saml.attributes", edited(_set("Attribute", "Name", ""))),
]

ATTACKS = [*signature_corpus.ATTACKS, *PROTOCOL_ATTACKS]
