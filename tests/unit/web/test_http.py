"""A Flask request as `Incoming`."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.web.http import MAX_BODY_BYTES, MAX_PARAMETERS
from tests.support.pages import reference_code


def test_given_a_query_when_read_then_its_raw_bytes_are_kept(client: FlaskClient) -> None:
    answer = client.get("/echo?SAMLRequest=a%2fb%2Bc&x=%C3%A9&x=2&empty=").get_json()
    assert answer["raw"] == "SAMLRequest=a%2fb%2Bc&x=%C3%A9&x=2&empty="
    assert answer["query"] == [["SAMLRequest", "a/b+c"], ["x", "é"], ["x", "2"], ["empty", ""]]


def test_given_a_form_when_read_then_repeated_and_empty_fields_are_kept(client: FlaskClient) -> None:
    answer = client.post("/echo?q=1", data=b"a=1&a=2&b=", content_type="application/x-www-form-urlencoded").get_json()
    assert answer["form"] == [["a", "1"], ["a", "2"], ["b", ""]]
    assert answer["query"] == [["q", "1"]]


def test_given_another_content_type_when_read_then_there_is_no_form(client: FlaskClient) -> None:
    assert client.post("/echo", data=b"a=1", content_type="text/plain").get_json()["form"] == []


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("a=%ff", b""),
        ("%c3%28=1", b""),
        ("a=%00", b""),
        ("", b"a=%ff"),
        ("", b"a=\xff\xfe"),
        ("", b"a=1%00"),
        ("&".join(f"a{n}=1" for n in range(MAX_PARAMETERS + 1)), b""),
    ],
)
def test_given_unreadable_parameters_when_read_then_a_400_page_with_a_code(client: FlaskClient, query: str, body: bytes) -> None:
    answer = client.open(f"/echo?{query}", method="POST", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400
    assert reference_code(answer.data)


def test_given_a_body_over_the_limit_when_read_then_413(client: FlaskClient) -> None:
    form = "application/x-www-form-urlencoded"
    assert client.post("/echo", data=b"a=" + b"x" * (MAX_BODY_BYTES - 2), content_type=form).status_code == 200
    answer = client.post("/echo", data=b"a=" + b"x" * (MAX_BODY_BYTES - 1), content_type=form)
    assert answer.status_code == 413
    assert reference_code(answer.data)


def test_given_a_body_shorter_than_announced_when_read_then_400(client: FlaskClient) -> None:
    environ = {"CONTENT_LENGTH": "50", "wsgi.input_terminated": False}
    answer = client.post("/echo", data=b"a=1", content_type="application/x-www-form-urlencoded", environ_overrides=environ)
    assert answer.status_code == 400


def test_given_cookies_when_read_then_only_ours_are_seen_and_without_prefix(client: FlaskClient) -> None:
    bare = client.application.test_client(use_cookies=False)
    answer = bare.get("/echo", headers={"Cookie": "__Host-session=good; session=planted; __host-session=planted"})
    assert answer.get_json()["cookies"] == {"session": "good"}


def test_given_headers_when_read_then_only_the_known_ones_are_carried(client: FlaskClient) -> None:
    headers = {"User-Agent": "ua", "Authorization": "Basic x", "X-Forwarded-Host": "evil.example", "Referer": "https://x.example"}
    assert client.get("/echo", headers=headers).get_json()["headers"] == {"user-agent": "ua", "authorization": "Basic x"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_given_any_bytes_when_read_then_never_a_500(client: FlaskClient, query: bytes, body: bytes) -> None:
    environ = {"QUERY_STRING": query.decode("latin-1")}
    answer = client.post("/echo", environ_overrides=environ, data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {200, 400}
