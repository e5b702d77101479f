"""How long keys wait, sign and stay: what operators may set, and what follows from it for each kind of key.

Partners learn of a key from what we publish, some every few minutes, some when a person fetches a file. A key that signs before
they know it locks everybody out, so the waiting times are what keeps a rollover from being an outage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from broker.domain.errors import InvalidSettings
from broker.domain.keys import KeyUse
from broker.domain.messages import translatable
from broker.services.actor import Actor, Verb
from broker.services.context import Action, Change, Workbench, difference, record
from broker.store.tables import hub_settings

_NAME = "key_rollover"
LONGEST_TOKEN = timedelta(days=1)
"""No ID token is valid for longer (`broker.downstream.oidc.settings`)."""
_CACHES = timedelta(hours=1)
"""Of a key set, with clocks that differ: we say five minutes, and libraries round up."""
_MOST_DAYS = 3650


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """`…_every_days` 0: only people roll these keys. See docs/decisions for why the two protocols differ."""

    oidc_every_days: int = 90
    oidc_wait_hours: int = 24
    saml_every_days: int = 0
    saml_wait_days: int = 14
    saml_keep_days: int = 30

    def every(self, use: KeyUse) -> timedelta | None:
        """How long a key signs before the next one is due; None: until a person says so."""
        days = self.oidc_every_days if use is KeyUse.OIDC_SIGNING else self.saml_every_days
        return timedelta(days=days) if days else None

    def wait(self, use: KeyUse) -> timedelta:
        """From the announcement until a key may sign. We can read what is encrypted to a key from the moment it is published."""
        if use is KeyUse.SAML_ENCRYPTION:
            return timedelta(0)
        return timedelta(hours=self.oidc_wait_hours) if use is KeyUse.OIDC_SIGNING else timedelta(days=self.saml_wait_days)

    def keep(self, use: KeyUse) -> timedelta:
        """How long a key stays published (and decrypts) after its successor took over."""
        return LONGEST_TOKEN + _CACHES if use is KeyUse.OIDC_SIGNING else timedelta(days=self.saml_keep_days)


class KeyPolicies:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def show(self) -> KeyPolicy:
        with self._bench.database.reading() as connection:
            return policy_of(connection)

    def save(self, actor: Actor, policy: KeyPolicy) -> Change:
        """Raises InvalidSettings."""
        actor.require(Verb.ADMINISTER, None)
        check(policy)
        with self._bench.database.unit_of_work() as connection:
            before, after = msgspec.to_builtins(policy_of(connection)), msgspec.to_builtins(policy)
            changed = difference(before, after)
            if not changed:
                return Change("key_rollover", _NAME, _NAME, Action.UNCHANGED)
            hub_settings.put(connection, _NAME, after)
            record(
                self._bench,
                actor,
                kind="key_rollover",
                object_id=_NAME,
                tenant_id=None,
                action=Action.UPDATED,
                fields_changed=changed,
            )
        return Change("key_rollover", _NAME, _NAME, Action.UPDATED, changed)


def policy_of(connection: Any) -> KeyPolicy:
    stored = hub_settings.get(connection, _NAME)
    return KeyPolicy() if stored is None else msgspec.convert(stored, KeyPolicy)


def check(policy: KeyPolicy) -> None:
    """Raises InvalidSettings."""
    for name, least, most in (("oidc_wait_hours", 1, 24 * 30), ("saml_wait_days", 1, 365), ("saml_keep_days", 1, 365)):
        if not least <= getattr(policy, name) <= most:
            raise InvalidSettings(translatable("This waiting time is too short or too long."), field=name)
    for use, name in ((KeyUse.OIDC_SIGNING, "oidc_every_days"), (KeyUse.SAML_SIGNING, "saml_every_days")):
        days = getattr(policy, name)
        if not 0 <= days <= _MOST_DAYS:
            raise InvalidSettings(translatable("Give a number of days, or 0 to leave it to people."), field=name)
        if days and timedelta(days=days) < 2 * (policy.wait(use) + policy.keep(use)):
            sentence = translatable("Keys would follow each other too fast: the next one comes before the last has ended.")
            raise InvalidSettings(sentence, field=name)
