"""mod_auth_openidc (Apache httpd) as an OpenID Connect application of the hub."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.peers.apache import Apache, variables
from tests.support.needs import needs
from tests.support.people import Browser, choose_home_realm, pick
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("mod_auth_openidc")

SECRET = "mod-auth-openidc-" + "s" * 32
CONFIGURATION = """
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID peer
{secret}
OIDCRedirectURI {url}/secret/callback
OIDCCryptoPassphrase 0123456789abcdef0123456789abcdef
OIDCScope "openid email profile"
OIDCPKCEMethod S256
{more}
<Location /secret>
    AuthType openid-connect
    Require valid-user
</Location>
"""


@pytest.fixture
def apache() -> Iterator[Apache]:
    needs("mod_auth_openidc")
    with Apache(("auth_openidc",)) as server:
        yield server


def connect(
    hub: LiveHub, apache: Apache, *, tenant: str | None = None, secret: str | None = SECRET, more: str = "", **settings: Any
) -> str:
    """The address of a protected page."""
    hub.oidc_client(f"{apache.url}/secret/callback", secret=secret, **settings)
    known = f"OIDCClientSecret {secret}" if secret else "OIDCProviderTokenEndpointAuth none"
    apache.start(CONFIGURATION.format(issuer=hub.issuer(tenant), url=apache.url, secret=known, more=more))
    return f"{apache.url}/secret/who.shtml"


def sign_in(browser: Browser, address: str) -> dict[str, str]:
    page = pick(browser, choose_home_realm(browser, browser.open(address), "alice@acme.example"))
    assert page.url == address, page.says()
    return variables(page.text)


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_protected_page_knows_who_reads_it(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser, method: str, tenant: str | None
) -> None:
    address = connect(
        hub,
        apache,
        tenant=tenant,
        token_endpoint_auth_method=method,
        more=f"OIDCProviderTokenEndpointAuth {method}",
    )

    told = sign_in(browser, address)

    assert told["OIDC_CLAIM_email"] == "alice@acme.example"
    assert told["OIDC_CLAIM_iss"] == hub.issuer(tenant)
    assert told["OIDC_CLAIM_tid"] == hub.tenants["acme"]
    assert told["REMOTE_USER"].startswith(told["OIDC_CLAIM_sub"] + "@")


def test_a_public_client_signs_in_with_pkce_alone(hub: LiveHub, acme: str, apache: Apache, browser: Browser) -> None:
    address = connect(hub, apache, secret=None)

    assert sign_in(browser, address)["OIDC_CLAIM_email"] == "alice@acme.example"


def test_the_code_may_arrive_by_form_post(hub: LiveHub, acme: str, apache: Apache, browser: Browser) -> None:
    address = connect(hub, apache, more="OIDCResponseMode form_post")

    assert sign_in(browser, address)["OIDC_CLAIM_email"] == "alice@acme.example"


def test_id_tokens_may_be_signed_with_an_elliptic_curve(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    address = connect(hub, apache, id_token_signed_response_alg="ES256", more="OIDCIDTokenSignedResponseAlg ES256")

    assert sign_in(browser, address)["OIDC_CLAIM_email"] == "alice@acme.example"


def test_prompt_none_without_a_session_tells_it_login_required(
    hub: LiveHub, acme: str, apache: Apache, browser: Browser
) -> None:
    # By form_post, because version 2.4.12 takes any query with `iss` (which RFC 9207 wants in errors too) and without
    # `code` for a login that somebody else starts (OpenID Connect Core 4).
    address = connect(hub, apache, more="OIDCAuthRequestParams prompt=none\nOIDCResponseMode form_post")

    page = browser.open(address)

    assert page.url == f"{apache.url}/secret/callback", page.says()
    print(page.says(), apache.errors())
    assert "login_required" in page.text + apache.errors()


def test_a_wrong_secret_opens_nothing(hub: LiveHub, acme: str, apache: Apache, browser: Browser) -> None:
    address = connect(hub, apache)
    hub.oidc_client(f"{apache.url}/secret/callback", secret="another-" + "s" * 32)

    page = pick(browser, choose_home_realm(browser, browser.open(address), "alice@acme.example"))

    assert page.url.startswith(f"{apache.url}/secret/callback?"), page.says()
    assert "OpenID Connect Provider error" in page.text
    assert "invalid_client" in apache.errors()
