"""The set-up page: its walk, its forms, and that nothing typed is lost or echoed where it must not be."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.domain.errors import AddressRefused, Conflict, InvalidMetadata, InvalidSettings, InvalidSetupLink
from broker.portal import views
from broker.portal.face import PortalFace
from connectors.contract import SetupSheet, SetupStep
from tests.support import pages
from tests.unit.web.conftest import RecordingTraces

SHEET = SetupSheet("Sheet", (SetupStep("Address", "https://sso.example/x"), SetupStep("Rules", "a\n<b>", "Paste.", multiline=True)))


@dataclass(frozen=True)
class ShownConnector:
    name: str = "AD FS"
    type: str = "adfs"
    label: str = "Microsoft AD FS"
    protocol: str = "saml"
    enabled: bool = False
    ready: bool = False
    understood: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sheet: SetupSheet = SHEET


@dataclass(frozen=True)
class ShownState:
    tenant_name: str = "Initech <Industries>"
    expires_at: datetime = datetime(2026, 12, 5, tzinfo=UTC)
    connector: ShownConnector | None = None
    domains: tuple[tuple[str, str], ...] = (("initech.example", "operator"),)
    kinds: tuple[tuple[str, str, str], ...] = (("saml", "SAML 2.0", "saml"), ("adfs", "Microsoft AD FS", "saml"))


@dataclass
class Service:
    """A set-up service in memory; `fail` is raised by the next change."""

    state: ShownState = field(default_factory=ShownState)
    fail: Exception | None = None
    calls: list[tuple[object, ...]] = field(default_factory=list)

    def open(self, token: str) -> ShownState:
        if token != "good":
            raise InvalidSetupLink(cause="unknown")
        return self.state

    def choose_kind(self, token: str, kind: str) -> ShownState:
        return self._change("kind", kind, replace(self.state, connector=ShownConnector(type=kind)))

    def upload_metadata(self, token: str, document: bytes) -> ShownState:
        return self._change("upload", document, self.state)

    def fetch_metadata(self, token: str, url: str) -> ShownState:
        return self._change("fetch", url, self.state)

    def enter_oidc(self, token: str, fields: dict[str, str]) -> ShownState:
        return self._change("oidc", fields, self.state)

    def enable(self, token: str) -> ShownState:
        return self._change("enable", None, self.state)

    def disable(self, token: str) -> ShownState:
        return self._change("disable", None, self.state)

    def _change(self, name: str, value: object, after: ShownState) -> ShownState:
        self.calls.append((name, value))
        if self.fail is not None:
            raise self.fail
        self.state = after
        return after


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def visitor(make_app: Callable[..., Flask], service: Service) -> FlaskClient:
    app = make_app()
    app.register_blueprint(views.blueprint(PortalFace(service)))
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


def _form(visitor: FlaskClient, ending: str) -> pages.Form:
    return pages.form_to(visitor.get("/setup/good").data, ending)


def _multipart(form: pages.Form, document: bytes) -> bytes:
    parts = [f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.fields.items()]
    file = '--limit\r\nContent-Disposition: form-data; name="metadata"; filename="F.xml"\r\n\r\n'
    return ("".join(parts) + file).encode() + document + b"\r\n--limit--\r\n"


def test_given_a_new_link_when_opened_then_only_the_first_step_has_a_form(visitor: FlaskClient) -> None:
    page = visitor.get("/setup/good")
    assert page.status_code == 200
    assert [form.action for form in pages.forms(page.data)] == ["/setup/good/kind"]
    assert "Initech &lt;Industries&gt;" in page.text
    assert page.text.index("Microsoft AD FS") < page.text.index("Another system<small>"), "known products first"


def test_given_a_link_that_does_not_exist_when_opened_then_404_and_no_token_on_the_trace(
    visitor: FlaskClient, traces: RecordingTraces
) -> None:
    answer = visitor.get("/setup/s3cret")
    assert answer.status_code == 404
    assert "set-up link" in pages.text(answer.data)
    assert traces.begun[0].path == "/setup/<token>"


def test_given_a_chosen_system_when_sent_then_redirect_and_the_next_steps(visitor: FlaskClient, service: Service) -> None:
    form = _form(visitor, "/kind").with_fields(kind="adfs")
    answer = visitor.post(form.action, data=form.fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://sso.example/setup/good#next")
    page = visitor.get("/setup/good")
    assert [form.action.rpartition("/")[2] for form in pages.forms(page.data)] == ["kind", "metadata", "metadata-address"]
    assert "a\n&lt;b&gt;" in page.text


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("enabled", [False, True])
def test_given_what_was_understood_when_shown_then_the_last_step_offers_the_one_switch(
    visitor: FlaskClient, service: Service, ready: bool, enabled: bool
) -> None:
    words = ("Understood <this>",) if ready else ()
    service.state = ShownState(connector=ShownConnector(ready=ready, enabled=enabled and ready, understood=words, warnings=words))
    actions = [form.action.rpartition("/")[2] for form in pages.forms(visitor.get("/setup/good").data)]
    assert ("enable" in actions) == (ready and not enabled)
    assert ("disable" in actions) == (ready and enabled)
    assert ("kind" in actions) == (not (ready and enabled))


def test_given_a_file_when_uploaded_then_the_service_gets_its_bytes(visitor: FlaskClient, service: Service) -> None:
    service.state = ShownState(connector=ShownConnector())
    form = _form(visitor, "/metadata")
    assert form.encoding == "multipart/form-data"
    answer = visitor.post(form.action, data={**form.fields, "metadata": (io.BytesIO(b"\xff\xfe<"), "F.xml")})
    assert answer.status_code == 302
    assert service.calls == [("upload", b"\xff\xfe<")]


@pytest.mark.parametrize(
    ("size", "status", "words"),
    [
        (0, 400, "Choose the metadata file first"),
        (1 << 20, 302, ""),
        ((1 << 20) + 1, 400, "larger than 1 MiB"),
        (3 << 20, 400, "larger than 1 MiB"),
    ],
)
def test_given_files_of_any_size_when_uploaded_then_a_sentence(
    visitor: FlaskClient, service: Service, size: int, status: int, words: str
) -> None:
    service.state = ShownState(connector=ShownConnector())
    form = _form(visitor, "/metadata")
    answer = visitor.post(form.action, data=_multipart(form, b"x" * size), content_type="multipart/form-data; boundary=limit")
    assert answer.status_code == status
    assert words in (pages.problem(answer.data) or "" if status == 400 else "")


@pytest.mark.parametrize(
    ("ending", "fields", "error", "sentence"),
    [
        ("/metadata-address", {"metadata_url": "http://10.0.0.1/m"}, AddressRefused("private"), "Upload the file instead"),
        ("/metadata-address", {"metadata_url": "https://x/m"}, InvalidMetadata("A web page.", problem="not_xml"), "A web page"),
        ("/metadata-address", {"metadata_url": " "}, None, "Enter the address"),
        ("/kind", {"kind": "adfs"}, Conflict("Switch it off first.", field="kind"), "Switch it off first"),
    ],
)
def test_given_a_refused_change_when_sent_then_said_at_the_field_with_everything_typed(
    visitor: FlaskClient, service: Service, ending: str, fields: dict[str, str], error: Exception | None, sentence: str
) -> None:
    service.state = ShownState(connector=ShownConnector())
    form = _form(visitor, ending).with_fields(**fields)
    service.fail = error
    answer = visitor.post(form.action, data=form.fields)
    assert answer.status_code in {400, 409}
    assert sentence in (pages.problem(answer.data) or "")
    if "metadata_url" in fields:
        assert pages.form_to(answer.data, ending).fields["metadata_url"] == fields["metadata_url"]


def test_given_openid_values_when_refused_then_kept_but_never_the_secret(visitor: FlaskClient, service: Service) -> None:
    service.state = ShownState(connector=ShownConnector(type="oidc", protocol="oidc", label="OpenID Connect"))
    typed = {"issuer": "https://op.example", "client_id": "me", "client_secret": "TOP-SECRET"}
    form = _form(visitor, "/oidc").with_fields(**typed)
    service.fail = InvalidSettings("There is no description at this address.", field="issuer")
    answer = visitor.post(form.action, data=form.fields)
    assert service.calls == [("oidc", typed)]
    assert "no description" in (pages.problem(answer.data) or "")
    assert "TOP-SECRET" not in answer.text
    again = pages.form_to(answer.data, "/oidc").fields
    assert (again["issuer"], again["client_id"], again["client_secret"]) == ("https://op.example", "me", "")


@pytest.mark.parametrize("action", ["kind", "metadata", "metadata-address", "oidc", "enable", "disable"])
@pytest.mark.parametrize("token", [None, "0" * 64])
def test_given_no_csrf_token_when_sent_then_nothing_changes(
    visitor: FlaskClient, service: Service, action: str, token: str | None
) -> None:
    service.state = ShownState(connector=ShownConnector(ready=True))
    visitor.get("/setup/good")
    data: dict[str, object] = {"kind": "adfs", "metadata_url": "https://x"} | ({"csrf": token} if token else {})
    if action == "metadata":
        data["metadata"] = (io.BytesIO(b"<x/>"), "F.xml")
    answer = visitor.post(f"/setup/good/{action}", data=data)
    assert answer.status_code == 403
    assert service.calls == []


def test_given_the_last_step_when_confirmed_then_switched_on(visitor: FlaskClient, service: Service) -> None:
    service.state = ShownState(connector=ShownConnector(ready=True, understood=("x",)))
    form = _form(visitor, "/enable").with_fields(sure="yes")
    assert visitor.post(form.action, data=form.fields).status_code == 302
    assert service.calls == [("enable", None)]
