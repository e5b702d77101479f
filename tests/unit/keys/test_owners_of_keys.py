"""The keyring with many owners: cheap for all, nobody is given anybody else's key, and another master key opens all of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from broker.app import create_app, vestibule
from broker.domain.keys import HUB, KeyState, KeyUse
from broker.keys import keyring as module
from broker.services.operations.keys import ListKeys, OneOwner, PromoteKey, RevokeKey
from tests.support.hub import ME, Hub
from tests.support.partners import SamlApp


@contextmanager
def key_queries_of(hub: Hub) -> Iterator[list[str]]:
    """Statements that read or write keys."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "signing_keys" in statement:
            seen.append(statement)

    event.listen(hub.built.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(hub.built.database.engine, "before_cursor_execute", note)


def with_own_keys(hub: Hub, slug: str) -> str:
    """A tenant whose own keys sign; its id."""
    hub.tenant(slug, f"{slug}.example")
    run = hub.built.operations.run
    run(ME, "own_keys.begin", OneOwner(f"tenant:{slug}"))
    for key in run(ME, "key.list", ListKeys(f"tenant:{slug}")).items:
        run(ME, "key.promote", PromoteKey(key.key, before_partners_know=True))
    hub.built.catalog.refresh()
    return hub.tenants[slug]


def test_given_a_tenant_with_own_keys_then_only_its_first_login_reads_them(hub: Hub) -> None:
    with_own_keys(hub, "acme")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    browser = hub.browser()

    def sign_in(app: SamlApp) -> None:
        response = browser.open(app.login_url(tenant="acme"))
        if response.status_code == 302:
            response = idp.authenticate(browser, response)
        assert "SAMLResponse" in response.text

    hub.built.keyring.forget()  # as a change of keys does
    with key_queries_of(hub) as first:
        sign_in(app)
    with key_queries_of(hub) as then:
        sign_in(app)
        browser.open("/t/acme/oauth2/jwks")
        browser.open("/t/acme/saml/metadata")

    assert first
    assert then == []


def test_given_many_owners_then_a_tenant_without_own_keys_asks_for_nothing(hub: Hub) -> None:
    owners = [with_own_keys(hub, slug) for slug in ("acme", "globex")]
    keyring = hub.built.keyring
    keyring.active(KeyUse.SAML_SIGNING)

    with key_queries_of(hub) as seen:
        for number in range(100):
            assert keyring.active(KeyUse.OIDC_SIGNING, "RS256", f"ten_{number}").owner_id == HUB
    assert seen == []
    for owner in owners:
        assert keyring.active(KeyUse.OIDC_SIGNING, "RS256", owner).owner_id == owner


def test_given_more_owners_than_are_kept_then_the_others_are_read_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OWNERS", 1)
    owners = [with_own_keys(hub, slug) for slug in ("acme", "globex", "initech")]
    keyring = hub.built.keyring

    for owner in (*owners, *owners):
        assert keyring.active(KeyUse.SAML_SIGNING, owner_id=owner).owner_id == owner
    assert len(keyring._open().others) == 1


@pytest.mark.parametrize("use", list(KeyUse))
def test_given_two_owners_then_neither_is_given_a_key_of_the_other(hub: Hub, use: KeyUse) -> None:
    acme, globex = with_own_keys(hub, "acme"), with_own_keys(hub, "globex")
    keyring = hub.built.keyring

    for owner in (acme, globex, HUB):
        assert {key.owner_id for key in keyring.published(use, owner)} <= {owner, HUB}
        assert keyring.active(use, owner_id=owner).owner_id == owner
        assert keyring.published(use, owner)[0].id == next(
            key.id for key in keyring.published(use, owner) if key.owner_id == owner and key.state is KeyState.ACTIVE
        )


def test_given_another_master_key_then_it_opens_the_keys_of_all_owners(hub: Hub, tmp_path: Path) -> None:
    acme = with_own_keys(hub, "acme")
    revoked = hub.built.keyring.active(KeyUse.SAML_SIGNING, owner_id=acme).id
    hub.built.operations.run(ME, "key.revoke", RevokeKey(revoked, break_trust=True))
    file = tmp_path / "new.key"
    file.write_text(base64.b64encode(bytes(range(1, 33))).decode())
    both = replace(hub.settings, master_key_file=str(file), previous_master_key_file=hub.settings.master_key_file)
    changing = vestibule(create_app(both, hub.clock))

    changing.services.master_key.rewrap(ME)

    alone = vestibule(create_app(replace(both, previous_master_key_file=""), hub.clock))
    found = alone.keyring.active(KeyUse.SAML_SIGNING, owner_id=acme)
    assert (found.owner_id, found.id == revoked) == (acme, False)
    assert "PRIVATE KEY" in found.private_pem
    for opened in (changing, alone):
        opened.database.dispose()
