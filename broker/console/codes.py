"""What an authenticator app reads with its camera, and what a person types if it cannot."""

from __future__ import annotations

import segno


def qr_code(text: str) -> str:
    """A `data:` image; dark on white in both colour schemes, because cameras expect it so."""
    return str(segno.make(text, micro=False).svg_data_uri(scale=5, border=3, dark="#1b1f1d", light="#ffffff", nl=False))


def in_groups(key: str) -> str:
    """Four characters at a time, to be read aloud and typed."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))
