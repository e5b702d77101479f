"""Two tenants, each with everything a tenant can have; whoever belongs to one tries every name and id of the other, everywhere.

What Globex has is full of one word. Whatever Acme's people, scripts and links ask, in whatever field: the word never comes back
unless they sent it themselves.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from broker.domain.errors import BrokerError, Forbidden, UnknownObject
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.operations import Operation
from broker.services.operations.login_tests import StartLoginTest
from broker.services.operations.table import ALL
from broker.services.operations.tenants import ChangeTenant
from tests.support.api import Api, api
from tests.support.console import Desk, desk
from tests.support.console_routes import accesses
from tests.support.hub import ME, Hub, reference_code
from tests.support.saml_people import SamlPerson

WORD = "zebrafish"
"""In every name, address and label of Globex, in none of its ids."""


class World:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", f"{WORD}.example")
        hub.built.operations.run(ME, "tenant.save", ChangeTenant("globex", name=WORD.title()))
        hub.saml_idp("acme", "idp")
        theirs = hub.saml_idp("globex", "vault")
        hub.oidc_app("mail", tenant_ids=(hub.tenants["acme"],))
        app = hub.saml_app("ledger", tenant_ids=(hub.tenants["globex"],))
        person = SamlPerson(theirs, f"{WORD}@{WORD}.example", WORD.title(), WORD.title())
        app.sign_in(hub.browser(), person)
        browser = hub.browser()
        failed = theirs.authenticate(browser, browser.open(app.login_url(tenant="globex")), status="urn:oasis:names:tc:SAML:2.0:status:Responder")
        link = hub.built.setup_links.create(ME, hub.tenants["globex"], label=WORD)
        self.link_token = link.token
        test = hub.built.operations.run(ME, "connector.test", StartLoginTest("globex", "vault", ""))
        self.ids: dict[str, str] = {
            "connector_id": theirs.connector_id,
            "tenant_id": hub.tenants["globex"],
            "code": reference_code(failed),
            "person": self.one("SELECT id FROM identities"),
            "subject": self.one("SELECT subject FROM identities"),
            "session": self.one("SELECT id FROM sessions"),
            "setup link": link.id,
            "test": test.test,
            "application": self.one("SELECT id FROM applications WHERE slug = 'ledger'"),
            "tenant": "globex",
            "connector": "vault",
            "app": "ledger",
        }

    def one(self, query: str) -> str:
        with self.hub.built.database.reading() as connection:
            return str(connection.exec_driver_sql(query).scalar())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Hub(tmp_path_factory.mktemp("apart"), api_requests_per_minute=100_000) as hub:
        yield World(hub)


@pytest.fixture(scope="module")
def script(world: World) -> Api:
    return api(world.hub, tenant="acme")


@pytest.fixture(scope="module")
def mine(world: World) -> Desk:
    return desk(world.hub, Role.TENANT_ADMIN, "acme")


def questions(operation: Operation, world: World) -> Iterator[dict[str, str]]:
    """Every text field with every name and id of Globex, beside Acme's own tenant and beside Globex."""
    texts = [item.name for item in dataclasses.fields(operation.input) if str(item.type) == "str"]
    for tenant in ("acme", "globex"):
        home = {name: tenant for name in ("tenant", "slug") if name in texts}
        rest = [name for name in texts if name not in home and name not in {"since", "until", "by", "month"}]
        needed = {name: "x" for name in operation.path_fields if name not in home}
        yield {**needed, **home}
        for name, value in itertools.product(rest, world.ids.values()):
            yield {**needed, **home, name: value}


def reaching(operation: Operation) -> bool:
    return operation.method == "GET" and (operation.of_tenant or operation.narrowed)


@pytest.mark.parametrize("operation", [one for one in ALL if reaching(one)], ids=lambda one: one.name)
def test_no_question_of_acmes_script_is_answered_with_anything_of_globex(world: World, script: Api, operation: Operation) -> None:
    for query in questions(operation, world):
        path = operation.path
        for name in operation.path_fields:
            path = path.replace(f"{{{name}}}", query.pop(name))
        response = script.ask("GET", path, query_string=query)
        said = response.get_data(as_text=True).lower()
        assert response.status_code in {200, 400, 403, 404}, (path, query, said[:300])
        assert WORD not in said, (path, query)


def test_the_word_is_what_globex_is_recognised_by(world: World) -> None:
    """The honest neighbour: with a token of its own, Globex is found in the lists that the test above reads."""
    theirs = api(world.hub, tenant="globex")
    paths = ("/tenants", "/people", "/traces", "/audit", "/tenants/globex/domains", "/tenants/globex/setup-links", "/federation")
    silent = [path for path in paths if WORD not in theirs.ask("GET", path).get_data(as_text=True).lower()]
    assert silent == []
    assert WORD in theirs.ask("GET", f"/traces/{world.ids['code']}").get_data(as_text=True).lower()


FILTERS = [(one, name) for one in ALL for name in ("tenant_slug", "of_tenant") if name in one.input.__dataclass_fields__ and one.method == "GET"]


@pytest.mark.parametrize(("operation", "name"), FILTERS, ids=lambda one: getattr(one, "name", one))
def test_a_filter_by_another_tenant_is_told_that_there_is_none(script: Api, operation: Operation, name: str) -> None:
    """Numbers have no word in them: how much Globex signs in must not be told either."""
    there, nowhere = (script.ask("GET", operation.path, query_string={name: slug}) for slug in ("globex", "nobody"))

    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.get_json()["detail"].replace("globex", "nobody") == nowhere.get_json()["detail"]
    assert script.ask("GET", operation.path, query_string={name: "acme"}).status_code == 200


def test_numbers_are_ones_own(world: World, script: Api) -> None:
    theirs = api(world.hub, tenant="globex")
    for query in ({}, {"connector": world.ids["connector_id"]}):
        assert script.get("/statistics", query_string=query)["logins"] == 0
        assert theirs.get("/statistics", query_string=query)["logins"] > 0
    for name in ("ledger", "no-such-application"):
        refused = [script.get(path, 404, query_string={"application": name}) for path in ("/statistics", "/traces")]
        assert {one["detail"].replace(name, "") for one in refused} == {"There is no application ''."}


@pytest.mark.parametrize("access", [one for one in accesses() if one.method == "GET" and one.who != "public"], ids=lambda one: one.rule)
def test_no_page_of_acmes_administrator_shows_anything_of_globex(world: World, mine: Desk, access: Any) -> None:
    holes = [part[1:-1] for part in access.rule.split("/") if part.startswith("<")]
    nested = [hole for hole in holes if hole != "tenant"]
    queries = ["", *(f"?{name}={value}" for name in ("search", "q", "tenant", "connector", "person", "after", "code", "email", "application")
                     for value in world.ids.values())]  # fmt: skip
    for tenant, value in itertools.product(("acme", "globex"), world.ids.values() if nested else ("",)):
        path = access.rule.replace("<tenant>", tenant)
        for hole in nested:
            path = path.replace(f"<{hole}>", value)
        for query in queries if not nested and tenant == "acme" else ("",):
            page = mine.get(path + query)
            assert page.status_code < 500, (path, query)
            assert WORD not in page.get_data(as_text=True).lower(), (path, query)
        if not nested and "<tenant>" not in access.rule:
            break


# --- changes ----------------------------------------------------------------------------------------------------------


def stored(world: World) -> list[Any]:
    tables = ("tenants", "connectors", "domains", "identities", "identity_links", "sessions", "setup_links", "applications")
    with world.hub.built.database.reading() as connection:
        return [connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1").all() for table in tables]


@pytest.mark.parametrize("operation", [one for one in ALL if one.changes and one.of_tenant], ids=lambda one: one.name)
def test_no_change_by_acmes_people_reaches_what_is_globexs(world: World, operation: Operation) -> None:
    """Beside Acme's own tenant: the nested object is Globex's. Beside Globex: there is no such tenant."""
    admin = Actor("staff:admin@acme.example", ROLES[Role.TENANT_ADMIN] | {Verb.CONFIGURE}, world.hub.tenants["acme"])
    before = stored(world)
    for tenant in ("acme", "globex"):
        for value in world.ids.values():
            asked = filled(operation, tenant, value)
            if tenant == "acme" and not [name for name in operation.path_fields if name != "tenant"]:
                continue  # names nothing but the tenant, which is their own
            error = tried(world.hub, admin, operation.name, asked)
            if tenant == "globex":
                assert isinstance(error, UnknownObject), (operation.name, value, error)
    assert stored(world) == before


class _TakenBackError(Exception):
    """Ends the unit of work without its change: Acme may have something of its own by a name that Globex uses too."""


def tried(hub: Hub, who: Actor, name: str, asked: Any) -> Exception:
    """What came of it."""
    try:
        with hub.built.database.unit_of_work():
            hub.built.operations.run(who, name, asked)
            raise _TakenBackError
    except (BrokerError, _TakenBackError) as error:
        return error


def filled(operation: Operation, tenant: str, value: str) -> Any:
    values: dict[str, Any] = {}
    for item in dataclasses.fields(operation.input):
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            values[item.name] = value
    return operation.input(**{**values, "tenant": tenant})


# --- a set-up link as actor -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ALL, ids=lambda one: one.name)
def test_a_set_up_link_holds_one_verb_of_one_tenant(world: World, operation: Operation) -> None:
    link = world.hub.built.setup_links.visit(world.link_token).actor
    assert (link.verbs, link.tenant_id) == (frozenset({Verb.SET_UP}), world.hub.tenants["globex"])
    if operation.verb is Verb.SET_UP and operation.of_tenant:
        with pytest.raises(UnknownObject):
            world.hub.built.operations.run(link, operation.name, filled(operation, "acme", "idp"))
    elif operation.verb is not Verb.SET_UP:
        for tenant in ("acme", "globex"):
            asked = filled(operation, tenant, "idp") if operation.of_tenant else _any(operation)
            with pytest.raises(Forbidden):
                world.hub.built.operations.run(link, operation.name, asked)


def _any(operation: Operation) -> Any:
    required = [
        item.name for item in dataclasses.fields(operation.input)
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    ]  # fmt: skip
    return operation.input(**dict.fromkeys(required, "x"))
