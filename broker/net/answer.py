"""What an outbound request brings back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What `Fetcher` brings: status, lower-case headers, body (already limited in size).

    `seconds`: until the headers were there. `certificate_ends_at`: of the host's TLS certificate, when a connection was
    made for this; None over a connection that was open already.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0
    certificate_ends_at: datetime | None = None
