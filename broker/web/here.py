"""Where the request that is being answered came to, for whatever makes a page or an address."""

from __future__ import annotations

from flask import g, has_request_context

from broker.domain.branding import Branding


def at_hub(branding: Branding) -> None:
    """How the hub's own pages look. Kept with the request, because the page of an error must not ask the database."""
    g.hub_branding = branding


def arrive(host: str, base: str, branding: Branding) -> None:
    """It came to a tenant's host."""
    g.host, g.base, g.branding = host, base, branding


def host() -> str:
    """The tenant's host; empty: the hub's own address."""
    return str(g.get("host", ""))


def base(public_url: str) -> str:
    """What our own addresses begin with for whoever sent this request."""
    return str(g.get("base", public_url))


def branding(own: Branding | None = None) -> Branding:
    """How a page looks: as its own says, or its host's while nothing else is known, and else as the hub's."""
    if not has_request_context():
        return own or Branding()
    return (own or g.get("branding") or Branding()).over(g.get("hub_branding") or Branding())
