"""Every forged Response is stopped by the validation that it names, and the honest one beside it passes."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from broker.domain.errors import InvalidUpstreamResponse
from broker.domain.http import Incoming
from broker.protocols.saml import bindings
from tests.attacks.saml.corpus import ATTACKS
from tests.attacks.saml.signature_corpus import EVIL
from tests.support.saml_connector import scene
from tests.support.saml_idp import key_pair


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_given_a_forged_response_when_completing_then_its_validation_stops_it(attack):
    stage = scene()
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.complete(attack.forge(stage.idp, stage.answer()))
    assert error.value.check == attack.check, error.value.cause
    assert stage.failed_checks() == [attack.check]
    # What was received is for the trace, redacted, and never in the cause (it goes to logs).
    assert EVIL not in error.value.cause


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_given_the_honest_neighbour_when_completing_then_it_passes(attack):
    stage = scene()
    assert stage.complete(attack.neighbour(stage.idp, stage.answer())).subject.value == "u-4711"


@pytest.mark.parametrize("deviation", [{"authenticated": -91}, {"authenticated": -3600}])
def test_given_forced_authentication_when_the_provider_used_an_old_session_then_it_is_refused(deviation):
    stage = scene()
    xml = stage.idp.respond(stage.answer(**deviation))
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.complete(xml, forced_at=stage.clock.now())
    assert error.value.check == "saml.force_authn"
    assert stage.complete(xml)
    fresh = stage.idp.respond(stage.answer(authenticated=-89))
    assert stage.complete(fresh, forced_at=stage.clock.now())


def test_given_a_key_for_encryption_when_it_signs_then_it_is_not_believed():
    # The connector holds signing certificates only; metadata's use="encryption" never gets there.
    stage = scene()
    stage.idp.key = key_pair("hub-encryption")
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.complete(stage.idp.respond(stage.answer()))
    assert error.value.check == "saml.assertion_signature"


@pytest.mark.parametrize(
    "form",
    [
        (),
        (("SAMLResponse", ""),),
        (("SAMLResponse", "!!!"),),
        (("SAMLResponse", "PGEv"), ("SAMLResponse", "PGEv")),
        (("SAMLResponse", "PGEvPg=="), ("SAMLRequest", "PGEvPg==")),
        (("SAMLResponse", "eJwDAAAAAAE="),),
    ],
)
def test_given_garbage_when_completing_then_the_binding_refuses_it(form):
    stage = scene()
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.upstream().complete(Incoming("POST", "/", form=form), stage.expectation(), stage.trace)
    assert error.value.check == "saml.binding"


def test_given_a_response_by_redirect_when_completing_then_it_is_refused():
    stage = scene()
    url = bindings.redirect_url("https://hub.example/acs", "SAMLResponse", stage.idp.respond(stage.answer()))
    incoming = Incoming("GET", "/", raw_query=urlsplit(url).query.encode())
    with pytest.raises(InvalidUpstreamResponse) as error:
        stage.upstream().complete(incoming, stage.expectation(), stage.trace)
    assert error.value.check == "saml.binding"


def test_given_decryption_fails_in_any_way_when_completing_then_all_faults_look_alike():
    """No oracle: wrong key, wrong padding, wrong plaintext give one cause (Jager & Somorovsky 2011)."""
    causes = set()
    names = ("RSA 1.5 key transport", "encrypted for somebody else", "CipherReference", "wrapping inside the ciphertext")
    for attack in ATTACKS:
        if attack.name in names:
            stage = scene(accept_unsigned_cbc=True)
            with pytest.raises(InvalidUpstreamResponse) as error:
                stage.complete(attack.forge(stage.idp, stage.answer()))
            causes.add(error.value.cause)
    stage = scene(accept_unsigned_cbc=True)
    xml = stage.idp.respond(replace(stage.answer(), encrypt_for=key_pair("hub-encryption").certificate_pem, cipher="Aes128Cbc"))
    start = xml.rindex(b"<xenc:CipherValue>") + 60
    for position in range(start, start + 200, 8):
        altered = xml[:position] + (b"A" if xml[position : position + 1] != b"A" else b"B") + xml[position + 1 :]
        with pytest.raises(InvalidUpstreamResponse) as error:
            stage.complete(altered)
        if error.value.check == "saml.decryption":
            causes.add(error.value.cause)
    assert len(causes) == 1
