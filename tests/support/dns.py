"""A small, real DNS server on loopback, UDP and TCP: what a customer's DNS says, and how it can fail."""

from __future__ import annotations

import threading
from typing import Any

from dnslib import CNAME, QTYPE, RCODE, RR, TXT, DNSError, DNSRecord
from dnslib.server import DNSHandler, DNSLogger, DNSServer

from tests.support.ports import free_port


class _Handler(DNSHandler):
    def get_reply(self, data: bytes) -> bytes:
        """RFC 1035 4.2.1: what is longer than 512 bytes is cut on UDP, and asked for again over TCP."""
        request = DNSRecord.parse(data)
        packed: bytes = self.server.resolver.resolve(request, self).pack()
        if self.protocol == "udp" and len(packed) > 512:
            cut = request.reply()
            cut.header.tc = 1
            packed = cut.pack()
        return packed


class Zone:
    """`with Zone() as dns:`. `records`: lower-case name → its texts, a `Zone.alias(...)` or one of the failures below."""

    SERVER_FAILURE = "SERVFAIL"
    REFUSED = "REFUSED"
    SILENCE = "silence"
    EMPTY: tuple[str, ...] = ()
    """The name exists, without a TXT record."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.port = free_port()
        logger = DNSLogger(logf=lambda _line: None)
        made = {"address": "127.0.0.1", "port": self.port, "handler": _Handler, "logger": logger}
        self._servers = [DNSServer(self, tcp=tcp, **made).server for tcp in (False, True)]

    def __enter__(self) -> Zone:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @staticmethod
    def alias(name: str) -> tuple[str, str]:
        return ("CNAME", name)

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        name = str(request.q.qname).rstrip(".").lower()
        self.asked.append((handler.protocol, name))
        reply = request.reply()
        self._answer(reply, name, name)
        return reply

    def _answer(self, reply: DNSRecord, asked: str, name: str) -> None:
        found = self.records.get(name)
        if found is None:
            reply.header.rcode = RCODE.NXDOMAIN
        elif found in (self.SERVER_FAILURE, self.REFUSED):
            reply.header.rcode = getattr(RCODE, found)
        elif found == self.SILENCE:
            raise DNSError("no answer at all")
        elif len(found) == 2 and found[0] == "CNAME":
            reply.add_answer(RR(asked, QTYPE.CNAME, rdata=CNAME(found[1]), ttl=1))
            self._answer(reply, found[1], found[1])
        else:
            for text in found:
                parts = [text[start : start + 200] for start in range(0, len(text), 200)] or [""]
                reply.add_answer(RR(asked, QTYPE.TXT, rdata=TXT(parts), ttl=1))
