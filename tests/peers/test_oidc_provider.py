"""oidc-provider (npm) as an OpenID provider behind the hub, with its own development pages for login and consent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from broker.domain.errors import BrokerError
from broker.services.connectors import SaveConnector
from tests.peers.nodejs import install, node_program
from tests.support import pages
from tests.support.hub import ME
from tests.support.people import Browser, Visited, choose_home_realm
from tests.support.ports import free_port
from tests.support.servers import LiveHub

pytestmark = pytest.mark.peer("oidc-provider")

SECRET = "upstream-secret-" + "u" * 32
PEOPLE = {
    "u-4711": {
        "email": "ann@acme.example", "email_verified": True, "name": "Ann Archer", "given_name": "Ann", "family_name": "Archer"
    }
}  # fmt: skip
Connect = Callable[..., str]


def signing_keys() -> list[dict[str, Any]]:
    keys = (RSAKey.generate_key(2048, {"use": "sig", "kid": "rsa"}), ECKey.generate_key("P-256", {"use": "sig", "kid": "ec"}))
    return [dict(key.as_dict(private=True)) for key in keys]


@pytest.fixture
def connect(hub: LiveHub, tmp_path: Path) -> Iterator[Connect]:
    """`connect(**client metadata)`: a tenant whose people sign in there; the provider's issuer."""
    install()
    with ExitStack() as stack:

        def make(*, id_token_says_all: bool = False, settings: dict[str, Any] | None = None, **client: Any) -> str:
            port = free_port()
            issuer = f"http://127.0.0.1:{port}"
            tenant = hub.tenant("acme", "acme.example")
            draft = hub.built.connectors.draft(ME, tenant, "op", "oidc", "oidc-provider")
            registration = {
                "client_id": "vestibule", "client_secret": SECRET, "response_types": ["code"],
                "redirect_uris": [f"{hub.url}/upstream/{draft.id}/callback"], **client,
            }  # fmt: skip
            if registration.get("token_endpoint_auth_method") == "none":
                del registration["client_secret"]
            stack.enter_context(
                node_program(
                    "oidc_provider.mjs",
                    {
                        "port": port, "issuer": issuer, "client": registration, "people": PEOPLE, "keys": signing_keys(),
                        "conform_id_token_claims": not id_token_says_all,
                    },
                    tmp_path,
                )
            )  # fmt: skip
            values = {
                "issuer": issuer,
                "client_id": "vestibule",
                "client_secret": registration.get("client_secret", ""),
                **(settings or {}),
            }
            hub.built.connectors.save(ME, SaveConnector(tenant, "op", "oidc", "oidc-provider", values, enabled=True))
            return issuer

        yield make


def sign_in(browser: Browser, page: Visited, login: str = "u-4711") -> Visited:
    """Its login page takes any password; consent follows the first time."""
    page = choose_home_realm(browser, page, "ann@acme.example")
    form = next((form for form in pages.forms(page.text, page.url) if "login" in form.fields), None)
    assert form is not None, page.says()
    page = browser.submit(form, login=login, password="anything")
    if "/interaction/" in page.url:
        page = browser.submit(page.form())
    return page


@pytest.mark.parametrize("id_token_says_all", [False, True])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_person_signs_in(
    connect: Connect, application: str, browser: Browser, method: str, id_token_says_all: bool
) -> None:
    connect(
        id_token_says_all=id_token_says_all,
        token_endpoint_auth_method=method,
        settings={"token_endpoint_auth_method": method},
    )

    page = sign_in(browser, browser.open(f"{application}/login"))

    assert page.status == 200, page.says()
    told = page.json()["userinfo"]
    assert told["email"] == "ann@acme.example"
    assert told["given_name"] == "Ann"


def test_id_tokens_signed_with_an_elliptic_curve_are_verified(
    connect: Connect, application: str, browser: Browser
) -> None:
    connect(id_token_signed_response_alg="ES256")

    assert sign_in(browser, browser.open(f"{application}/login")).status == 200


def test_the_subject_stays_and_fresh_authentication_is_proved(
    connect: Connect, application: str, browser: Browser
) -> None:
    connect()
    first = sign_in(browser, browser.open(f"{application}/login")).json()

    again = sign_in(browser, browser.open(f"{application}/login?prompt=login")).json()

    assert again["claims"]["sub"] == first["claims"]["sub"]
    assert again["claims"]["auth_time"] >= first["claims"]["auth_time"]


def test_a_login_hint_of_the_application_reaches_its_login_page(
    connect: Connect, application: str, browser: Browser
) -> None:
    issuer = connect()

    page = browser.open(f"{application}/login?login_hint=ann@acme.example")

    assert page.url.startswith(issuer)
    assert 'value="ann@acme.example"' in page.text, page.says()


def test_whoever_cancels_there_may_return_to_the_application(
    hub: LiveHub, connect: Connect, application: str, browser: Browser
) -> None:
    issuer = connect()
    page = choose_home_realm(browser, browser.open(f"{application}/login"), "ann@acme.example")
    abort = pages.links(page.text, page.url)["[ Cancel ]"]

    refused = browser.open(abort)
    told = browser.submit(refused.form("/return"))

    assert abort.startswith(issuer)
    assert refused.url.startswith(hub.url), refused.says()
    assert told.json()["error"] == "access_denied"


def test_a_passive_request_passes_through_and_comes_back_as_login_required(
    connect: Connect, application: str, browser: Browser
) -> None:
    issuer = connect(settings={"forward_passive": True})

    page = browser.open(f"{application}/login?prompt=none")

    assert any(address.startswith(issuer) for address in page.chain), page.says()
    assert page.json()["error"] == "login_required"


def test_a_wrong_issuer_is_noticed_before_anything_is_saved(hub: LiveHub, connect: Connect) -> None:
    issuer = connect()
    command = SaveConnector(
        hub.tenants["acme"], "second", "oidc", "Second",
        {"issuer": f"{issuer}/", "client_id": "vestibule", "client_secret": SECRET}, enabled=True,
    )  # fmt: skip

    with pytest.raises(BrokerError):
        hub.built.connectors.save(ME, command)

    assert hub.built.connectors.find(hub.tenants["acme"], "second") is None
