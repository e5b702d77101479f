"""A provider's signing keys: cached, refreshed, and never fetched at the wish of whoever sends tokens."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from broker.domain.clock import Clock
from broker.domain.errors import FetchError
from broker.domain.messages import filled, translatable
from broker.domain.trace import Trace
from broker.protocols import jose
from connectors.contract import Fetcher

_MIN_INTERVAL = timedelta(minutes=1)
_MAX_AGE = timedelta(hours=12)


class ProviderKeys:
    """The current key set of one provider. Thread-safe.

    An unknown `kid` causes one fetch, at most one a minute whatever arrives. A set older than twelve hours is fetched
    again, so that keys which the provider has withdrawn stop being trusted. When a fetch fails, the last good set stays.
    """

    def __init__(self, jwks_uri: str, first: jose.VerificationKeys | None, fetcher: Fetcher, clock: Clock) -> None:
        self._jwks_uri = jwks_uri
        self._fetcher = fetcher
        self._clock = clock
        self._lock = threading.Lock()
        self._keys = first or jose.VerificationKeys(())
        self._fetched_at: datetime | None = None  # the first set comes from configuration and has an unknown age
        self._tried_at: datetime | None = None

    def for_token(self, token: jose.UnverifiedToken, trace: Trace) -> jose.VerificationKeys:
        """The keys to try on this token. Never raises: a missing key becomes a failed signature check."""
        if not self._keys.has(token.unverified_kid):
            with self._lock:
                if not self._keys.has(token.unverified_kid) and self._may_try():
                    self._refresh(trace, translatable("a token names an unknown key"))
        elif self._is_old() and self._may_try() and self._lock.acquire(blocking=False):
            # Only one thread refreshes; the others go on with what is there.
            try:
                self._refresh(trace, translatable("the cached keys are old"))
            finally:
                self._lock.release()
        return self._keys

    def held(self) -> jose.VerificationKeys:
        """The keys as last seen, without asking the provider."""
        return self._keys

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._clock.now() - self._fetched_at > _MAX_AGE

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock.now() - self._tried_at >= _MIN_INTERVAL

    def _refresh(self, trace: Trace, why: str) -> None:
        self._tried_at = self._clock.now()
        try:
            answer = self._fetcher.get(self._jwks_uri, headers={"Accept": "application/json"})
            if answer.status != 200:
                trace.decide(
                    "provider keys kept",
                    filled("%(why)s; %(address)s answered %(status)s", why=why, address=self._jwks_uri, status=answer.status),
                )
                return
            self._keys = jose.read_key_set(answer.body)
        except FetchError as error:
            trace.decide(
                "provider keys kept",
                filled("%(why)s; %(address)s could not be read: %(cause)s", why=why, address=self._jwks_uri, cause=error.cause),
            )
        except jose.InvalidToken as error:
            trace.decide(
                "provider keys kept",
                filled("%(why)s; %(address)s holds no usable set: %(cause)s", why=why, address=self._jwks_uri, cause=error),
            )
        else:
            self._fetched_at = self._tried_at
            trace.decide("provider keys fetched", filled("%(why)s; %(count)s keys", why=why, count=len(self._keys)))
