"""Whatever arrives, at every address: a clean 4xx with a reference code, nothing of it said again, nobody called."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.domain.branding import Branding
from broker.services.branding_rules import read_image, read_style
from tests.protocol.bad_input import FORM, MARKER, PATH_PARTS, ROUTES, Sent, in_body, in_headers, in_query, messages
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub, query_of
from tests.support.partners import form_of
from tests.support.pictures import png

REFERENCE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{2}\b")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "\xc3\xa9")
MACHINE_METHODS = {"OPTIONS", "HEAD"}
SHOWN = {"/test/<report_id>", "/logout", "/account"} | {rule for rule in ROUTES if rule.startswith("/setup/") and "report_id" not in rule}
"""Pages that are shown whatever stands behind the question mark, as long as it can be read."""

ELSEWHERE = ("/console", "/api/", "/scim/")
"""Behind a door: `tests/faces/test_console_door.py`, `tests/faces/test_api_description.py` and `tests/attacks/test_directories.py`
walk these addresses."""

# --- who is called while a request is served --------------------------------------------------------------------------


class Watch:
    """Connections, name look-ups and programs that this process starts while `on`, as the interpreter sees them."""

    EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system"})

    def __init__(self) -> None:
        self.on, self.calls = False, []  # type: bool, list[str]
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in self.EVENTS:
            self.calls.append(f"{event} {arguments[1:]}")

    def __enter__(self) -> None:
        self.calls.clear()
        self.on = True

    def __exit__(self, *error: object) -> None:
        self.on = False


WATCH = Watch()


class World:
    """A hub with something real at every address, so that garbage gets past the first line."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("other", "other.example")
        idp, op = hub.saml_idp("acme"), hub.oidc_op("other")
        self.app, self.machine = hub.saml_app(), hub.oidc_app()
        self.objects = {"tenant": "acme", "connector": idp.connector_id, "oidc_connector": op.connector_id}
        self.objects |= {"saml_application": "wiki", "oidc_application": "mail"}
        self.objects |= {"stylesheet": "vestibule.css", "colour": "1c5d4c", "picture": self._picture(), "style": self._style()}
        self.objects["setup_token"] = hub.built.setup_links.create(ME, hub.tenants["acme"]).token
        self.objects["handle"] = self._waiting(hub.browser())
        self.objects["login_test"] = hub.built.services.login_tests.make(ME, hub.tenants["acme"], "idp").id

    def _picture(self) -> str:
        logo = read_image("logo", png(64, 64))
        self.hub.built.services.brandings.save_tenant(ME, self.hub.tenants["acme"], Branding(logo=logo.id), (logo,))
        return logo.id

    def _style(self) -> str:
        sheet = read_style(b".card { padding: 1rem }")
        self.hub.built.services.brandings.save_tenant(ME, self.hub.tenants["other"], Branding(style=sheet.id), (sheet,))
        return sheet.id

    def _waiting(self, browser: Browser) -> str:
        action, _ = form_of(browser.open(self.app.login_url()))
        return action.rpartition("/")[2]

    def path(self, rule: str) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: self.objects[ROUTES[rule].ids[found.group(1)]], rule)

    def send(self, method: str, path: str, browser: Browser | None = None, **sent: Any) -> TestResponse:
        """`path` as WSGI has it: not quoted, bytes in Latin-1."""
        client = (browser or self.hub.browser()).client
        overrides = {"PATH_INFO": path, "REQUEST_METHOD": method}
        with WATCH:
            return client.open("/", base_url=PUBLIC_URL, method="GET", environ_overrides=overrides, buffered=True, **sent)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for the whole table: garbage changes nothing, as is looked at in the end."""
    with Hub(tmp_path_factory.mktemp("bad-input")) as hub:
        yield World(hub)
        assert hub.count("identities") == hub.count("sessions") == 0


# --- what a clean answer is -------------------------------------------------------------------------------------------

INTERNAL = re.compile(r"\b(traceback|lxml|werkzeug|sqlalchemy|psycopg|sqlite3|site-packages)\b|\.py\b")


def not_clean(response: TestResponse, what: str) -> list[str]:
    """What is wrong with this answer: nothing internal, nothing of the input, nobody called."""
    text = response.get_data().decode("utf-8", "replace").lower()
    # Applications get their own `state` back, in the answer that their protocol defines.
    headers = str({name: value for name, value in response.headers.items() if name != "Location"}).lower()
    faults = {
        f"status {response.status_code}": not 200 <= response.status_code < 500,
        "something internal": INTERNAL.search(text),
        "what was sent, in the body": MARKER.lower() in text,
        "what was sent, in a header": MARKER.lower() in headers,
        "no headers of ours": response.headers.get("X-Content-Type-Options") != "nosniff",
        f"called {WATCH.calls}": WATCH.calls,
    }
    return [f"{what}: {fault} ({response.status_code} {text[:200]!r})" for fault, found in faults.items() if found]


def not_refused(response: TestResponse, what: str) -> list[str]:
    """As `not_clean`; and it must say no: a page with a reference code, a sentence at its field, or a program's error."""
    faults = not_clean(response, what)
    text = response.get_data().decode("utf-8", "replace")
    if not 400 <= response.status_code < 500:
        faults.append(f"{what}: accepted with {response.status_code} {text[:200]!r}")
    if response.mimetype == "text/html" and not REFERENCE.search(text) and 'id="problem"' not in text:
        faults.append(f"{what}: no reference code ({response.status_code} {text[:200]!r})")
    return faults


def _cases(inside: str) -> list[Any]:
    made = {"query": in_query, "body": in_body, "headers": lambda _: in_headers()}[inside]
    wanted = {"query": {"GET"}, "body": {"POST"}, "headers": {"GET", "POST"}}[inside]
    return [
        pytest.param(rule, method, list(made(route)), id=f"{method} {rule}")
        for rule, route in ROUTES.items()
        for method in route.methods
        if method in wanted
    ]


# --- the tests --------------------------------------------------------------------------------------------------------


def test_every_address_is_in_the_table(world: World) -> None:
    found: dict[str, set[str]] = {}
    for rule in world.hub.app.url_map.iter_rules():
        if rule.rule.startswith(ELSEWHERE):
            continue
        methods = (rule.methods or set()) - {"HEAD"}
        if rule.provide_automatic_options:
            methods -= {"OPTIONS"}
        found.setdefault(rule.rule, set()).update(methods)

    assert found == {rule: set(route.methods) for rule, route in ROUTES.items()}


@pytest.mark.parametrize(("rule", "method", "cases"), _cases("query"))
def test_garbage_in_the_query(world: World, rule: str, method: str, cases: list[tuple[str, Sent]]) -> None:
    judge = not_clean if ROUTES[rule].fixed or rule in SHOWN else not_refused
    faults = [fault for name, sent in cases for fault in judge(world.send(method, world.path(rule), **sent), name)]

    assert not faults


# Of a form that is cut short, werkzeug leaves the temporary file to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("rule", "method", "cases"), _cases("body"))
def test_garbage_in_the_body(world: World, rule: str, method: str, cases: list[tuple[str, Sent]]) -> None:
    faults = [fault for name, sent in cases for fault in not_refused(world.send(method, world.path(rule), **sent), name)]
    gc.collect()

    assert not faults


@pytest.mark.parametrize(("rule", "method", "cases"), _cases("headers"))
def test_garbage_in_the_headers(world: World, rule: str, method: str, cases: list[tuple[str, Sent]]) -> None:
    faults = [fault for name, sent in cases for fault in not_clean(world.send(method, world.path(rule), **sent), name)]

    assert not faults


@pytest.mark.parametrize("rule", [rule for rule, route in ROUTES.items() if route.ids])
def test_garbage_in_the_path(world: World, rule: str) -> None:
    faults: list[str] = []
    for name, part in PATH_PARTS.items():
        path = re.sub(r"<(?:\w+:)?\w+>", lambda _, part=part: part, rule)
        for method in set(ROUTES[rule].methods) - MACHINE_METHODS:
            response = world.send(method, path)
            if 300 <= response.status_code < 400:  # the router tidies slashes, inside the hub
                faults += not_clean(response, name)
                assert re.match(rf"(/(?!/)|{PUBLIC_URL}/)", response.headers["Location"]), name
            else:
                faults += not_refused(response, f"{method} {name}")

    assert not faults


@pytest.mark.parametrize("path", ["/t/\x00/saml/sso", "/upstream/con_\x00/acs", "/login/\x00", "/setup/a\x00"])
def test_nul_in_a_path_is_refused_before_anybody_looks_it_up(world: World, path: str) -> None:
    """SQLite would find nothing; PostgreSQL would break."""
    response = world.send("GET", path)

    assert response.status_code in {404, 405}
    if response.status_code == 404:
        assert "U+0000" in world.hub.trace(response).verdict


@pytest.mark.parametrize("rule", ROUTES)
def test_wrong_methods(world: World, rule: str) -> None:
    allowed = set(ROUTES[rule].methods)
    faults: list[str] = []
    for method in METHODS:
        if method in allowed:
            continue
        response = world.send(method, world.path(rule))
        faults += not_refused(response, method)
        if response.status_code != 405 or not allowed <= set(re.split(r",\s*", response.headers["Allow"])):
            faults.append(f"{method}: {response.status_code} {response.headers.get('Allow')}")

    assert not faults


@pytest.mark.parametrize(
    ("rule", "method", "parameter"),
    [
        ("/saml/sso", "GET", "SAMLRequest"),
        ("/saml/sso", "POST", "SAMLRequest"),
        ("/t/<slug>/saml/sso", "GET", "SAMLRequest"),
        ("/t/<slug>/saml/sso", "POST", "SAMLRequest"),
        ("/upstream/<connector_id>/acs", "POST", "SAMLResponse"),
    ],
)
def test_garbage_in_a_saml_message(world: World, rule: str, method: str, parameter: str) -> None:
    sent = messages(parameter, method)
    faults = [fault for name, message in sent for fault in not_refused(world.send(method, world.path(rule), **message), name)]

    assert not faults


def test_garbage_in_an_answer_that_somebody_waits_for(world: World) -> None:
    """Past the transaction: the RelayState is right and the browser is the one that began."""
    browser = world.hub.browser()
    waiting = browser.open(world.app.login_url(tenant="acme"))
    relay_state = query_of(waiting.headers["Location"])["RelayState"].encode()
    faults: list[str] = []

    for name, sent in messages("SAMLResponse", "POST"):
        data = sent["data"].replace(f"RelayState={MARKER}".encode(), b"RelayState=" + relay_state)
        answer = world.send("POST", world.path("/upstream/<connector_id>/acs"), browser, **{**sent, "data": data})
        faults += not_refused(answer, name)

    assert not faults


@pytest.mark.parametrize(
    "path", ["/", f"/{MARKER}", "/admin", f"/saml/{MARKER}", "/.env", "/\xff", "/static/../wsgi.py", "/static/", "/login"]
)
def test_an_unknown_path_is_a_page(world: World, path: str) -> None:
    response = world.send("GET", path)

    assert not not_refused(response, path)
    assert response.status_code == 404


@pytest.mark.parametrize("rule", [rule for rule, route in ROUTES.items() if "POST" in route.methods])
def test_a_body_that_ends_before_its_announced_length(world: World, rule: str) -> None:
    response = world.send("POST", world.path(rule), data=b"a=b", headers={"Content-Length": "500"}, content_type=FORM)

    assert not not_refused(response, rule)


@pytest.mark.parametrize("typed", [f'"><script>{MARKER}</script>', f"a@{MARKER}", "a" * 5000, "@", "a@b@c", "\\\\", "\u202ea@b.example", " ", "a@" + "b." * 200 + "c"])
def test_what_people_type_is_escaped_and_refused_neutrally(world: World, typed: str) -> None:
    """The field shows what was typed again: escaped. Whatever it is, the sentence is the one of an unknown domain."""
    browser = world.hub.browser()
    action, _ = form_of(browser.open(world.app.login_url()))

    answer = browser.post(action, {"email": typed})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 400
    assert "<script>" + MARKER not in text
    assert "We cannot sign you in with that address." in text


@pytest.mark.parametrize("kind", ["saml", "oidc"])
def test_garbage_with_a_valid_form_token_on_the_set_up_page(world: World, kind: str) -> None:
    browser, tenant_id = world.hub.browser(), world.hub.tenants["acme"]
    base = f"/setup/{world.hub.built.setup_links.create(ME, tenant_id).token}"
    token = form_of(browser.open(f"{base}/system"))[1]["csrf"]
    assert browser.post(f"{base}/kind", {"csrf": token, "kind": kind}).status_code == 302
    for ending, fields in (
        ("kind", {"kind": f'"><script>{MARKER}'}),
        ("kind", {}),
        ("enable", {}),
        ("metadata-address", {"metadata_url": f'file:///"><script>{MARKER}'}),
        ("metadata-address", {"metadata_url": "http://169.254.169.254/latest/meta-data"}),
        ("oidc", {"issuer": f'javascript:"><script>{MARKER}', "client_id": MARKER, "client_secret": f"secret-{MARKER}"}),
        ("metadata", {}),
        ("metadata-text", {"metadata_text": f'<x a="{MARKER}"><script>{MARKER}'}),
        ("about", {"people": f'"><script>{MARKER}', "manager": f'"><script>{MARKER}'}),
        ("domains", {"domain": f'"><script>{MARKER}'}),
        ("domains/check", {"domain": f'"><script>{MARKER}'}),
        ("domains/withdraw", {"domain": MARKER}),
        ("take-over", {"answer": MARKER}),
        ("certificate", {"certificate": MARKER}),
        ("test", {}),
    ):
        answer = browser.post(f"{base}/{ending}", {"csrf": token, **fields})
        text = answer.get_data(as_text=True)
        assert 400 <= answer.status_code < 500, (ending, fields, answer.status_code)
        assert f"<script>{MARKER}" not in text, ending
        assert f"secret-{MARKER}" not in text, ending
    assert not any(connector.enabled for connector in world.hub.built.connectors.all(tenant_id) if connector.slug != "idp")
