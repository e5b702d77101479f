"""Login transactions in the transient store: put, get, take once; and what is remembered of a finished one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.domain.errors import CompletedTransaction, UnknownTransaction
from broker.domain.request import AuthenticationRequest
from broker.domain.transaction import LoginTransaction
from broker.store.tables import transients
from broker.store.transient.contract import TransientStore

# The first byte is the format's version: during a rolling upgrade an unknown one is treated as expired, not misread.
_FORMAT = b"1"
_encoder = msgspec.json.Encoder()
_transactions = msgspec.json.Decoder(LoginTransaction)
WAITING, FINISHED = "login", "login.finished"


@dataclass(frozen=True, slots=True)
class FinishedLogin:
    """Enough to answer the same request again from the session, when the same browser reloads or goes back."""

    request: AuthenticationRequest
    browser_hash: str
    trace_code: str
    created_at: datetime


_finished = msgspec.json.Decoder(FinishedLogin)


def put(store: TransientStore, transaction: LoginTransaction) -> None:
    store.put(WAITING, transaction.handle, _FORMAT + _encoder.encode(transaction), transaction.expires_at)


def get(store: TransientStore, handle: str) -> LoginTransaction:
    """Raises CompletedTransaction if it was answered already, UnknownTransaction if it never was or has expired."""
    value = store.get(WAITING, handle)
    if value is None or value[:1] != _FORMAT:
        if store.get(FINISHED, handle) is not None:
            raise CompletedTransaction(cause="this transaction has been answered already")
        raise UnknownTransaction(cause="no transaction with this handle is waiting: unknown, expired or purged")
    return _transactions.decode(value[1:])


def finish(store: TransientStore, transaction: LoginTransaction, now: datetime) -> None:
    """Takes it out, once. Raises CompletedTransaction for everybody but the first."""
    remembered = FinishedLogin(transaction.request, transaction.browser_hash, transaction.trace_code, transaction.created_at)
    value = _FORMAT + _encoder.encode(remembered)
    if not store.exchange(WAITING, transaction.handle, FINISHED, value, now + timedelta(hours=1)):
        raise CompletedTransaction(cause="another answer to this transaction was faster")


def expired(connection: Any, now: datetime, limit: int) -> list[str]:
    """Trace codes of transactions that waited in vain and are about to be purged."""
    values = transients.expired(connection, WAITING, now, limit)
    return [_transactions.decode(value[1:]).trace_code for value in values if value[:1] == _FORMAT]


def finished(store: TransientStore, handle: str) -> FinishedLogin:
    """Raises UnknownTransaction."""
    value = store.get(FINISHED, handle)
    if value is None or value[:1] != _FORMAT:
        raise UnknownTransaction(cause="no finished transaction with this handle")
    return _finished.decode(value[1:])
