"""What an outbound request brings back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What `Fetcher` brings: status, lower-case headers, body (already limited in size)."""

    status: int
    headers: dict[str, str]
    body: bytes
