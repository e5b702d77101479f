"""A form that arrived when its sender had to show first who they are: kept, sealed, until they have, for their session only."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from broker.domain import random_ids
from broker.services.context import Workbench
from broker.services.staff.model import StaffSession
from broker.store.transient.contract import TransientStore

_KIND = "staff form"
_LIFE = timedelta(minutes=10)
MAX_BYTES = 200_000


class HeldForm(msgspec.Struct, frozen=True):
    session_id: str
    address: str
    fields: tuple[tuple[str, str], ...]


class HeldForms:
    def __init__(self, bench: Workbench, transient: TransientStore) -> None:
        self._bench = bench
        self._transient = transient

    def keep(self, session: StaffSession, address: str, fields: tuple[tuple[str, str], ...]) -> str:
        """A handle, or "" when it is too much to keep."""
        value = msgspec.json.encode(HeldForm(session.id, address, fields))
        if len(value) > MAX_BYTES:
            return ""
        handle = random_ids.handle()
        self._transient.put(_KIND, handle, self._bench.keyring.seal(value, _KIND), self._bench.clock.now() + _LIFE)
        return handle

    def take(self, session: StaffSession, handle: str) -> HeldForm | None:
        """Once. None when it is gone, or somebody else's."""
        sealed = self._transient.take(_KIND, handle) if handle else None
        if sealed is None:
            return None
        form = msgspec.json.decode(self._bench.keyring.open(sealed, _KIND), type=HeldForm)
        return form if form.session_id == session.id else None
