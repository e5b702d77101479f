"""Every address of the console and every operation, with every role: default deny, shown by walking all of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import UnsetType
from werkzeug.test import TestResponse

from broker.domain.errors import BrokerError, Forbidden, UnknownObject
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.operations import Operation
from broker.services.operations.table import ALL
from broker.services.staff.model import StaffMember
from tests.protocol.bad_input import MARKER, Route, in_body, in_query
from tests.protocol.test_bad_input import INTERNAL
from tests.support import pages
from tests.support.console import Desk, member
from tests.support.console_routes import Access, accesses
from tests.support.hub import Browser, Hub
from tests.support.staff import invited

ALL_ROUTES = accesses()
STAFF = [*((role, "acme" if role is Role.TENANT_ADMIN else None) for role in Role), (Role.TENANT_ADMIN, "globex")]


class World:
    """Something real behind every address."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        idp, app = hub.saml_idp("acme", "idp"), hub.oidc_app("mail")
        app.sign_in(hub.browser(), idp)
        with hub.built.database.reading() as connection:
            person = connection.exec_driver_sql("SELECT id FROM identities").scalar()
        other, link = invited(hub, Role.SUPPORT, name="other")
        self.ids = {
            "tenant": "acme", "slug": "acme", "connector": "idp", "domain": "acme.example", "application": "mail", "protocol": "oidc",
            "person": str(person), "staff": other.id, "token": link.rpartition("/")[2],
        }  # fmt: skip

    def path(self, rule: str) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: self.ids.get(found.group(1), "x_1"), rule)


@pytest.fixture
def world(hub: Hub) -> World:
    return World(hub)


# --- addresses --------------------------------------------------------------------------------------------------------


def test_given_every_address_of_the_console_then_the_table_says_who_may_open_it(hub: Hub) -> None:
    """Add a line to tests/support/console_routes.py, with the verb that the page needs."""
    found = {
        (method, rule.rule)
        for rule in hub.app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert found - {(access.method, access.rule) for access in ALL_ROUTES} == set(), "not in the table"
    assert {(access.method, access.rule) for access in ALL_ROUTES} - found == set(), "not there any more"


def test_given_the_views_then_exactly_those_of_the_table_are_public(hub: Hub) -> None:
    views = hub.app.view_functions
    public = {
        rule.rule for rule in hub.app.url_map.iter_rules() if rule.rule.startswith("/console") and getattr(views[rule.endpoint], "public", False)
    }
    assert public == {access.rule for access in ALL_ROUTES if access.who == "public"}


def test_given_nobody_then_every_address_leads_to_the_sign_in_or_is_refused(world: World) -> None:
    browser, wrong = world.hub.browser(), []
    for access in ALL_ROUTES:
        answer = send(browser, access, world.path(access.rule), token_before_sign_in(browser))
        if access.who == "public":
            refused = answer.status_code == 401 and "Please sign in first." in answer.get_data(as_text=True)
            if refused or (answer.status_code == 302 and "next=" in answer.headers["location"] and "/console/sign-in?" in answer.headers["location"]):
                wrong.append(f"{access.method} {access.rule}: closed, {answer.status_code}")
        elif access.method == "GET":
            if answer.status_code != 302 or "/console/sign-in?next=" not in answer.headers["location"]:
                wrong.append(f"{access.rule}: {answer.status_code}")
        elif answer.status_code != 401:
            wrong.append(f"POST {access.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("role", "tenant"), STAFF, ids=str)
def test_given_a_role_then_it_opens_what_the_table_says_and_nothing_else(world: World, role: Role, tenant: str | None) -> None:
    who = Desk(world.hub, member(world.hub, role, tenant, name="walker"))
    token, wrong = form_token(who), []
    for access in ALL_ROUTES:
        if access.who == "public":
            continue
        answer = send(who.browser, access, world.path(access.rule), token)
        expected = expectation(access, who.member, "acme" if tenant is None else tenant)
        if not expected(answer):
            wrong.append(f"{access.method} {access.rule}: {answer.status_code}, {expected.__doc__}")
    assert not wrong, "\n".join(wrong)


Expectation = Callable[[TestResponse], bool]


def expectation(access: Access, who: StaffMember, tenant: str) -> Expectation:
    actor = who.actor
    held = access.verb is None or (actor.can(access.verb) and not (access.hub and actor.tenant_id is not None))
    if access.of_tenant and actor.tenant_id is not None and tenant != "acme":
        return unknown if held else hidden
    if not held and access.rule.endswith("<test>"):
        return hidden  # a report is looked up first, and there is none here
    return opens if held else forbidden


def opens(answer: TestResponse) -> bool:
    """should open"""
    text = answer.get_data(as_text=True)
    closed = (401, "Please sign in first.") if answer.status_code == 401 else (403, "You may not do this.")
    return answer.status_code < 500 and not (answer.status_code == closed[0] and closed[1] in text)


def forbidden(answer: TestResponse) -> bool:
    """should be forbidden"""
    return answer.status_code == 403


def unknown(answer: TestResponse) -> bool:
    """should not be there for another tenant"""
    return answer.status_code == 404


def hidden(answer: TestResponse) -> bool:
    """should be forbidden, or not be there"""
    return answer.status_code in {403, 404}


def send(browser: Browser, access: Access, path: str, token: str) -> TestResponse:
    """With what a form needs to get as far as the question who may do this."""
    if access.method == "GET":
        return browser.open(path)
    if path.endswith("/options"):
        return browser.open(path, method="POST", data=b"{}", content_type="application/json", headers={"X-CSRF-Token": token})
    named = path.split("/")[-2]  # what is deleted is typed once more
    return browser.post(path, {"csrf": token, "confirm": named, "metadata": "<x/>", "version": "1"})


def form_token(who: Desk) -> str:
    return pages.form_to(who.page("/console/me"), "/me/name").fields["csrf"]


def token_before_sign_in(browser: Browser) -> str:
    return pages.form_to(browser.open("/console/sign-in").data, "/sign-in").fields["csrf"]


def test_given_a_form_without_our_token_then_nothing_is_changed_by_anybody(world: World) -> None:
    """Cross-site request forgery: a signed-in owner's browser sends a form that we did not make."""
    who = Desk(world.hub, member(world.hub, Role.OWNER, name="walker"))
    before, wrong = world.hub.count("audit"), []
    for access in ALL_ROUTES:
        if access.method == "POST":
            for token in ("", "0" * 64):
                answer = send(who.browser, access, world.path(access.rule), token)
                if answer.status_code != 403:
                    wrong.append(f"{access.rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert world.hub.count("audit") == before


# --- operations -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Hub(tmp_path_factory.mktemp("roles")) as hub:
        yield World(hub)


def input_of(operation: Operation, world: World) -> Any:
    """Required fields, filled in somehow."""
    values: dict[str, Any] = {}
    for item in dataclasses.fields(operation.input):
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            kind = str(item.type)
            fill: Any = () if kind.startswith("tuple") else {} if kind.startswith("dict") else 1 if kind == "int" else False if kind == "bool" else "x_1"
            values[item.name] = "acme" if item.name == "slug" and not operation.of_tenant else world.ids.get(item.name, fill)
    assert not any(isinstance(value, UnsetType) for value in values.values())
    return operation.input(**values)


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
def test_given_an_operation_then_exactly_the_roles_with_its_verb_may_run_it(shared: World, operation: Operation) -> None:
    tenants = shared.hub.tenants
    for role, tenant in STAFF:
        actor = Actor(f"walker:{role}", ROLES[role], tenants[tenant] if tenant else None)
        stranger = operation.of_tenant and tenant == "globex"
        held = actor.can(operation.verb) and (actor.tenant_id is None or operation.of_tenant or operation.narrowed)
        if held and not stranger and operation.changes:
            continue  # what it does is for its own tests
        with shared.hub.built.database.unit_of_work():
            error = outcome(shared.hub, actor, operation, input_of(operation, shared))
        if stranger and held:
            assert isinstance(error, UnknownObject), (role, tenant, error)
        elif held:
            assert not isinstance(error, Forbidden), (role, tenant, error)
        else:
            assert isinstance(error, Forbidden), (role, tenant, error)


def outcome(hub: Hub, actor: Actor, operation: Operation, asked: Any) -> BrokerError | None:
    try:
        hub.built.operations.run(actor, operation.name, asked)
    except BrokerError as error:
        return error
    return None


def test_given_the_roles_then_they_are_those_of_the_documentation() -> None:
    """Support and auditor change nothing; only owners let others in; nobody but owner and operator configures the hub."""
    changing = {Verb.CONFIGURE, Verb.SET_UP, Verb.MANAGE_PEOPLE, Verb.ADMINISTER}
    assert not (ROLES[Role.SUPPORT] | ROLES[Role.AUDITOR]) & changing
    assert [role for role in Role if Verb.ADMINISTER in ROLES[role]] == [Role.OWNER]
    assert [role for role in Role if Verb.CONFIGURE in ROLES[role]] == [Role.OWNER, Role.OPERATOR]
    assert Verb.READ_TRACES not in ROLES[Role.AUDITOR]


# --- garbage ----------------------------------------------------------------------------------------------------------

QUERIES = {"repeated parameters", "invalid UTF-8", "NUL", "a very long value", "markup"}
BODIES = {"repeated parameters", "invalid UTF-8", "NUL", "markup", "plain text"}
NAMES = (
    "name", "email", "slug", "search", "after", "next", "password", "again", "code", "credential", "role", "administers", "connectors",
    "domain", "metadata_url", "issuer", "settings", "acceptance_rules", "version", "kind", "type", "held", "tenant", "q", "refused", "days",
)  # fmt: skip


def test_given_garbage_at_every_address_with_an_owner_then_every_answer_is_clean(world: World) -> None:
    who = Desk(world.hub, member(world.hub, Role.OWNER, name="walker"))
    token, route, wrong = form_token(who), Route(("GET", "POST"), reads=NAMES), []
    queries = [(name, sent) for name, sent in in_query(route) if name in QUERIES]
    bodies = [(name, sent) for name, sent in in_body(route) if name in BODIES]
    for access in ALL_ROUTES:
        if access.rule == "/console/sign-out":
            continue
        path = world.path(access.rule)
        for name, sent in queries if access.method == "GET" else bodies:
            answer = dirty(who.browser, access, path, token, dict(sent))
            wrong += [f"{access.method} {access.rule}, {name}: {fault}" for fault in faults(answer)]
    assert not wrong, "\n".join(wrong)


def dirty(browser: Browser, access: Access, path: str, token: str, sent: dict[str, Any]) -> TestResponse:
    if access.method == "GET":
        return browser.client.open(path, base_url="http://localhost:8080", **sent)
    if sent.get("content_type", "").startswith("application/x-www-form"):
        sent["data"] = b"csrf=" + token.encode() + b"&" + sent["data"]
    return browser.client.open(path, base_url="http://localhost:8080", method="POST", headers={"X-CSRF-Token": token}, **sent)


def faults(answer: TestResponse) -> list[str]:
    """What was typed may stand in a field again, escaped; nowhere else."""
    text = answer.get_data(as_text=True)
    headers = str({name: value for name, value in answer.headers.items() if name != "Location"})
    found = {
        f"status {answer.status_code}": answer.status_code >= 500,
        "something internal": INTERNAL.search(text.lower()),
        "markup that was sent": answer.mimetype == "text/html" and re.search(rf"<script>[^<]*{MARKER}", text),
        "what was sent, in a header": MARKER in headers,
        "a location elsewhere": not answer.headers.get("location", "http://localhost:8080/").startswith("http://localhost:8080/"),
        "no policy": "script-src 'self'" not in answer.headers.get("Content-Security-Policy", ""),
    }
    return [name for name, there in found.items() if there]
