"""A test login's report in words: the verdict, the checks as a person reads them, what to change and where."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.login_report import LoginReport, ReportState
from broker.domain.messages import as_it_is, translatable
from broker.domain.trace import EventKind, TraceEvent
from broker.services import check_words
from broker.services.test_advice import Advice, advice_for, if_nobody_came_back
from broker.services.test_login import FoundOut

VERDICTS: dict[ReportState, str] = {
    ReportState.READY: translatable("The test has not been started yet."),
    ReportState.WAITING: translatable("Your system has not sent you back yet."),
    ReportState.PASSED: translatable("The sign-in works."),
    ReportState.FAILED: translatable("The sign-in does not work yet."),
}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """Several technical checks that ask the same question, `names`, and how they ended. `reason` only of the failed one."""

    words: str
    passed: bool
    names: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What faces show. `left`: questions that were not reached."""

    report: LoginReport
    connector_name: str
    connector_label: str
    tenant_name: str
    application_name: str
    sentence: str
    checks: tuple[CheckLine, ...]
    left: tuple[str, ...]
    cause: str
    advice: tuple[Advice, ...]


def judge(found: FoundOut) -> Verdict:
    report, protocol, ours = found.report, found.protocol, found.ours
    checks = check_lines(found.events)
    error = next((event for event in reversed(found.events) if event.kind is EventKind.ERROR), None)
    cause = error.detail if error is not None and report.state is ReportState.FAILED else ""
    kind = {"connector_type": found.connector.type, "protocol": protocol}
    advice: tuple[Advice, ...] = ()
    if report.state is ReportState.FAILED:
        advice = (advice_for(report.check, report.error_code, cause, ours=ours, **kind),)
    elif report.state is ReportState.WAITING:
        advice = if_nobody_came_back(ours=ours, **kind)
    return Verdict(
        report=report,
        connector_name=found.connector.name,
        connector_label=found.connector_label,
        tenant_name=found.tenant_name,
        application_name=found.application_name,
        sentence=VERDICTS[report.state],
        checks=checks,
        left=_left(checks, protocol) if report.state is ReportState.FAILED else (),
        cause=cause,
        advice=advice,
    )


def check_lines(events: tuple[TraceEvent, ...]) -> tuple[CheckLine, ...]:
    """One line a question, in the order of the questions; it fails with the first of its checks that fails."""
    lines: dict[str, CheckLine] = {}
    for event in events:
        if event.kind is not EventKind.CHECK:
            continue
        words = check_words.words_for(event.name)
        before = lines.get(words) or CheckLine(words, True, ())
        failed = event.passed is False
        lines[words] = CheckLine(
            words,
            before.passed and not failed,
            before.names if event.name in before.names else (*before.names, event.name),
            before.reason or (as_it_is(event.detail) if failed else ""),
        )
    order = {words: number for number, words in enumerate(check_words.ORDER)}
    return tuple(sorted(lines.values(), key=lambda line: order.get(line.words, len(order))))


def _left(checks: tuple[CheckLine, ...], protocol: str) -> tuple[str, ...]:
    """What every sign-in of this protocol is asked and this one was not."""
    asked = {line.words for line in checks}
    prefixes = (f"{protocol}.", "tenant.")
    usual = dict.fromkeys(words for name, words in check_words.WORDS.items() if name.startswith(prefixes))
    seldom = {check_words.WORDS[name] for name in ("saml.force_authn", "saml.decryption", "oidc.userinfo", "oidc.auth_time")}
    return tuple(words for words in usual if words not in asked and words not in seldom)
