"""Connectors in the console: chosen, understood before they are saved, set by forms made from their settings."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from broker.services.actor import Role
from broker.services.operations.connectors import ChangeConnector
from connectors import registry
from tests.support import pages
from tests.support.console import Desk, desk
from tests.support.hub import ME, Hub
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.support.saml_idp import SmallIdp

ACME = "/console/tenants/acme"
NEW, IDP = f"{ACME}/new/connector", f"{ACME}/connectors/idp"


@pytest.fixture
def acme(hub: Hub) -> Desk:
    hub.tenant("acme", "acme.example")
    return desk(hub)


def stored(hub: Hub, slug: str = "idp") -> Any:
    return hub.built.connectors.get(hub.tenants["acme"], slug)


def upload(mine: Desk, path: str, ending: str, **fields: Any) -> TestResponse:
    """A multipart form, with a file where bytes are given."""
    form = pages.form_to(mine.page(path), ending)
    data = {
        **form.fields,
        **{name: (BytesIO(value), "m.xml") if isinstance(value, bytes) else value for name, value in fields.items()},
    }
    return mine.browser.open(form.action, method="POST", data=data)


# --- a new one ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(registry.BUILT_IN))
def test_given_any_kind_when_chosen_then_its_page_shows_what_to_give_the_customer(hub: Hub, acme: Desk, kind: str) -> None:
    answer = acme.submit(NEW, NEW, type=kind)
    page = acme.page(answer.location)
    assert answer.location.endswith(f"{ACME}/connectors/{kind}")
    assert f"/upstream/{stored(hub, kind).id}/" in page
    assert "Draft" in pages.text(page)
    assert acme.page(f"{ACME}/connectors/{kind}/settings")


@pytest.mark.parametrize(
    ("typed", "field"), [({}, "type"), ({"type": "ldapx"}, "type"), ({"type": "saml", "connector": "No Slug"}, "slug")]
)
def test_given_a_choice_that_cannot_be_then_it_is_said(hub: Hub, acme: Desk, typed: dict[str, str], field: str) -> None:
    answer = acme.submit(NEW, NEW, **typed)
    assert answer.status_code == 400
    assert f'id="wrong-{field}"' in answer.text or 'id="problem"' in answer.text
    assert hub.count("connectors") == 0


def test_given_a_name_that_is_taken_then_the_connector_stays_as_it_is(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    assert acme.submit(NEW, NEW, type="oidc", connector="idp").status_code == 409
    assert stored(hub).type == "saml"


# --- metadata -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["file", "utf-16 file", "text"])
def test_given_metadata_then_it_is_understood_first_and_saved_after(hub: Hub, acme: Desk, way: str) -> None:
    acme.submit(NEW, NEW, type="saml", connector="idp")
    document = SmallIdp("https://idp.acme.example/saml").metadata()
    content = {
        "file": {"file": document},
        "utf-16 file": {"file": document.decode().replace("UTF-8", "UTF-16").encode("utf-16")},
        "text": {"metadata": document.decode()},
    }[way]
    preview = upload(acme, IDP, "/metadata", **content)
    assert preview.status_code == 200
    assert "Its entityID is https://idp.acme.example/saml." in pages.text(preview.text)
    assert "Nothing has been saved yet" in pages.text(preview.text)
    assert stored(hub).settings.entity_id == ""

    form = pages.form_to(preview.text, "/metadata/save")
    acme.browser.open(form.action, method="POST", data=form.fields, content_type="multipart/form-data")
    assert stored(hub).settings.entity_id == "https://idp.acme.example/saml"
    assert not stored(hub).enabled
    page = acme.page(IDP)
    assert "Saved. We now know this identity provider." in pages.text(page)
    assert "days left" in pages.text(page)


def test_given_newer_metadata_then_what_would_change_is_shown_beside_what_is(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    before = stored(hub).settings
    preview = upload(acme, IDP, "/metadata", file=SmallIdp("https://other.example/saml").metadata())
    said = pages.text(preview.text)
    assert "https://idp.acme.example/saml" in said
    assert "https://other.example/saml" in said
    assert "This is another identity provider than before" in said
    assert stored(hub).settings == before


def test_given_metadata_that_somebody_overtook_then_nothing_is_overwritten(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    form = pages.form_to(
        upload(acme, IDP, "/metadata", file=SmallIdp("https://other.example/saml").metadata()).text, "/metadata/save"
    )
    hub.built.operations.run(ME, "connector.save", ChangeConnector("acme", "idp", name="Renamed"))
    answer = acme.browser.open(form.action, method="POST", data=form.fields, content_type="multipart/form-data")
    assert answer.status_code == 412
    assert "Somebody else changed this" in pages.text(answer.text)
    assert stored(hub).settings.entity_id == "https://idp.acme.example/saml"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Choose a file, paste the metadata, or enter its address."),
        ({"metadata": "<a/>", "metadata_url": "https://idp.example/m"}, "in one way only"),
        ({"metadata": "<html><body>Sign in</body></html>"}, "This is a web page, not metadata."),
        ({"file": b"\x00\x01\x02\xff garbage"}, "This is not an XML file"),
        ({"file": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "DOCTYPE"),
        ({"metadata_url": "http://127.0.0.1:1/metadata"}, "We do not connect to that address from here."),
    ],
)
def test_given_something_else_than_metadata_then_a_sentence_says_so_and_nothing_changes(
    hub: Hub, acme: Desk, given: dict[str, Any], said: str
) -> None:
    hub.saml_idp("acme")
    before = stored(hub)
    answer = upload(acme, IDP, "/metadata", **given)
    assert answer.status_code >= 400
    assert said in pages.text(answer.text)
    assert stored(hub) == before


# --- settings -----------------------------------------------------------------------------------------------------------


def test_given_an_openid_provider_when_its_values_are_entered_then_it_is_asked_and_understood(hub: Hub, acme: Desk) -> None:
    acme.submit(NEW, NEW, type="oidc", connector="idp")
    with OpenIdProvider(hub.clock) as provider:
        path = f"{IDP}/settings"
        answer = acme.submit(path, "/settings", issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        assert answer.location.endswith(IDP), pages.text(answer.text)
    assert stored(hub).settings.client_secret == CLIENT_SECRET
    assert "Signing keys: 1" in pages.text(acme.page(IDP))
    page = acme.page(path)
    assert CLIENT_SECRET not in page
    assert "Set. Leave empty to keep it." in page


def test_given_an_empty_secret_when_saved_then_the_stored_one_stays(hub: Hub, acme: Desk) -> None:
    hub.oidc_op("acme", "idp")
    acme.submit(f"{IDP}/settings", "/settings", subject_claim="oid")
    assert stored(hub).settings.subject_claim == "oid"
    assert stored(hub).settings.client_secret == CLIENT_SECRET


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("saml", "entity_id", ""),
        ("saml", "sso_redirect_url", "javascript:alert(1)"),
        ("saml", "skew_seconds", "soon"),
        ("saml", "skew_seconds", "301"),
        ("saml", "signing_certificates", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        ("oidc", "issuer", "nowhere"),
        ("oidc", "scopes", "profile"),
        ("oidc", "token_endpoint_auth_method", "telepathy"),
    ],
)
def test_given_a_wrong_setting_then_it_is_said_at_its_field_and_kept(
    hub: Hub, acme: Desk, kind: str, field: str, value: str
) -> None:
    make: Callable[..., object] = hub.saml_idp if kind == "saml" else hub.oidc_op
    make("acme", "idp")
    before = stored(hub)
    answer = acme.submit(f"{IDP}/settings", "/settings", **{field: value})
    assert answer.status_code == 400, pages.text(answer.text)
    assert f'id="wrong-{field}"' in answer.text
    if field != "token_endpoint_auth_method":
        assert pages.form_to(answer.text, "/settings").fields[field] == value
    assert stored(hub) == before


@pytest.mark.parametrize(("field", "value"), [("accept_unsigned_cbc", "yes"), ("allow_sha1_until", "2026-12-31")])
def test_given_a_setting_that_weakens_a_check_then_it_takes_a_second_tick(hub: Hub, acme: Desk, field: str, value: str) -> None:
    hub.saml_idp("acme")
    refused = acme.submit(f"{IDP}/settings", "/settings", **{field: value})
    assert refused.status_code == 400
    assert "This weakens a check" in pages.text(refused.text)
    assert getattr(stored(hub).settings, field) in {False, ""}
    accepted = acme.submit(f"{IDP}/settings", "/settings", **{field: value, f"risk-{field}": "yes"})
    assert accepted.status_code == 302
    assert getattr(stored(hub).settings, field) in {True, "2026-12-31"}
    assert acme.submit(f"{IDP}/settings", "/settings").status_code == 302, "a risk that was accepted stays accepted"


def test_given_a_tenant_administrator_then_what_weakens_a_check_is_not_theirs(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    theirs = desk(hub, Role.TENANT_ADMIN, "acme")
    sent = {"accept_unsigned_cbc": "yes", "risk-accept_unsigned_cbc": "yes"}
    assert theirs.submit(f"{IDP}/settings", "/settings", **sent).status_code == 403
    assert not stored(hub).settings.accept_unsigned_cbc
    assert theirs.submit(f"{IDP}/settings", "/settings", request_binding="post").status_code == 302


def test_given_guests_then_they_take_a_second_tick(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    assert acme.submit(f"{IDP}/settings", "/general", admits_guests="yes").status_code == 400
    assert not stored(hub).admits_guests
    acme.submit(f"{IDP}/settings", "/general", **{"admits_guests": "yes", "risk-admits_guests": "yes", "name": "Partners"})
    assert stored(hub).admits_guests
    assert stored(hub).name == "Partners"
    assert acme.submit(f"{IDP}/settings", "/general", name="Guests").status_code == 302


def test_given_rules_of_its_own_then_they_hold_until_the_box_is_unticked(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    path = f"{IDP}/settings"
    rules = '[{"template": "pass_through", "claim": "email"}]'
    wrong = acme.submit(path, "/general", own_rules="yes", acceptance_rules='[{"template": "no"}]')
    assert "Rule 1:" in pages.text(wrong.text)
    acme.submit(path, "/general", own_rules="yes", acceptance_rules=rules)
    assert stored(hub).acceptance_rules == ({"template": "pass_through", "claim": "email"},)
    form = pages.form_to(acme.page(path), "/general")
    del form.fields["own_rules"]
    acme.browser.post(form.action, form.fields)
    assert stored(hub).acceptance_rules is None


# --- on, off, gone ------------------------------------------------------------------------------------------------------


def test_given_a_connector_then_it_is_switched_off_and_on(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    acme.submit(IDP, "/disable")
    assert not stored(hub).enabled
    acme.submit(IDP, "/enable")
    assert stored(hub).enabled


def test_given_the_short_name_typed_when_deleted_then_it_is_gone(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    assert acme.submit(IDP, "/delete", confirm="IDP").status_code == 400
    assert stored(hub)
    assert acme.submit(IDP, "/delete", confirm="idp").location.endswith(ACME)
    assert hub.count("connectors") == 0


def test_given_another_tenants_connector_then_there_is_none(hub: Hub, acme: Desk) -> None:
    hub.tenant("globex")
    hub.saml_idp("globex")
    theirs = desk(hub, Role.TENANT_ADMIN, "globex")
    assert acme.get(IDP).status_code == 404
    assert theirs.get(f"{ACME}/connectors/idp").status_code == 404
    assert theirs.get(NEW).status_code == 404


# --- testing --------------------------------------------------------------------------------------------------------------


def test_given_a_connector_that_is_off_then_a_test_sign_in_is_made_and_its_report_read_here(hub: Hub, acme: Desk) -> None:
    side = hub.saml_idp("acme")
    acme.submit(IDP, "/disable")
    answer = acme.submit(f"{IDP}/test", "/test")
    result = answer.location
    page = acme.page(result)
    address = pages.links(page)["Do it here"]
    assert f"{IDP}/tests/" in result
    browser = hub.browser()
    form = pages.form_to(browser.open(address).text, urlsplit(address).path)
    side.authenticate(browser, browser.post(address, form.fields))
    report = pages.text(acme.page(result))
    assert "What was checked" in report
    assert side.email in report
    assert hub.count("sessions") == 0


def test_given_an_application_that_is_none_then_it_is_said(hub: Hub, acme: Desk) -> None:
    hub.saml_idp("acme")
    answer = acme.submit(f"{IDP}/test", "/test", application="nothing")
    assert answer.status_code == 404
    assert 'id="wrong-application"' in answer.text


def test_given_health_then_the_page_says_how_it_fares(hub: Hub, acme: Desk) -> None:
    side = hub.saml_idp("acme")
    app = hub.saml_app()
    app.sign_in(hub.browser(), side)
    hub.built.upkeep.run()
    said = pages.text(acme.page(IDP))
    assert "How it fares Healthy" in said
    assert "The last 24 hours 1 sign-in" in said
    assert "Healthy" in pages.text(acme.page(ACME))
