"""The clock takes metadata over while somebody decides about the same connector: neither undoes what the other did."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.access_errors import StaleVersion
from broker.services.setup_links import unchanged
from tests.support.at_once import at_once
from tests.support.followed import NEW, OLD, Followed, acme
from tests.support.hub import ME
from tests.support.saml_idp import key_pair

__all__ = ["acme"]  # fixture


def test_given_an_operator_switches_off_while_new_certificates_are_taken_over_then_it_stays_off(acme: Followed) -> None:
    connectors, tenant_id, before = acme.hub.built.connectors, acme.hub.tenants["acme"], acme.connector
    keys = [key_pair(name).certificate_pem for name in (OLD, NEW)]
    take_over = unchanged(before, {"signing_certificates": keys})

    ended = at_once(
        acme.hub,
        lambda: connectors.set_enabled(ME, tenant_id, "idp", enabled=False),
        lambda: connectors.save(ME, replace(take_over, expected_version=before.version)),
    )

    assert isinstance(ended.exception(), StaleVersion)
    assert (acme.connector.enabled, acme.connector.held) == (False, True)


def test_given_new_certificates_are_taken_over_while_it_is_switched_off_then_they_stay(acme: Followed) -> None:
    connectors, tenant_id, before = acme.hub.built.connectors, acme.hub.tenants["acme"], acme.connector
    keys = [key_pair(name).certificate_pem for name in (OLD, NEW)]

    ended = at_once(
        acme.hub,
        lambda: connectors.save(ME, unchanged(before, {"signing_certificates": keys})),
        lambda: connectors.set_enabled(ME, tenant_id, "idp", enabled=False),
    )

    assert ended.exception() is None
    assert not acme.connector.enabled
    assert acme.certificates == {OLD, NEW}
