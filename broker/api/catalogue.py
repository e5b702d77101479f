"""The entry of an error code: where the `type` of a problem leads."""

from __future__ import annotations

from broker.domain.access_errors import NoSuchResource
from broker.domain.errors import BrokerError, by_code


def error_entry(code: str) -> dict[str, str | int]:
    """Raises NoSuchResource."""
    kind = by_code(code)
    if kind.code != code:
        raise NoSuchResource(cause=f"no error {code[:80]!r}")
    return {"code": code, "status": kind.status, "sentence": kind.sentence, "who_can_act": kind.act.value, "what_to_do": kind.fix}


def error_codes() -> list[str]:
    """Every code, for the description."""
    found: set[str] = set()
    waiting: list[type[BrokerError]] = [BrokerError]
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting += [each for each in kind.__subclasses__() if each.__module__.startswith("broker.domain.")]
    return sorted(found)
