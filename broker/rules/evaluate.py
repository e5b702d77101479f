"""Runs compiled rules over claims. Pure; the trace sees claims before and after every rule that did something."""

from __future__ import annotations

from broker.domain.claims import Claim, Claims
from broker.domain.errors import InvalidUpstreamResponse
from broker.domain.messages import filled, translatable
from broker.domain.trace import Trace
from broker.rules.model import Effect, Rule, Verdict

MAX_CLAIMS = 2000


def transform(rules: tuple[Rule, ...], incoming: Claims, trace: Trace, stage: str) -> Claims:
    """The output set of a rule set. Order is kept and equal claims appear once.

    Raises InvalidUpstreamResponse for more claims than anybody needs: leaving rules out would change who may do what.
    """
    working: list[Claim] = list(incoming)
    output: dict[tuple[str, str], Claim] = {}
    for number, rule in enumerate(rules, 1):
        produced = _produced(rule, working)
        fresh = [claim for claim in produced if (claim.type, claim.value) not in output]
        if rule.effect is Effect.ISSUE:
            output.update({(claim.type, claim.value): claim for claim in fresh})
        known = {(claim.type, claim.value) for claim in working}
        working.extend(claim for claim in produced if (claim.type, claim.value) not in known)
        trace.claims(f"{stage} rule {number}: {rule.describe}", (), fresh)
        if len(working) > MAX_CLAIMS:
            trace.check(
                "rules.claims",
                passed=False,
                reason=filled("more than %(most)s claims at rule %(number)s", most=MAX_CLAIMS, number=number),
            )
            raise InvalidUpstreamResponse(
                cause=filled("%(stage)s: more than %(most)s claims", stage=stage, most=MAX_CLAIMS),
                check="rules.claims",
                fix="Let the identity provider send only the groups that applications need.",
            )
    return Claims(tuple(output.values()))


def _produced(rule: Rule, working: list[Claim]) -> list[Claim]:
    if rule.produce is None:
        return []
    sources: list[Claim | None] = [None] if rule.condition is None else [claim for claim in working if rule.condition(claim)]
    return [claim for claim in (rule.produce(source) for source in sources) if claim is not None]


def authorize(rules: tuple[Rule, ...], claims: Claims) -> Verdict:
    """DENY wins over PERMIT wherever it stands; without any PERMIT the answer is no (AD FS semantics)."""
    permit: Rule | None = None
    for rule in rules:
        if rule.condition is None or any(rule.condition(claim) for claim in claims):
            if rule.effect is Effect.DENY:
                return Verdict(permitted=False, rule=rule.describe)
            permit = permit or rule
    if permit is None:
        return Verdict(permitted=False, rule=translatable("no rule permits"))
    return Verdict(permitted=True, rule=permit.describe)
