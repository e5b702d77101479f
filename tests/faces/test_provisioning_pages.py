"""Directories in every face: the customer's administrator alone with a set-up link, the console, the API, the command line."""

from __future__ import annotations

import json
import re

import pytest

from tests.faces.conftest import Cli
from tests.support import pages
from tests.support.administrator import Administrator
from tests.support.console import Desk, member
from tests.support.directory import Directory
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import SamlSide

TOKEN = re.compile(r"vsd_[A-Za-z0-9_-]{43}")


# --- the customer's administrator -------------------------------------------------------------------------------------


class Customer:
    """Somebody at Initech with nothing but a set-up link, whose system is connected."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("initech", "initech.example")
        token = hub.built.setup_links.create(ME, hub.tenants["initech"]).token
        self.administrator = Administrator(hub, f"/setup/{token}")
        self.administrator.press("/kind", kind="saml")
        connector = hub.built.setup_links.visit(token).chosen()
        self.side = SamlSide(hub, "https://idp.initech.example/saml", "initech")
        self.side.connector_id, self.side.email = connector.id, "peter@initech.example"

    def connect(self) -> Customer:
        self.administrator.upload(self.side.idp.metadata())
        self.administrator.switch_on()
        return self

    def page(self) -> str:
        return self.administrator.page("/directory")

    def made(self) -> str:
        """The token on the page that shows it."""
        found = TOKEN.search(self.administrator.press("/directory/token").get_data(as_text=True))
        assert found is not None
        return found.group(0)

    def people_by(self, token: str) -> int:
        """The status that a directory with this token gets."""
        headers = {"Authorization": f"Bearer {token}"}
        client = self.administrator.browser.client
        return client.get(f"/scim/v2/{self.side.connector_id}/Users", base_url=PUBLIC_URL, headers=headers).status_code


@pytest.fixture
def customer(hub: Hub) -> Customer:
    return Customer(hub)


def test_with_a_set_up_link_alone_the_directory_is_switched_on_and_pushes(customer: Customer) -> None:
    customer.connect()
    assert "/directory" in customer.administrator.page(), "the overview leads there"

    token = customer.made()

    assert customer.people_by(token) == 200
    page = customer.page()
    assert token not in page, "it is shown once"
    assert f"{PUBLIC_URL}/scim/v2/{customer.side.connector_id}" in page


def test_before_the_system_is_connected_there_is_nothing_to_switch_on(customer: Customer) -> None:
    assert not pages.forms(customer.page(), PUBLIC_URL)

    refused = customer.administrator.browser.post(f"{customer.administrator.link}/directory/token", customer.administrator.form("/kind").fields)

    assert refused.status_code in {400, 403}
    assert customer.hub.count("directories") == 0


def test_a_third_token_is_refused_and_a_revoked_one_opens_nothing(customer: Customer) -> None:
    customer.connect()
    first, second = customer.made(), customer.made()
    forms = pages.forms(customer.page(), PUBLIC_URL)
    assert not [form for form in forms if form.action.endswith("/directory/token")]
    third = customer.administrator.browser.post(f"{customer.administrator.link}/directory/token", forms[0].fields)
    assert third.status_code == 409
    assert "Two tokens work already" in third.get_data(as_text=True)

    customer.administrator.press("/directory/revoke")

    assert sorted([customer.people_by(first), customer.people_by(second)]) == [200, 401]


def test_the_page_says_what_arrived_and_what_went_wrong(customer: Customer) -> None:
    customer.connect()
    customer.made()
    assert "Nothing has arrived yet" in customer.page()
    directory = Directory(customer.hub, "initech", customer.side.connector_id)
    directory.add("peter@initech.example")
    directory.call("POST", "/Users", {"active": True})

    page = customer.page()

    assert "userName is required" in page
    assert "Nothing has arrived yet" not in page


def test_before_the_token_expires_its_page_says_so(customer: Customer) -> None:
    customer.connect()
    customer.people_by(customer.made())

    customer.hub.clock.forward(days=340)
    connector = customer.hub.built.connectors.by_id(customer.hub.tenants["initech"], customer.side.connector_id)
    assert connector is not None
    page = opened(Desk(customer.hub, member(customer.hub)), f"/console/tenants/initech/connectors/{connector.slug}/provisioning")

    assert "Its token expires in 25 days" in page


def test_strangers_are_refused_once_the_customer_wants_that(customer: Customer) -> None:
    customer.connect()
    customer.made()
    wiki = customer.hub.saml_app()
    assert wiki.sign_in(customer.hub.browser(), customer.side).status == "success"

    customer.administrator.press("/directory", unknown_people="refuse")

    browser = customer.hub.browser()
    refused = customer.side.authenticate(browser, browser.open(wiki.login_url(tenant="initech")))
    assert customer.hub.trace(refused).error_code == "unknown_in_directory"


def test_switched_off_the_directory_decides_nothing_and_its_token_opens_nothing(customer: Customer) -> None:
    customer.connect()
    token = customer.made()

    form = next(form for form in pages.forms(customer.page(), PUBLIC_URL) if form.fields.get("enabled") == "no")
    customer.administrator.browser.post(form.action, form.fields)

    assert customer.people_by(token) == 401


@pytest.mark.parametrize(
    ("vendor", "said"), [("entra", "Tenant URL"), ("okta", "SCIM connector base URL"), ("onelogin", "SCIM Bearer Token"), ("ping", "SCIM BASE URL"), ("other", "Bearer token")]
)
def test_every_vendor_has_its_steps_and_a_picture_with_our_two_values(customer: Customer, vendor: str, said: str) -> None:
    customer.connect()
    customer.made()

    page = customer.administrator.page(f"/directory?vendor={vendor}")

    assert said in page
    assert page.count('class="sketch-badge"') == 2


# --- the console ------------------------------------------------------------------------------------------------------

HOME = "/console/tenants/acme/connectors/idp"


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme")


@pytest.fixture
def desk(hub: Hub, acme: SamlSide) -> Desk:
    return Desk(hub, member(hub))


def opened(desk: Desk, path: str) -> str:
    response = desk.browser.open(path)
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def send(desk: Desk, path: str, ending: str, **typed: str) -> str:
    form = pages.form_to(opened(desk, path), ending, f"{PUBLIC_URL}{path}").with_fields(**typed)
    response = desk.browser.post(form.action, form.fields)
    if response.status_code == 303:
        return opened(desk, response.headers["Location"])
    return response.get_data(as_text=True)


def test_an_operator_switches_a_directory_on_makes_a_token_and_sees_who_came(hub: Hub, acme: SamlSide, desk: Desk) -> None:
    own = f"{HOME}/provisioning"
    assert f'href="{own}"' in opened(desk, HOME)

    send(desk, own, "/provisioning", enabled="yes", unknown_people="refuse", matching="subject")
    made = send(desk, own, "/provisioning/tokens")

    found = TOKEN.search(made)
    assert found is not None
    assert found.group(0) not in opened(desk, own), "it is shown once"
    directory = Directory(hub, "acme", acme.connector_id)
    ann = directory.add("ann@acme.example", displayName="Ann Miller", title="Editor")
    directory.add("bob@acme.example", active=False)
    directory.group("Writers", ann)
    people = opened(desk, f"{own}/people")
    assert "Ann Miller" in people
    assert "bob@acme.example" in people
    assert "Ann Miller" not in opened(desk, f"{own}/people?search=bob")
    assert "Ann Miller" not in opened(desk, f"{own}/people?state=off")
    assert "Editor" in opened(desk, f"{own}/people/{ann}")
    assert "Writers" in opened(desk, f"{own}/groups")


def test_a_choice_that_is_not_offered_is_said_at_the_field_with_the_rest_as_typed(desk: Desk) -> None:
    page = send(desk, f"{HOME}/provisioning", "/provisioning", enabled="yes", unknown_people="perhaps", matching="subject")

    assert 'id="wrong-unknown_people"' in page
    assert re.search(r'value="subject" checked', page)


def test_what_went_wrong_stands_on_the_page_and_a_removed_directory_keeps_nobody_out(hub: Hub, acme: SamlSide, desk: Desk) -> None:
    directory = Directory(hub, "acme", acme.connector_id, unknown="refuse")
    directory.call("PATCH", "/Users/nobody", {})
    own = f"{HOME}/provisioning"
    directory.call("POST", "/Users", {"active": True})
    assert "A PATCH has a list of Operations." in opened(desk, own)
    french = opened(desk, f"{own}?lang=fr")
    assert "Un PATCH contient une liste Operations." in french
    assert "userName est obligatoire : de 1 à 255 caractères." in french
    opened(desk, f"{own}?lang=en")

    send(desk, own, "/provisioning/remove")

    assert hub.count("directories") == hub.count("directory_tokens") == 0
    assert hub.saml_app().sign_in(hub.browser(), acme).status == "success"


def test_many_people_come_in_pages(hub: Hub, acme: SamlSide, desk: Desk) -> None:
    directory = Directory(hub, "acme", acme.connector_id)
    for number in range(60):
        directory.add(f"person-{number:02}@acme.example")

    first = opened(desk, f"{HOME}/provisioning/people")
    following = re.search(r'href="([^"]*after=[^"]*)"', first)

    assert following is not None
    second = opened(desk, following.group(1).replace("&amp;", "&"))
    seen = set(re.findall(r"person-\d\d", first)) | set(re.findall(r"person-\d\d", second))
    assert len(seen) == 60


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_the_command_line_does_all_of_it(hub: Hub, acme: SamlSide, cli: Cli) -> None:
    cli("provisioning", "save", "acme", "idp", "--enabled", "--unknown-people", "refuse")
    made = json.loads(cli("provisioning", "make-token", "acme", "idp", "--yes", "--json").output)
    directory = Directory(hub, "acme", acme.connector_id)
    directory.token = made["secret"]
    ann = directory.add("ann@acme.example")
    directory.group("Writers", ann)

    shown = json.loads(cli("provisioning", "show", "acme", "idp", "--json").output)
    people = json.loads(cli("provisioning", "people", "acme", "idp", "--json").output)
    person = json.loads(cli("provisioning", "person", "acme", "idp", ann, "--json").output)
    groups = json.loads(cli("provisioning", "groups", "acme", "idp", "--json").output)

    assert (shown["people"], shown["groups"], shown["base_url"]) == (1, 1, made["base_url"])
    assert [each["user_name"] for each in people["items"]] == ["ann@acme.example"]
    assert person["person"]["groups"] == ["Writers"]
    assert [each["people"] for each in groups["items"]] == [1]
    cli("provisioning", "revoke-token", "acme", "idp", made["id"], "--yes")
    assert directory.call("GET", "/Users").status_code == 401


def test_no_answer_but_the_first_contains_a_token(hub: Hub, acme: SamlSide, cli: Cli) -> None:
    directory = Directory(hub, "acme", acme.connector_id)

    said = cli("provisioning", "show", "acme", "idp", "--json").output + cli("provisioning", "tokens", "acme", "idp", "--json").output
    said += cli("audit", "list", "--json").output

    assert directory.token not in said
