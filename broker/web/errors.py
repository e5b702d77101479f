"""Every error that leaves a view becomes a page (or OAuth JSON) with a reference code; nothing internal is shown."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from broker.domain import random_ids, redaction
from broker.domain.access_errors import TooManyAttempts
from broker.domain.errors import BrokerError, InternalError, MalformedRequest, MessageTooLarge, NotFound, RequestError, WrongMethod
from broker.domain.http import Incoming
from broker.domain.messages import filled
from broker.domain.trace import Outcome, Trace
from broker.web import pages, problems
from broker.web.http import incoming_of
from broker.web.outgoing import respond

log = logging.getLogger(__name__)

JSON_ENDPOINTS = ("/oauth2/token", "/oauth2/userinfo", "/oauth2/jwks", "/oauth2/introspect", "/oauth2/revoke")

_OWN_FORMS = ("/console", "/setup", "/account")

_BY_STATUS: dict[int, type[RequestError]] = {404: NotFound, 405: WrongMethod, 413: MessageTooLarge, 400: MalformedRequest}


class TraceBook(Protocol):
    """The part of `broker.services.traces` that error pages need."""

    def begin(self, incoming: Incoming, name: str) -> Trace: ...

    def save(self, trace: Trace) -> None: ...


def register_error_handlers(app: Flask, traces: TraceBook) -> None:
    """Called once by `broker.app`. A view may leave its trace in `flask.g.trace`."""

    def broker_error(error: BrokerError) -> Response:
        return _answer(error, _recorded(error, traces))

    def http_error(error: HTTPException) -> WerkzeugResponse:
        return _http_error(error)

    def unexpected(error: Exception) -> Response:
        known = InternalError(cause=filled("unexpected %(kind)s", kind=type(error).__name__))
        code = _recorded(known, traces)
        # The one place where an unexpected exception is logged, with its traceback.
        log.error("unexpected error", exc_info=error, extra={"reference": code, "path": _place(), "method": request.method})
        return _answer(known, code)

    app.register_error_handler(BrokerError, broker_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)


def _recorded(error: BrokerError, traces: TraceBook) -> str:
    """Put the error on the request's trace and return its code. Whatever happens here, the person gets a page."""
    if error.reference is not None:
        return error.reference  # the pipeline has recorded it already
    if problems.wanted(request.path):
        # A trace is for a sign-in, and a script's requests are none.
        code = random_ids.reference_code()
        _log_refusal(error, code)
        return code
    trace: Trace | None = g.get("trace")
    try:
        if trace is None:
            incoming = replace(incoming_of(request), path=_place())
            if request.path.startswith(_OWN_FORMS):
                # No message of a protocol: what people type here (a new password twice, what they thought was their
                # address) is nobody's to read.
                incoming = replace(incoming, form=())
            trace = traces.begin(incoming, f"{request.method} {request.endpoint or 'unknown'}")
        if trace.outcome is not Outcome.FAILED:
            trace.fail(error.code, error.cause, error.act.value, error.fix)
        traces.save(trace)
    except BrokerError:
        # The request cannot even be read (its body is too large, its query no UTF-8): the log line has to do.
        code = trace.code if trace is not None else random_ids.reference_code()
        _log_refusal(error, code)
        return code
    except Exception:
        code = trace.code if trace is not None else random_ids.reference_code()
        log.exception("the trace could not be saved", extra={"reference": code})
        return code
    return trace.code


def _http_error(error: HTTPException) -> WerkzeugResponse:
    """Errors of routing. They leave a log line but no trace: a scanner must not fill the database."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a redirect of the router
    kinds = problems.BY_STATUS if problems.wanted(request.path) else _BY_STATUS
    known = kinds.get(status, RequestError)(cause=error.description or "")
    code = random_ids.reference_code()
    _log_refusal(known, code)
    response = _answer(known, code)
    response.status_code = status
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers["Allow"] = value
    return response


def _log_refusal(error: BrokerError, code: str) -> None:
    fields = {"reference": code, "error": error.code, "cause": error.cause, "path": _place(), "method": request.method}
    log.info("request refused", extra=fields)


def _place() -> str:
    """The address without its secrets: `/setup/<token>` and `/login/<handle>` as they are written in the routes."""
    return request.url_rule.rule if request.url_rule is not None else redaction.path(request.path)


def _answer(error: BrokerError, code: str) -> Response:
    if problems.wanted(request.path):
        return problems.respond(error, code)
    if request.path.endswith(JSON_ENDPOINTS):
        response = _oauth_error(error, code)
    else:
        response = respond(pages.error_page(error, code, again_handle=error.again_handle, restart_url=g.get("restart_url")))
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _oauth_error(error: BrokerError, code: str) -> Response:
    """RFC 6749 5.2: machines get JSON."""
    name = "server_error" if error.status >= 500 else "invalid_request"
    response = jsonify(error=name, error_description=f"{error.sentence} Reference code: {code}")
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    return response
