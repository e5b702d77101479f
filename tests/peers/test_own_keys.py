"""Stock libraries, by HTTP, at an application's own address while it gets keys of its own: whoever re-reads sees no outage."""

from __future__ import annotations

from typing import Any

import pytest

from broker.services.applications import SaveApplication
from broker.services.operations.keys import ListKeys, OneOwner, PromoteKey
from tests.peers.authlib_app import AuthlibApp
from tests.peers.python3_saml_app import Python3SamlApp
from tests.support.hub import ME
from tests.support.people import Browser, choose_home_realm, pick
from tests.support.servers import LiveHub, Served

EMAIL = "alice@acme.example"


def promote(hub: LiveHub, owner: str) -> None:
    """Every announced key. Whoever has just read them need not be waited for."""
    for key in hub.built.operations.run(ME, "key.list", ListKeys(owner)).items:
        hub.built.operations.run(ME, "key.promote", PromoteKey(key.key, before_partners_know=True))


def begin(hub: LiveHub, owner: str) -> None:
    hub.built.operations.run(ME, "own_keys.begin", OneOwner(owner))


@pytest.mark.peer("python3-saml")
def test_python3_saml_follows_an_applications_own_keys(hub: LiveHub, acme: str, browser: Browser) -> None:
    app = hub.serve(Python3SamlApp)
    hub.built.applications.save(ME, SaveApplication("wiki", "Wiki", "saml", {}, metadata=app.metadata(), tenant_ids=None))
    metadata = f"{hub.url}/a/wiki/saml/metadata"

    def sign_in() -> dict[str, Any]:
        page = browser.open(f"{app.url}/login")
        page = page if page.url == f"{app.url}/acs" else pick(browser, choose_home_realm(browser, page, EMAIL))
        told: dict[str, Any] = page.json()
        assert told["authenticated"], told
        return told

    app.read_idp(metadata)
    assert app.settings["idp"]["entityId"] == metadata
    first = sign_in()
    begin(hub, "application:wiki")
    app.read_idp(metadata)
    sign_in()
    promote(hub, "application:wiki")

    last = sign_in()

    assert last["name_id"] == first["name_id"], "the same person under every key"


@pytest.mark.peer("authlib")
def test_authlib_follows_an_applications_own_keys(hub: LiveHub, acme: str, browser: Browser) -> None:
    with Served() as served:
        client = hub.oidc_client(f"{served.url}/callback", secret="own-keys-" + "s" * 32)
        issuer, owner = f"{hub.url}/a/peer", "application:peer"
        served.start(AuthlibApp(issuer, client, auth="client_secret_basic"))

        def sign_in() -> dict[str, Any]:
            page = browser.open(f"{served.url}/login")
            page = page if page.url.startswith(served.url) else pick(browser, choose_home_realm(browser, page, EMAIL))
            told: dict[str, Any] = page.json()
            return told

        first = sign_in()
        assert first["claims"]["iss"] == issuer
        begin(hub, owner)
        sign_in()
        promote(hub, owner)

        assert sign_in()["claims"]["sub"] == first["claims"]["sub"]
