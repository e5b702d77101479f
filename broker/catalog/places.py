"""Which of our addresses a request came to, or names: the common one, one tenant's, or one application's."""

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

    def of_application(self, slug: str, protocol: str = "") -> Place:
        """The address of one application alone. `protocol`: what is spoken there, if that is known. Raises NotFound.

        Also of one that is switched off: its developer may set it up first, and a sign-in is told why it is refused.
        """
        found = self._catalog.application_by_slug(slug)
        if found is None or protocol not in ("", found.application.protocol):
            raise NotFound(cause=f"no application that speaks {protocol or 'this protocol'} has this name")
        return Place.of_application(self.common.base, found.application.id, found.application.slug)

    def named(self, address: str) -> Place:
        """The place that an address of ours belongs to; what is none of ours counts as the common one. Raises NotFound."""
        of_tenant, of_application = f"{self.common.base}/t/", f"{self.common.base}/a/"
        if address.startswith(of_application):
            return self.of_application(address.removeprefix(of_application).partition("/")[0])
        return self.at(address.removeprefix(of_tenant).partition("/")[0] if address.startswith(of_tenant) else None)
