"""Text as people search for it: without capitals and accents, spaces made one."""

from __future__ import annotations

import unicodedata

MAX_WORDS = 6
MAX_LENGTH = 320


def fold(text: str) -> str:
    """"  Élodie  Müller" → "elodie muller"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(symbol for symbol in decomposed if not unicodedata.combining(symbol))
    return " ".join(plain.split())


def search_words(email: str | None, name: str | None) -> tuple[str, ...]:
    """What a person is found by when somebody types the beginning: the address, and the name from each of its words on."""
    parts = fold(name or "").split()[:MAX_WORDS]
    tails = (" ".join(parts[start:])[:MAX_LENGTH] for start in range(len(parts)))
    return tuple(dict.fromkeys(word for word in (fold(email or "")[:MAX_LENGTH], *tails) if word))
