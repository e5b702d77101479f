"""xs:dateTime as SAML uses it: UTC with a Z, nothing else (SAML Core 1.3.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z", re.ASCII)


def parse_instant(text: str | None) -> datetime:
    """An aware datetime; fractions beyond microseconds are cut. Raises ValueError, also for offsets and missing values."""
    found = _INSTANT.fullmatch(text.strip(" \t\r\n")) if text else None
    if found is None:
        raise ValueError("not a UTC time with Z")
    seconds, fraction = found.groups()
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime.fromisoformat(seconds).replace(microsecond=microseconds, tzinfo=UTC)


def format_instant(moment: datetime) -> str:
    """Whole seconds: AD FS and others write fractions, not everybody reads them."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
