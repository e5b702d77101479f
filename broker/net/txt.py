"""TXT records: what the owner of a domain says about it. Asked of the system's DNS servers, or of those that are configured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

LIFETIME_SECONDS = 5.0
"""For one question, retries over UDP and TCP included."""
_TRY_SECONDS = 2.0


class Problem(StrEnum):
    NO_NAME = "no_name"  # NXDOMAIN: there is no such name at all
    NO_RECORD = "no_record"  # the name exists, without a TXT record
    SERVER_FAILURE = "server_failure"  # no server gave an answer that can be used
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class TxtAnswer:
    """The texts at one name; `problem` says why there are none."""

    texts: tuple[str, ...] = ()
    problem: Problem | None = None


class TxtResolver:
    """`servers`: (address, port) of recursive DNS servers; none means the system's."""

    def __init__(self, servers: tuple[tuple[str, int], ...] = ()) -> None:
        self._servers = servers

    def texts(self, name: str) -> TxtAnswer:
        """All TXT records of a name, behind CNAMEs too. UDP first, TCP when the answer is too long for it (RFC 7766)."""
        try:
            found = self._resolver().resolve(dns.name.from_text(name), dns.rdatatype.TXT, lifetime=LIFETIME_SECONDS)
        except dns.resolver.NXDOMAIN:
            return TxtAnswer(problem=Problem.NO_NAME)
        except dns.resolver.NoAnswer:
            return TxtAnswer(problem=Problem.NO_RECORD)
        except dns.exception.Timeout:
            return TxtAnswer(problem=Problem.TIMEOUT)
        except dns.exception.DNSException:
            # SERVFAIL, REFUSED, nonsense, a name that is too long, a machine without DNS: nobody knows.
            return TxtAnswer(problem=Problem.SERVER_FAILURE)
        # RFC 1035 3.3.14: one record is several strings, which belong together.
        return TxtAnswer(tuple(b"".join(record.strings).decode("utf-8", "replace") for record in found))

    def _resolver(self) -> dns.resolver.Resolver:
        # Made anew: the system's servers may have changed, and a kept answer would hide what was just corrected.
        resolver = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in self._servers]
        resolver.timeout, resolver.cache = _TRY_SECONDS, None
        return resolver
