"""The SAML connector: asking, and believing an answer, with a small identity provider on the other side."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from lxml import etree

from broker.domain.claims import NAME_IDENTIFIER
from broker.domain.errors import InteractionRequired, InvalidUpstreamResponse, MissingClaim, UpstreamRefused
from broker.domain.http import Incoming, PostForm, Redirect
from broker.domain.trace import Trace
from broker.protocols.saml import names
from connectors.contract import UpstreamRequest
from tests.support.saml_connector import ADDRESSES, scene
from tests.support.saml_idp import PERSISTENT, SAML, SmallIdp, encrypt, key_pair

EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


# --- asking ---------------------------------------------------------------------------------------------------------------


def test_given_a_redirect_address_when_beginning_then_the_request_travels_in_the_query():
    outgoing, expected = scene().begin()
    assert isinstance(outgoing, Redirect)
    request, query = SmallIdp.read_redirect(outgoing.url)
    assert outgoing.url.startswith("https://idp.acme.example/sso?SAMLRequest=")
    assert query["RelayState"] == "handle-1"
    assert request.get("ID") == expected.request_id
    assert request.get("AssertionConsumerServiceURL") == ADDRESSES.acs == expected.recipient
    assert request.findtext(f"{{{SAML}}}Issuer") == ADDRESSES.entity_id
    assert [child.tag for child in request] == [f"{{{SAML}}}Issuer"]  # no NameIDPolicy, no Scoping: AD FS
    assert expected.forced_at is None


def test_given_an_address_with_a_query_when_beginning_then_the_request_is_appended():
    outgoing, _ = scene(sso_redirect_url="https://accounts.google.com/o/saml2/idp?idpid=C03").begin()
    assert outgoing.url.startswith("https://accounts.google.com/o/saml2/idp?idpid=C03&SAMLRequest=")


@pytest.mark.parametrize("request_options", [{"force_authentication": True}, {"max_age_seconds": 600}])
def test_given_fresh_authentication_is_wanted_when_beginning_then_force_authn_is_sent_and_expected(request_options):
    stage = scene()
    outgoing, expected = stage.begin(**request_options)
    request, _ = SmallIdp.read_redirect(outgoing.url)
    assert request.get("ForceAuthn") == "true"
    assert expected.forced_at == stage.clock.now()


def test_given_a_passive_request_and_settings_when_beginning_then_they_are_in_the_request():
    stage = scene(name_id_format=PERSISTENT, requested_contexts=("urn:x",), forward_login_hint="subject")
    outgoing, _ = stage.begin(passive=True, login_hint="ann@acme.example")
    request, _ = SmallIdp.read_redirect(outgoing.url)
    assert request.get("IsPassive") == "true"
    policy = request.find(names.samlp("NameIDPolicy"))
    assert (policy.get("Format"), policy.get("AllowCreate")) == (PERSISTENT, "true")
    assert request.findtext(f".//{names.saml('AuthnContextClassRef')}") == "urn:x"
    assert request.findtext(f"{names.saml('Subject')}/{names.saml('NameID')}") == "ann@acme.example"


def test_given_login_hint_by_query_when_beginning_then_it_is_a_parameter_and_not_signed_away():
    outgoing, _ = scene(forward_login_hint="query").begin(login_hint="ann+x@acme.example")
    request, query = SmallIdp.read_redirect(outgoing.url)
    assert query["login_hint"] == "ann+x@acme.example"
    assert request.get("Destination") == "https://idp.acme.example/sso"


def test_given_post_binding_and_signing_when_beginning_then_the_form_carries_a_signed_request():
    outgoing, _ = scene(request_binding="post", sign_requests=True).begin()
    assert isinstance(outgoing, PostForm)
    assert dict(outgoing.fields)["RelayState"] == "handle-1"
    request = etree.fromstring(base64.b64decode(dict(outgoing.fields)["SAMLRequest"]))
    assert request[1].tag == names.ds("Signature")


# --- believing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [("assertion",), ("response",), ("assertion", "response")])
@pytest.mark.parametrize("cipher", [None, "Aes256Gcm", "Aes128Gcm", "Aes256Cbc", "Aes128Cbc"])
def test_given_any_usual_protection_when_completing_then_the_person_is_known(sign, cipher):
    stage = scene(accept_unsigned_cbc=True)
    certificate = key_pair("hub-encryption").certificate_pem if cipher else None
    answer = stage.answer(sign=sign, encrypt_for=certificate, cipher=cipher or "Aes256Gcm")
    result = stage.complete(stage.idp.respond(answer))
    assert (result.subject.connector_id, result.subject.issuer) == ("con_1", "https://idp.acme.example/saml")
    assert (result.subject.value, result.subject.mutable) == ("u-4711", False)
    assert result.claims.first("email") == "ann@acme.example"
    assert result.claims.first(NAME_IDENTIFIER) == "u-4711"
    assert result.context.class_ref == answer.class_ref
    assert result.one_time_id.value == "_assertion1"
    assert result.one_time_id.expires_at == stage.clock.now() + timedelta(seconds=300 + 90, milliseconds=123)
    assert result.session_index == "s-1"
    assert stage.failed_checks() == []


def test_given_several_values_when_completing_then_each_is_a_claim_as_received():
    stage = scene()
    groups = {"http://schemas.xmlsoap.org/claims/Group": ["a", "b & <c>"], "empty": []}
    result = stage.complete(stage.idp.respond(stage.answer(attributes=groups)))
    claims = result.claims.of_type("http://schemas.xmlsoap.org/claims/Group")
    assert [claim.value for claim in claims] == ["a", "b & <c>"]
    assert {(claim.issuer, claim.original_issuer) for claim in claims} == {("con_1", "https://idp.acme.example/saml")}


def test_given_a_second_certificate_when_the_provider_rolls_over_then_both_keys_are_accepted():
    stage = scene(signing_certificates=(key_pair("idp-old").certificate_pem, key_pair("idp").certificate_pem))
    assert stage.complete(stage.idp.respond(stage.answer()))


@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_given_an_elliptic_curve_key_when_completing_then_it_is_accepted(kind):
    pair = key_pair(f"idp-{kind}", kind=kind)
    stage = scene(signing_certificates=(pair.certificate_pem,))
    stage.idp.key = pair
    method = "ECDSA_SHA256" if kind == "p256" else "ECDSA_SHA384"
    assert stage.complete(stage.idp.respond(stage.answer(signature_method=method)))


def test_given_sha1_when_the_exception_is_dated_then_it_ends_with_its_day():
    stage = scene(allow_sha1_until="2026-03-02")
    lasting = {"confirmed_until": 2e5, "not_on_or_after": 2e5, "session_until": None}
    xml = stage.idp.respond(stage.answer(signature_method="RsaSha1", digest_method="Sha1", **lasting))
    assert stage.complete(xml)
    stage.clock.forward(days=1)
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.complete(xml)
    assert error.value.check == "saml.assertion_signature"


# --- who it is ------------------------------------------------------------------------------------------------------------


def test_given_an_email_name_id_when_completing_then_the_subject_is_flagged_mutable():
    stage = scene()
    result = stage.complete(stage.idp.respond(stage.answer(name_id="ann@acme.example", name_id_format=EMAIL_FORMAT)))
    assert (result.subject.value, result.subject.mutable) == ("ann@acme.example", True)


def test_given_the_format_changes_when_completing_then_the_subject_stays():
    stage = scene()
    subjects = {
        stage.complete(stage.idp.respond(stage.answer(name_id_format=format_))).subject.value
        for format_ in (PERSISTENT, None, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
    }
    assert subjects == {"u-4711"}


@pytest.mark.parametrize(
    ("qualifiers", "expected"),
    [
        ({"NameQualifier": "https://idp.acme.example/saml", "SPNameQualifier": ADDRESSES.entity_id}, "u-4711"),
        ({"NameQualifier": "other"}, "u-4711\x1fother\x1f"),
        ({"SPNameQualifier": "affiliation"}, "u-4711\x1f\x1faffiliation"),
    ],
)
def test_given_qualifiers_when_they_are_not_the_usual_ones_then_they_are_part_of_the_subject(qualifiers, expected):
    stage = scene()
    assert stage.complete(stage.idp.respond(stage.answer(name_id_attributes=qualifiers))).subject.value == expected


@pytest.mark.parametrize(
    "deviation",
    [{"name_id": None}, {"name_id_format": TRANSIENT}],
)
def test_given_no_lasting_name_id_when_completing_then_it_is_a_missing_claim_unless_an_attribute_identifies(deviation):
    stage = scene()
    xml = stage.idp.respond(stage.answer(attributes={"uid": ["4711"]}, **deviation))
    with pytest.raises(MissingClaim) as error:
        stage.complete(xml)
    assert error.value.check == "saml.subject"
    by_attribute = scene(subject_attribute="uid")
    assert by_attribute.complete(xml).subject.value == "4711"


@pytest.mark.parametrize("values", [[], ["a", "b"], [" "]])
def test_given_a_subject_attribute_when_it_has_not_one_value_then_it_is_a_missing_claim(values):
    stage = scene(subject_attribute="uid")
    with pytest.raises(MissingClaim):
        stage.complete(stage.idp.respond(stage.answer(attributes={"uid": values})))


def test_given_an_error_status_when_completing_then_the_provider_refused_and_its_codes_are_for_support():
    stage = scene()

    def add_detail(root):
        status = root.find(names.samlp("Status"))
        etree.SubElement(status[0], names.samlp("StatusCode")).set("Value", names.AUTHN_FAILED)
        etree.SubElement(status, names.samlp("StatusMessage")).text = "<b>locked</b>"

    answer = stage.answer(status=names.RESPONDER, with_assertion=False, sign=(), edit=add_detail)
    with pytest.raises(UpstreamRefused) as error:
        stage.complete(stage.idp.respond(answer))
    assert error.value.cause == "identity provider answered Responder / AuthnFailed / <b>locked</b>"
    assert str(error.value) == "upstream_refused"


def test_given_an_error_status_about_another_request_when_completing_then_it_does_not_end_this_login():
    stage = scene()
    answer = stage.answer(in_response_to="_other", status=names.RESPONDER, with_assertion=False, sign=())
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.complete(stage.idp.respond(answer))
    assert error.value.check == "saml.response_in_response_to"


@pytest.mark.parametrize(
    ("second", "error", "fix"),
    [
        (names.NO_PASSIVE, InteractionRequired, "IsPassive"),
        (names.INVALID_NAMEID_POLICY, UpstreamRefused, "name_id_format"),
        (names.UNKNOWN_PRINCIPAL, UpstreamRefused, "own log"),
    ],
)
def test_given_a_second_status_when_completing_then_the_right_error_says_what_to_do(second, error, fix):
    stage = scene()
    say = {"status": names.RESPONDER, "with_assertion": False, "sign": ()}

    def inner(root):
        etree.SubElement(root.find(f".//{names.samlp('StatusCode')}"), names.samlp("StatusCode"), Value=second)

    with pytest.raises(error) as raised:
        stage.complete(stage.idp.respond(stage.answer(edit=inner, **say)))
    assert fix in raised.value.fix
    assert stage.failed_checks() == ["saml.status"]


@pytest.mark.parametrize("cipher", ["Aes256Gcm", "Aes128Cbc"])
def test_given_an_encrypted_name_id_when_completing_then_it_is_the_subject(cipher):
    def hide(root):
        name_id = root.find(f".//{names.saml('NameID')}")
        encrypt(name_id, key_pair("hub-encryption").certificate_pem, cipher, holder_name="EncryptedID")

    stage = scene()
    assert stage.complete(stage.idp.respond(stage.answer(edit=hide))).subject.value == "u-4711"


def test_given_eight_threads_when_they_share_a_connector_then_all_logins_pass():
    stage = scene(sign_requests=True, request_binding="post")
    upstream = stage.upstream()
    form = stage.idp.form(stage.idp.respond(stage.answer(sign=("assertion", "response"))))
    incoming = Incoming("POST", "/", form=form)

    def login(_: int) -> str:
        trace = Trace("T", stage.clock, stage.clock.now())
        upstream.begin(UpstreamRequest("h"), trace)
        return upstream.complete(incoming, stage.expectation(), trace).subject.value

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(login, range(200))) == {"u-4711"}


# --- finding the transaction ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ((("RelayState", "handle-1"),), "handle-1"),
        ((), None),
        ((("RelayState", ""),), None),
        ((("RelayState", "x" * 81),), None),
        ((("RelayState", "a"), ("RelayState", "b")), None),
    ],
)
def test_given_a_relay_state_when_it_can_be_ours_then_it_is_the_handle(form, expected):
    assert scene().upstream().reply_handle(Incoming("POST", "/", form=form)) == expected


def test_given_a_login_when_it_is_traced_then_no_value_of_the_person_is_on_it():
    stage = scene()
    stage.complete(stage.idp.respond(stage.answer(name_id="secret-identifier")))
    text = "\n".join(event.detail for event in stage.trace.events)
    assert "secret-identifier" not in text
    assert "Ann" not in text
    assert "a…n@acme.example" in text
