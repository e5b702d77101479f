"""What the hub writes to people: message ids and what fills them; the web layer puts them into a language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from broker.domain.messages import translatable

Value = str | datetime
"""A time becomes a day, as the language writes it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`paragraphs`: message ids; "%(link)s" alone is the link on a line of its own."""

    subject: str
    paragraphs: tuple[str, ...]
    values: dict[str, Value] = field(repr=False)


class Writes(Protocol):
    def __call__(self, letter: Letter, language: str) -> tuple[str, str]:
        """(subject, text)"""
        ...


LINK = "%(link)s"
_HELLO = translatable("Hello,")


def setup_link(link: str, until: datetime) -> Letter:
    return Letter(
        translatable("Your set-up link for single sign-on"),
        (
            _HELLO,
            translatable(
                "with this link you connect your organisation’s sign-in system to us, step by step. You need no account and "
                "no special knowledge; you can stop and come back as often as you like."
            ),
            LINK,
            translatable(
                "The link works until %(day)s. Treat it like a password: whoever has it can change your organisation’s sign-in."
            ),
        ),
        {"link": link, "day": until},
    )


def invitation(link: str, until: datetime, hub: str) -> Letter:
    """For a member of staff, who sets up how they sign in to the console."""
    return Letter(
        translatable("Your access to the console of %(hub)s"),
        (
            _HELLO,
            translatable("you have an account in the console of %(hub)s. With this link you choose how you sign in."),
            LINK,
            translatable("It works once, until %(day)s. Give it to nobody: whoever opens it signs in as you."),
            translatable("If you did not expect this, delete it and tell your colleagues."),
        ),
        {"link": link, "day": until, "hub": hub},
    )
