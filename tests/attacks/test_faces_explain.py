"""Paste and explain is no oracle: it opens nothing for whoever pastes, reads no other tenant, and cannot be kept busy."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from broker.domain.errors import UnknownObject
from broker.domain.keys import KeyUse
from broker.services.actor import ROLES, Actor, Role
from broker.services.explain.recognise import MAX_CHARACTERS, recognise
from broker.services.operations.explain import ExplainMessage, ExplanationView
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.partners import SamlSide
from tests.support.saml_idp import SAML, Answer, SmallIdp, key_pair

CAUGHT = {"email": ["bob@globex.example"], "given_name": ["Robert"]}


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme", "idp")


@pytest.fixture
def globex(hub: Hub) -> SamlSide:
    hub.tenant("globex", "globex.example")
    return hub.saml_idp("globex", "idp")


def answer(side: SamlSide, idp: SmallIdp | None = None, **values: Any) -> bytes:
    made = Answer(
        in_response_to="_q1", recipient=side.acs, audience=f"{PUBLIC_URL}/upstream/{side.connector_id}/metadata",
        issuer=side.idp.entity_id, now=side.hub.clock.now(), **values,
    )  # fmt: skip
    return (idp or side.idp).respond(made)


def caught(hub: Hub, side: SamlSide, cipher: str, sign: tuple[str, ...]) -> etree._Element:
    """What somebody took from a browser of Globex: only the hub can read it."""
    certificate = hub.built.keyring.published(KeyUse.SAML_ENCRYPTION)[0].certificate_pem
    root = etree.fromstring(answer(side, sign=sign, encrypt_for=certificate, cipher=cipher, attributes=CAUGHT))
    (assertion,) = root.iter(f"{{{SAML}}}EncryptedAssertion")
    return assertion


def explained(hub: Hub, text: bytes, tenant: str, **asked: Any) -> ExplanationView:
    admin = Actor(f"staff:admin@{tenant}.example", ROLES[Role.TENANT_ADMIN], hub.tenants[tenant])
    found = hub.built.operations.run(admin, "message.explain", ExplainMessage(text.decode(), tenant, "idp", **asked))
    assert isinstance(found, ExplanationView)
    return found


@pytest.mark.parametrize("cipher", ["Aes256Gcm", "Aes128Cbc"])
@pytest.mark.parametrize("signed", [("assertion",), ("response",), ("assertion", "response")], ids="+".join)
@pytest.mark.parametrize("reveal", [False, True])
def test_a_caught_assertion_in_an_envelope_of_ones_own_stays_closed(
    hub: Hub, acme: SamlSide, globex: SamlSide, cipher: str, signed: tuple[str, ...], reveal: bool
) -> None:
    """Acme's administrator wraps what was encrypted for Globex's connector into a Response that Acme signs with a new key."""
    assertion = caught(hub, globex, cipher, signed)
    mine = SmallIdp(acme.idp.entity_id, key_pair("mallory"))
    # The envelope says what is inside, so that everything that does not fit may be pretended at once.
    alike: dict[str, Any] = {"response_issuer": globex.idp.entity_id, "destination": globex.acs, "with_assertion": False}
    envelope = answer(acme, mine, sign=("response",), edit=lambda root: root.append(assertion), **alike)

    found = explained(hub, envelope, "acme", reveal=reveal)

    shown = json.dumps([[step.name, step.detail, step.data] for step in found.steps]) + found.text
    assert [step.name for step in found.steps if step.passed is False], "something is wrong with it"
    assert [step for step in found.steps if step.kind == "claims"] == [], "nothing of the person, masked or not"
    assert "lobex.example" not in shown.replace(globex.idp.entity_id, "")
    assert "obert" not in shown


@pytest.mark.parametrize("cipher", ["Aes256Gcm", "Aes128Cbc"])
def test_the_answer_as_it_was_caught_stays_closed_to_another_tenant(hub: Hub, acme: SamlSide, globex: SamlSide, cipher: str) -> None:
    certificate = hub.built.keyring.published(KeyUse.SAML_ENCRYPTION)[0].certificate_pem
    text = answer(globex, sign=("response",), encrypt_for=certificate, cipher=cipher, attributes=CAUGHT)

    found = explained(hub, text, "acme")

    assert [step for step in found.steps if step.kind == "claims"] == []


@pytest.mark.parametrize("signed", [("response",), ("assertion", "response")], ids="+".join)
def test_ones_own_providers_answer_is_judged_to_the_end(hub: Hub, globex: SamlSide, signed: tuple[str, ...]) -> None:
    """The honest neighbour: signed by the provider that the connector trusts."""
    certificate = hub.built.keyring.published(KeyUse.SAML_ENCRYPTION)[0].certificate_pem
    text = answer(globex, sign=signed, encrypt_for=certificate, attributes=CAUGHT)

    found = explained(hub, text, "globex")

    assert [step.name for step in found.steps if step.passed is False] == []
    assert [step for step in found.steps if step.kind == "claims"] != []


def test_another_tenants_connector_is_not_there(hub: Hub, acme: SamlSide, globex: SamlSide) -> None:
    admin = Actor("staff:admin@acme.example", ROLES[Role.TENANT_ADMIN], hub.tenants["acme"])
    for tenant, connector in (("globex", "idp"), ("globex", globex.connector_id), ("", globex.connector_id), ("acme", globex.connector_id)):
        with pytest.raises(UnknownObject):
            hub.built.operations.run(admin, "message.explain", ExplainMessage("<x/>", tenant, connector))


# --- texts that are long to read --------------------------------------------------------------------------------------

_WHOLE = MAX_CHARACTERS


@pytest.mark.parametrize(
    "piece",
    ["<input", "<input ", "<input name=", '<input name="', "<input value='", "SAMLResponse=", "?SAMLResponse=%", "a.", ".", "%25", "<a>", "{", "[", "&#", " "],
)
def test_a_text_made_to_take_long_is_read_at_once(piece: str) -> None:
    text = (piece * (_WHOLE // len(piece)))[:_WHOLE]
    begun = time.thread_time()

    recognise(text)

    # Of the processor, not of the clock: it takes well under a second, or minutes.
    assert time.thread_time() - begun < 20, "looking for the message must not go over the text again and again"


@pytest.mark.parametrize("claim", [1e308, -1, 253_402_300_799, 253_402_300_800, "x", None, True, [], {}])
@pytest.mark.parametrize("name", ["exp", "iat", "aud", "iss", "alg", "nonce"])
def test_a_token_with_strange_claims_is_shown(hub: Hub, name: str, claim: Any) -> None:
    hub.tenant("acme")
    parts = ({"alg": "RS256", **({name: claim} if name == "alg" else {})}, {"iss": "x", name: claim})
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"

    found = hub.built.operations.run(
        Actor("support", ROLES[Role.SUPPORT]), "message.explain", ExplainMessage(text)
    )

    assert found.kind == "id_token"


def test_an_address_with_a_broken_host_is_read_all_the_same() -> None:
    inside = quote(base64.b64encode(b"<samlp:AuthnRequest xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'/>"))

    assert recognise(f"https://[sso.example/saml/sso?SAMLRequest={inside}").kind == "saml_request"
