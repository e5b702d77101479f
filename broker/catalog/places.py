"""Which of our addresses a request came to, or names: the common one, one tenant's, one application's, or a tenant's host."""

from __future__ import annotations

from urllib.parse import urlsplit

from broker.catalog.catalog import Catalog
from broker.domain.errors import NotFound
from broker.domain.host import Host, HostState
from broker.domain.messages import filled
from broker.domain.place import Place


class Places:
    """`public_url` without a trailing slash is the common address.

    A tenant's host has addresses of its own beside those below `/t/<slug>`, so neither adding nor removing one changes an
    issuer or entityID that somebody trusts (decision 0013).
    """

    def __init__(self, catalog: Catalog, public_url: str) -> None:
        self._catalog = catalog
        self.common = Place(public_url)
        url = urlsplit(public_url)
        self.own_name = url.hostname or ""
        # A development hub answers at a port, and so do its hosts; https ones have none.
        self._scheme, self._port = url.scheme, f":{url.port}" if url.scheme == "http" and url.port else ""

    def at(self, slug: str | None, host: str = "") -> Place:
        """`slug` from the path, `host` as `Incoming` has it; neither: the common address. Raises NotFound."""
        if host:
            place = self.of_host(host) if slug is None else None
            if place is None:
                raise NotFound(cause="no host that is switched on has this name")
            return place
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
            raise NotFound(
                cause=filled("no application that speaks %(protocol)s has this name", protocol=protocol or filled("this protocol"))
            )
        return Place.of_application(self.common.base, found.application.id, found.application.slug)

    def named(self, address: str) -> Place:
        """The place that an address of ours belongs to; what is none of ours counts as the common one. Raises NotFound."""
        if (host := self._host_of(address)) is not None:
            return self.at(None, host.name)
        of_tenant, of_application = f"{self.common.base}/t/", f"{self.common.base}/a/"
        if address.startswith(of_application):
            return self.of_application(address.removeprefix(of_application).partition("/")[0])
        return self.at(address.removeprefix(of_tenant).partition("/")[0] if address.startswith(of_tenant) else None)

    # --- hosts of tenants ---------------------------------------------------------------------------------------------

    def base_of(self, name: str) -> str:
        return f"{self._scheme}://{name}{self._port}"

    def host(self, header: str) -> Host | None:
        """The configured host that a Host header names, switched on or not. None: then it is the hub's own, whatever it says.

        Anybody can send any header, so it is good for nothing but this look-up.
        """
        name = header.lower()
        if self._port:
            if not name.endswith(self._port):
                return None
            name = name.removesuffix(self._port)
        else:
            name = name.removesuffix(":443" if self._scheme == "https" else ":80")
        return None if name == self.own_name else self._catalog.hosts().get(name)

    def of_host(self, name: str) -> Place | None:
        """None unless the host and its tenant are switched on."""
        host = self._catalog.hosts().get(name)
        if host is None or host.state is not HostState.ON:
            return None
        tenant = self._catalog.tenant(host.tenant_id)
        return Place(self.base_of(name), host.tenant_id) if tenant is not None and tenant.tenant.enabled else None

    def _host_of(self, address: str) -> Host | None:
        """The host of an absolute address of ours."""
        scheme, separator, rest = address.partition("://")
        return self.host(rest.partition("/")[0]) if separator and scheme == self._scheme else None
