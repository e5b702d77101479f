"""What effort.js does in a browser: the calculation that a page asks for before a further try."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from tests.support import pages


def asked_for(page: str | bytes) -> dict[str, str] | None:
    """The page's challenge: challenge, salt, signature, most."""
    found = pages.elements(page, "//*[@data-effort]")
    return {name: found[0].get(f"data-{name}") for name in ("challenge", "salt", "signature", "most")} if found else None


def number_of(challenge: dict[str, str]) -> int:
    for number in range(int(challenge["most"]) + 1):
        if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]:
            return number
    raise AssertionError("no number fits")


def sent(challenge: dict[str, str], number: int, /, **deviations: Any) -> str:
    said = {"algorithm": "SHA-256", **{name: challenge[name] for name in ("challenge", "salt", "signature")}, "number": number}
    return base64.b64encode(json.dumps({**said, **deviations}).encode()).decode()


def solved(page: str | bytes) -> str:
    """Empty when the page asks for nothing."""
    challenge = asked_for(page)
    return "" if challenge is None else sent(challenge, number_of(challenge))
