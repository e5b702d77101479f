"""Whose address is it? The one answer for logins and for sessions that live on (PRODUCT rule 1)."""

from __future__ import annotations

from broker.catalog.catalog import Catalog
from broker.domain.email import domain_of
from broker.domain.trust import Connector


def standing(catalog: Catalog, connector: Connector, email: str) -> tuple[bool, bool]:
    """(owned, admitted): is the address of a domain that the connector's tenant has proved, and may it enter at all?

    A guest's address may be of any domain but one of another tenant: only that tenant speaks for its people.
    """
    name = domain_of(email)
    if catalog.owns_domain(connector.tenant_id, name):
        return True, True
    return False, connector.admits_guests and catalog.domain(name) is None
