"""`/console/tokens`: an owner lets a program in, sees what it may do, and takes it back."""

from __future__ import annotations

import html
import re

import pytest

from tests.support.console import desk
from tests.support.hub import Browser, Hub


def call(hub: Hub, secret: str) -> int:
    browser = Browser(hub.app)
    return browser.open("/api/v1/tenants", headers={"Authorization": f"Bearer {secret}"}).status_code


def test_given_an_owner_when_letting_a_program_in_then_its_secret_is_shown_once_and_works_until_revoked(hub: Hub) -> None:
    mine = desk(hub)
    assert "No program has access yet" in mine.page("/console/tokens")
    page = mine.submit("/console/new/token", "/new/token", name="Billing", kind="token", verbs="read", days="30").get_data(as_text=True)
    secret = html.unescape(re.search(r'id="secret">([^<]+)<', page).group(1))  # type: ignore[union-attr]
    assert call(hub, secret) == 200
    listed = mine.page("/console/tokens")
    assert "Billing" in listed
    assert secret not in listed
    assert mine.submit("/console/tokens", "/revoke").status_code == 302
    assert call(hub, secret) == 401
    assert "Revoked" in mine.page("/console/tokens")


def test_given_a_client_then_its_id_and_secret_are_shown(hub: Hub) -> None:
    page = desk(hub).submit("/console/new/token", "/new/token", name="Terraform", kind="client", verbs="configure", days="30").get_data(as_text=True)
    assert 'id="client-id"' in page
    assert 'id="secret"' in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"name": ""}, "name"), ({"days": "many"}, "days"), ({"days": "100000"}, "days"), ({"only_tenant": "nowhere"}, "tenant"), ({"verbs": "fly"}, "verbs")],
)
def test_given_a_mistake_then_it_is_said_with_everything_typed(hub: Hub, typed: dict[str, str], field: str) -> None:
    values = {"name": "Billing", "kind": "token", "verbs": "read", "days": "30", **typed}
    answer = desk(hub).submit("/console/new/token", "/new/token", **values)
    page = answer.get_data(as_text=True)
    assert 400 <= answer.status_code < 500, field
    assert 'id="problem"' in page
    assert values["name"] in page
    assert 'id="secret"' not in page


def test_given_an_old_sign_in_then_a_token_is_made_only_after_confirmation(hub: Hub) -> None:
    mine = desk(hub)
    hub.clock.forward(minutes=11)
    answer = mine.submit("/console/new/token", "/new/token", name="Billing", kind="token", verbs="read", days="30")
    assert "/console/confirm" in answer.headers["location"]
