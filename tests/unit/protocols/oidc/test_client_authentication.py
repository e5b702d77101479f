"""Client credentials as requests carry them."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.protocols.oidc.client_authentication import Credentials, InvalidCredentials, basic_header, read_credentials


def header(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_given_basic_when_read_then_both_parts_are_form_decoded() -> None:
    # openid-client encodes both parts (RFC 6749 2.3.1).
    assert read_credentials(header("app%20one:a%3Ab+c"), None, None) == Credentials("client_secret_basic", "app one", "a:b c")
    assert read_credentials(header("a:b:c"), "a", None).secret == "b:c"


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50))
def test_given_any_pair_when_written_and_read_then_it_is_the_same(client_id: str, secret: str) -> None:
    assert read_credentials(basic_header(client_id, secret), None, None) == Credentials("client_secret_basic", client_id, secret)


def test_given_a_body_when_read_then_the_method_follows_from_the_secret() -> None:
    assert read_credentials(None, "a", "s").method == "client_secret_post"
    assert read_credentials(None, "a", None).method == "none"


@pytest.mark.parametrize(
    "authorization, client_id, secret, basic",
    [
        (header("a:s"), None, "s", True),
        (header("a:s"), "b", None, True),
        ("Bearer abc", None, None, True),
        ("Basic", None, None, True),
        ("Basic !!!", None, None, True),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None, None, True),
        (header("a"), None, None, True),
        (header("a:"), None, None, True),
        (header(":s"), None, None, True),
        (header("a:" + "s" * 2000), None, None, True),
        (None, None, None, False),
        (None, "", None, False),
        (None, None, "s", False),
        (None, "a", "", False),
        (None, "a" * 2000, "s", False),
    ],
)
def test_given_no_single_method_when_read_then_it_is_refused(
    authorization: str | None, client_id: str | None, secret: str | None, basic: bool
) -> None:
    with pytest.raises(InvalidCredentials) as raised:
        read_credentials(authorization, client_id, secret)
    assert raised.value.basic is basic


@given(st.text(max_size=100))
def test_given_any_header_when_read_then_it_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidCredentials):
        assert read_credentials(text, None, None).method == "client_secret_basic"


def test_given_credentials_when_shown_then_the_secret_is_not() -> None:
    assert "hunter2" not in repr(read_credentials(None, "a", "hunter2"))
