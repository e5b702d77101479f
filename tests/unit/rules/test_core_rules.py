"""Patterns that cannot take for ever, prohibitions that cannot be slipped past, claims that no rule may write."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims
from broker.domain.errors import InvalidSettings, InvalidUpstreamResponse
from broker.domain.trace import Trace
from broker.rules.evaluate import MAX_CLAIMS, authorize, transform
from broker.rules.templates import MAX_PATTERN, MAX_RULES, compile_rules
from tests.support.clock import NOW, FixedClock


def trace() -> Trace:
    return Trace("X", FixedClock(), NOW)


def run(claims: Claims, *rules: dict[str, Any]) -> list[tuple[str, str]]:
    return [(claim.type, claim.value) for claim in transform(compile_rules(list(rules), field="t"), claims, trace(), "test")]


def permitted(claims: Claims, *rules: dict[str, Any]) -> bool:
    return authorize(compile_rules(list(rules), field="a"), claims).permitted


# --- patterns ---------------------------------------------------------------------------------------------------------

SLOW = [
    "(a+)+b", "((a+))+b", "(((a)|b))+", "(a|aa)*b", "(?:a?){30}", "(?:[a-z]+\\.)*x", "(a*){2,}", "(?P<n>a+)+", "(?=a+)+b",
    ".*a.*b.*c.*", "a*a*a*a*b", "[ab]*[bc]*[cd]*[de]*", "(?x)(a+ # ) \n)+", "((?#()a+)+", "((?#[)a+)+[]]", "(a{1,}){3}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SLOW)
@pytest.mark.parametrize("template", ["filter", "permit", "deny"])
def test_a_pattern_that_can_take_for_ever_is_refused(pattern: str, template: str) -> None:
    with pytest.raises(InvalidSettings):
        compile_rules([{"template": template, "claim": "group", "pattern": pattern}], field="x")


TAKEN = [
    "app-.*", "(app|web)-.*", "(foo){2}", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "\\(a+\\)+", "(?i)App-.*", "(a+)?", "[*+(]+", "[^]]*",
    ".*@(a|b)\\.example", "CN=.*,OU=.*,DC=.*", "a{2,}b{2,3}", "x+?", "", "\\+\\+\\+\\+\\+", "a?b?c?d?e?",
]  # fmt: skip


@pytest.mark.parametrize("pattern", TAKEN)
def test_a_pattern_that_people_write_is_taken(pattern: str) -> None:
    assert compile_rules([{"template": "filter", "claim": "group", "pattern": pattern}], field="x")


@pytest.mark.parametrize(("length", "taken"), [(MAX_PATTERN, True), (MAX_PATTERN + 1, False)])
def test_a_pattern_has_a_longest_length(length: int, taken: bool) -> None:
    rule = {"template": "filter", "claim": "group", "pattern": "a" * length}
    if taken:
        assert compile_rules([rule], field="x")
    else:
        with pytest.raises(InvalidSettings):
            compile_rules([rule], field="x")


@given(st.text(alphabet="ab(|)*+?{2,}.\\[]^", max_size=14))
def test_whatever_is_taken_comes_to_an_end(pattern: str) -> None:
    try:
        rules = compile_rules([{"template": "filter", "claim": "group", "pattern": pattern}], field="x")
    except InvalidSettings:
        return
    long = Claims((Claim(c.GROUP, "a" * 255 + "!"), Claim(c.GROUP, "ab" * 120 + "!")))

    assert len(transform(rules, long, trace(), "test")) <= len(long)


@pytest.mark.parametrize(("pattern", "longest"), [("a*", 1024), ("a*b*", 1024), ("a*b*c*", 256)])
def test_a_value_that_is_too_long_is_not_tried(pattern: str, longest: int) -> None:
    rule = {"template": "filter", "claim": "group", "pattern": pattern}

    assert run(Claims((Claim(c.GROUP, "a" * longest),)), rule) == [(c.GROUP, "a" * longest)]
    assert run(Claims((Claim(c.GROUP, "a" * (longest + 1)),)), rule) == []


@pytest.mark.parametrize(("value", "allowed"), [("x", True), ("contractor", False), ("contractor" + "x" * 2000, False)])
def test_nobody_slips_past_a_prohibition_with_a_long_value(value: str, allowed: bool) -> None:
    rules = ({"template": "permit_all"}, {"template": "deny", "claim": "group", "pattern": "contractor.*"})

    assert permitted(Claims((Claim(c.GROUP, value),)), *rules) is allowed


def test_a_long_value_permits_nobody() -> None:
    assert not permitted(Claims((Claim(c.GROUP, "staff" * 400),)), {"template": "permit", "claim": "group", "pattern": ".*"})


@pytest.mark.parametrize("template", ["permit", "deny"])
@pytest.mark.parametrize("key", ["value", "pattern"])
def test_only_claims_of_the_named_type_count(template: str, key: str) -> None:
    claims = Claims((Claim(c.ROLE, "staff"), Claim(c.GROUP, "other")))
    rules = [{"template": template, "claim": "group", key: "staff"}]

    assert permitted(claims, {"template": "permit_all"}, *rules) is True
    assert permitted(claims, *rules) is False


@pytest.mark.parametrize("template", ["permit", "deny"])
def test_one_condition_exactly(template: str) -> None:
    for keys in ({}, {"value": "a", "pattern": "a"}):
        with pytest.raises(InvalidSettings):
            compile_rules([{"template": template, "claim": "group", **keys}], field="x")


# --- claims that no rule may write ------------------------------------------------------------------------------------

NAMES = ["tenant", "connector", "email_verified", c.TENANT, c.CONNECTOR, c.EMAIL_VERIFIED]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "rule",
    [
        {"template": "constant", "value": "x"},
        {"template": "map_value", "map": {}},
        {"template": "map_value", "map": {}, "claim": "email"},
        {"template": "rename", "claim": "email"},
    ],
)
def test_the_hubs_own_claims_are_written_by_no_rule(name: str, rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings):
        compile_rules([{**rule, "to" if "claim" in rule or rule["template"] == "rename" else "claim": name}], field="x")


@pytest.mark.parametrize("name", [c.TENANT, c.CONNECTOR, c.EMAIL_VERIFIED, c.NAME_IDENTIFIER, "x"])
def test_what_is_called_known_holds_nothing_of_the_hub_or_the_provider(name: str) -> None:
    assert run(Claims((Claim(name, "v"),)), {"template": "pass_through_known"}) == []
    assert run(Claims((Claim(name, "v"),)), {"template": "pass_through_all"}) == ([] if name in c.PROTECTED else [(name, "v")])


# --- compiling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "taken"), [(MAX_RULES, True), (MAX_RULES + 1, False)])
def test_rules_are_limited_in_number(number: int, taken: bool) -> None:
    rules = [{"template": "permit_all"}] * number
    if taken:
        assert len(compile_rules(rules, field="x")) == number
    else:
        with pytest.raises(InvalidSettings) as refused:
            compile_rules(rules, field="x")
        assert refused.value.field == "x"


@pytest.mark.parametrize(
    "rule",
    [
        {"template": "pass_through", "claim": ""},
        {"template": "pass_through", "claim": 5},
        {"template": 5},
        {"template": ["filter"]},
        {"template": "constant", "claim": "plan", "value": 5},
        {"template": "filter", "claim": "group", "pattern": None},
        {"template": "map_value", "claim": "group", "map": ["a"]},
        {"template": "map_value", "claim": "group", "map": {1: "a"}},
        {"template": "map_value", "claim": "group", "map": {}, "otherwise": "explode"},
        {"template": "permit_all", "claim": "group"},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        compile_rules([rule], field="x")

    assert refused.value.field == "x[1]"


def test_map_value_writes_the_type_that_is_named() -> None:
    claims = Claims((Claim(c.GROUP, "g1"), Claim(c.ROLE, "g1")))

    assert run(claims, {"template": "map_value", "claim": "group", "to": "role", "map": {"g1": "admin"}}) == [(c.ROLE, "admin")]
    assert run(claims, {"template": "map_value", "claim": "group", "map": {"g1": "admin"}}) == [(c.GROUP, "admin")]


# --- evaluation -------------------------------------------------------------------------------------------------------


def test_every_rule_is_evaluated_or_nobody_enters() -> None:
    rules = compile_rules([{"template": "pass_through_all"}, {"template": "constant", "claim": "mark", "value": "x"}], field="x")
    fitting = Claims(tuple(Claim(c.GROUP, str(number)) for number in range(MAX_CLAIMS - 1)))
    recorded = trace()

    assert len(transform(rules, fitting, recorded, "test")) == MAX_CLAIMS
    with pytest.raises(InvalidUpstreamResponse) as refused:
        transform(rules, fitting.plus([Claim(c.GROUP, "a"), Claim(c.GROUP, "b")]), recorded, "test")
    assert refused.value.check == "rules.claims"
    assert [event.passed for event in recorded.events if event.name == "rules.claims"] == [False]


def test_the_same_value_of_another_type_is_another_claim() -> None:
    claims = Claims((Claim(c.GROUP, "a"), Claim(c.ROLE, "a"), Claim(c.GROUP, "a")))

    assert run(claims, {"template": "pass_through_all"}) == [(c.GROUP, "a"), (c.ROLE, "a")]


def test_patterns_are_compiled_as_they_stand() -> None:
    assert run(Claims((Claim(c.GROUP, "app\n"),)), {"template": "filter", "claim": "group", "pattern": "app"}) == []
    assert re.fullmatch("app", "app\n") is None
