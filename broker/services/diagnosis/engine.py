"""From what stands on a trace to the probable cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.domain.errors import Act
from broker.domain.trace import EventKind, Outcome, TraceEvent
from broker.services.diagnosis import error_codes, hub_checks, oidc_checks, saml_checks
from broker.services.diagnosis.model import Cause

BY_CHECK: dict[str, Cause] = {**hub_checks.BY_CHECK, **saml_checks.BY_CHECK, **oidc_checks.BY_CHECK}
BY_CODE = error_codes.BY_CODE
REFINED = (*hub_checks.REFINED, *saml_checks.REFINED, *oidc_checks.REFINED)
# A check that more than one side makes; on a request it is the application's to mend.
_OF_REQUESTS = ("saml.destination", "saml.binding", "saml.xml")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The verdict on one sign-in. Sentences are message ids. `fix` "" and `act` None: nobody has to do anything."""

    cause: str
    fix: str = ""
    act: Act | None = None
    check: str = ""
    reason: str = ""
    expected: str = ""
    received: str = ""


def diagnose(outcome: Outcome, error_code: str | None, events: Sequence[TraceEvent], connector_type: str) -> Diagnosis:
    """Never without an answer: an unknown code or check falls back to what is known about the other."""
    if outcome is Outcome.SUCCEEDED:
        return Diagnosis(error_codes.SUCCEEDED)
    if outcome is Outcome.PENDING:
        return Diagnosis(error_codes.PENDING)
    if outcome is Outcome.ABANDONED:
        sent = any(event.kind is EventKind.HOP and event.name.startswith("sent to") for event in events)
        abandoned = error_codes.ABANDONED if sent else error_codes.GAVE_UP
        return Diagnosis(abandoned.cause, abandoned.fix, abandoned.act)
    failed, error = _how_it_ended(events)
    reason = error.detail if error is not None and error.detail else failed.detail if failed is not None else ""
    check = failed.name if failed is not None else error.data.get("check", "") if error is not None else ""
    cause = explain(error_code or "", check, reason, connector_type)
    compared = {} if failed is None else failed.data
    return Diagnosis(cause.cause, cause.fix, cause.act, check, reason, compared.get("expected", ""), compared.get("received", ""))


def _how_it_ended(events: Sequence[TraceEvent]) -> tuple[TraceEvent | None, TraceEvent | None]:
    """The failed check and the error. A check that failed before the browser came back once more was of an earlier attempt."""
    error = next((event for event in reversed(events) if event.kind is EventKind.ERROR), None)
    until = len(events) if error is None else max(at for at, event in enumerate(events) if event is error)
    for event in reversed(events[:until]):
        if event.passed is False:
            return event, error
        if event.kind is EventKind.HOP:
            break
    return None, error


def explain(code: str, check: str = "", reason: str = "", connector_type: str = "") -> Cause:
    """What this error, with this failed check that gave this reason, most probably means."""
    if check in _OF_REQUESTS and code in {"malformed_request", "message_too_large", "repeated_parameter"}:
        return BY_CODE[code]
    for row in REFINED:
        if row.of in {check, code} and row.fits(reason, connector_type):
            return row.cause
    return BY_CHECK.get(check) or BY_CODE.get(code) or BY_CODE["login_failed"]


def possible(code: str, checks: Sequence[str]) -> list[Cause]:
    """Every cause that an error can have, the most general last: for the error catalogue."""
    found = [row.cause for row in REFINED if row.of in checks] + [BY_CHECK[check] for check in checks if check in BY_CHECK]
    return list(dict.fromkeys([*found, BY_CODE.get(code, BY_CODE["login_failed"])]))
