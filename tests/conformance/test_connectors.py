"""Every connector type runs the conformance suite: the built-in ones, and the example through a real entry point."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.domain.errors import InvalidSettings
from broker.services.connectors import SaveConnector
from connectors import registry
from connectors.contract import ConnectorType
from connectors.entra.saml import OBJECT_ID, TENANT_ID
from tests.conformance.connectors import BEHAVIOUR, DECLARATION, Answer, Partner, Stage
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, Deviation, OpenIdProvider
from tests.support.partners import OidcSide, form_of

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "vestibule-connector-example"
DIRECTORY = "72f988bf-86f1-41af-91ab-2d7cd011db47"
PERSON = "00000000-0000-0000-0000-000000000001"


class SamlPartner:
    """A SAML identity provider, known by its metadata."""

    email = "ann@acme.example"

    def __init__(self, type_name: str, **attributes: list[str]) -> None:
        self.type_name = type_name
        self.attributes = {"email": [self.email], **attributes}

    def connect(self, hub: Hub) -> str:
        self.side = hub.saml_idp("acme", type=self.type_name)
        return self.side.connector_id

    def answer(self, response: TestResponse) -> Answer:
        xml, relay_state = self.side.answer_to(response, attributes=self.attributes)
        return Answer("POST", self.side.acs, self.side.idp.form(xml, relay_state))


class OidcPartner:
    """An OpenID provider, known by issuer, client id and secret. `settings_of` and `deviation_of` make it a vendor's."""

    email = "ada@acme.example"

    def __init__(
        self,
        type_name: str,
        settings_of: Callable[[OpenIdProvider], dict[str, Any]],
        deviation_of: Callable[[OpenIdProvider], Deviation] = lambda _op: Deviation(),
    ) -> None:
        self.type_name, self.settings_of, self.deviation_of = type_name, settings_of, deviation_of

    def connect(self, hub: Hub) -> str:
        side = OidcSide(hub)
        self.op = hub._stack.enter_context(side.op)
        self.op.deviation = self.deviation_of(self.op)
        settings = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **self.settings_of(self.op)}
        command = SaveConnector(hub.tenants["acme"], "op", self.type_name, "Acme", settings, enabled=True)
        connector_id = hub.built.connectors.save(ME, command).object_id
        self.op.redirect_uri = f"{PUBLIC_URL}/upstream/{connector_id}/callback"
        return connector_id

    def answer(self, response: TestResponse) -> Answer:
        return Answer("GET", self.op.redirect_uri, tuple(self.op.visit(response.headers["Location"]).items()))


class BadgePartner:
    """Somebody with a badge."""

    type_name = "example-badge"
    email = "ann.archer@acme.example"
    key = "k" * 40

    def connect(self, hub: Hub) -> str:
        settings = {"key": self.key, "domain": "acme.example"}
        command = SaveConnector(hub.tenants["acme"], "badge", self.type_name, "Acme badges", settings, enabled=True)
        return hub.built.connectors.save(ME, command).object_id

    def answer(self, response: TestResponse) -> Answer:
        from example_badge.connector import code_of

        action, hidden = form_of(response)
        return Answer("POST", action, (*hidden.items(), ("name", "ann.archer"), ("password", code_of(self.key, "ann.archer"))))


def entra(op: OpenIdProvider) -> Deviation:
    issuer = f"{op.issuer}/{DIRECTORY}/v2.0"
    return Deviation(
        discovery=lambda good: {**good, "issuer": issuer, "authorization_response_iss_parameter_supported": False},
        claims=lambda good: {**good, "iss": issuer, "tid": DIRECTORY, "oid": PERSON},
        callback=lambda good: {name: value for name, value in good.items() if name != "iss"},
    )


PARTNERS: dict[str, Callable[[], Partner]] = {
    **{name: lambda name=name: SamlPartner(name) for name in ("saml", "adfs", "google-saml", "okta", "onelogin", "ping")},
    "entra-saml": lambda: SamlPartner("entra-saml", **{OBJECT_ID: [PERSON], TENANT_ID: [DIRECTORY]}),
    "oidc": lambda: OidcPartner("oidc", lambda op: {"issuer": op.issuer}),
    "entra-oidc": lambda: OidcPartner("entra-oidc", lambda op: {"tenant": DIRECTORY, "site": op.issuer}, entra),
    "google-oidc": lambda: OidcPartner(
        "google-oidc",
        lambda op: {"issuer": op.issuer, "hosted_domains": ["acme.example"]},
        lambda _op: Deviation(claims=lambda good: {**good, "hd": "acme.example"}),
    ),
    "example-badge": BadgePartner,
}


def forget_types() -> None:
    registry._third_party.cache_clear()
    registry.connector_type.cache_clear()


@pytest.fixture(scope="session")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, built and installed by pip into a folder of its own."""
    source, site = tmp_path_factory.mktemp("example") / "source", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("*.egg-info", "build", "__pycache__"))
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, timeout=120)
    return site


@pytest.fixture
def example(example_site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The hub's environment while the example is installed."""
    monkeypatch.syspath_prepend(str(example_site))
    importlib.invalidate_caches()
    forget_types()
    yield
    forget_types()
    for name in [name for name in sys.modules if name.partition(".")[0] == "example_badge"]:
        del sys.modules[name]


@pytest.fixture
def partner(type_name: str, request: pytest.FixtureRequest) -> Partner:
    if type_name == BadgePartner.type_name:
        request.getfixturevalue("example")
    return PARTNERS[type_name]()


@pytest.fixture
def kind(type_name: str, partner: Partner) -> ConnectorType:
    return registry.connector_type(type_name)


@pytest.mark.parametrize("type_name", PARTNERS)
@pytest.mark.parametrize("check", DECLARATION, ids=lambda check: check.__name__)
def test_given_a_type_when_it_describes_itself_then(check: Callable[[ConnectorType], None], kind: ConnectorType) -> None:
    check(kind)


@pytest.mark.parametrize("type_name", PARTNERS)
@pytest.mark.parametrize("check", BEHAVIOUR, ids=lambda check: check.__name__)
def test_given_a_connector_when_a_person_signs_in_then(check: Callable[[Stage], None], partner: Partner, hub: Hub) -> None:
    check(Stage.of(hub, partner))


def test_given_every_built_in_type_then_it_runs_this_suite() -> None:
    assert set(registry.BUILT_IN) == set(PARTNERS) - {"example-badge"}
    assert all(registry.connector_type(name).name == name for name in registry.BUILT_IN)


@pytest.mark.usefixtures("example")
def test_given_an_installed_package_when_types_are_listed_then_its_own_is_among_them() -> None:
    assert registry.names()[-1] == "example-badge"
    assert registry.connector_type("example-badge").label == "Badge (example)"


def test_given_no_such_package_when_its_type_is_asked_for_then_the_known_ones_are_named() -> None:
    with pytest.raises(InvalidSettings) as refused:
        registry.connector_type("example-badge")
    assert refused.value.sentence.startswith("There is no connector type 'example-badge'. Known: saml, ")


@pytest.mark.parametrize("name, value", [("accept_unsigned_cbc", True), ("allow_sha1_until", "2026-12-31"), ("forward_force_authentication", False)])
def test_given_a_risk_when_it_is_taken_then_the_change_says_so(hub: Hub, name: str, value: object) -> None:
    hub.tenant("acme", "acme.example")
    side = hub.saml_idp("acme")
    command = SaveConnector(hub.tenants["acme"], "other", "saml", "Acme", {name: value}, metadata=side.idp.metadata())
    assert any(note.startswith(f"Risk accepted: {name}: ") for note in hub.built.connectors.save(ME, command).notes)


@pytest.mark.usefixtures("example")
def test_given_wrong_codes_when_typed_then_the_form_comes_again_and_after_five_the_login_ends(hub: Hub) -> None:
    """A prompt that goes on: `Continue` keeps what the connector expects, and the host keeps address and handle."""
    partner, browser = BadgePartner(), hub.browser()
    stage = Stage.of(hub, partner)
    page = browser.open(stage.app.login_url())
    for _ in range(4):
        action, hidden = form_of(page)
        page = browser.post(action, {**hidden, "name": "ann.archer", "password": "0" * 16})
        assert "This code does not belong to this name." in page.text
    assert stage.app.learn(browser.post(*_typed(partner.answer(page)))).status == "success"

    page = browser.open(stage.app.login_url(ForceAuthn="true"))
    for _ in range(5):
        action, hidden = form_of(page)
        page = browser.post(action, {**hidden, "name": "ann.archer", "password": "0" * 16})
    assert page.status_code == 403
    assert hub.trace(page).error_code == "upstream_refused"


def _typed(answer: Answer) -> tuple[str, dict[str, str]]:
    return answer.url, dict(answer.fields)
