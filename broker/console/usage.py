"""Usage: how many people of each tenant signed in this month, and one tenant over time."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response

from broker.console import bars, pages
from broker.console.audit import cell
from broker.console.face import ConsoleFace
from broker.console.sign_ins import hour_words, numbers
from broker.domain.errors import ConfigurationError
from broker.services.operations.usage import ListUsage, ShowUsage, UsageView


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/usage")
    def usage() -> Response:
        month, problem = pages.asked("month"), None
        try:
            found = face.run("usage.list", ListUsage(month, pages.asked("after")))
        except ConfigurationError as error:
            found, problem = face.run("usage.list", ListUsage()), pages.problem_of(error, {})
        month = found.items[0].month if found.items else month
        status = problem.status if problem else 200
        first = not pages.asked("after")
        return pages.show("console/usage/list.html", status=status, found=found, month=month, first=first, problem=problem)

    @views.get("/usage/<slug>")
    def usage_of(slug: str) -> Response:
        by = "hour" if pages.asked("by") == "hour" else "day"
        found = face.run("usage.show", ShowUsage(slug, pages.asked("since"), pages.asked("until"), by))
        if pages.asked("format") == "csv":
            headers = {"Content-Disposition": f"attachment; filename=usage-{found.tenant}.csv"}
            return Response(as_csv(found), mimetype="text/csv", headers=headers)
        shape = "%H" if by == "hour" else "%d"
        points, months = found.statistics.points, found.months
        people = [(each.month[5:], f"{each.month}: {each.active_people}", {"good": each.active_people}) for each in months]
        return pages.show(
            "console/usage/tenant.html",
            found=found,
            by=by,
            people=bars.bars(people),
            logins=bars.bars([(f"{point.begins:{shape}}", hour_words(point), numbers(point)) for point in points]),
            this_month=months[-1],
        )


def as_csv(found: UsageView) -> str:
    """A line for every hour or day."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("begins", "tenant", "logins", "succeeded", "failed", "abandoned", "peak_per_minute"))
    for point in found.statistics.points:
        peak = "" if point.peak_per_minute is None else point.peak_per_minute
        rows.writerow(
            (point.begins.isoformat(), cell(found.tenant), point.logins, point.succeeded, point.failed, point.abandoned, peak)
        )
    return text.getvalue()
