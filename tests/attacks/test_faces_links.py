"""A set-up link that somebody keeps pressing: what it can make has an end."""

from __future__ import annotations

import pytest

from broker.domain.errors import Conflict
from broker.services.setup_links import MOST_CONNECTORS
from tests.support.hub import ME, Hub
from tests.support.saml_idp import SmallIdp


def test_choosing_and_filling_in_again_and_again_ends(hub: Hub) -> None:
    """Each system that was filled in stays, so that nothing is lost by a wrong press; but not a thousand of them."""
    tenant_id = hub.tenant("acme", "acme.example")
    links, renewal = hub.built.setup_links, hub.built.services.setup_renewal
    token = links.create(ME, tenant_id).token
    for number in range(MOST_CONNECTORS - 2):
        hub.built.connectors.draft(ME, tenant_id, f"there-{number}", "saml", "Made before")
    for kind in ("saml", "okta"):
        links.choose_kind(token, kind)
        renewal.take(links.visit(token), SmallIdp().metadata())

    with pytest.raises(Conflict):
        links.choose_kind(token, "adfs")

    assert len(hub.built.connectors.all(tenant_id)) == MOST_CONNECTORS
    hub.built.connectors.draft(ME, tenant_id, "one-more", "adfs", "An operator may")
    assert links.visit(token).chosen().type == "okta", "what was chosen before stays"
