"""Keys roll without an outage (PRODUCT rule 9): a whole rollover as stock libraries see it, which read our documents now and then.

python3-saml judges by the machine's own clock, so the hub's clock stands at this moment whenever somebody signs in, and days
away from it while keys wait.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from broker.app import create_app, vestibule
from broker.domain.errors import Conflict
from broker.domain.keys import HUB
from broker.downstream.oidc import records
from broker.services.operations.keys import (
    AnnounceKey,
    EndOwnKeys,
    ListKeys,
    OneOwner,
    PromoteKey,
    RevokeKey,
)
from tests.support.clock import FixedClock
from tests.support.hub import ME, Browser, Hub
from tests.support.partners import SamlApp, SamlSide, choose_home_realm, form_of

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path, FixedClock(datetime.now(UTC))) as made:
        made.tenant("acme", "acme.example")
        yield made


@pytest.fixture
def idp(hub: Hub) -> SamlSide:
    return hub.saml_idp("acme", settings={"sign_requests": True, "offer_encryption": True})


class Wiki:
    """python3-saml, strict, with the metadata that it read last."""

    def __init__(self, hub: Hub, app: SamlApp, tenant: str | None = None) -> None:
        self.hub, self.app, self.tenant = hub, app, tenant
        self.read_metadata()

    def read_metadata(self) -> None:
        path = "/saml/metadata" if self.tenant is None else f"/t/{self.tenant}/saml/metadata"
        self.idp = OneLogin_Saml2_IdPMetadataParser.parse(self.hub.browser().open(path).data)["idp"]

    def sign_in(self, browser: Browser, side: SamlSide) -> list[str]:
        """What the library finds wrong with the answer; nothing: it believes it."""
        asked = self.app.login_url(tenant=self.tenant)
        response = side.authenticate(browser, choose_home_realm(browser, browser.open(asked), side.email))
        _action, fields = form_of(response)
        acs = urlsplit(self.app.acs)
        settings = {
            "strict": True,
            "sp": {"entityId": self.app.entity_id, "assertionConsumerService": {"url": self.app.acs}},
            "idp": self.idp,
            "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
        }
        seen = {"https": "on", "http_host": acs.netloc, "script_name": acs.path, "get_data": {}, "post_data": fields}
        auth = OneLogin_Saml2_Auth(seen, settings)
        auth.process_response()
        return [*auth.get_errors(), auth.get_last_error_reason()] if auth.get_errors() else []


def days(hub: Hub, number: float) -> None:
    hub.clock.forward(days=number)


def run(hub: Hub, name: str, asked: Any) -> Any:
    return hub.built.operations.run(ME, name, asked)


def keys(hub: Hub, use: str, owner: str = "hub") -> dict[str, list[str]]:
    """State → ids."""
    found: dict[str, list[str]] = {}
    for key in run(hub, "key.list", ListKeys(owner)).items:
        if key.use == use and key.algorithm == "RS256":
            found.setdefault(key.state, []).append(key.key)
    return found


def certificates(hub: Hub, path: str, use: str = "signing") -> list[str]:
    """Certificates as they stand in a metadata document."""
    root = etree.fromstring(hub.browser().open(path).data)
    return ["".join(str(one.text).split()) for one in root.iterfind(f".//{MD}KeyDescriptor[@use='{use}']//{DS}X509Certificate")]


def in_metadata(hub: Hub, key_id: str) -> str:
    owner = next(o for o in ("hub", "tenant:acme") for k in run(hub, "key.list", ListKeys(o)).items if k.key == key_id)
    pem = next(key.certificate for key in run(hub, "key.list", ListKeys(owner)).items if key.key == key_id)
    return "".join(pem.split("-----")[2].split())


# --- SAML -------------------------------------------------------------------------------------------------------------


def test_a_saml_key_rolls_while_an_application_rereads_metadata_once_a_week(hub: Hub, idp: SamlSide) -> None:
    wiki = Wiki(hub, hub.saml_app())
    (old,) = keys(hub, "saml_signing")["active"]
    assert wiki.sign_in(hub.browser(), idp) == []

    days(hub, -15)
    new = run(hub, "key.announce", AnnounceKey("hub", "saml_signing")).key
    days(hub, 7)
    wiki.read_metadata()
    days(hub, 8)
    assert certificates(hub, "/saml/metadata") == [in_metadata(hub, old), in_metadata(hub, new)]
    assert wiki.sign_in(hub.browser(), idp) == [], "announced: the old key signs still"

    run(hub, "key.promote", PromoteKey(new))
    assert keys(hub, "saml_signing") == {"active": [new], "retiring": [old]}
    assert wiki.sign_in(hub.browser(), idp) == [], "the new key signs, and the application has known it for a week"

    days(hub, 31)
    hub.built.upkeep.run()
    assert keys(hub, "saml_signing") == {"active": [new]}
    wiki.read_metadata()
    days(hub, -31)
    assert wiki.idp["x509cert"] == in_metadata(hub, new)
    assert wiki.sign_in(hub.browser(), idp) == []


def test_an_application_that_never_reads_metadata_again_is_why_promotion_waits(hub: Hub, idp: SamlSide) -> None:
    wiki = Wiki(hub, hub.saml_app())
    new = run(hub, "key.announce", AnnounceKey("hub", "saml_signing")).key

    run(hub, "key.promote", PromoteKey(new, before_partners_know=True))

    assert wiki.sign_in(hub.browser(), idp), "the library refuses what it cannot verify"
    wiki.read_metadata()
    assert wiki.sign_in(hub.browser(), idp) == []


def test_a_rollover_that_somebody_missed_is_taken_back_at_once(hub: Hub, idp: SamlSide) -> None:
    wiki = Wiki(hub, hub.saml_app())
    (old,) = keys(hub, "saml_signing")["active"]
    new = run(hub, "key.announce", AnnounceKey("hub", "saml_signing")).key
    run(hub, "key.promote", PromoteKey(new, before_partners_know=True))
    assert wiki.sign_in(hub.browser(), idp)

    run(hub, "key.promote", PromoteKey(old))

    assert keys(hub, "saml_signing") == {"active": [old], "next": [new]}
    assert wiki.sign_in(hub.browser(), idp) == []
    with pytest.raises(Conflict):
        run(hub, "key.promote", PromoteKey(new))
    days(hub, 14)
    run(hub, "key.promote", PromoteKey(new))
    assert keys(hub, "saml_signing") == {"active": [new], "retiring": [old]}


def test_a_tenant_begins_and_ends_to_have_keys_of_its_own_without_an_outage(hub: Hub, idp: SamlSide) -> None:
    app = hub.saml_app()
    here, common = Wiki(hub, app, "acme"), Wiki(hub, app)
    (hubs,) = keys(hub, "saml_signing")["active"]

    days(hub, -15)
    assert run(hub, "own_keys.begin", OneOwner("tenant:acme")).state == "starting"
    (own,) = keys(hub, "saml_signing", "tenant:acme")["next"]
    assert certificates(hub, "/t/acme/saml/metadata") == [in_metadata(hub, hubs), in_metadata(hub, own)]
    assert certificates(hub, "/saml/metadata") == [in_metadata(hub, hubs)], "nobody else is shown a tenant's key"
    days(hub, 15)
    assert here.sign_in(hub.browser(), idp) == [], "the hub's key signs still"

    here.read_metadata()
    run(hub, "key.promote", PromoteKey(own))
    assert here.sign_in(hub.browser(), idp) == []
    assert common.sign_in(hub.browser(), idp) == [], "at the common address the hub's key signs"
    assert in_metadata(hub, hubs) in certificates(hub, "/t/acme/saml/metadata"), "whoever reads it now knows both"

    days(hub, 31)
    hub.built.upkeep.run()
    assert certificates(hub, "/t/acme/saml/metadata") == [in_metadata(hub, own)], "only its own key is trusted there"
    here.read_metadata()
    days(hub, -31)
    assert here.sign_in(hub.browser(), idp) == []

    days(hub, -15)
    assert run(hub, "own_keys.end", EndOwnKeys("tenant:acme")).state == "leaving"
    here.read_metadata()
    days(hub, 15)
    assert here.sign_in(hub.browser(), idp) == [], "its own key signs until the hub's is known"
    hub.built.upkeep.run()
    assert run(hub, "own_keys.show", OneOwner("tenant:acme")).state == "ended"
    assert here.sign_in(hub.browser(), idp) == [], "the hub's key signs, and the application knows it"

    days(hub, 31)
    hub.built.upkeep.run()
    assert run(hub, "own_keys.show", OneOwner("tenant:acme")).state == "hub"
    assert certificates(hub, "/t/acme/saml/metadata") == certificates(hub, "/saml/metadata")


def test_providers_of_a_tenant_trust_its_key_only(hub: Hub, idp: SamlSide) -> None:
    hub.tenant("globex", "globex.example")
    other = hub.saml_idp("globex", settings={"sign_requests": True, "offer_encryption": True})
    address = f"/upstream/{idp.connector_id}/metadata"
    run(hub, "own_keys.begin", OneOwner("tenant:acme"))
    offered = certificates(hub, address, "encryption")
    for use in ("saml_signing", "saml_encryption"):
        (own,) = keys(hub, use, "tenant:acme")["next"]
        run(hub, "key.promote", PromoteKey(own, before_partners_know=True))
    days(hub, 31)
    hub.built.upkeep.run()

    (signing,), (encryption,) = (keys(hub, use, "tenant:acme")["active"] for use in ("saml_signing", "saml_encryption"))
    assert certificates(hub, address) == [in_metadata(hub, signing)]
    assert certificates(hub, address, "encryption") == offered == [in_metadata(hub, encryption)]
    assert in_metadata(hub, signing) not in certificates(hub, f"/upstream/{other.connector_id}/metadata")


# --- OpenID Connect ---------------------------------------------------------------------------------------------------


class Mail:
    """A relying party with a cached key set, which is read again when a token names a key that is not in it."""

    def __init__(self, hub: Hub, idp: SamlSide) -> None:
        self.hub, self.idp, self.app, self.reads = hub, idp, hub.oidc_app(), 0
        self.read_keys()

    def read_keys(self) -> None:
        self.reads += 1
        self.known = KeySet.import_key_set(self.hub.browser().open("/oauth2/jwks").get_json())

    def sign_in(self) -> str:
        browser = self.hub.browser()
        response = choose_home_realm(browser, browser.open(self.app.login_url()), self.idp.email)
        code = self.app.callback(self.idp.authenticate(browser, response))["code"]
        token = str(self.app.redeem(code).get_json()["id_token"])
        self.verify(token)
        return token

    def verify(self, token: str) -> None:
        if _header(token)["kid"] not in {key.kid for key in self.known.keys}:
            self.read_keys()
        jwt.decode(token, self.known, algorithms=["RS256"])


def _header(token: str) -> dict[str, Any]:
    head = token.partition(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return found


def test_id_token_keys_roll_by_the_clock_and_every_token_verifies_until_it_expires(hub: Hub, idp: SamlSide) -> None:
    mail, upkeep = Mail(hub, idp), hub.built.upkeep
    (old,) = keys(hub, "oidc_signing")["active"]

    days(hub, 89.5)  # a day before its ninety days are over the next one is announced
    assert upkeep.run() is not None
    (new,) = keys(hub, "oidc_signing")["next"]
    before = mail.sign_in()
    mail.read_keys()
    days(hub, 1.1)
    upkeep.run()
    assert keys(hub, "oidc_signing") == {"active": [new], "retiring": [old]}

    reads = mail.reads
    after = mail.sign_in()
    assert _header(after)["kid"] != _header(before)["kid"]
    mail.verify(before)
    assert mail.reads == reads, "the new key was known before it signed"

    days(hub, 1.1)
    upkeep.run()
    assert keys(hub, "oidc_signing") == {"active": [new]}
    mail.read_keys()
    mail.verify(after)
    with pytest.raises((JoseError, ValueError)):
        mail.verify(before)


def test_a_revoked_key_vouches_for_nothing_from_now_on(hub: Hub, idp: SamlSide) -> None:
    mail = Mail(hub, idp)
    token = mail.sign_in()
    (old,) = keys(hub, "oidc_signing")["active"]

    run(hub, "key.revoke", RevokeKey(old, break_trust=True))

    assert keys(hub, "oidc_signing")["revoked"] == [old]
    mail.read_keys()
    with pytest.raises((JoseError, ValueError)):
        mail.verify(token)
    mail.sign_in()


def test_two_processes_change_keys_together(hub: Hub, idp: SamlSide) -> None:
    """One process promotes; the other signs with the new key from its next request on."""
    twin = create_app(hub.settings, hub.clock)
    other, app = Browser(twin), hub.saml_app()
    other.open("/saml/metadata")
    new = run(hub, "key.announce", AnnounceKey("hub", "saml_signing")).key
    run(hub, "key.promote", PromoteKey(new, before_partners_know=True))

    response = idp.authenticate(other, choose_home_realm(other, other.open(app.login_url()), idp.email))

    hub.built.catalog.refresh()
    assert app.learn(response).status == "success", "signed with what the first process calls the active key"
    vestibule(twin).database.dispose()


# --- attacks ----------------------------------------------------------------------------------------------------------


def test_a_tenants_key_never_signs_for_another_one_or_in_common(hub: Hub, idp: SamlSide) -> None:
    hub.tenant("globex", "globex.example")
    other, app = hub.saml_idp("globex"), hub.saml_app()
    other.email = "bob@globex.example"
    run(hub, "own_keys.begin", OneOwner("tenant:acme"))
    (own,) = keys(hub, "saml_signing", "tenant:acme")["next"]
    run(hub, "key.promote", PromoteKey(own, before_partners_know=True))
    mine = Wiki(hub, app, "acme")
    mine.idp = {**mine.idp, "x509cert": in_metadata(hub, own)}
    mine.idp.pop("x509certMulti", None)

    assert mine.sign_in(hub.browser(), idp) == [], "signed with the tenant's own key"
    for place, side in (("globex", other), (None, idp), (None, other)):
        foreign = Wiki(hub, app, place)
        assert foreign.sign_in(hub.browser(), side) == []
        issuer = foreign.idp["entityId"]
        foreign.idp = {**mine.idp, "entityId": issuer}
        assert any("Signature" in str(error) for error in foreign.sign_in(hub.browser(), side)), "not the tenant's key"


def test_a_code_from_before_keys_had_owners_is_redeemed_under_the_hubs_key() -> None:
    stored = {
        **dict.fromkeys(("client_id", "application_id", "tenant_id", "identity_id", "connector_id", "issuer", "subject"), "x"),
        "redirect_uri": "r", "scope": "openid", "trace_code": "T", "sid": "z", "claims": {},
        "auth_time": 1, "session_ends_at": 2, "issued_at": "2026-03-02T09:00:00Z",
    }

    found = records.decode(b"2" + json.dumps(stored).encode())

    assert found is not None
    assert found.key_owner == HUB
