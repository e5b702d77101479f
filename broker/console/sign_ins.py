"""Sign-ins: the list with its filters, and the page of one, from verdict to the last message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response

from broker.console import bars, pages, sign_in_story, sign_in_words
from broker.console.face import ConsoleFace
from broker.domain.errors import BrokerError, InvalidSettings, UnknownObject
from broker.domain.http import Redirect
from broker.domain.messages import translatable
from broker.services.operations.traces import ListTraces, OneTrace, TraceDetail
from broker.services.operations.usage import ShowStatistics, UsagePoint
from broker.web import i18n
from broker.web.outgoing import respond

HOME = "/console/sign-ins"
FILTERS: dict[str, str] = {
    "tenant": translatable("Tenant"),
    "application": translatable("Application"),
    "connector": translatable("Connector"),
    "outcome": translatable("Outcome"),
    "error_code": translatable("Error"),
    "email": translatable("Email address"),
    "person": translatable("Person"),
    "since": translatable("From"),
    "until": translatable("Until"),
}
_NOT_FOUND = translatable("There is no sign-in with this reference code. It may be mistyped, or older than traces are kept.")


@dataclass(frozen=True, slots=True)
class Filters:
    """As they stand in the address of the page."""

    tenant: str = ""
    application: str = ""
    connector: str = ""
    outcome: str = ""
    error_code: str = ""
    email: str = ""
    person: str = ""
    since: str = ""
    until: str = ""

    def address(self, **changes: str) -> str:
        """The list with these filters, some of them changed."""
        pairs = {item.name: getattr(replace(self, **changes), item.name) for item in fields(self)}
        query = urlencode({name: value for name, value in pairs.items() if value})
        return f"{HOME}?{query}" if query else HOME

    @property
    def set(self) -> list[tuple[str, str, str]]:
        """(label, value, the address without it) of each."""
        pairs = [(name, getattr(self, name)) for name in FILTERS]
        return [(FILTERS[name], value, self.address(**{name: ""})) for name, value in pairs if value]

    def question(self, after: str) -> ListTraces:
        return ListTraces(
            tenant_slug=self.tenant,
            application=self.application,
            connector=self.connector,
            outcome=self.outcome,
            error_code=self.error_code,
            email=self.email,
            identity=self.person,
            since=self.since,
            until=self.until,
            after=after,
            limit=25,
        )


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/sign-ins")
    def sign_ins() -> Response:
        filters = Filters(**{item.name: pages.asked(item.name).strip()[:200] for item in fields(Filters)})
        code = pages.asked("code").strip()
        if code:
            return respond(Redirect(f"{HOME}/{'-'.join(code.split())[:40]}".replace("?", "").replace("#", "")))
        return _list(face, filters, pages.asked("after"))

    @views.get("/sign-ins/<code>")
    def one_sign_in(code: str) -> Response:
        try:
            detail = face.run("trace.show", OneTrace(code))
        except UnknownObject:
            problem = pages.Problem("code", _NOT_FOUND, 404, {"code": code[:40]})
            return _list(face, Filters(), "", problem)
        return _one(detail)


def _list(face: ConsoleFace, filters: Filters, after: str, problem: pages.Problem | None = None) -> Response:
    page = plot = None
    try:
        page = face.run("trace.list", filters.question(after))
        plot = _plot(face, filters)
    except (InvalidSettings, UnknownObject) as error:
        problem = problem or pages.problem_of(error, {})
    here = filters.address()
    more = f"{here}{'&' if '?' in here else '?'}{urlencode({'after': page.next})}" if page and page.next else ""
    return pages.show(
        "console/sign_ins/list.html",
        status=problem.status if problem else 200,
        page=page,
        plot=plot,
        filters=filters,
        problem=problem,
        more=more,
        first=not after,
        outcomes=sign_in_words.OUTCOMES,
    )


def _plot(face: ConsoleFace, filters: Filters) -> bars.Plot | None:
    """The last 24 hours of what the filters name; none for a single person, whose sign-ins the list shows anyway."""
    if filters.email or filters.person:
        return None
    try:
        asked = ShowStatistics(tenant_slug=filters.tenant, application=filters.application, connector=filters.connector)
        found = face.run("statistics.show", asked)
    except BrokerError:
        return None  # the filter names what is gone: the list below says so
    return bars.bars([(f"{point.begins:%H}", hour_words(point), numbers(point)) for point in found.points])


def hour_words(point: UsagePoint) -> str:
    return f"{point.begins:%Y-%m-%d %H:%M} UTC: {point.succeeded} ✓, {point.failed} ✗, {point.abandoned} …"


def numbers(point: UsagePoint) -> dict[str, int]:
    """Kinds of a bar, from the ground up."""
    waiting = point.logins - point.succeeded - point.failed - point.abandoned
    return {"good": point.succeeded, "soft": point.abandoned + waiting, "bad": point.failed}


def _one(detail: TraceDetail) -> Response:
    checks = [step for step in detail.steps if step.kind == "check"]
    return pages.show(
        "console/sign_ins/one.html",
        detail=detail,
        summary=detail.summary,
        verdict=detail.verdict,
        outcome=sign_in_words.OUTCOMES[detail.summary.outcome],
        outcomes=sign_in_words.OUTCOMES,
        who=sign_in_words.ACTS.get(detail.verdict.act, ""),
        story=sign_in_story.story(detail),
        failed=[step for step in checks if step.passed is False],
        passed=[step for step in checks if step.passed],
        rules=sign_in_story.rule_steps(detail.steps),
        messages=[step for step in detail.steps if step.kind == "message"],
        question=sign_in_words.question,
        tell={language: sign_in_words.to_tell(detail, language) for language in i18n.LANGUAGES},
        languages=i18n.LANGUAGES,
        lasted=sign_in_words.duration(detail),
        since=_since(detail.summary.started_at),
    )


def _since(started_at: datetime) -> Callable[[datetime], str]:
    return lambda at: sign_in_story.seconds((at - started_at).total_seconds())
