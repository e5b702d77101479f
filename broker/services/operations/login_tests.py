"""Operations on test logins: start one for a browser to make, and read what it found out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.domain.errors import UnknownObject
from broker.domain.login_report import Said
from broker.login.testing import KEPT
from broker.services.actor import Verb
from broker.services.operations.model import Call, Operation, argument
from broker.services.test_advice import Advice
from broker.services.test_verdict import CheckLine, Verdict, judge

_TENANT = "Short name of the tenant."
_CONNECTOR = "Short name of the connector; it may be switched off."


@dataclass(frozen=True, slots=True)
class StartLoginTest:
    tenant: str = argument(_TENANT)
    connector: str = argument(_CONNECTOR)
    application: str = argument("Rehearse what this application would be told, by its short name.", default="")


@dataclass(frozen=True, slots=True)
class LoginTestStarted:
    test: str = argument("Id of the test.")
    url: str = argument("Open this in a browser and sign in; it works once, in one browser.")
    expires_at: datetime = argument("Until when it can be made, and its report read.")


@dataclass(frozen=True, slots=True)
class ReadLoginTest:
    tenant: str = argument(_TENANT)
    connector: str = argument(_CONNECTOR)
    test: str = argument("Id of the test.")


@dataclass(frozen=True, slots=True)
class LoginTestResult:
    test: str = argument("Id of the test.")
    state: str = argument("ready, waiting (for the identity provider), passed or failed.")
    verdict: str = argument("How it ended, in a sentence.")
    advice: tuple[Advice, ...] = argument("What to change at the identity provider, where, and the value to enter.")
    checks: tuple[CheckLine, ...] = argument("Every question that was asked, and its answer.")
    not_reached: tuple[str, ...] = argument("What was not asked any more after the failure.")
    error_code: str = argument("Code of the error, as in the catalogue of errors.")
    check: str = argument("Name of the check that failed.")
    cause: str = argument("What exactly was seen.")
    reference_code: str = argument("Finds the trace of this login.")
    received: tuple[Said, ...] = argument("Claims as the identity provider sent them.")
    accepted: tuple[Said, ...] = argument("What acceptance rules made of them.")
    released: tuple[Said, ...] = argument("What the chosen application would be told.")
    finished_at: datetime | None = argument("When the browser came back.")


def result(verdict: Verdict) -> LoginTestResult:
    report = verdict.report
    return LoginTestResult(
        test=report.id,
        state=report.state.value,
        verdict=verdict.sentence,
        advice=verdict.advice,
        checks=verdict.checks,
        not_reached=verdict.left,
        error_code=report.error_code,
        check=report.check,
        cause=verdict.cause,
        reference_code=report.trace_code,
        received=report.received,
        accepted=report.accepted,
        released=report.released,
        finished_at=report.finished_at,
    )


def _start(call: Call, asked: StartLoginTest) -> LoginTestStarted:
    report = call.services.login_tests.make(call.actor, call.tenant.id, asked.connector, application=asked.application)
    url = f"{call.services.bench.settings.public_url}/test/{report.id}"
    return LoginTestStarted(report.id, url, report.made_at + KEPT)


def _read(call: Call, asked: ReadLoginTest) -> LoginTestResult:
    found = call.services.login_tests.find(call.actor, call.tenant.id, asked.test)
    if found.connector.slug != asked.connector:
        raise UnknownObject("This connector has no such test.", field="test")
    return result(judge(found))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "connector.test",
        "Start a test login: gives the address to open in a browser",
        Verb.SET_UP,
        "POST",
        "/tenants/{tenant}/connectors/{connector}/tests",
        StartLoginTest,
        LoginTestStarted,
        _start,
    ),
    Operation(
        "connector.test_result",
        "What a test login found out: checks, claims, what to change",
        Verb.READ_TRACES,
        "GET",
        "/tenants/{tenant}/connectors/{connector}/tests/{test}",
        ReadLoginTest,
        LoginTestResult,
        _read,
    ),
)
