"""The standard templates, as they stand in configuration, compiled to `model.Rule`.

{template: pass_through, claim: email}                       {template: permit_all}
{template: filter, claim: group, pattern: "app-.*"}          {template: permit, claim: group, value: staff}
{template: rename, claim: department, to: role}              {template: deny, claim: email, pattern: ".*@contractor\\.example"}
{template: map_value, claim: group, to: role, map: {grp-1: admin}, otherwise: drop}
{template: constant, claim: plan, value: gold}               {template: pass_through_known}
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from broker.domain.claims import NAME_IDENTIFIER, PROTECTED, Claim
from broker.domain.errors import InvalidSettings
from broker.domain.messages import Sentence, filled, translatable
from broker.rules.aliases import SHORT_NAMES, canonical_type
from broker.rules.model import Effect, Predicate, Rule

MAX_RULES = 200
MAX_PATTERN = 200
# A pattern from configuration runs over values that an identity provider chose (SECURITY 9, ReDoS). Nested repetition
# ("(a+)+") can take exponential time, so a repeated group that itself contains a repetition or alternation is refused;
# n open-ended repetitions can take time in the n-th power of the value's length, so both are limited.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?.)?|\)|(?:[*+?]|\{[0-9]*,?[0-9]*\})[+?]?|\|", re.DOTALL)
_MAX_REPETITIONS = 3
_MAX_VALUE = {0: 1024, 1: 1024, 2: 1024, 3: 256}

# Not the identity provider's own subject: an application gets the hub's (PRODUCT rule 2).
KNOWN = frozenset(SHORT_NAMES.values()) - PROTECTED - {NAME_IDENTIFIER}


def compile_rules(definitions: tuple[dict[str, Any], ...] | list[dict[str, Any]], *, field: str) -> tuple[Rule, ...]:
    """Raises InvalidSettings naming the rule by its position (from 1)."""
    if len(definitions) > MAX_RULES:
        raise InvalidSettings(f"At most {MAX_RULES} rules.", field=field)
    return tuple(_compile(definition, f"{field}[{number}]") for number, definition in enumerate(definitions, 1))


def _compile(definition: dict[str, Any], where: str) -> Rule:
    if not isinstance(definition, dict):
        raise InvalidSettings("A rule is a mapping with the key 'template'.", field=where)
    name = definition.get("template")
    if not isinstance(name, str) or name not in _TEMPLATES:
        raise InvalidSettings(f"Unknown rule template. Known: {', '.join(sorted(_TEMPLATES))}.", field=where)
    build, required, optional = _TEMPLATES[name]
    given = set(definition) - {"template"}
    if missing := required - given:
        raise InvalidSettings(f"{name} needs {', '.join(sorted(missing))}.", field=where)
    if unknown := given - required - optional:
        raise InvalidSettings(f"{name} does not know {', '.join(sorted(unknown))}.", field=where)
    return build(definition, where)


def _type(definition: dict[str, Any], key: str, where: str, *, writes: bool = False) -> str:
    value = definition[key]
    if not isinstance(value, str) or not value:
        raise InvalidSettings(f"{key} must be the name or URI of a claim.", field=where)
    claim_type = canonical_type(value)
    if writes and claim_type in PROTECTED:
        raise InvalidSettings(f"{value} is set by the hub itself and cannot be written by a rule.", field=where)
    return claim_type


def _text(definition: dict[str, Any], key: str, where: str) -> str:
    value = definition[key]
    if not isinstance(value, str):
        raise InvalidSettings(f"{key} must be text.", field=where)
    return value


def _pattern(definition: dict[str, Any], where: str) -> re.Pattern[str]:
    text = _text(definition, "pattern", where)
    repetitions, nested = _repetitions(text)
    if len(text) > MAX_PATTERN or nested or repetitions > _MAX_REPETITIONS:
        raise InvalidSettings(
            f"This pattern is too long, repeats a group that repeats, or repeats more than {_MAX_REPETITIONS} times; simplify it.",
            field=where,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "possible set union": what another Python would read differently
            compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise InvalidSettings(f"The pattern is not a regular expression, or an ambiguous one: {error}.", field=where) from error
    if compiled.flags & re.VERBOSE or "(?#" in text:
        raise InvalidSettings("Comments do not belong in a pattern.", field=where)  # they would hide parentheses from the count
    return compiled


def _repetitions(text: str) -> tuple[int, bool]:
    """(how many repetitions have no end, whether a group is repeated that itself repeats or chooses)."""
    count, nested, varies = 0, False, [False]
    for token in _TOKEN.finditer(text):
        kind = token.group()[0]
        if kind == "(":
            varies.append(False)
        elif kind == ")" and len(varies) > 1:
            inner = varies.pop()
            nested |= inner and text[token.end() : token.end() + 1] in {"*", "+", "{"}
            varies[-1] |= inner
        elif kind in "*+?{|":
            varies[-1] = True
            count += kind in "*+" or ",}" in token.group()
    return count, nested


def _of_type(claim_type: str) -> Predicate:
    return lambda claim: claim.type == claim_type


def _pass(claim: Claim | None) -> Claim | None:
    return claim


def _pass_through(definition: dict[str, Any], where: str) -> Rule:
    claim_type = _type(definition, "claim", where)
    return Rule(f"pass through {definition['claim']}", Effect.ISSUE, _of_type(claim_type), _pass)


def _pass_through_known(_definition: dict[str, Any], _where: str) -> Rule:
    return Rule("pass through every known claim", Effect.ISSUE, lambda claim: claim.type in KNOWN, _pass)


def _pass_through_all(_definition: dict[str, Any], _where: str) -> Rule:
    return Rule("pass through every claim", Effect.ISSUE, lambda claim: claim.type not in PROTECTED, _pass)


def _filter(definition: dict[str, Any], where: str) -> Rule:
    claim_type, pattern = _type(definition, "claim", where), _pattern(definition, where)
    return Rule(
        f"pass through {definition['claim']} where it matches {pattern.pattern}",
        Effect.ISSUE,
        lambda claim: claim.type == claim_type and _matches(pattern, claim.value),
        _pass,
    )


def _matches(pattern: re.Pattern[str], value: str, *, overlong: bool = False) -> bool:
    """Of the whole value. `overlong`: what is said of a value that is too long to be tried."""
    if len(value) > _longest(pattern.pattern):
        return overlong
    return pattern.fullmatch(value) is not None


@cache
def _longest(pattern: str) -> int:
    return _MAX_VALUE[_repetitions(pattern)[0]]


def _rename(definition: dict[str, Any], where: str) -> Rule:
    source, target = _type(definition, "claim", where), _type(definition, "to", where, writes=True)
    return Rule(
        f"rename {definition['claim']} to {definition['to']}",
        Effect.ISSUE,
        _of_type(source),
        lambda claim: None if claim is None else claim.with_type(target),
    )


def _map_value(definition: dict[str, Any], where: str) -> Rule:
    source = _type(definition, "claim", where)
    target = _type(definition, "to" if "to" in definition else "claim", where, writes=True)
    table = definition["map"]
    if not isinstance(table, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in table.items()):
        raise InvalidSettings("map must map text to text.", field=where)
    keep = definition.get("otherwise", "drop")
    if keep not in {"drop", "keep"}:
        raise InvalidSettings("otherwise is drop or keep.", field=where)

    def produce(claim: Claim | None) -> Claim | None:
        if claim is None:
            return None
        mapped = table.get(claim.value, claim.value if keep == "keep" else None)
        return None if mapped is None else claim.with_type(target).with_value(mapped)

    return Rule(f"map values of {definition['claim']} ({len(table)} entries)", Effect.ISSUE, _of_type(source), produce)


def _constant(definition: dict[str, Any], where: str) -> Rule:
    claim = Claim(
        _type(definition, "claim", where, writes=True), _text(definition, "value", where), issuer="rule", original_issuer="rule"
    )
    return Rule(f"issue {definition['claim']} = {claim.value}", Effect.ISSUE, None, lambda _: claim)


def _permit_all(_definition: dict[str, Any], _where: str) -> Rule:
    return Rule(translatable("permit everyone"), Effect.PERMIT)


_NAMES = {
    (Effect.PERMIT, "is"): translatable("permit where %(claim)s is %(wanted)s"),
    (Effect.PERMIT, "matches"): translatable("permit where %(claim)s matches %(wanted)s"),
    (Effect.DENY, "is"): translatable("deny where %(claim)s is %(wanted)s"),
    (Effect.DENY, "matches"): translatable("deny where %(claim)s matches %(wanted)s"),
}


def _named(effect: Effect, how: str, claim: str, wanted: str) -> Sentence:
    return filled(_NAMES[effect, how], claim=claim, wanted=wanted)


def _by_claim(effect: Effect) -> Callable[[dict[str, Any], str], Rule]:
    def build(definition: dict[str, Any], where: str) -> Rule:
        claim_type = _type(definition, "claim", where)
        if ("value" in definition) == ("pattern" in definition):
            raise InvalidSettings("Give either value or pattern.", field=where)
        if "value" in definition:
            wanted = _text(definition, "value", where)
            return Rule(
                _named(effect, "is", definition["claim"], wanted),
                effect,
                lambda claim: claim.type == claim_type and claim.value == wanted,
            )
        pattern = _pattern(definition, where)
        return Rule(
            _named(effect, "matches", definition["claim"], pattern.pattern),
            effect,
            # Nobody escapes a prohibition by sending a value that is too long to be tried.
            lambda claim: claim.type == claim_type and _matches(pattern, claim.value, overlong=effect is Effect.DENY),
        )

    return build


_Builder = Callable[[dict[str, Any], str], Rule]
_TEMPLATES: dict[str, tuple[_Builder, frozenset[str], frozenset[str]]] = {
    "pass_through": (_pass_through, frozenset({"claim"}), frozenset()),
    "pass_through_known": (_pass_through_known, frozenset(), frozenset()),
    "pass_through_all": (_pass_through_all, frozenset(), frozenset()),
    "filter": (_filter, frozenset({"claim", "pattern"}), frozenset()),
    "rename": (_rename, frozenset({"claim", "to"}), frozenset()),
    "map_value": (_map_value, frozenset({"claim", "map"}), frozenset({"to", "otherwise"})),
    "constant": (_constant, frozenset({"claim", "value"}), frozenset()),
    "permit_all": (_permit_all, frozenset(), frozenset()),
    "permit": (_by_claim(Effect.PERMIT), frozenset({"claim"}), frozenset({"value", "pattern"})),
    "deny": (_by_claim(Effect.DENY), frozenset({"claim"}), frozenset({"value", "pattern"})),
}
TRANSFORM_TEMPLATES = frozenset(_TEMPLATES) - {"permit_all", "permit", "deny"}
AUTHORIZATION_TEMPLATES = frozenset({"permit_all", "permit", "deny"})
