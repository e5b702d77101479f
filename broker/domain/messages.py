"""Sentences in code that pages will show: marked here, translated by `broker.web.i18n`, found by the catalogue's test."""

from __future__ import annotations

LANGUAGES = {"en": "English", "fr": "Français"}
"""The languages of pages, each in its own name."""


def translatable(text: str) -> str:
    """The same text. Holes are `%(name)s`; a sentence that is filled in before it reaches the page is still recognised."""
    return text
