"""One careful look at an address of an identity provider: what every `probe` is made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from broker.domain.errors import FetchError
from connectors.contract import Answer, Probe, Tools

_ADDRESS = 300
_HALF_A_SECOND = timedelta(milliseconds=500)


def look(url: str, tools: Tools, *, accept: str = "*/*", follow: bool = True) -> tuple[Answer | None, Probe]:
    """The answer and what it tells of reachability; (None, why) when there was none. Any status is an answer here."""
    try:
        answer = tools.fetcher.get(url, headers={"Accept": accept}, follow=follow)
    except FetchError as error:
        return None, Probe(error.problem, address=_shown(url))
    offset = clock_offset_ms(answer, tools.clock.now())
    return answer, Probe("", "", _shown(url), answer.seconds, answer.certificate_ends_at, offset)


def clock_offset_ms(answer: Answer, now: datetime) -> int | None:
    """From the Date header (RFC 9110 6.6.1), which counts whole seconds; a cached answer (Age, RFC 9111 5.1) has an old one."""
    stated = answer.headers.get("date")
    if stated is None or "age" in answer.headers:
        return None
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # It was written about when the headers arrived, and cut off to the second: half a second later is the best guess.
    return round((moment + _HALF_A_SECOND - now) / timedelta(milliseconds=1))


def _shown(url: str) -> str:
    """Without its query: addresses of metadata carry keys there."""
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"[:_ADDRESS]
    except ValueError:
        return ""
    return shown if shown.isprintable() else ""  # PostgreSQL keeps no U+0000
