"""The operation that says which safeguards settings of the process have taken away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from broker.services.actor import Verb
from broker.services.operations.model import Call, Operation, Page, argument


@dataclass(frozen=True, slots=True)
class SafeguardView:
    setting: str = argument("Name of the process setting.")
    value: str = argument("What it is set to.")
    weakens: bool = argument("Whether this takes a safeguard away; else it is a choice to know about.")
    expected: bool = argument("Whether some networks need it, so that it is told and not warned of.")
    sentence: str = argument("What that means.")
    remedy: str = argument("What would put the safeguard back; empty: nothing has to.")


@dataclass(frozen=True, slots=True)
class ListSafeguards:
    """Nothing to choose."""


def _list(call: Call, _asked: ListSafeguards) -> Page[SafeguardView]:
    found = call.services.safeguards.shown(call.actor)
    return Page(
        tuple(
            SafeguardView(
                each.safeguard.setting,
                _said(each.value),
                each.safeguard.weakens,
                each.safeguard.expected,
                each.safeguard.sentence,
                each.safeguard.remedy,
            )
            for each in found
        )
    )


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else json.dumps(value)


_PAGE: Any = Page[SafeguardView]

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "safeguard.list",
        "Safeguards that settings of the process have taken away or changed",
        Verb.READ,
        "GET",
        "/safeguards",
        ListSafeguards,
        _PAGE,
        _list,
    ),
)
