"""Where the request that is being answered came to, for whatever makes a page or an address."""

from __future__ import annotations

from flask import g, has_request_context

from broker.domain.branding import Branding


def arrive(host: str, base: str, branding: Branding) -> None:
    """It came to a tenant's host."""
    g.host, g.base, g.branding = host, base, branding


def host() -> str:
    """The tenant's host; empty: the hub's own address."""
    return str(g.get("host", ""))


def base(public_url: str) -> str:
    """What our own addresses begin with for whoever sent this request."""
    return str(g.get("base", public_url))


def branding() -> Branding:
    """How pages look before more is known."""
    found = g.get("branding") if has_request_context() else None
    return found if isinstance(found, Branding) else Branding()
