"""Sentences in code that pages will show: marked here, translated by `broker.web.i18n`, found by the catalogue's test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

LANGUAGES = {"en": "English", "fr": "Français"}
"""The languages of pages, each in its own name."""


def translatable(text: str) -> str:
    """The same text. Holes are `%(name)s`; a sentence that is filled in before it reaches the page is still recognised."""
    return text


class Sentence(str):
    """English text that still knows its message id and the values in its holes: for what is written once, on a trace for
    example, and read in another language later. Wherever text is wanted it is text, and so are its copies and parts.

    Values stay as they are, but for what stands in a hole called `cause` or `why`: that is a sentence itself.
    """

    __slots__ = ("message", "values")
    message: str
    values: dict[str, str]

    def __new__(cls, text: str, message: str, values: dict[str, str]) -> Sentence:
        made = super().__new__(cls, text)
        made.message = message
        made.values = values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (str(self), self.message, self.values)


def filled(message: str, /, **values: object) -> Sentence:
    """A sentence with its holes filled in. `message` is literal, so that the catalogue's test finds it."""
    texts = {name: _text(value) for name, value in values.items()}
    return Sentence(message % texts, message, texts)


def listed(sentences: Sequence[str]) -> str:
    """One after the other; "" when there are none."""
    return reduce(lambda before, after: filled("%(before)s, %(after)s", before=before, after=after), sentences) if sentences else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else said_by(value) if isinstance(value, Exception) else str(value)


def as_it_is(text: str) -> Sentence:
    """Text that is a message id or none at all: pages do not look for a filled-in sentence in it."""
    return text if isinstance(text, Sentence) else Sentence(text, text, {})


def said_by(error: Exception) -> str:
    """The sentence that an error was raised with; `str(error)` forgets its message id."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, str) else str(error)


def plain(value: object) -> str:
    """For encoders that write only text itself, and ask what to do with anything else."""
    if isinstance(value, Sentence):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} cannot be written")


def packed(sentence: Sentence) -> dict[str, Any]:
    """What `unpacked` makes the sentence of again, its text apart, in builtin types."""
    values = {
        name: [str(value), packed(value)] if isinstance(value, Sentence) else value for name, value in sentence.values.items()
    }
    return {"message": sentence.message, "values": values}


def unpacked(text: str, kept: dict[str, Any]) -> Sentence:
    values = {name: value if isinstance(value, str) else unpacked(*value) for name, value in kept["values"].items()}
    return Sentence(text, kept["message"], values)
