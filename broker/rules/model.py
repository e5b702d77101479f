"""The compiled form of rules. AD FS semantics: *issue* puts a claim into the output set and into the input of later
rules, *add* only into the input of later rules; nothing passes that no rule issues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from broker.domain.claims import Claim

Predicate = Callable[[Claim], bool]
Producer = Callable[[Claim | None], "Claim | None"]


class Effect(StrEnum):
    ISSUE = "issue"
    ADD = "add"
    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Rule:
    """For every claim that `condition` accepts (or once, unconditionally, when it is None), do `effect`.

    `describe` is the rule in one line of words, for traces and pages. `produce` makes the claim to issue or add.
    """

    describe: str
    effect: Effect
    condition: Predicate | None = None
    produce: Producer | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of authorization rules: DENY wins over PERMIT; no PERMIT means no."""

    permitted: bool
    rule: str
