"""English and French. Message ids are the English sentences; the French catalogues are read from their sources at start."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from broker.domain.messages import LANGUAGES as LANGUAGES
from broker.domain.messages import Sentence

LANGUAGE_COOKIE = "language"

Translate = Callable[..., Markup]

_LOCALE = Path(__file__).resolve().parent.parent / "locale"
_LONGEST = 1000
_REASONS = "reasons.po"
_HOLE = re.compile(r"%\((\w+)\)s")


def choose_language(
    *, asked: str | None = None, cookie: str | None = None, ui_locales: str | None = None, accept_language: str | None = None
) -> str:
    """The language of a page: just switched, switched before in this browser, asked by the application (`ui_locales`,
    OpenID Connect Core 3.1.2.1, most preferred first), set in the browser, English."""
    for language in (asked, cookie):
        if language in LANGUAGES:
            return language
    for tag in (ui_locales or "").split():
        language = tag.replace("_", "-").partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return _accepted(accept_language)


@lru_cache(maxsize=256)  # browsers send a handful of headers, and each page and each answer to an application asks
def _accepted(header: str | None) -> str:
    """Nothing else is kept: a server takes headers of a few kilobytes, but an application may post a long `ui_locales`."""
    accepted = parse_accept_header(header, LanguageAccept)
    return accepted.best_match(LANGUAGES, default="en") or "en"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Message id to sentence; empty for English."""
    return _recognised(language) | _read(language, _REASONS)


@cache
def _recognised(language: str) -> dict[str, str]:
    """All but the reasons: those are kept with their message id, and are too short and too many to be guessed from."""
    found: dict[str, str] = {}
    for path in sorted((_LOCALE / language / "LC_MESSAGES").glob("*.po")):  # one a face; a sentence may be shared
        if path.name != _REASONS:
            found |= _read(language, path.name)
    return found


def _read(language: str, name: str) -> dict[str, str]:
    path = _LOCALE / language / "LC_MESSAGES" / name
    if language == "en" or not path.is_file():
        return {}
    with path.open("rb") as file:
        entries = read_po(file, locale=language, charset="utf-8", abort_invalid=True)
    texts = ((entry.id, entry.string) for entry in entries)
    return {id_: text for id_, text in texts if isinstance(id_, str) and id_ and isinstance(text, str)}


@cache
def translator(language: str) -> Translate:
    """The `_` of templates: translates, fills in, escapes. Sentences are text, never markup; a hole may receive markup."""

    def translate(message: Any, **values: Any) -> Markup:
        sentence = escape(translated(language, message if isinstance(message, Sentence) else str(message)))
        return sentence % {name: escape(value) for name, value in values.items()} if values else sentence

    return translate


def translated(language: str, text: str) -> str:
    """One sentence in that language, or itself when the catalogue has none.

    Sentences that were filled in below the web layer ("2 signing certificates") are recognised by the holes of a message id,
    unless they know it.
    """
    if isinstance(text, Sentence):
        return _refilled(language, text)
    found = catalogue(language).get(text)
    if found is not None or len(text) > _LONGEST:
        return found or text
    for pattern, sentence in _patterns(language):
        match = pattern.fullmatch(text)
        if match:
            return sentence % {name: translated(language, value) for name, value in match.groupdict().items()}
    return text


def _refilled(language: str, sentence: Sentence) -> str:
    found = catalogue(language).get(sentence.message)
    if found is None:
        return str(sentence)
    # Text that was kept as it is may read like a message id, holes and all: whoever sends messages decides that.
    return found % {name: _value(language, name, value) for name, value in sentence.values.items()} if sentence.values else found


def _value(language: str, name: str, value: str) -> str:
    if isinstance(value, Sentence):
        return _refilled(language, value)
    return catalogue(language).get(value, value) if name in ("cause", "why") else value


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    # The most literal text first: "Valid until %(day)s." must win over "%(day)s March %(year)s".
    filled = sorted((item for item in _recognised(language).items() if _HOLE.search(item[0])), key=_literal_length, reverse=True)
    return tuple((_pattern(message), sentence) for message, sentence in filled)


def _literal_length(item: tuple[str, str]) -> int:
    return len(_HOLE.sub("", item[0]))


def _pattern(message: str) -> re.Pattern[str]:
    parts = _HOLE.split(message)
    # re.split with one group alternates literal text and names of holes.
    pieces = [re.escape(part) if index % 2 == 0 else f"(?P<{part}>.+?)" for index, part in enumerate(parts)]
    return re.compile("".join(pieces), re.DOTALL)
