"""xs:dateTime as SAML uses it: UTC with a Z, nothing else (SAML Core 1.3.3); xs:duration as metadata does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from broker.domain.messages import translatable

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z", re.ASCII)

_DURATION = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?", re.ASCII
)


def parse_instant(text: str | None) -> datetime:
    """An aware datetime; fractions beyond microseconds are cut. Raises ValueError, also for offsets and missing values."""
    found = _INSTANT.fullmatch(text.strip(" \t\r\n")) if text else None
    if found is None:
        raise ValueError(translatable("not a UTC time with Z"))
    seconds, fraction = found.groups()
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime.fromisoformat(seconds).replace(microsecond=microseconds, tzinfo=UTC)


def format_instant(moment: datetime) -> str:
    """Whole seconds: AD FS and others write fractions, not everybody reads them."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def parse_duration(text: str) -> timedelta:
    """xs:duration that is not negative (XML Schema 2, 3.2.6); a month counts as 30 days, a year as 365. Raises ValueError."""
    text = text.strip(" \t\r\n")
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise ValueError(translatable("not a duration"))
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=365 * years + 30 * months + days, hours=hours, minutes=minutes, seconds=seconds)
