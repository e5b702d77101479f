"""What changes while somebody signs in, how a login ends, and what is stored of it."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import (
    BrokerError,
    CompletedTransaction,
    InvalidUpstreamResponse,
    UnknownTransaction,
)
from broker.login import transactions, upstream
from broker.services.applications import SaveApplication
from broker.services.tenants import SaveTenant
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import SamlApp, SamlSide, form_of
from tests.support.waiting import STEPS, World, authentication_of, step

# --- what changed meanwhile -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*STEPS, "again"])
def test_an_address_that_is_registered_no_more_gets_no_answer(hub: Hub, world: World, name: str) -> None:
    waiting = world.begin()
    if name == "again":
        world.idp.authenticate(world.browser, waiting)
    world.save_app(settings={"acs_urls": ["https://wiki.example/new"]})

    if name == "again":
        refused = world.browser.post(f"/login/{world.handle(waiting)}/again", {})
    else:
        refused = step(world, world.browser, waiting, name)

    assert refused.status_code == 400
    assert "SAMLResponse" not in refused.get_data(as_text=True)
    assert world.app.acs not in refused.get_data(as_text=True)


def test_an_oidc_address_that_is_registered_no_more_gets_no_code(hub: Hub, world: World) -> None:
    app = hub.oidc_app()
    waiting = world.browser.open(app.login_url())
    settings = {"client_id": app.client_id, "redirect_uris": ["https://mail.example/new"]}
    hub.built.applications.save(ME, SaveApplication("mail", "Mail", "oidc", settings, tenant_ids=None))

    refused = world.idp.authenticate(world.browser, waiting)

    assert refused.status_code == 400
    assert "Location" not in refused.headers
    assert hub.trace(refused).error_code == "unregistered_reply_address"


def test_an_application_that_is_deleted_meanwhile_gets_no_answer(hub: Hub, world: World) -> None:
    waiting = world.begin()
    hub.built.applications.delete(ME, "wiki")

    assert world.idp.authenticate(world.browser, waiting).status_code == 404
    assert hub.count("sessions") == 0


@pytest.mark.parametrize("what", ["connector", "tenant"])
def test_an_organisation_that_is_deleted_meanwhile_signs_nobody_in(hub: Hub, world: World, what: str) -> None:
    waiting = world.begin()
    if what == "connector":
        hub.built.connectors.delete(ME, hub.tenants["acme"], "idp")
    else:
        hub.built.tenants.delete(ME, "acme")

    refused = world.idp.authenticate(world.browser, waiting)

    assert refused.status_code in {403, 404}
    assert hub.count("sessions") == hub.count("identities") == 0


def test_carrying_on_stops_at_an_application_that_was_switched_off(hub: Hub, world: World) -> None:
    waiting = world.begin()
    world.idp.authenticate(world.browser, waiting)
    world.save_app(enabled=False)

    refused = world.browser.post(f"/login/{world.handle(waiting)}/again", {})

    assert refused.status_code == 403
    assert hub.trace(refused).error_code == "disabled"


@pytest.mark.parametrize(("signed_in_again", "at_once"), [(False, False), (True, True)])
def test_carrying_on_needs_the_fresh_authentication_that_was_asked_for(hub: Hub, world: World, signed_in_again: bool, at_once: bool) -> None:
    """The session must have been made by this login, not before it."""
    world.idp.authenticate(world.browser, world.begin())
    older = world.browser.client.get_cookie("__Host-vestibule-session", "localhost")
    hub.clock.forward(minutes=5)
    waiting = world.begin(ForceAuthn="true")
    login = world.resumed(waiting)
    if signed_in_again:
        world.idp.authenticate(world.browser, waiting)
    else:
        transactions.finish(hub.built.hub.transient, login.transaction, hub.clock.now())
    assert older is not None

    answer = world.browser.post(f"/login/{world.handle(waiting)}/again", {})

    assert (answer.status_code == 200) is at_once


# --- how it ends ------------------------------------------------------------------------------------------------------


def test_the_application_hears_what_the_person_was_told(world: World) -> None:
    world.save_app(authorization_rules=({"template": "permit", "claim": "group", "value": "nobody"},))
    waiting = world.begin()
    denied = world.idp.authenticate(world.browser, waiting)

    returned = world.browser.post(form_of(denied)[0], {})

    assert world.app.learn(returned).status == "RequestDenied"
    assert world.waiting_rows() == 0


def test_a_passive_request_is_told_to_the_application_however_it_ends(hub: Hub, world: World) -> None:
    hub.saml_idp("acme", settings={"forward_passive": True})
    waiting = world.browser.open(world.app.login_url(IsPassive="true"))

    told = world.idp.authenticate(world.browser, waiting, audience="https://somebody.else")

    assert world.app.learn(told).status == "AuthnFailed"
    assert world.waiting_rows() == 0


def test_a_switched_off_application_says_so_and_can_be_told(hub: Hub, world: World) -> None:
    world.save_app(enabled=False)

    page = world.browser.open(world.app.login_url())

    assert page.status_code == 403
    assert hub.trace(page).error_code == "disabled"
    assert world.app.learn(world.browser.post(form_of(page)[0], {})).status == "RequestDenied"


def test_a_switched_off_tenant_has_no_endpoint(hub: Hub, world: World) -> None:
    url = world.app.login_url(tenant="acme")
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))

    assert world.browser.open(url).status_code == 404
    assert world.browser.open(f"{PUBLIC_URL}/t/acme/saml/metadata").status_code == 404


@pytest.mark.parametrize(("connector", "email", "goes"), [("", "ann@other.example", False), ("acme", "ann@other.example", True)])
def test_a_button_goes_before_what_was_typed(hub: Hub, world: World, connector: str, email: str, goes: bool) -> None:
    hub.tenant("second", "second.example")
    hub.saml_idp("second")
    path, _ = form_of(world.browser.open(world.app.login_url()))

    answer = world.browser.post(path, {"connector": world.idp.connector_id if connector else "", "email": email})

    assert (answer.status_code == 302) is goes


# --- what is stored ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [transactions.WAITING, transactions.FINISHED])
def test_a_login_of_another_version_is_unknown_and_not_misread(hub: Hub, world: World, kind: str) -> None:
    waiting = world.begin()
    handle, store = world.handle(waiting), hub.built.hub.transient
    if kind == transactions.FINISHED:
        world.idp.authenticate(world.browser, waiting)
    value = store.get(kind, handle)
    assert value is not None
    store.put(kind, handle, b"9" + value[1:], hub.clock.now().replace(year=2030))

    with pytest.raises(UnknownTransaction):
        (transactions.get if kind == transactions.WAITING else transactions.finished)(store, handle)


def test_what_waits_in_vain_is_found_with_its_trace_whatever_its_version(hub: Hub, world: World) -> None:
    first, second = world.begin(), world.begin()
    store = hub.built.hub.transient
    value = store.get(transactions.WAITING, world.handle(first))
    assert value is not None
    store.put(transactions.WAITING, world.handle(first), b"9" + value[1:], hub.clock.now())
    expected = transactions.get(store, world.handle(second)).trace_code
    hub.clock.forward(days=1)

    with hub.built.database.reading() as connection:
        assert transactions.expired(connection, hub.clock.now(), 10) == [expected]


def test_a_finished_login_is_remembered_for_an_hour(hub: Hub, world: World) -> None:
    waiting = world.begin()
    world.idp.authenticate(world.browser, waiting)
    handle, store = world.handle(waiting), hub.built.hub.transient

    hub.clock.forward(minutes=59)
    with pytest.raises(CompletedTransaction):
        transactions.get(store, handle)
    hub.clock.forward(minutes=1)
    with pytest.raises(UnknownTransaction):
        transactions.get(store, handle)


@pytest.mark.parametrize(("value", "connector", "refused"), [("u-1", None, False), (" ", None, True), ("", None, True), ("u-1", "con_other", True)])
def test_a_connector_that_vouches_for_nobody_is_not_believed(world: World, value: str, connector: str | None, refused: bool) -> None:
    """The host's own check: a connector may be anybody's code."""
    from dataclasses import replace

    from broker.domain.authentication import UpstreamSubject

    login = world.resumed(world.begin())
    said = authentication_of(world, world.hub.clock.now())
    said = replace(said, subject=UpstreamSubject(connector or world.idp.connector_id, "i", value))
    home_realm = login.transaction.home_realm
    assert home_realm is not None
    catalog = world.hub.built.catalog
    prepared = catalog.connector(home_realm.connector_id)
    assert prepared is not None

    class Says:
        def complete(self, *_arguments: object) -> Any:
            return said

    catalog._entries[("connector", home_realm.connector_id)] = replace(prepared, upstream=Says())
    try:
        upstream.complete(login)
        outcome: BrokerError | None = None
    except InvalidUpstreamResponse as error:
        outcome = error

    assert (outcome is not None) is refused
    assert outcome is None or outcome.check == "upstream.subject"


def test_an_application_name_stands_on_the_page_that_offers_to_return(world: World) -> None:
    assert isinstance(world.app, SamlApp)
    assert isinstance(world.idp, SamlSide)
    page = world.idp.authenticate(world.browser, world.begin(), audience="https://somebody.else").get_data(as_text=True)

    assert "Return to Wiki" in page
