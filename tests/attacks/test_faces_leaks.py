"""What people type into our own forms, and the tokens of links, stand in no trace and no log, whatever goes wrong with them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.architecture.test_no_secrets import everything_stored
from tests.support import pages
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.staff import invited

TYPED = "heron lamp quarry violin"


def said(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


@pytest.mark.parametrize(
    "path",
    [
        "/console/welcome/gone/password",
        "/console/sign-in",
        "/console/me/password",
        "/console/tenants/acme/connectors/op/settings",
        "/setup/gone/oidc",
        "/account/others",
    ],
)
@pytest.mark.parametrize("field", ["again", "email", "password", "settings", "anything"])
def test_what_was_typed_into_a_form_that_failed_is_kept_nowhere(hub: Hub, caplog: pytest.LogCaptureFixture, path: str, field: str) -> None:
    """The link is over, the session has ended, the form's token is missing: support reads traces, and must not read passwords."""
    caplog.set_level(logging.DEBUG)

    refused = hub.browser().post(path, {field: TYPED, "csrf": "x"})

    assert refused.status_code in {401, 403, 404}
    assert hub.count("traces") == 1, "the refusal itself is on record"
    assert TYPED.encode() not in everything_stored(hub)
    assert TYPED not in said(caplog)
    assert TYPED not in refused.get_data(as_text=True)


def test_what_an_application_sends_is_still_on_its_trace(hub: Hub) -> None:
    """The honest neighbour: support needs the parameters of protocols."""
    hub.browser().open("/oauth2/authorize?client_id=unheard-of&response_type=code")

    assert b"unheard-of" in everything_stored(hub)


def _setup_link(hub: Hub) -> str:
    return f"/setup/{hub.built.setup_links.create(ME, hub.tenants['acme']).token}"


def _welcome_link(hub: Hub) -> str:
    return invited(hub)[1].removeprefix(PUBLIC_URL)


@pytest.mark.parametrize("ending", ["", "/", "/nowhere", "/kind", "/metadata", "/password", "/passkey/options", "/test"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("link", [_setup_link, _welcome_link])
def test_the_token_of_a_link_stands_in_no_log_and_no_trace(
    hub: Hub, caplog: pytest.LogCaptureFixture, link: Any, method: str, ending: str
) -> None:
    """Whoever reloads the page behind a form, or mistypes its address, still holds a link that works."""
    hub.tenant("acme", "acme.example")
    address = link(hub)
    token = address.rpartition("/")[2]
    caplog.set_level(logging.DEBUG)

    hub.browser().open(address + ending, method=method)

    assert token not in said(caplog)
    assert token.encode() not in everything_stored(hub)


def test_a_test_login_of_the_walk_leaves_nothing_of_the_links_token(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    """The browser comes back to the link's own page, so its address travels with the test."""
    caplog.set_level(logging.DEBUG)
    hub.tenant("acme", "acme.example")
    address, browser = _setup_link(hub), hub.browser()
    token = address.rpartition("/")[2]
    side = hub.saml_idp("acme", "other")
    hub.built.setup_links.choose_kind(token, "saml")
    visit = hub.built.setup_links.visit(token)
    side.connector_id = visit.chosen().id
    hub.built.services.setup_renewal.take(visit, side.idp.metadata())

    form = pages.form_to(browser.open(f"{address}/test").data, "/test", f"{PUBLIC_URL}{address}/test")
    answer = side.authenticate(browser, browser.post(form.action, form.fields))

    assert answer.headers["Location"].startswith(PUBLIC_URL + address), "the report is shown in the walk"
    assert browser.open(answer.headers["Location"]).status_code == 200
    assert token not in said(caplog)
    assert token.encode() not in everything_stored(hub)


def test_a_notice_says_only_what_the_page_before_said(hub: Hub) -> None:
    """It travels in a cookie: whoever could set one must not be able to write markup."""
    mine = desk(hub)
    mine.browser.client.set_cookie("__Host-console-notice", "<script>alert(1)</script>", domain="localhost", secure=True)

    assert "<script>alert" not in mine.page("/console/tenants")
