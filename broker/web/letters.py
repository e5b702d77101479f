"""Letters in a language, as plain text."""

from __future__ import annotations

from datetime import datetime

from broker.services.letters import Letter
from broker.web.i18n import translated
from broker.web.pages import day


def written(letter: Letter, language: str) -> tuple[str, str]:
    """(subject, text)"""
    values = {name: day(value, language) if isinstance(value, datetime) else value for name, value in letter.values.items()}
    subject, *paragraphs = (translated(language, text) % values for text in (letter.subject, *letter.paragraphs))
    return subject, "\n\n".join(paragraphs) + "\n"
