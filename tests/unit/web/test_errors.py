"""Every error becomes a page with a code and nothing internal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from broker.domain import errors
from broker.web.logs import JsonLines
from tests.support import pages
from tests.unit.web.conftest import RecordingTraces

_ABSTRACT = {"InvalidMetadata", "ConfigurationError"}


def _every_error() -> Iterator[str]:
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.BrokerError) and name not in _ABSTRACT:
            yield name


@pytest.mark.parametrize("name", [*_every_error(), "Boom"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_given_any_error_when_it_leaves_a_view_then_a_kind_page_without_its_cause(
    client: FlaskClient, name: str, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get(f"/raise/{name}", headers={"Accept-Language": language})
    expected = errors.InternalError if name == "Boom" else getattr(errors, name)
    assert answer.status_code == expected.status
    assert pages.heading(answer.data)
    assert len(pages.reference_code(answer.data)) == 12
    for leak in ("SECRET-CAUSE", "Traceback", expected.fix):
        assert leak not in answer.text
    assert f'<html lang="{language}">' in answer.text


def test_given_a_trace_when_an_error_rises_then_the_page_shows_its_code_and_the_trace_the_cause(
    client: FlaskClient, traces: RecordingTraces
) -> None:
    answer = client.get("/raise/AccessDenied?traced=yes")
    (trace,) = traces.saved
    assert pages.reference_code(answer.data) == trace.code
    assert trace.events[-1].detail == "SECRET-CAUSE"


def test_given_no_trace_when_an_error_rises_then_one_is_made_without_the_secrets_of_the_address(
    client: FlaskClient, traces: RecordingTraces
) -> None:
    answer = client.get("/raise/NotFound")
    assert pages.reference_code(answer.data) == traces.saved[0].code
    assert traces.begun[0].path == "/raise/<name>"


def test_given_an_unexpected_exception_when_it_rises_then_it_is_logged_once_with_its_traceback(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/raise/Boom")
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert vars(record)["reference"] == pages.reference_code(answer.data)


def test_given_traces_that_cannot_be_saved_when_an_error_rises_then_still_a_page(
    client: FlaskClient, traces: RecordingTraces, caplog: pytest.LogCaptureFixture
) -> None:
    traces.broken = True
    answer = client.get("/raise/AccessDenied")
    assert answer.status_code == 403
    assert pages.reference_code(answer.data)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/echo", 405), ("GET", "/raise/", 404)]
)
def test_given_a_routing_error_when_answered_then_a_page_and_no_trace(
    client: FlaskClient, traces: RecordingTraces, method: str, path: str, status: int
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert pages.reference_code(answer.data)
    assert traces.saved == []
    assert ("Allow" in answer.headers) == (status == 405)


def test_given_a_login_that_can_be_taken_up_again_then_a_continue_button(client: FlaskClient) -> None:
    from broker.web.pages import error_page

    error = errors.CompletedTransaction()
    assert error_page(error, "C", again_handle="h1").template == "errors/completed.html"
    assert error_page(error, "C").template == "errors/error.html"
    assert error_page(errors.AccessDenied(), "C", again_handle="h1").template == "errors/error.html"


@pytest.mark.parametrize(("name", "error"), [("token", "invalid_request"), ("userinfo", "invalid_request")])
def test_given_a_machine_when_an_error_rises_then_oauth_json(client: FlaskClient, name: str, error: str) -> None:
    answer = client.get(f"/tenant/oauth2/{name}")
    assert answer.get_json()["error"] == error
    assert "SECRET-CAUSE" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_given_line_breaks_in_a_field_when_logged_then_still_one_line() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("vestibule-test-of-lines")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.info('name "x"\r\n{"level": "forged"}', extra={"email": "a\u2028b", "count": 3, "long": "x" * 9000})
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["level"], line["count"], line["email"], len(line["long"])) == ("info", 3, "a\u2028b", 4000)
