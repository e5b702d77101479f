"""The console's pages about keys: every form of theirs, what is said before something breaks, and what is refused where."""

from __future__ import annotations

from typing import Any

import pytest

from broker.services.actor import Role
from broker.services.operations.keys import ListKeys, OneOwner, ShowRollover
from tests.support.console import Desk, desk
from tests.support.hub import ME, Hub
from tests.support.saml_idp import key_pair

KEYS = "/console/keys"
SAML = "saml_signing"


@pytest.fixture
def owner(hub: Hub) -> Desk:
    hub.tenant("acme", "acme.example")
    return desk(hub)


def run(hub: Hub, name: str, asked: Any) -> Any:
    return hub.built.operations.run(ME, name, asked)


def states(hub: Hub, owner: str = "hub", use: str = SAML) -> dict[str, str]:
    """State → id."""
    return {key.state: key.key for key in run(hub, "key.list", ListKeys(owner)).items if key.use == use}


def announce(hub: Hub, who: Desk, owner: str = "hub") -> str:
    who.browser.post("/console/keys/announce", {**form_of(who), "owner": owner, "use": SAML})
    return states(hub, owner)["next"]


def form_of(who: Desk) -> dict[str, str]:
    """The token that every form of the console carries."""
    page = who.page(KEYS)
    name, value = page.split('<input type="hidden" name="')[1].split('" value="')[:2]
    return {name: value.split('"')[0]}


def send(who: Desk, path: str, **typed: str) -> Any:
    return who.browser.post(f"/console{path}", {**form_of(who), "owner": "hub", **typed})


def test_given_too_early_then_the_page_says_from_when_and_the_risk_has_a_name(hub: Hub, owner: Desk) -> None:
    new = announce(hub, owner)

    refused = send(owner, f"/keys/{new}/promote")

    assert refused.status_code == 409
    assert "It may sign from 2026-03-16 09:00 UTC on." in refused.text
    assert send(owner, f"/keys/{new}/promote", before_partners_know="yes").status_code == 302
    assert states(hub)["active"] == new


def test_given_a_key_when_revoked_then_what_breaks_is_said_first(hub: Hub, owner: Desk) -> None:
    old = states(hub)["active"]
    assert "Every application and identity provider that took our certificate by hand refuses us" in owner.page(KEYS)

    assert send(owner, f"/keys/{old}/revoke").status_code == 409
    assert send(owner, f"/keys/{old}/revoke", break_trust="yes").status_code == 302
    assert states(hub)["revoked"] == old
    assert "Revoked on" in owner.page(KEYS)


def test_given_a_retiring_key_then_it_ends_early_only_as_a_risk(hub: Hub, owner: Desk) -> None:
    old, new = states(hub)["active"], announce(hub, owner)
    send(owner, f"/keys/{new}/promote", before_partners_know="yes")

    owner.submit(KEYS, f"/{old}/promote")
    assert states(hub) == {"active": old, "next": new}
    send(owner, f"/keys/{new}/promote", before_partners_know="yes")

    assert send(owner, f"/keys/{old}/retire").status_code == 409
    assert send(owner, f"/keys/{old}/retire", while_still_trusted="yes").status_code == 302
    assert states(hub) == {"active": new}


def test_given_a_key_from_elsewhere_then_it_is_announced(hub: Hub, owner: Desk) -> None:
    pair = key_pair("brought")
    typed = {"use": SAML, "private_key": pair.private_pem, "certificate": pair.certificate_pem}

    assert owner.submit(f"{KEYS}/bring?owner=hub&use={SAML}", "/keys/bring", **typed).headers["Location"].endswith(KEYS)
    assert "Brought from elsewhere" in owner.page(KEYS)


def test_given_a_problem_on_a_tenants_page_then_it_is_told_there(hub: Hub, owner: Desk) -> None:
    run(hub, "own_keys.begin", OneOwner("tenant:acme"))
    (key,) = (key for key in run(hub, "key.list", ListKeys("tenant:acme")).items if key.use == SAML)

    refused = send(owner, f"/keys/{key.key}/promote", owner="tenant:acme")

    assert refused.status_code == 409
    assert "<h1>Acme" in refused.text.replace("\n", "")
    assert "Its own keys are announced" in refused.text


def test_given_own_keys_then_its_page_leads_back_to_the_hubs(hub: Hub, owner: Desk) -> None:
    page = "/console/tenants/acme/keys"
    run(hub, "own_keys.begin", OneOwner("tenant:acme"))
    for key in run(hub, "key.list", ListKeys("tenant:acme")).items:
        send(owner, f"/keys/{key.key}/promote", owner="tenant:acme", before_partners_know="yes")
    assert "Its own keys sign here." in owner.page(page)

    owner.submit(page, "/own-keys/end")
    leaving = owner.page(page)
    assert "The hub’s keys are announced beside its own" in leaving
    assert "From 16 March 2026 on the hub’s may sign." in leaving
    assert send(owner, "/own-keys/end", owner="tenant:acme").status_code == 409
    owner.submit(page, "/own-keys/begin")
    assert "Its own keys sign here." in owner.page(page)
    send(owner, "/own-keys/end", owner="tenant:acme", before_partners_know="yes")
    assert "The hub’s keys sign here again." in owner.page(page)


def test_given_an_application_then_its_page_gives_it_keys_of_its_own(hub: Hub, owner: Desk) -> None:
    hub.saml_app("wiki")
    page = "/console/applications/wiki/keys"
    assert "Give it keys of its own" in owner.page(page)

    owner.submit(page, "/own-keys/begin")

    assert "http://localhost:8080/a/wiki/saml/metadata" in owner.page(page)
    assert ">wiki<" in owner.page(KEYS)


def test_given_the_clock_for_saml_then_the_risk_is_accepted_by_a_second_tick(hub: Hub, owner: Desk) -> None:
    page = f"{KEYS}/rollover"

    refused = owner.submit(page, "/keys/rollover", saml_every_days="365")
    assert refused.status_code == 400
    assert run(hub, "key.rollover", ShowRollover()).saml_every_days == 0
    form = {**form_of(owner), "oidc_every_days": "30", "oidc_wait_hours": "24", "saml_every_days": "365", "saml_wait_days": "14"}
    saved = owner.browser.post(page, {**form, "saml_keep_days": "30", "risk-saml_every_days": "yes"})
    assert saved.headers["Location"].endswith(KEYS)
    assert "SAML: new keys every 365 days, by the clock." in owner.page(KEYS)


def test_given_support_then_keys_are_seen_and_not_changed(hub: Hub, owner: Desk) -> None:
    seen = desk(hub, Role.SUPPORT).page(KEYS)

    assert "SAML signatures" in seen
    assert "/keys/announce" not in seen
    assert "/revoke" not in seen


def test_given_french_then_the_page_is_french(hub: Hub, owner: Desk) -> None:
    announce(hub, owner)
    page = owner.get(KEYS, headers={"Accept-Language": "fr"}).text

    assert "peut signer à partir du" in page
    assert "Qui a ses propres clés" in page
