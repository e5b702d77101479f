"""How a field of a Settings dataclass is declared, for connectors and downstream protocols alike."""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any


def setting(
    help: str,  # the word that users of dataclass metadata expect; shadowing is confined to this signature
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    secret: bool = False,
    multiline: bool = False,
    risk: str = "",
    choices: tuple[str, ...] = (),
    discovered: bool = False,
    receives_secrets: bool = False,
) -> Any:
    """A field of a Settings dataclass: form, API schema, CLI help and docs page are made from it.

    `secret` values are sealed at rest, given by reference, never shown. `risk` names what an option weakens; such an
    option must be off by default, and switching it on is audited. `discovered`: always taken anew from the other side's own
    description, so that a file of configuration need not say it. `receives_secrets`: secrets are sent there, so whoever changes
    it has to know them.
    """
    metadata = {
        "help": help,
        "secret": secret,
        "multiline": multiline,
        "risk": risk,
        "choices": choices,
        "discovered": discovered,
        "receives_secrets": receives_secrets,
    }
    if default_factory is not MISSING:
        return field(default_factory=default_factory, metadata=metadata, repr=not secret)
    if default is not MISSING:
        return field(default=default, metadata=metadata, repr=not secret)
    return field(metadata=metadata, repr=not secret)
