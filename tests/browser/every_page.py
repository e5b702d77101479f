"""Every page of the hub, on a hub with something on every page: what accessibility is checked on and pictures are taken of.

Addresses that answer GET with HTML are found in the routes themselves, so a new page is in the list by itself; only a new kind
of `<variable>` must be told to `World.objects`. What takes a form to reach is in `REACHED`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from broker.domain.branding import Branding
from broker.domain.host import HostState
from broker.services.branding_rules import read_image
from broker.services.operations.connectors import ChangeConnector
from broker.services.operations.hosts import OneHost
from broker.services.operations.keys import AnnounceKey, OneOwner, PromoteKey
from broker.services.operations.people import ListPeople, OnePerson
from broker.services.staff.sign_in import PER_ADDRESS
from broker.services.tenants import SaveTenant
from broker.web.http import COOKIE_PREFIX
from tests.support import pages
from tests.support.administrator import Administrator
from tests.support.console import Desk, member
from tests.support.directory import Directory
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub, reference_code
from tests.support.partners import SamlSide, choose_home_realm
from tests.support.pictures import png
from tests.support.provider_site import ProviderSite, page
from tests.support.saml_idp import SmallIdp, key_pair
from tests.support.saml_people import SamlPerson

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PEOPLE = (("Alice", "Archer"), ("Bob", "Baker"), ("Élodie", "Müller"), ("Grace", "Gomez"), ("Peter", "Gibson"))
ELSEWHERE = ("/a/", "/api", "/static", "/health", "/version", "/saml", "/scim", "/oauth2", "/t/", "/.well-known", "/upstream", "/hosts/", "/branding/")
"""Not pages: programs read them."""

SIGNED_OUT = ("/console/sign-in/", "/console/welcome/")


class World:
    """`with Hub(…) as hub: World(hub)`."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.language = hub, "en"
        hub.tenant("acme", "acme.example", "acme.fr")
        hub.tenant("globex", "globex.example")
        hub.tenant("initech", "initech.example")
        self.idp = hub.saml_idp("acme")
        hub.oidc_op("globex")
        hub.oidc_op("globex", "second")
        self.wiki = hub.saml_app("wiki", tenant_ids=(hub.tenants["acme"], hub.tenants["globex"]))
        self.mail = hub.oidc_app("mail")
        self._brand()
        self._sign_ins()
        self._keys()
        for name, state in (("login.acme.localhost", HostState.ON), ("new.acme.localhost", HostState.WAITING), ("old.acme.localhost", HostState.OFF)):
            hub.host("acme", name, state)
        hub.built.operations.run(ME, "host.check", OneHost("acme", "new.acme.localhost"))  # nobody is there
        self.directory = self._directory()
        self.owner = member(hub)
        (self.person, *_) = hub.built.operations.run(ME, "person.list", ListPeople("alice")).items
        shown = hub.built.operations.run(ME, "person.show", OnePerson("acme", self.person.id))
        self.objects: dict[str, str] = {
            "tenant": "acme",
            "slug": "acme",
            "connector": "idp",
            "application": "wiki",
            "protocol": "oidc",
            "person": self.person.id,
            "link": shown.links[0].id,
            "staff": self.owner.id,
            "report_id": hub.built.services.login_tests.make(ME, hub.tenants["acme"], "idp").id,
            "test": hub.built.services.login_tests.make(ME, hub.tenants["acme"], "idp").id,
            "code": reference_code(self.failed()),
            "token": self.setup_token(),
            "pushed": self.directory.find('userName eq "bob.baker@acme.example"')[0]["id"],
        }

    def _brand(self) -> None:
        logo = read_image("logo", png(180, 48, (122, 0, 25)))
        look = Branding(logo=logo.id, colour="#7a0019", welcome={"en": "Welcome to Globex."}, support_url="https://help.globex.example/")
        self.hub.built.tenants.save(ME, SaveTenant("globex", "Globex", branding=look, brand_images=(logo,)))

    def _keys(self) -> None:
        """A tenant on its way to keys of its own, and the hub in the middle of a rollover."""
        run = self.hub.built.operations.run
        run(ME, "own_keys.begin", OneOwner("tenant:acme"))
        made = run(ME, "key.announce", AnnounceKey("hub", "oidc_signing"))
        run(ME, "key.promote", PromoteKey(made.key, before_partners_know=True))
        run(ME, "key.announce", AnnounceKey("hub", "saml_signing"))

    def _directory(self) -> Directory:
        """Of a customer whose own system pushes people and groups, and got something wrong."""
        directory = Directory(self.hub, "acme", self.idp.connector_id)
        pushed = [
            directory.add(
                f"{given}.{family}@acme.example".lower(),
                displayName=f"{given} {family}",
                title="Editor",
                active=given != "Bob",
                emails=[{"value": f"{given}.{family}@acme.example", "type": "work", "primary": True}],
            )
            for given, family in (("Alice", "Archer"), ("Bob", "Baker"), ("Grace", "Gomez"))
        ]
        for name in ("Writers", "Readers", "Finance"):
            directory.group(name, *pushed[:2])
        self.hub.clock.forward(minutes=3)
        for _ in range(3):
            directory.call("POST", "/Users", {"displayName": "Nobody"})
        directory.call("GET", "/Users", token="vsd_wrong")
        return directory

    def _sign_ins(self) -> None:
        for given, family in PEOPLE:
            self.wiki.sign_in(self.hub.browser(), self.someone(given, family))
            self.hub.clock.forward(minutes=7)

    def someone(self, given: str = "Alice", family: str = "Archer") -> SamlPerson:
        return SamlPerson(self.idp, f"{given}.{family}@acme.example".lower().replace("é", "e").replace("ü", "u"), given, family)

    # --- browsers -----------------------------------------------------------------------------------------------------

    def browser(self) -> Browser:
        return self._speaking(self.hub.browser())

    def desk(self) -> Browser:
        return self._speaking(Desk(self.hub, self.owner).browser)

    def _speaking(self, browser: Browser) -> Browser:
        browser.headers = {"User-Agent": USER_AGENT}
        browser.client.set_cookie(COOKIE_PREFIX + "language", self.language, domain="localhost", secure=True)
        return browser

    # --- places that need a step before -------------------------------------------------------------------------------

    def waiting(self, browser: Browser) -> TestResponse:
        """The home realm page."""
        return browser.open(self.wiki.login_url())

    def setup_token(self) -> str:
        return str(self.hub.built.setup_links.create(ME, self.hub.tenants["initech"]).token)

    def failed(self, browser: Browser | None = None) -> TestResponse:
        """Somebody whose address belongs to another organisation."""
        browser = browser or self.browser()
        response = choose_home_realm(browser, self.waiting(browser), "mallory@acme.example")
        return self.idp.authenticate(browser, response, attributes={"email": ["mallory@elsewhere.example"]})

    def account(self) -> TestResponse:
        self.wiki.sign_in(self.browser(), self.someone())
        browser = self.browser()
        self.wiki.sign_in(browser, self.someone())
        browser.open("/account")
        return browser.open("/account")

    def submitted(self, path: str, ending: str, **typed: str) -> TestResponse:
        """A form of the console, filled in and sent."""
        browser = self.desk()
        form = pages.form_to(browser.open(path).data, ending, f"{PUBLIC_URL}{path}").with_fields(**typed)
        return browser.post(form.action, form.fields)

    def many(self) -> TestResponse:
        """The chooser with a search."""
        hub = self.hub
        if "schools" not in hub.tenants:
            hub.tenant("schools")
            for number in range(24):
                hub.saml_idp("schools", f"school-{number}")
            self._library = hub.saml_app("library", tenant_ids=(hub.tenants["schools"],))
        return self.browser().open(self._library.login_url())


@dataclass(frozen=True)
class EveryPage:
    """`open` in a fresh browser that speaks `world.language`."""

    name: str
    open: Callable[[World], TestResponse]


def _chosen_wrongly(world: World) -> TestResponse:
    browser = world.browser()
    form = next(form for form in pages.forms(world.waiting(browser).data, PUBLIC_URL) if "email" in form.fields)
    return browser.post(form.action, {**form.fields, "email": "ann@nowhere.example"})


def _setup(world: World, path: str = "", kind: str = "") -> TestResponse:
    """A page of the walk, perhaps after a system was chosen."""
    administrator = _administrator(world)
    if kind:
        administrator.press("/kind", kind=kind)
    return administrator.browser.open(f"{administrator.link}{path}")


def _administrator(world: World) -> Administrator:
    administrator = Administrator(world.hub, f"/setup/{world.setup_token()}")
    administrator.browser = world.browser()
    return administrator


def _connected(world: World) -> tuple[Administrator, SamlSide]:
    """Somebody whose system's metadata is known."""
    administrator = _administrator(world)
    administrator.press("/kind", kind="saml")
    connector = world.hub.built.setup_links.visit(administrator.token).chosen()
    side = SamlSide(world.hub, f"https://idp.initech.example/{connector.id}", "set-up")
    side.connector_id, side.email = connector.id, "peter@initech.example"
    administrator.upload(side.idp.metadata())
    return administrator, side


def _understood(world: World, path: str) -> TestResponse:
    administrator, _ = _connected(world)
    return administrator.browser.open(f"{administrator.link}{path}")


def _calculating(world: World) -> TestResponse:
    """From an address that has tried several times."""
    for _ in range(PER_ADDRESS.unchecked):
        world.hub.built.services.throttle.attempt(PER_ADDRESS, "192.0.2.1", checked=True)
    return world.browser().open("/console/sign-in", environ_overrides={"REMOTE_ADDR": "192.0.2.1"})


def _claimed(world: World, asked: str = "") -> TestResponse:
    administrator, _ = _connected(world)
    administrator.press("/domains", domain="initech-too.example")
    return administrator.browser.open(f"{administrator.link}/domains{asked}")


def _tested(world: World, **deviations: Any) -> TestResponse:
    administrator, side = _connected(world)
    answer = side.authenticate(administrator.browser, administrator.press("/test"), **deviations)
    return administrator.browser.open(answer.headers["Location"])


def _visited_later(world: World, path: str = "", *, newer: bool = False) -> TestResponse:
    administrator, side = _connected(world)
    side.authenticate(administrator.browser, administrator.press("/test"), audience="https://wrong.example")
    administrator.switch_on()
    if newer:
        side.idp.key = key_pair("set-up, newer")
        administrator.upload(side.idp.metadata())
    return administrator.browser.open(f"{administrator.link}{path}")


def _directory_on(world: World) -> TestResponse:
    """The token is shown this once."""
    administrator, _ = _connected(world)
    return administrator.press("/directory/token")


def _directory_arrived(world: World) -> TestResponse:
    administrator, side = _connected(world)
    administrator.press("/directory/token")
    directory = Directory(world.hub, "initech", side.connector_id)
    directory.group("Engineers", directory.add("peter@initech.example"), directory.add("milton@initech.example", active=False))
    world.hub.clock.forward(minutes=3)
    directory.call("POST", "/Users", {"displayName": "Nobody"})
    return administrator.browser.open(f"{administrator.link}/directory?vendor=entra")


def _wrong_file(world: World) -> TestResponse:
    return _connected(world)[0].upload(b"<html><body>Sign in</body></html>")


def _branded(world: World) -> TestResponse:
    return world.browser().open(world.mail.login_url(tenant="globex"))


def _replaced(world: World) -> TestResponse:
    """What Acme's provider publishes has nothing of what is known in it: the page that waits for a person."""
    published = SmallIdp(world.idp.idp.entity_id, key_pair("another one"))
    published.sso = "https://login.elsewhere.example/sso"
    with ProviderSite() as site:
        site.pages["/metadata"] = page(published.metadata())
        for address, shown in ((f"{site.url}/metadata", True), ("", False)):
            world.hub.built.operations.run(ME, "connector.save", ChangeConnector("acme", "idp", settings={"metadata_url": address}))
            if shown:
                answer = world.submitted("/console/tenants/acme/connectors/idp", "/refresh")
    return answer


REACHED: tuple[EveryPage, ...] = (
    EveryPage("sign-in", lambda world: world.waiting(world.browser())),
    EveryPage("sign-in, unknown address", _chosen_wrongly),
    EveryPage("sign-in, branded", _branded),
    EveryPage("sign-in failed", lambda world: world.failed()),
    EveryPage("not found", lambda world: world.browser().open("/nowhere")),
    EveryPage("account", World.account),
    EveryPage("set-up, begun", _setup),
    EveryPage("set-up, values for AD FS", lambda world: _setup(world, "/values", "adfs")),
    EveryPage("set-up, details by hand", lambda world: _setup(world, "/details", "entra-oidc")),
    EveryPage("set-up, details by file", lambda world: _setup(world, "/details", "okta")),
    EveryPage("set-up, understood", lambda world: _understood(world, "/details")),
    EveryPage("set-up, wrong file", _wrong_file),
    EveryPage("set-up, a domain to prove", _claimed),
    EveryPage("set-up, before the test", lambda world: _understood(world, "/test")),
    EveryPage("set-up, test passed", _tested),
    EveryPage("set-up, test failed", lambda world: _tested(world, audience="https://wrong.example")),
    EveryPage("set-up, the switch", lambda world: _understood(world, "/switch")),
    EveryPage("set-up, a later visit", _visited_later),
    EveryPage("set-up, newer metadata", lambda world: _visited_later(world, "/details", newer=True)),
    EveryPage("set-up, sign-ins", lambda world: _visited_later(world, "/sign-ins")),
    EveryPage("set-up, directory", lambda world: _understood(world, "/directory")),
    EveryPage("set-up, directory switched on", _directory_on),
    EveryPage("set-up, directory later", _directory_arrived),
    EveryPage("console, directory token", lambda world: world.submitted("/console/tenants/acme/connectors/idp/provisioning", "/tokens")),
    EveryPage("console, nobody found", lambda world: world.desk().open("/console/people?search=nobody")),
    EveryPage(
        "console, tenant refused", lambda world: world.submitted("/console/new/tenant", "/tenant", name="Acme", slug="Not a slug!")
    ),
    EveryPage(
        "console, colour refused",
        lambda world: world.submitted("/console/tenants/acme/branding", "/branding", colour="#ffcc00", preview="yes"),
    ),
    EveryPage("console, metadata waits for a person", _replaced),
    EveryPage("set-up, a file to prove a domain", lambda world: _claimed(world, "?way=http")),
    EveryPage("console, sign-in with a calculation", _calculating),
    EveryPage("sign-in, many organisations", World.many),
)


def of_routes(world: World) -> list[EveryPage]:
    """Every address that answers with HTML. Raises AssertionError for a `<variable>` that nobody knows."""
    found = []
    for rule in sorted({rule.rule for rule in world.hub.app.url_map.iter_rules() if "GET" in (rule.methods or ())}):
        if rule.startswith(ELSEWHERE) or rule in {"/login/<handle>", "/setup/<token>", "/account", "/console/welcome/<token>/authenticator"}:
            continue
        if rule == "/console/welcome/<token>":
            found.append(EveryPage(rule, _welcome))
        else:
            found.append(EveryPage(rule, _at(rule)))
    return found


def _welcome(world: World) -> TestResponse:
    staff = world.hub.built.services.staff
    who = member(world.hub, name=f"new{world.hub.count('staff')}")
    return world.browser().open(staff.invitations.create(ME, who.id).url.removeprefix(PUBLIC_URL))


def _at(rule: str) -> Callable[[World], TestResponse]:
    def open_it(world: World) -> TestResponse:
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _known(world, found.group(1), rule), rule)
        browser = world.desk() if f"{rule}/".startswith("/console/") and not f"{rule}/".startswith(SIGNED_OUT) else world.browser()
        return browser.open(path)

    return open_it


def _known(world: World, name: str, rule: str) -> str:
    assert name in world.objects, f"tests/browser/every_page.py: what is <{name}> of {rule}? Say so in World.objects."
    return world.objects[name]


def shown(page: EveryPage, world: World) -> str | None:
    """The HTML, or None for what is no page after all (a download, a redirect to where one has to be first)."""
    response = page.open(world)
    if response.mimetype != "text/html":
        return None
    return response.get_data(as_text=True)


def folder_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "home"


class Theatre:
    """Shows the text of pages in Chromium without a server: what the hub answered is what the browser gets."""

    def __init__(self, context: Any, hub: Hub) -> None:
        self._hub, self._text = hub, ""
        self.page = context.new_page()
        context.route("**/*", self._answer)

    def _answer(self, route: Any) -> None:
        url = route.request.url
        if route.request.resource_type == "document":
            route.fulfill(status=200, content_type="text/html; charset=utf-8", body=self._text)
        elif url.startswith(PUBLIC_URL):
            response = self._hub.browser().open(url, buffered=True)
            route.fulfill(status=response.status_code, headers={"Content-Type": response.headers["Content-Type"]}, body=response.data)
        else:
            route.abort()

    def show(self, text: str) -> None:
        self._text = text
        self.page.goto(f"{PUBLIC_URL}/shown", wait_until="load")


AXE = Path(__file__).resolve().parents[1] / "peers" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
