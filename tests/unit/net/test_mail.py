"""Mail: to the server that the operator named, over TLS or not at all, and to nobody else than was meant."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from broker.domain.errors import MailNotSent
from broker.net.mail import Mailer, MailServer, mail_server
from tests.support.mail import PASSWORD, REFUSED, USER, MailBox, mail_box
from tests.support.ports import free_port
from tests.support.web_site import self_signed

# The server of these tests is told to take passwords whether or not TLS stands, to see that we send none without it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
FROM, TO = "hub@sso.example", "ann@acme.example"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, secure=True)),
        ("smtp://mail.example:25", MailServer("mail.example", 25, secure=True)),
        ("smtps://mail.example/", MailServer("mail.example", 465, secure=True, implicit=True)),
        ("smtps://localhost", MailServer("localhost", 465, secure=True, implicit=True)),
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525, secure=False)),
        ("smtp://[::1]:2525", MailServer("::1", 2525, secure=False)),
        ("smtp://hub%40acme:p%40ss%2F@mail.example", MailServer("mail.example", 587, secure=True, user="hub@acme", password="p@ss/")),
        ("mail.example:587", None),
        ("http://mail.example", None),
        ("smtp://", None),
        ("smtp://mail.example:port", None),
        ("smtp://mail.example/folder", None),
        ("smtp://mail.example?starttls=no", None),
    ],
)
def test_an_address_says_where_the_server_is_and_that_only_this_machine_needs_no_tls(url: str, server: MailServer | None) -> None:
    assert mail_server(url) == server


def test_a_password_is_not_in_what_a_server_looks_like() -> None:
    assert PASSWORD not in repr(MailServer("mail.example", 587, secure=True, user=USER, password=PASSWORD))


def plain(box: MailBox) -> Mailer:
    return Mailer(MailServer("127.0.0.1", box.port, secure=False), FROM)


def test_a_mail_arrives_as_it_was_written() -> None:
    with mail_box() as box:
        plain(box).send(TO, "Votre lien à usage unique", "Bonjour,\n\nhttps://sso.example/setup/" + "x" * 200 + "\n")

    ((recipient, message),) = box.received
    assert recipient == TO
    assert (message["To"], message["From"]) == (TO, FROM)
    assert message["Subject"] == "Votre lien à usage unique"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@sso.example>")
    assert "https://sso.example/setup/" + "x" * 200 in message.get_content(), "a link stays whole, whatever its length"


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ann@acme.example\r\nBcc: eve@evil.example", "s"),
        ("ann@acme.example, eve@evil.example", "s"),
        ("Ann <ann@acme.example>", "s"),
        (TO, "s\r\nBcc: eve@evil.example"),
    ],
)
def test_nobody_else_gets_into_the_headers(to: str, subject: str) -> None:
    with mail_box() as box, pytest.raises(MailNotSent):
        plain(box).send(to, subject, "text")

    assert box.received == []


@pytest.mark.parametrize("implicit", [False, True])
def test_a_server_elsewhere_is_spoken_to_over_tls_and_signed_in_to(tmp_path: Path, implicit: bool) -> None:
    authority, context = tls(tmp_path, "localhost")
    with mail_box(context, implicit=implicit, sign_in=True) as box:
        server = MailServer("localhost", box.port, secure=True, implicit=implicit, user=USER, password=PASSWORD)
        Mailer(server, FROM, str(authority)).send(TO, "s", "t")

    assert [recipient for recipient, _ in box.received] == [TO]
    assert box.signed_in == [USER.encode()]


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("wrong", ["unknown authority", "other name"])
def test_a_certificate_that_is_not_the_servers_ends_it(tmp_path: Path, implicit: bool, wrong: str) -> None:
    authority, context = tls(tmp_path, "other.example" if wrong == "other name" else "localhost")
    trusted = str(authority) if wrong == "other name" else None
    with mail_box(context, implicit=implicit) as box, pytest.raises(MailNotSent) as refused:
        Mailer(MailServer("localhost", box.port, secure=True, implicit=implicit), FROM, trusted).send(TO, "s", "t")

    assert box.received == []
    assert "SSLCertVerificationError" in refused.value.cause


def test_without_tls_nothing_is_said_to_a_server_elsewhere() -> None:
    with mail_box() as box, pytest.raises(MailNotSent) as refused:
        Mailer(MailServer("127.0.0.1", box.port, secure=True, user=USER, password=PASSWORD), FROM).send(TO, "s", "t")

    assert (box.received, box.signed_in) == ([], [])
    assert "no TLS" in refused.value.cause


def test_what_went_wrong_is_said_without_what_was_sent() -> None:
    with mail_box(sign_in=True) as box:
        wrong = MailServer("127.0.0.1", box.port, secure=False, user=USER, password="not this one")
        with pytest.raises(MailNotSent) as password:
            Mailer(wrong, FROM).look()
    with mail_box() as box, pytest.raises(MailNotSent) as recipient:
        plain(box).send(REFUSED, "s", "t")
    with pytest.raises(MailNotSent) as nobody:
        Mailer(MailServer("127.0.0.1", free_port(), secure=False), FROM).look()

    assert password.value.cause == "the mail server refuses user name or password (535)"
    assert recipient.value.cause == "the mail server refuses the recipient"
    assert nobody.value.cause == "no mail server: ConnectionRefusedError"


def tls(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    authority, key = self_signed(folder, (name,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    return authority, context


@pytest.mark.parametrize("url", ["smtp://vestibule:p%C3%A9ss@127.0.0.1:{port}", "smtp://v%C3%A9:pass@127.0.0.1:{port}", "smtp://a..b:{port}"])
def test_given_a_password_or_a_host_that_cannot_be_sent_then_that_is_said_and_no_error_of_ours(url: str) -> None:
    with mail_box(sign_in=True) as box:
        server = mail_server(url.format(port=box.port))
        assert server is not None
        for act in (lambda mailer: mailer.look(), lambda mailer: mailer.send(TO, "s", "t")):
            with pytest.raises(MailNotSent) as refused:
                act(Mailer(server, FROM))
            assert "beyond ASCII" in refused.value.cause
            assert "p\u00e9ss" not in refused.value.cause
