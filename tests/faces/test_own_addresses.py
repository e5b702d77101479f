"""An application may have an issuer and entityID of its own (A15): the same people, the same subjects, and nobody else's requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import KeySet
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from broker.services.operations.applications import ShowSheet
from broker.services.operations.keys import ListKeys, OneOwner, PromoteKey
from tests.faces.test_key_rollover import Wiki, days, run
from tests.support import pages
from tests.support.clock import FixedClock
from tests.support.console import desk
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.partners import OidcApp, SamlApp, SamlSide, choose_home_realm


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path, FixedClock(datetime.now(UTC))) as made:
        made.tenant("acme", "acme.example")
        yield made


@pytest.fixture
def idp(hub: Hub) -> SamlSide:
    return hub.saml_idp("acme")


@pytest.fixture
def mail(hub: Hub) -> OidcApp:
    return hub.oidc_app("mail")


@pytest.fixture
def wiki(hub: Hub) -> SamlApp:
    return hub.saml_app("wiki")


def at_its_own(hub: Hub, slug: str) -> OidcApp:
    """The same client, configured with the application's own issuer."""
    app = OidcApp(hub, slug)
    app.base = lambda tenant: f"{PUBLIC_URL}/a/{slug}"  # type: ignore[method-assign, misc, assignment]
    return app


class OwnWiki(Wiki):
    """python3-saml at the application's own address."""

    def read_metadata(self) -> None:
        self.document = self.hub.browser().open("/a/wiki/saml/metadata").data
        self.idp = OneLogin_Saml2_IdPMetadataParser.parse(self.document)["idp"]
        real, asked = self.app.login_url, f"{PUBLIC_URL}/a/wiki/saml/sso"
        self.app = SamlApp(self.hub, "wiki")
        self.app.login_url = lambda **more: real().replace(f"{PUBLIC_URL}/saml/sso", asked)  # type: ignore[method-assign]


# --- OpenID Connect ---------------------------------------------------------------------------------------------------


def test_discovery_names_the_applications_own_issuer_byte_for_byte(hub: Hub, mail: OidcApp) -> None:
    found = json.loads(hub.browser().open("/a/mail/.well-known/openid-configuration").data)

    assert found["issuer"] == f"{PUBLIC_URL}/a/mail"
    assert all(found[name].startswith(f"{PUBLIC_URL}/a/mail/") for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"))


def test_a_person_is_the_same_at_all_of_an_applications_issuers(hub: Hub, idp: SamlSide, mail: OidcApp) -> None:
    own, browser = at_its_own(hub, "mail"), hub.browser()

    common = mail.sign_in(browser, idp)
    response = browser.open(own.login_url())
    assert response.status_code == 302, "the browser's session is good there too"
    learned = own.learn(response)

    assert learned.claims["iss"] == [f"{PUBLIC_URL}/a/mail"]
    assert (learned.subject, learned.tenant) == (common.subject, common.tenant)


def test_a_code_of_one_issuer_is_worth_nothing_at_another(hub: Hub, idp: SamlSide, mail: OidcApp) -> None:
    own, browser = at_its_own(hub, "mail"), hub.browser()
    response = choose_home_realm(browser, browser.open(own.login_url()), idp.email)
    code = own.callback(idp.authenticate(browser, response))["code"]
    mail.verifier = own.verifier

    assert mail.redeem(code).status_code == 400
    tokens = own.redeem(code)
    assert tokens.status_code == 200
    bearer = {"Authorization": f"Bearer {tokens.get_json()['access_token']}"}
    assert mail.machine.get("/oauth2/userinfo", base_url=PUBLIC_URL, headers=bearer).status_code == 401
    assert mail.machine.get("/a/mail/oauth2/userinfo", base_url=PUBLIC_URL, headers=bearer).status_code == 200


def test_another_application_is_refused_there_and_the_trace_says_why(hub: Hub, mail: OidcApp) -> None:
    other = hub.oidc_app("calendar")

    response = hub.browser().open(other.login_url().replace(f"{PUBLIC_URL}/oauth2", f"{PUBLIC_URL}/a/mail/oauth2"))

    assert response.status_code == 400
    assert "Location" not in response.headers
    trace = hub.trace(response)
    assert [event.name for event in trace.events if event.passed is False] == ["application.address"]
    assert trace.error_code == "unknown_application"


# --- SAML -------------------------------------------------------------------------------------------------------------


def test_an_application_with_an_entity_id_of_its_own_is_answered_under_it(hub: Hub, idp: SamlSide, wiki: SamlApp) -> None:
    own = OwnWiki(hub, wiki)

    assert own.sign_in(hub.browser(), idp) == [], "python3-saml, strict, believes the answer"
    assert own.idp["entityId"] == f"{PUBLIC_URL}/a/wiki/saml/metadata"
    assert own.idp["singleSignOnService"]["url"] == f"{PUBLIC_URL}/a/wiki/saml/sso"


def test_another_saml_application_is_refused_there(hub: Hub, wiki: SamlApp) -> None:
    other = hub.saml_app("intranet")

    response = hub.browser().open(other.login_url().replace("/saml/sso", "/a/wiki/saml/sso"))

    assert response.status_code == 400
    assert [event.name for event in hub.trace(response).events if event.passed is False] == ["application.address"]


def test_a_request_that_says_it_goes_elsewhere_is_refused(hub: Hub, wiki: SamlApp) -> None:
    """SAML Core 3.2.1: Destination is the address where the message arrived."""
    asked = wiki.login_url(Destination=f"{PUBLIC_URL}/saml/sso").replace(f"{PUBLIC_URL}/saml/sso?", f"{PUBLIC_URL}/a/wiki/saml/sso?")

    response = hub.browser().open(asked)

    assert [event.name for event in hub.trace(response).events if event.passed is False] == ["saml.destination"]


@pytest.mark.parametrize(
    "path",
    [
        "/a/nobody/saml/metadata",
        "/a/nobody/.well-known/openid-configuration",
        "/a/mail/saml/metadata",
        "/a/wiki/.well-known/openid-configuration",
        "/a/wiki/oauth2/jwks",
        "/a/console/saml/metadata",
        "/a/account/.well-known/openid-configuration",
        "/a//saml/metadata",
    ],
)
def test_there_is_nothing_where_no_application_speaks_that_protocol(hub: Hub, mail: OidcApp, wiki: SamlApp, path: str) -> None:
    assert hub.browser().open(path).status_code == 404


def test_an_application_that_is_switched_off_is_refused_with_the_reason(hub: Hub, idp: SamlSide) -> None:
    app = hub.saml_app("wiki", enabled=False)
    own = OwnWiki(hub, app)

    response = hub.browser().open(own.app.login_url())

    assert own.document, "its developer may read the metadata before"
    assert (response.status_code, hub.trace(response).error_code) == (403, "disabled")


# --- keys of its own --------------------------------------------------------------------------------------------------


def test_an_applications_own_key_signs_at_its_own_address_only(hub: Hub, idp: SamlSide, wiki: SamlApp) -> None:
    own, common = OwnWiki(hub, wiki), Wiki(hub, wiki)
    days(hub, -15)
    run(hub, "own_keys.begin", OneOwner("application:wiki"))
    (key,) = run(hub, "key.list", ListKeys("application:wiki")).items
    assert (key.use, key.published_at) == ("saml_signing", f"{PUBLIC_URL}/a/wiki/saml/metadata")
    own.read_metadata()
    days(hub, 15)
    assert own.sign_in(hub.browser(), idp) == []
    run(hub, "key.promote", PromoteKey(key.key))
    assert own.sign_in(hub.browser(), idp) == []

    certificate = "".join(key.certificate.split("-----")[2].split())
    own.idp = {**own.idp, "x509cert": certificate}
    own.idp.pop("x509certMulti", None)
    assert own.sign_in(hub.browser(), idp) == [], "its own key signs"
    assert common.sign_in(hub.browser(), idp) == [], "and elsewhere the hub's does"
    root = etree.fromstring(hub.browser().open("/saml/metadata").data)
    assert certificate not in "".join("".join(root.itertext()).split())


def test_an_openid_application_gets_both_of_its_keys(hub: Hub, idp: SamlSide, mail: OidcApp) -> None:
    run(hub, "own_keys.begin", OneOwner("application:mail"))
    days(hub, 2)
    hub.built.upkeep.run()
    own = {key.name for key in run(hub, "key.list", ListKeys("application:mail")).items if key.state == "active"}
    days(hub, 2)
    hub.built.upkeep.run()

    published = KeySet.import_key_set(hub.browser().open("/a/mail/oauth2/jwks").get_json())
    assert {key.kid for key in published.keys} == own
    assert len(own) == 2
    assert own.isdisjoint(key["kid"] for key in hub.browser().open("/oauth2/jwks").get_json()["keys"])
    assert at_its_own(hub, "mail").sign_in(hub.browser(), idp).status == "success"


# --- what its developer is told ---------------------------------------------------------------------------------------


def test_the_sheet_shows_the_applications_own_addresses(hub: Hub, mail: OidcApp, wiki: SamlApp) -> None:
    assert run(hub, "application.sheet", ShowSheet("mail", own=True)).issuer == f"{PUBLIC_URL}/a/mail"
    sheet = run(hub, "application.sheet", ShowSheet("wiki", own=True))
    assert sheet.issuer == f"{PUBLIC_URL}/a/wiki/saml/metadata"
    assert all("/a/wiki/" in snippet.text for snippet in sheet.snippets)


def test_its_page_says_when_to_use_which(hub: Hub, mail: OidcApp) -> None:
    owner = desk(hub)
    page = owner.page("/console/applications/mail")
    assert "Right for most" in page
    address: Any = pages.links(page)["Addresses of its own"]

    assert f"{PUBLIC_URL}/a/mail" in owner.page(str(address).partition("#")[0])


# --- hosts of a tenant's own ------------------------------------------------------------------------------------------


def test_at_a_tenants_host_its_own_key_signs_and_no_application_has_an_address(hub: Hub, idp: SamlSide, mail: OidcApp) -> None:
    """Which key signs is told by the address, and a tenant's host is the tenant's."""
    run(hub, "own_keys.begin", OneOwner("tenant:acme"))
    days(hub, 2)
    hub.built.upkeep.run()
    days(hub, 2)
    hub.built.upkeep.run()
    base = hub.host("acme", "acme.localhost")  # last: nobody answers there, and a host without proof stops by the clock
    own = {key.name for key in run(hub, "key.list", ListKeys("tenant:acme")).items if key.use == "oidc_signing"}
    client = hub.browser().client

    def keys_at(address: str) -> set[str]:
        return {key["kid"] for key in client.get("/oauth2/jwks", base_url=address).get_json()["keys"]}

    assert keys_at(base) == own
    assert "Host" in client.get("/oauth2/jwks", base_url=base).headers["Vary"], "no cache may take one for the other"
    assert keys_at(PUBLIC_URL).isdisjoint(own)
    assert client.get("/a/mail/.well-known/openid-configuration", base_url=base).status_code == 404
    assert client.get("/a/mail/.well-known/openid-configuration", base_url=PUBLIC_URL).status_code == 200
