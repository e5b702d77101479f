"""Logins at a host of a tenant's own, and how an identity provider's answer finds its way there.

Identity providers know one set of addresses per connector, on the hub's own name (PRODUCT rule 7). A login that began at
`login.acme.com` is bound to that host's cookies, which do not come along there: so the answer is handed over, as it is, to
the same path at the host that the transaction remembers. All that is checked of an answer is checked there, against the
same registered addresses; nothing is read from it here but the handle.
"""

from __future__ import annotations

from urllib.parse import quote

from broker.domain.errors import BrokerError, Disabled, WrongBrowser
from broker.domain.http import Incoming, Outgoing, PostForm, Redirect
from broker.domain.transaction import LoginTransaction
from broker.login.context import Hub
from broker.login.transactions import FinishedLogin

Begun = LoginTransaction | FinishedLogin


def serves(hub: Hub, incoming: Incoming, tenant_id: str) -> bool:
    """Whether what belongs to this tenant exists at the address that was asked: at a host, only what is its tenant's."""
    place = hub.places.of_host(incoming.host) if incoming.host else None
    return not incoming.host or (place is not None and place.tenant_id == tenant_id)


def objection(hub: Hub, begun: Begun, incoming: Incoming) -> BrokerError | None:
    """Why a request at this address cannot go on with this login: it goes on where it began, while that is the same tenant's."""
    if begun.host != incoming.host:
        return WrongBrowser(cause="this sign-in began at another address of ours", check="transaction.host")
    return _gone(hub, begun) if begun.host else None


def elsewhere(begun: Begun, incoming: Incoming) -> bool:
    """Did an answer for a tenant's host arrive at the hub's own name? From a host nothing is ever handed on."""
    return not incoming.host and bool(begun.host)


def hand_over(hub: Hub, begun: Begun, incoming: Incoming) -> Outgoing:
    """To the host that the transaction remembers, never to one that a request names. Raises Disabled."""
    if (gone := _gone(hub, begun)) is not None:
        raise gone
    query = incoming.raw_query.decode("utf-8", "replace")
    address = hub.places.base_of(begun.host) + quote(incoming.path) + (f"?{query}" if query else "")
    return PostForm(address, incoming.form) if incoming.method == "POST" else Redirect(address)


def _gone(hub: Hub, begun: Begun) -> BrokerError | None:
    place = hub.places.of_host(begun.host)
    return None if place is not None and place.tenant_id == begun.request.hints.tenant_id else _disabled()


def _disabled() -> Disabled:
    return Disabled(cause="the host at which this sign-in began is switched off, gone or another tenant's by now")
