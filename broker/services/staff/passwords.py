"""Passwords of staff: argon2id, and rules after NIST SP 800-63B 5.1.1.2: length counts, composition does not."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable

SHORTEST, LONGEST = 12, 256

_hasher = PasswordHasher()  # argon2id with RFC 9106's second recommended parameters

_COMMON = frozenset(
    {
        "password", "passwort", "motdepasse", "passw0rd", "p4ssword", "contrasena", "wachtwoord", "qwerty", "qwertyuiop",
        "azerty", "azertyuiop", "qwertz", "asdfghjkl", "zxcvbnm", "letmein", "welcome", "bienvenue", "willkommen",
        "changeme", "admin", "administrator", "administrateur", "root", "toor", "superuser", "iloveyou", "jetaime",
        "monkey", "dragon", "sunshine", "princess", "football", "baseball", "basketball", "superman", "batman", "starwars",
        "pokemon", "minecraft", "trustno", "secret", "master", "shadow", "freedom", "whatever", "computer", "internet",
        "login", "default", "temporary", "summer", "winter", "spring", "autumn", "printemps", "automne", "hiver", "monday",
        "january", "december", "company", "example", "vestibule", "console",
    }
)  # fmt: skip
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "01234567890123456789",
    "1q2w3e4r5t6y7u8i9o0p",
)
_LEET = str.maketrans("013457@$!", "oieastasi")


def check(password: str, *about: str) -> str:
    """As it is hashed. `about`: what others know of the person. Raises InvalidSettings."""
    given = normal(password)
    if len(given) < SHORTEST:
        sentence = translatable("Use at least 12 characters. Four words in a row are easy to remember.")
        raise InvalidSettings(sentence, field="password")
    if len(given) > LONGEST:
        raise InvalidSettings(translatable("Use at most 256 characters."), field="password")
    if _guessable(given.lower(), {part for text in about for part in _parts(text)}):
        raise InvalidSettings(
            translatable("This password is easy to guess. Choose another one: several words that belong to nobody but you."),
            field="password",
        )
    return given


def normal(password: str) -> str:
    """One spelling of the same password, whatever keyboard it was typed on (SP 800-63B 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password[: LONGEST * 2])


def hash_of(normalised: str) -> str:
    return _hasher.hash(normalised)


def matches(password: str, stored: str | None) -> bool:
    """Takes the same time without a stored hash, so that nobody learns which addresses have accounts."""
    try:
        _hasher.verify(stored or _nobody(), normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def _parts(text: str) -> set[str]:
    return {part for part in re.split(r"[^\w]+", text.lower()) if len(part) >= 3} | {text.lower()}


def _guessable(text: str, about: set[str]) -> bool:
    """Few signs, one piece again and again, a row of the keyboard, or a common word with decoration."""
    if len(set(text)) < 5 or re.fullmatch(r"(.{1,8}?)\1+", text):
        return True
    if any(_in_row(text, row) for row in _ROWS):
        return True
    # The longest first, so that "administrator" does not leave "istrator" behind.
    known = sorted(_COMMON | about, key=len, reverse=True)
    for spelled in (text, text.translate(_LEET)):
        rest = spelled
        for word in known:
            rest = rest.replace(word, "")
        if rest != spelled and len(re.sub(r"[\W\d_]", "", rest)) < 4:
            return True
    return False


def _in_row(text: str, row: str) -> bool:
    """Digits and letters that follow one another on one row, in either direction, whatever is put between them."""
    plain = re.sub(r"[\W_]", "", text)
    steps = sum(pair in row or pair in row[::-1] for pair in (plain[at : at + 2] for at in range(len(plain) - 1)))
    return len(plain) > 1 and steps >= len(plain) - 3
