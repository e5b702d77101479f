"""What not everybody who may change a connector may do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from broker.catalog.prepare import provider_id
from broker.domain.errors import Forbidden, InvalidSettings
from broker.domain.messages import translatable
from broker.domain.trust import Connector
from broker.services.actor import Actor

SECRET_AGAIN = translatable("The secret would go to another address now. Enter it again: a stored one stays with its address.")

ANOTHER_PROVIDER = translatable(
    "An operator accepted a risk for the identity provider that is connected now. Ask them to connect another one."
)


def held_off(actor: Actor, existing: Connector | None, *, enabled: bool) -> bool:
    """Whether an operator holds it switched off from now on. A draft that was never on is nobody's decision.

    Raises Forbidden for whoever would switch on what an operator switched off.
    """
    if actor.speaks_for_the_hub:
        return not enabled and existing is not None and (existing.enabled or existing.held)
    held = existing is not None and existing.held
    if held and enabled:
        raise _held(actor)
    return held


def check_other_ways_on(actor: Actor, existing: Connector | None, connector: Connector, others: Iterable[Any]) -> None:
    """The same identity provider under another name is no way round it. `others`: rows of the tenant's connectors.

    Raises Forbidden.
    """
    name = provider_id(connector.settings)
    was_on = existing is not None and existing.enabled and provider_id(existing.settings) == name
    if actor.speaks_for_the_hub or not (connector.enabled and name) or was_on:
        return
    if any(row.held and row.id != connector.id and row.provider_id == name for row in others):
        raise _held(actor)


def _held(actor: Actor) -> Forbidden:
    sentence = translatable("An operator switched this connector off. Ask them to switch it on again.")
    return Forbidden(sentence, field="enable", cause=f"{actor.name} may only set up")


def check_weakening(actor: Actor, existing: Connector | None, connector: Connector) -> None:
    """What weakens a check is for operators to decide, not for whoever sets one tenant up, however the setting is reached:
    by name, out of metadata, or as what was accepted of a provider of another type. Raises Forbidden.
    """
    if actor.speaks_for_the_hub:
        return
    if connector.admits_guests and not (existing is not None and existing.admits_guests):
        raise Forbidden("Only an operator may admit guests.", field="admits_guests", cause=f"{actor.name} may only set up")
    current = existing.settings if existing is not None and existing.type == connector.type else None
    for item in fields(connector.settings):
        held = item.default if current is None else getattr(current, item.name)
        if item.metadata.get("risk") and getattr(connector.settings, item.name) != held:
            raise Forbidden("Only an operator may change this setting.", field=item.name, cause=item.metadata["risk"])
    if existing is not None and _passes_on(existing, connector):
        raise Forbidden(ANOTHER_PROVIDER, field="settings", cause=f"{actor.name} may only set up")


def _passes_on(existing: Connector, connector: Connector) -> bool:
    """Whether what was accepted of one identity provider would hold for another one, at which nobody has looked."""
    if provider_id(existing.settings) == provider_id(connector.settings):
        return False
    risks = [item for item in fields(connector.settings) if item.metadata.get("risk")]
    return connector.admits_guests or any(getattr(connector.settings, item.name) != item.default for item in risks)


def check_secrets(before: Any, after: Any, given: dict[str, Any]) -> None:
    """Nobody reads a secret, so nobody may have it sent to an address of their own either. Raises InvalidSettings."""
    names = {item.name for item in fields(after) if item.metadata.get("receives_secrets")}
    if all(getattr(before, name) == getattr(after, name) for name in names):
        return
    for item in fields(after):
        if item.metadata.get("secret") and getattr(before, item.name) and item.name not in given:
            raise InvalidSettings(SECRET_AGAIN, field=item.name)
