"""Metadata as administrators bring it: good, odd and wrong. Vendors' own shapes are in tests/vendors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from broker.domain.errors import InvalidMetadata
from broker.protocols.saml import names
from broker.protocols.xmldsig import VerificationKey
from metadata import saml_words
from metadata.saml_read import read_identity_provider, read_service_provider, signed_part
from tests.support.saml_idp import key_pair, sign

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAMESPACES = f'xmlns="{names.MD}" xmlns:ds="{names.DS}"'
SSO = f'<SingleSignOnService Binding="{names.REDIRECT}" Location="https://idp.acme.example/sso"/>'
ACS = f'<AssertionConsumerService Binding="{names.POST}" Location="https://app.example/acs" index="0" isDefault="true"/>'


def key(name: str = "idp", use: str | None = "signing", **options) -> str:
    body = key_pair(name, **options).certificate_base64
    attribute = "" if use is None else f' use="{use}"'
    info = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{body}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    return f"<KeyDescriptor{attribute}>{info}</KeyDescriptor>"


def idp(content: str, attributes: str = "", protocols: str = names.SAMLP) -> str:
    return f'<IDPSSODescriptor protocolSupportEnumeration="{protocols}" {attributes}>{content}</IDPSSODescriptor>'


def sp(content: str, attributes: str = "") -> str:
    return f'<SPSSODescriptor protocolSupportEnumeration="{names.SAMLP}" {attributes}>{content}</SPSSODescriptor>'


def entity(content: str, entity_id: str = "https://idp.acme.example/saml", attributes: str = "") -> str:
    return f'<EntityDescriptor {NAMESPACES} entityID="{entity_id}" {attributes}>{content}</EntityDescriptor>'


def entities(*content: str, attributes: str = "") -> str:
    return f"<EntitiesDescriptor {NAMESPACES} {attributes}>{''.join(content)}</EntitiesDescriptor>"


GOOD = entity(idp(key() + SSO))


def read(text: str | bytes, **options):
    document = text if isinstance(text, bytes) else text.encode()
    return read_identity_provider(document, now=NOW, **options)


@pytest.mark.parametrize(
    "document",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        ('<?xml version="1.0" encoding="utf-16"?>' + GOOD).encode("utf-16"),
        ('\r\n<?xml version="1.0"\n encoding="UTF-8"?>\n' + GOOD).encode(),
        ("<!-- exported -->" + GOOD).encode(),
        entities(GOOD).encode(),
        entities(entities(GOOD), entity(sp(ACS), "https://app")).encode(),
        entity(sp(ACS) + idp(key() + SSO)).encode(),
        entity(idp(key() + SSO, protocols="urn:oasis:names:tc:SAML:1.1:protocol") + idp(key() + SSO)).encode(),
        entity(idp(key() + f'<SingleSignOnService Binding="urn:mace:shibboleth:1.0" Location="https://x/"/>{SSO}')).encode(),
    ],
)
def test_given_any_usual_shape_when_read_then_it_is_the_same_provider(document):
    provider = read(document).metadata
    assert provider.entity_id == "https://idp.acme.example/saml"
    assert [endpoint.location for endpoint in provider.single_sign_on] == ["https://idp.acme.example/sso"]
    assert len(provider.signing) == 1


PROBLEMS = [
    ("empty", b""),
    ("empty", b" \n"),
    ("html_page", b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    ("html_page", b"<html><body>Sign in</body></html>"),
    ("html_page", b"<HTML><br>"),
    ("doctype", ("<!DOCTYPE x>" + GOOD).encode()),
    ("not_xml", b"entityID: https://idp"),
    ("not_xml", b"PK\x03\x04\x00\x00"),
    ("not_xml", GOOD[:-5].encode()),
    ("not_xml", ("<!ENTITY x>" + GOOD).encode()),
    ("not_metadata", b"<rss/>"),
    ("not_metadata", entities().encode()),
    ("not_metadata", GOOD.replace('entityID="https://idp.acme.example/saml"', "").encode()),
    ("too_large", GOOD.encode() + b" " * (1 << 20)),
    ("expired", entity(idp(key() + SSO), attributes='validUntil="2026-03-02T09:00:00Z"').encode()),
    ("expired", entities(GOOD, attributes='validUntil="2026-01-01T00:00:00.000Z"').encode()),
    ("expired", entity(idp(key() + SSO, 'validUntil="2026-01-01T00:00:00Z"')).encode()),
    ("not_metadata", entity(idp(key() + SSO), attributes='validUntil="tomorrow"').encode()),
    ("no_identity_provider", entity("<AttributeAuthorityDescriptor/>").encode()),
    ("service_provider_only", entity(sp(ACS)).encode()),
    ("several_identity_providers", entities(GOOD, entity(idp(key() + SSO), "https://other")).encode()),
    ("no_saml2", entity(idp(key() + SSO, protocols="urn:oasis:names:tc:SAML:1.1:protocol")).encode()),
    ("no_single_sign_on", entity(idp(key())).encode()),
    ("unsupported_binding", entity(idp(key() + SSO.replace("HTTP-Redirect", "SOAP"))).encode()),
    ("unsupported_binding", entity(idp(key() + SSO.replace("https://idp.acme.example/sso", "javascript:alert(1)"))).encode()),
    ("no_signing_key", entity(idp(SSO)).encode()),
    ("no_signing_key", entity(idp(key(use="encryption") + SSO)).encode()),
    ("no_signing_key", entity(idp(key().replace("MII", "!!!") + SSO)).encode()),
    ("weak_key", entity(idp(key("weak", kind="rsa1024") + SSO)).encode()),
]


@pytest.mark.parametrize(("problem", "document"), PROBLEMS, ids=[f"{n}-{row[0]}" for n, row in enumerate(PROBLEMS)])
def test_given_wrong_metadata_when_read_then_its_uploader_gets_a_sentence(problem, document):
    with pytest.raises(InvalidMetadata) as error:
        read(document)
    assert error.value.problem == problem
    assert error.value.sentence == saml_words.PROBLEMS[problem]
    assert error.value.sentence.endswith(".")


def test_given_every_problem_of_providers_then_the_table_above_shows_it():
    shown = {problem for problem, _ in PROBLEMS} | {"own_metadata", *OF_WHAT_IS_READ_AGAIN}
    of_applications = {problem for problem in saml_words.PROBLEMS if "service_provider" in problem or "consumer" in problem}
    assert shown - {"service_provider_only"} == set(saml_words.PROBLEMS) - of_applications - {"identity_provider_only"}


OF_WHAT_IS_READ_AGAIN = ("other_entity", "unsigned", "wrong_signature")
"""Nobody uploads it, so it must be the same provider as before, and signed where a signature is pinned."""


@pytest.mark.parametrize("document", [GOOD, entities(GOOD), entities(GOOD, entity(idp(key() + SSO), "https://other"))])
def test_given_another_provider_than_the_one_that_is_asked_for_then_it_says_so(document):
    with pytest.raises(InvalidMetadata) as error:
        read(document.encode(), entity_id="https://idp.acme.example/saml/")
    assert error.value.problem == "other_entity"


@pytest.mark.parametrize(("signer", "problem"), [(None, "unsigned"), ("somebody else", "wrong_signature"), ("pinned", "")])
def test_given_a_pinned_key_then_only_what_it_signed_can_be_read(signer, problem):
    root = etree.fromstring(GOOD.encode())
    if signer:
        root.set("ID", "_1")
        sign(root, key_pair(signer))
    pin = VerificationKey.from_certificate(key_pair("pinned").certificate_pem)
    if not problem:
        assert read(signed_part(etree.tostring(root), [pin])).metadata.entity_id == "https://idp.acme.example/saml"
        return
    with pytest.raises(InvalidMetadata) as error:
        signed_part(etree.tostring(root), [pin])
    assert error.value.problem == problem


@pytest.mark.parametrize(
    ("stated", "hours"),
    [("", None), ('cacheDuration="PT6H"', 6), ('cacheDuration="P1DT1H"', 25), ('cacheDuration="PT0S"', 0), ('cacheDuration="-PT1H"', None)]
    + [(f'cacheDuration="{nonsense}"', None) for nonsense in ("P", "PT", "6", "soon", "P1H")],
)
def test_given_how_long_it_may_be_cached_then_that_is_read_and_nonsense_is_nothing(stated, hours):
    found = read(entity(idp(key() + SSO), attributes=stated).encode()).metadata.cache_for
    assert found == (None if hours is None else timedelta(hours=hours))


def test_given_our_own_metadata_when_read_then_it_says_so():
    with pytest.raises(InvalidMetadata) as error:
        read(GOOD, own_entity_ids=("https://idp.acme.example/saml",))
    assert error.value.problem == "own_metadata"


def test_given_several_providers_when_one_is_named_then_it_is_read_and_else_all_are_listed():
    document = entities(GOOD, entity(idp(key() + SSO), "https://other"))
    assert read(document, entity_id="https://other").metadata.entity_id == "https://other"
    with pytest.raises(InvalidMetadata) as error:
        read(document)
    assert error.value.cause == "https://idp.acme.example/saml, https://other"
    with pytest.raises(InvalidMetadata):
        read(document, entity_id="https://third")


def test_given_keys_of_all_uses_when_read_then_each_is_where_it_belongs():
    content = key("enc", "encryption") + key("both", None) + key("sig") + key("sig") + key("weak", kind="rsa1024")
    result = read(entity(idp(content + SSO)))
    subjects = [certificate.subject for certificate in result.metadata.signing]
    assert subjects == ["CN=both", "CN=sig"]
    assert [certificate.subject for certificate in result.metadata.encryption] == ["CN=enc", "CN=both"]
    assert result.warnings == ("A signing certificate was left out because its key is too short.",)


def test_given_expiring_things_when_read_then_there_are_warnings():
    expired = key("expired", not_after=NOW - timedelta(days=1))
    soon = key("soon", not_after=NOW + timedelta(days=10))
    http = SSO.replace("https://", "http://")
    result = read(entity(idp(expired + soon + http), attributes='validUntil="2026-03-09T00:00:00Z"'))
    assert result.warnings == (
        "A signing certificate expired on 1 March 2026. We still accept it: it may still sign.",
        "A signing certificate expires soon, on 12 March 2026.",
        "An address is not encrypted (http). Production refuses it.",
        "The metadata expires soon, on 9 March 2026.",
    )
    assert "The metadata is valid until 9 March 2026." in result.understood
    assert "2 signing certificates, the first expires on 1 March 2026." in result.understood


def test_given_display_names_when_read_then_the_english_one_is_shown_as_text():
    info = (
        f'<Extensions><u:UIInfo xmlns:u="{names.MDUI}"><u:DisplayName xml:lang="de">Firma</u:DisplayName>'
        '<u:DisplayName xml:lang="en"> The\n&lt;b&gt; firm </u:DisplayName></u:UIInfo></Extensions>'
    )
    assert read(entity(idp(info + key() + SSO))).metadata.display_name == "The <b> firm"


# --- applications ---------------------------------------------------------------------------------------------------------


def test_given_an_application_when_read_then_its_reply_addresses_and_wishes_are_there():
    second = ACS.replace("/acs", "/acs2").replace('index="0" isDefault="true"', 'index="7"')
    wishes = 'AuthnRequestsSigned="true" WantAssertionsSigned="1"'
    content = key("app", None) + ACS + second + "<NameIDFormat>urn:f</NameIDFormat>"
    document = entity(sp(content, wishes), "https://app.example")
    result = read_service_provider(document.encode(), now=NOW)
    party = result.metadata
    assert [(each.location, each.index, each.is_default) for each in party.assertion_consumer] == [
        ("https://app.example/acs", 0, True),
        ("https://app.example/acs2", 7, False),
    ]
    assert (party.requests_signed, party.wants_assertions_signed, party.name_id_formats) == (True, True, ("urn:f",))
    assert len(party.signing) == len(party.encryption) == 1
    assert result.understood[0] == "This is a SAML application at app.example."


@pytest.mark.parametrize(
    ("problem", "document"),
    [
        ("identity_provider_only", GOOD),
        ("no_service_provider", entity("<AttributeAuthorityDescriptor/>")),
        ("several_service_providers", entities(entity(sp(ACS)), entity(sp(ACS), "https://other"))),
        ("no_assertion_consumer", entity(sp(""))),
        ("unsupported_consumer_binding", entity(sp(ACS.replace("HTTP-POST", "PAOS")))),
        ("unsupported_consumer_binding", entity(sp(ACS.replace("https://app.example/acs", "javascript:x")))),
    ],
)
def test_given_wrong_application_metadata_when_read_then_there_is_a_sentence(problem, document):
    with pytest.raises(InvalidMetadata) as error:
        read_service_provider(document.encode(), now=NOW)
    assert error.value.problem == problem


@given(st.binary(max_size=200))
def test_given_any_bytes_when_read_then_it_is_invalid_metadata(document):
    with pytest.raises(InvalidMetadata):
        read(document)
