"""What a test login found out: kept for a day, read by whoever started it and by the browser that made it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TEST_APPLICATION_ID = "test-login"
"""What stands on the trace of a test in place of an application: whoever counts logins leaves it out."""


class ReportState(StrEnum):
    READY = "ready"  # made; no browser has begun it yet
    WAITING = "waiting"  # a browser was sent to the identity provider, and has not come back
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Said:
    """One claim: its type, its value. In full, because the person who tests is the person that it is about."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class LoginReport:
    """`received` as the provider sent it, `accepted` after acceptance rules, `released` what the application would be told.

    `browser_hash` binds it to the browser that began it, like a login transaction. Every check is on the trace.
    """

    id: str
    tenant_id: str
    connector_id: str
    connector_version: int
    made_at: datetime
    state: ReportState = ReportState.READY
    application_id: str = ""
    browser_hash: str = ""
    trace_code: str = ""
    finished_at: datetime | None = None
    error_code: str = ""
    check: str = ""
    received: tuple[Said, ...] = ()
    accepted: tuple[Said, ...] = ()
    released: tuple[Said, ...] = ()
