"""What went wrong on the way to an address, as one word: real servers on loopback that fail in every way."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.domain.errors import FetchError
from broker.net.fetch import GuardedFetcher
from tests.unit.net.test_fetch import Server, fetcher, redirecting, reply, secure_server, server, tls

__all__ = ["server", "tls"]  # fixtures


def problem(client: GuardedFetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        client.get(url)
    return caught.value.problem


def test_given_a_tls_answer_then_the_end_of_the_hosts_certificate_is_known_when_the_connection_was_made_for_it(
    tls: tuple[Server, str],
) -> None:
    server, bundle = tls
    client = fetcher(ca_bundle=bundle, resolver=lambda _h, _p: ("127.0.0.1",))
    first, second = (client.get(f"https://idp.example:{server.port}/") for _ in range(2))
    assert first.certificate_ends_at is not None
    assert timedelta(hours=23) < first.certificate_ends_at - datetime.now(UTC) <= timedelta(days=1)
    assert second.certificate_ends_at is None, "the connection was open already"
    assert first.seconds > 0


def test_given_a_certificate_that_cannot_be_believed_then_the_word_says_why(tls: tuple[Server, str], tmp_path: Path) -> None:
    server, bundle = tls
    here = {"resolver": lambda _h, _p: ("127.0.0.1",)}
    assert problem(fetcher(**here), f"https://idp.example:{server.port}/") == "tls_untrusted"
    assert problem(fetcher(ca_bundle=bundle, **here), f"https://other.example:{server.port}/") == "tls_name"
    assert problem(fetcher(ca_bundle=bundle, **here), f"https://127.0.0.1:{server.port}/") == "tls_name"
    expired, its_bundle = secure_server(tmp_path, -timedelta(days=1))
    assert problem(fetcher(ca_bundle=its_bundle, **here), f"https://idp.example:{expired.port}/") == "tls_expired"
    expired.close()


def test_given_no_tls_where_https_is_asked_then_it_is_the_encrypted_connection_that_failed(server: Server) -> None:
    assert problem(fetcher(), server.url.replace("http:", "https:")) == "tls"


def test_given_nobody_who_answers_then_the_word_says_how(server: Server) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert problem(fetcher(), f"http://127.0.0.1:{held.getsockname()[1]}/") == "refused"
    assert problem(fetcher(), "http://nobody.invalid/") == "no_name"
    assert problem(fetcher(), "http://10.0.0.1/") == "not_allowed"
    server.answer = lambda handler: reply(handler, b"x" * 20_000)
    assert problem(fetcher(), server.url) == "too_large"
    server.answer = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    assert problem(fetcher(), server.url) == "broken"


def test_given_a_redirect_when_it_shall_not_be_followed_then_it_is_the_answer(server: Server) -> None:
    server.answer = redirecting("http://10.0.0.1/")
    assert fetcher().get(server.url, follow=False).status == 302
    assert problem(fetcher(), server.url) == "not_allowed"
