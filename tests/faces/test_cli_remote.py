"""The same commands on a hub elsewhere: over the management API with a token, to the same words and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from broker import opening
from broker.cli.remote import RemoteCaller, address_of, query_of, read_token
from broker.domain.access_errors import StaleVersion
from broker.domain.errors import BrokerError, ConfigurationError, Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import Verb
from broker.services.operations.connectors import OneConnector
from broker.services.operations.table import BY_NAME
from broker.services.operations.tenants import ChangeTenant, ListTenants, OneTenant
from tests.faces.conftest import Cli, command_line
from tests.support import pages
from tests.support.api import token
from tests.support.hub import ME, Hub
from tests.support.saml_idp import SmallIdp, key_pair
from tests.support.servers import Served


@pytest.fixture
def served(hub: Hub) -> Iterator[str]:
    with Served("127.0.0.1") as server:
        server.start(hub.app)
        yield server.url


@pytest.fixture
def remote(hub: Hub, served: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line of a machine that has nothing of the hub but its address and a token."""

    def nothing_here(*_: Any) -> NoReturn:
        raise AssertionError("a remote command opened the hub here")

    monkeypatch.setattr(opening, "open_hub", nothing_here)
    monkeypatch.setenv("VESTIBULE_SERVER", served)
    monkeypatch.setenv("VESTIBULE_TOKEN", token(hub))
    return command_line


# --- what people do, over the network ---------------------------------------------------------------------------------


def test_a_customer_is_connected_from_elsewhere(remote: Cli, hub: Hub, tmp_path: Path) -> None:
    idp = SmallIdp("https://idp.acme.example/saml", key_pair("idp"))
    (tmp_path / "idp.xml").write_bytes(idp.metadata())

    added = remote("tenant", "add", "acme", "--name", "Acme", "--domain", "acme.example").output
    renamed = remote("tenant", "add", "acme", "--name", "Acme Corporation", "--domain", "acme.example").output
    looked = remote("connector", "import-metadata", tmp_path / "idp.xml").output
    saved = remote("connector", "import-metadata", tmp_path / "idp.xml", "--tenant", "acme", "--slug", "sso", "--yes", "--enable").output
    off = remote("connector", "enable", "acme", "sso", "--off").output
    sheet = remote("connector", "sheet", "acme", "sso").output
    app = remote("application", "add", "wiki", "--name", "W", "--protocol", "oidc", "--all-tenants", "--redirect-uri", "https://w.example/cb").output
    link = remote("setup-link", "acme", "--days", "3")
    listed = remote("tenant", "list").output

    assert "+ domain acme.example created" in added
    assert "name: Acme → Acme Corporation" in renamed
    assert "domain" not in renamed, "what is there already is not touched"
    assert "Nothing was saved." in looked
    assert "+ connector sso created" in saved
    assert "enabled: True → False" in off
    assert hub.built.connectors.get(hub.built.tenants.get("acme").id, "sso").id in sheet
    assert "client secret" in app
    assert hub.browser().open(link.stdout.strip()).status_code == 200
    assert "Acme Corporation  on     acme.example  sso (saml, off)" in listed


def test_a_login_is_explained_from_elsewhere(remote: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    browser = hub.browser()
    failed = idp.authenticate(browser, browser.open(app.login_url()), audience="https://somebody.else")

    said = remote("trace", pages.reference_code(failed.get_data())).output

    assert "✗ saml.audience" in said
    assert "what to do: " in said


def test_configuration_is_exported_compared_and_applied_from_elsewhere(
    remote: Cli, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    app = hub.oidc_app("wiki")
    monkeypatch.setenv("WIKI_CLIENT_SECRET", app.secret)
    file = tmp_path / "federation.yaml"
    file.write_text(remote("export").stdout)
    (tmp_path / "new.xml").write_bytes(SmallIdp("https://idp.globex.example", key_pair("idp")).metadata())
    globex = "  - {slug: globex, name: Globex, connectors: [{slug: sso, type: saml, name: G, metadata: {file: new.xml}}]}\n"

    same = remote("diff", "-f", file).output
    file.write_text(file.read_text().replace("applications:\n", globex + "applications:\n"))
    different = remote("diff", "-f", file, code=1).output
    done = remote("apply", "-f", file).output

    assert same == "No difference.\n"
    assert "+ connector sso created" in different
    assert "Done: 2 created, 4 unchanged." in done
    assert hub.built.connectors.all(hub.built.tenants.get("globex").id)[0].settings.entity_id == "https://idp.globex.example"


def test_pages_are_walked_and_json_is_what_the_api_says(remote: Cli, hub: Hub) -> None:
    for number in range(3):
        hub.tenant(f"tenant-{number}")

    listed = json.loads(remote("tenant", "list", "--limit", 1, "--all", "--json").stdout)

    assert [item["slug"] for item in listed["items"]] == ["tenant-0", "tenant-1", "tenant-2"]
    told = msgspec.json.encode(hub.built.operations.run(ME, "tenant.show", OneTenant("tenant-1")))
    assert json.loads(remote("tenant", "show", "tenant-1", "--json").stdout) == json.loads(told)


# --- the same refusals ------------------------------------------------------------------------------------------------

REFUSED: list[tuple[str, tuple[str, ...]]] = [
    ("an unknown tenant", ("tenant", "show", "nobody")),
    ("an unknown connector", ("connector", "enable", "acme", "nothing")),
    ("a bad slug", ("tenant", "add", "ACME", "--name", "x")),
    ("a bad domain", ("tenant", "add", "acme", "--name", "x", "--domain", "no domain")),
    ("another version", ("tenant", "save", "acme", "--name", "x", "--if-version", "9")),
    ("a wrong rule", ("tenant", "save", "acme", "--acceptance-rules", '[{"template": "magic"}]')),
    ("days out of range", ("setup-link", "acme", "--days", "91")),
    ("a page too large", ("tenant", "list", "--limit", "100000")),
    ("an unknown trace", ("trace", "ABCD-EFGH-JK")),
    ("an unknown address", ("trace", "nobody@nowhere.example")),
    ("a private address", ("connector", "import-metadata", "http://10.0.0.1/metadata")),
]


@pytest.mark.parametrize("arguments", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refusals_are_the_same_sentences_here_and_there(
    remote: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    hub.tenant("acme")
    there = remote(*arguments, code=1)

    monkeypatch.delenv("VESTIBULE_SERVER")
    monkeypatch.setattr(opening, "open_hub", lambda *_: hub.built)
    here = command_line(*arguments, code=1)

    first, *more = here.stderr.splitlines()
    assert there.stderr.splitlines()[0] == first
    assert all(line.startswith("  cause: ") for line in more), "causes are for this machine; they do not travel"


def test_errors_come_back_as_what_they_are(hub: Hub, served: str) -> None:
    hub.tenant("acme")
    caller = RemoteCaller(served, token(hub))
    cases: list[tuple[str, Any, type[BrokerError]]] = [
        ("tenant.show", OneTenant("nobody"), UnknownObject),
        ("tenant.save", ChangeTenant("acme", name="x", expected_version=9), StaleVersion),
        ("tenant.save", ChangeTenant("acme", name=" "), InvalidSettings),
    ]
    for name, asked, kind in cases:
        with pytest.raises(kind) as refused:
            caller.call(name, asked)
        assert type(refused.value) is kind
    with pytest.raises(Forbidden):
        RemoteCaller(served, token(hub, verbs=frozenset({Verb.READ}))).call("tenant.save", ChangeTenant("acme", name="x"))


def test_a_token_that_is_wrong_is_a_sentence(remote: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_TOKEN", "vst_wrong")

    assert "This access token is not valid." in remote("tenant", "list", code=1).stderr


# --- tokens and connections -------------------------------------------------------------------------------------------


def test_a_token_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VESTIBULE_TOKEN", raising=False)
    monkeypatch.delenv("VESTIBULE_TOKEN_FILE", raising=False)
    with pytest.raises(InvalidSettings, match="no token"):
        read_token()
    usual = tmp_path / ".config" / "vestibule" / "token"
    usual.parent.mkdir(parents=True)
    usual.write_text("vst_usual\n")
    assert read_token() == "vst_usual"
    (tmp_path / "named").write_text("vst_named\n")
    monkeypatch.setenv("VESTIBULE_TOKEN_FILE", str(tmp_path / "named"))
    assert read_token() == "vst_named"
    monkeypatch.setenv("VESTIBULE_TOKEN", "vst_given")
    assert read_token() == "vst_given"


@pytest.mark.parametrize("content", ["", "two words", "über", b"\xff\xfe"])
def test_a_file_without_a_token_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / "token").write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("VESTIBULE_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.delenv("VESTIBULE_TOKEN", raising=False)

    with pytest.raises(InvalidSettings) as refused:
        read_token()
    assert refused.value.field == "token"


@pytest.mark.parametrize(
    "address",
    ["http://sso.example.com", "http://10.0.0.1:8080", "ftp://sso.example.com", "sso.example.com", "https://", "https://me@sso.example.com", "https://sso.example.com?x=1", "http://localhost.evil.example"],
)  # fmt: skip
def test_a_token_travels_over_https_to_a_plain_address_only(address: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        RemoteCaller(address, "vst_x")
    assert refused.value.field == "server"


def _app(status: str, headers: dict[str, str], body: bytes, seen: list[dict[str, Any]]) -> Callable[..., Any]:
    def app(environment: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(environment)
        start_response(status, list(headers.items()))
        return [body]

    return app


ANSWERS: list[tuple[str, str, dict[str, str], bytes, str]] = [
    ("a redirect", "302 Found", {"Location": "https://evil.example/"}, b"", "status 302"),
    ("a page", "200 OK", {"Content-Type": "text/html"}, b"<h1>Hello", "Is this the address of a hub?"),
    ("something else in JSON", "200 OK", {"Content-Type": "application/json"}, b'{"items": 5}', "Is this the address of a hub?"),
    ("a proxy's error", "502 Bad Gateway", {"Content-Type": "text/html"}, b"bad", "status 502"),
    ("a problem that is none", "400 Bad Request", {"Content-Type": "application/problem+json"}, b'["x"]', "status 400"),
]


@pytest.mark.parametrize(("status", "headers", "body", "said"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_what_is_no_hub_is_a_sentence(status: str, headers: dict[str, str], body: bytes, said: str) -> None:
    seen: list[dict[str, Any]] = []
    with Served() as server:
        server.start(_app(status, headers, body, seen))
        with pytest.raises(ConfigurationError) as refused:
            RemoteCaller(server.url, "vst_x").call("tenant.list", ListTenants())
    assert said in refused.value.sentence
    assert len(seen) == 1, "redirects are not followed"
    assert seen[0]["HTTP_AUTHORIZATION"] == "Bearer vst_x"


def test_proxies_and_passwords_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password hush\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Served() as server:
        server.start(_app("200 OK", {"Content-Type": "application/json"}, b'{"items": [], "next": ""}', seen))
        RemoteCaller(server.url, "vst_x").call("tenant.list", ListTenants())
    assert seen[0]["HTTP_AUTHORIZATION"] == "Bearer vst_x"


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with Served() as server:
        address = server.url
    with pytest.raises(ConfigurationError, match="does not answer"):
        RemoteCaller(address, "vst_x").call("tenant.list", ListTenants())


def test_names_are_encoded_into_the_path_and_lists_repeat_in_the_query() -> None:
    values = {"tenant": "a/b", "connector": "c?d#e ü"}
    assert address_of(BY_NAME["connector.show"], values) == "/api/v1/tenants/a%2Fb/connectors/c%3Fd%23e%20%C3%BC"
    assert query_of({"a": ["x", "y"], "b": True, "c": None, "d": 3}) == [("a", "x"), ("a", "y"), ("b", "true"), ("d", "3")]


def test_a_name_cannot_leave_its_place_in_the_path(hub: Hub, served: str) -> None:
    hub.tenant("acme")
    caller = RemoteCaller(served, token(hub))
    for name in ("..", "../acme", "acme/connectors/x", "%2e%2e", ""):
        with pytest.raises(BrokerError):
            caller.call("connector.show", OneConnector("acme", name))


# --- the machine's own commands, and a real process -------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("init",), ("migrate",), ("run",), ("demo",), ("doctor",), ("upkeep",), ("master-key", "status")])
def test_care_of_an_installation_is_for_its_own_machine(arguments: tuple[str, ...]) -> None:
    refused = command_line("--server", "https://sso.example.com", *arguments, code=2)

    assert "works on the hub's own machine only" in refused.output


def test_a_process_speaks_to_a_hub(hub: Hub, served: str, tmp_path: Path) -> None:
    hub.tenant("acme")
    (tmp_path / "token").write_text(token(hub))
    environment = {**os.environ, "VESTIBULE_TOKEN_FILE": str(tmp_path / "token"), "VESTIBULE_STATE_DIR": str(tmp_path / "none")}
    command = [sys.executable, "-m", "broker", "--server", served]

    listed = subprocess.run([*command, "tenant", "list"], env=environment, capture_output=True, text=True, timeout=60, check=True)
    refused = subprocess.run([*command, "tenant", "show", "x"], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert listed.stdout.startswith("tenant  name  state")
    assert (refused.returncode, refused.stderr) == (1, "Refused (tenant): There is no tenant 'x'.\n")
    assert not (tmp_path / "none").exists(), "nothing is made here"
