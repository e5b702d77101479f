"""A real mail server on loopback (aiosmtpd), which keeps what it is given."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from tests.support.ports import free_port

USER, PASSWORD = "vestibule", "p@ss:word/%"
REFUSED = "nobody@refused.example"


@dataclass
class MailBox:
    """`received`: (recipient, message), the oldest first."""

    port: int
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    signed_in: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address == REFUSED:
            return "550 no such person, says the server at length"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert isinstance(envelope.content, bytes)
        self.received += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        if right:
            self.signed_in.append(data.login)
        return AuthResult(success=right, handled=False)


@contextmanager
def mail_box(tls: ssl.SSLContext | None = None, *, implicit: bool = False, sign_in: bool = False) -> Iterator[MailBox]:
    """`tls`: offered by STARTTLS, or from the first byte if `implicit`. `sign_in`: nobody sends without."""
    box = MailBox(free_port())
    said: dict[str, Any] = {"authenticator": box.authenticate, "auth_required": sign_in, "auth_require_tls": False}
    said |= {"ssl_context": tls} if implicit else {"tls_context": tls}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=60, **said)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
