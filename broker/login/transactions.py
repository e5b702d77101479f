"""Login transactions in the transient store: put, get, take once; and what is remembered of a finished one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from broker.domain.errors import CompletedTransaction, TransactionError, UnknownTransaction
from broker.domain.request import AuthenticationRequest
from broker.domain.transaction import LoginTransaction, Purpose
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
    purpose: Purpose = Purpose.SIGN_IN
    host: str = ""


_finished = msgspec.json.Decoder(FinishedLogin)


def put(store: TransientStore, transaction: LoginTransaction, *, waiting: bool = False) -> None:
    """`waiting`: it has been put before, and is only replaced, because an answered one must not wait again.

    Raises CompletedTransaction or UnknownTransaction when it waits no more.
    """
    value = _FORMAT + _encoder.encode(transaction)
    if not waiting:
        store.put(WAITING, transaction.handle, value, transaction.expires_at)
    elif not store.exchange(WAITING, transaction.handle, WAITING, value, transaction.expires_at):
        raise _absence(store, transaction.handle)


def get(store: TransientStore, handle: str) -> LoginTransaction:
    """Raises CompletedTransaction if it was answered already, UnknownTransaction if it never was or has expired."""
    value = store.get(WAITING, handle)
    if value is None or value[:1] != _FORMAT:
        raise _absence(store, handle)
    return _transactions.decode(value[1:])


def begun(store: TransientStore, handle: str) -> LoginTransaction | FinishedLogin | None:
    """With this handle, waiting or answered."""
    if (value := store.get(WAITING, handle)) is not None and value[:1] == _FORMAT:
        return _transactions.decode(value[1:])
    value = store.get(FINISHED, handle)
    return _finished.decode(value[1:]) if value is not None and value[:1] == _FORMAT else None


def _absence(store: TransientStore, handle: str) -> TransactionError:
    if store.get(FINISHED, handle) is not None:
        return CompletedTransaction(cause="this transaction has been answered already")
    return UnknownTransaction(cause="no transaction with this handle is waiting: unknown, expired or purged")


def finish(store: TransientStore, transaction: LoginTransaction, now: datetime) -> None:
    """Takes it out, once. For everybody but the first raises CompletedTransaction, or UnknownTransaction if it was given up."""
    remembered = FinishedLogin(
        transaction.request,
        transaction.browser_hash,
        transaction.trace_code,
        transaction.created_at,
        transaction.purpose,
        transaction.host,
    )
    value = _FORMAT + _encoder.encode(remembered)
    if not store.exchange(WAITING, transaction.handle, FINISHED, value, now + timedelta(hours=1)):
        raise _absence(store, transaction.handle)


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
