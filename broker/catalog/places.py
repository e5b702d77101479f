"""Which of our addresses a request came to, or names: the common one, or one tenant's."""

from __future__ import annotations

from broker.catalog.catalog import Catalog
from broker.domain.errors import NotFound
from broker.domain.place import Place


class Places:
    """`public_url` without a trailing slash is the common address."""

    def __init__(self, catalog: Catalog, public_url: str) -> None:
        self._catalog = catalog
        self.common = Place(public_url)

    def at(self, slug: str | None) -> Place:
        """`slug` from the path; None: the common address. Raises NotFound."""
        if slug is None:
            return self.common
        tenant = self._catalog.tenant_by_slug(slug)
        if tenant is None or not tenant.tenant.enabled:
            raise NotFound(cause="no tenant that is switched on has this name")
        return Place.of_tenant(self.common.base, tenant.tenant.id, tenant.tenant.slug)

    def named(self, address: str) -> Place:
        """The place that an address of ours belongs to; what is none of ours counts as the common one. Raises NotFound."""
        below = f"{self.common.base}/t/"
        return self.at(address.removeprefix(below).partition("/")[0] if address.startswith(below) else None)
