"""Mail to people, handed to the one mail server that the operator named. Text only, over TLS unless the server is this machine."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from broker.domain.email import normalise
from broker.domain.errors import MailNotSent

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TIMEOUT_SECONDS = 10.0
_PORTS = {"smtp": 587, "smtps": 465}
_FAILURES = (OSError, UnicodeError, smtplib.SMTPException)
"""`smtplib` signs in with ASCII only, and a host name may have a label that no host has."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """`secure`: nothing is said before TLS stands, by STARTTLS (RFC 3207) or, if `implicit`, from the first byte (RFC 8314)."""

    host: str
    port: int
    secure: bool
    implicit: bool = False
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer | None:
    """Of `smtp://user:password@host:587` or `smtps://host`; None when it is neither. User and password are percent-encoded."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    implicit = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(host, port or _PORTS[parts.scheme], implicit or host not in LOOPBACK, implicit, user, password)


class Mailer:
    """`sender` is the From address. `ca_bundle`: certificates that are trusted instead of the system's."""

    def __init__(self, server: MailServer, sender: str, ca_bundle: str | None = None) -> None:
        self._server = server
        self._sender = sender
        self._ca_bundle = ca_bundle

    def send(self, to: str, subject: str, text: str) -> None:
        """One mail to one address. Raises MailNotSent; then nobody has it, as far as the server says."""
        message = self._written(to, subject, text)
        try:
            with self._connected() as smtp:
                smtp.send_message(message, self._sender, [to])
        except _FAILURES as error:
            raise MailNotSent(cause=_said(error)) from error

    def look(self) -> None:
        """Connects and signs in as for a mail. Raises MailNotSent."""
        try:
            with self._connected() as smtp:
                smtp.noop()
        except _FAILURES as error:
            raise MailNotSent(cause=_said(error)) from error

    def _written(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        try:
            if normalise(to) is None:
                raise ValueError("no plain address")
            message["From"], message["To"] = Address(addr_spec=self._sender), Address(addr_spec=to)
            message["Subject"] = subject  # a line break in it is refused
        except (ValueError, HeaderParseError) as error:
            raise MailNotSent(cause="the address or the subject cannot stand in a header") from error
        message["Date"], message["Message-ID"] = formatdate(usegmt=True), make_msgid(domain=self._sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5: no vacation notice in answer
        message.set_content(text)
        return message

    def _connected(self) -> smtplib.SMTP:
        server, context = self._server, ssl.create_default_context(cafile=self._ca_bundle)
        smtp: smtplib.SMTP
        if server.implicit:
            smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            if server.secure and not server.implicit:
                smtp.starttls(context=context)  # raises when the server does not offer it: nothing goes in the clear
                smtp.ehlo()
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _said(error: Exception) -> str:
    """For support. What the server said is left out where it could repeat what we said."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "the mail server refuses the recipient"
    if isinstance(error, UnicodeError):
        return "user name, password or host of the mail server hold what cannot be sent: letters beyond ASCII, or an empty label"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses user name or password ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server offers no TLS (STARTTLS), or no way to sign in"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server answered {error.smtp_code}"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the mail server hung up"
    return f"no mail server: {type(error).__name__}"
