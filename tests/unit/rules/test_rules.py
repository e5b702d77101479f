"""Claim rules: templates compile or say where they are wrong; evaluation follows AD FS."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain import claims as c
from broker.domain.claims import Claim, Claims
from broker.domain.errors import InvalidSettings
from broker.domain.trace import Trace
from broker.rules.aliases import CANONICAL, canonicalise
from broker.rules.evaluate import authorize, transform
from broker.rules.templates import compile_rules
from tests.support.clock import NOW, FixedClock

ANN = Claims((Claim(c.EMAIL, "ann@acme.example"), Claim(c.GROUP, "app-wiki"), Claim(c.GROUP, "other"), Claim("department", "R&D")))


def run(*rules: dict[str, Any]) -> list[tuple[str, str]]:
    clock = FixedClock()
    issued = transform(compile_rules(list(rules), field="transform"), ANN, Trace("X", clock, NOW), "test")
    return [(claim.type, claim.value) for claim in issued]


TRANSFORMS: list[tuple[str, list[dict[str, Any]], list[tuple[str, str]]]] = [
    ("no rule, no claim", [], []),
    ("pass through by short name", [{"template": "pass_through", "claim": "email"}], [(c.EMAIL, "ann@acme.example")]),
    ("pass through by alias", [{"template": "pass_through", "claim": "mail"}], [(c.EMAIL, "ann@acme.example")]),
    ("every value of a type", [{"template": "pass_through", "claim": "group"}], [(c.GROUP, "app-wiki"), (c.GROUP, "other")]),
    ("filter matches whole values", [{"template": "filter", "claim": "group", "pattern": "app-.*"}], [(c.GROUP, "app-wiki")]),
    ("filter is anchored", [{"template": "filter", "claim": "group", "pattern": "app"}], []),
    ("rename", [{"template": "rename", "claim": "department", "to": "unit"}], [("unit", "R&D")]),
    ("map drops what the table lacks", [{"template": "map_value", "claim": "group", "to": "role", "map": {"other": "guest"}}], [(c.ROLE, "guest")]),
    (
        "map may keep",
        [{"template": "map_value", "claim": "group", "map": {"other": "guest"}, "otherwise": "keep"}],
        [(c.GROUP, "app-wiki"), (c.GROUP, "guest")],
    ),
    ("constant", [{"template": "constant", "claim": "plan", "value": "gold"}], [("plan", "gold")]),
    (
        "a later rule sees what an earlier one issued",
        [{"template": "rename", "claim": "department", "to": "unit"}, {"template": "rename", "claim": "unit", "to": "team"}],
        [("unit", "R&D"), ("team", "R&D")],
    ),
    ("the same claim once", [{"template": "pass_through", "claim": "email"}] * 2, [(c.EMAIL, "ann@acme.example")]),
    ("known claims only", [{"template": "pass_through_known"}], [(c.EMAIL, "ann@acme.example"), (c.GROUP, "app-wiki"), (c.GROUP, "other")]),
]


@pytest.mark.parametrize(("case", "rules", "expected"), TRANSFORMS, ids=[row[0] for row in TRANSFORMS])
def test_transform(case: str, rules: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    assert run(*rules) == expected


PERMIT = {"template": "permit_all"}
VERDICTS: list[tuple[str, list[dict[str, Any]], bool]] = [
    ("no rule means no", [], False),
    ("permit all", [PERMIT], True),
    ("permit by value", [{"template": "permit", "claim": "group", "value": "app-wiki"}], True),
    ("permit by another value", [{"template": "permit", "claim": "group", "value": "app-mail"}], False),
    ("permit by pattern", [{"template": "permit", "claim": "group", "pattern": "app-.*"}], True),
    ("deny wins when it stands last", [PERMIT, {"template": "deny", "claim": "group", "value": "other"}], False),
    ("deny wins when it stands first", [{"template": "deny", "claim": "group", "value": "other"}, PERMIT], False),
    ("deny that does not match", [PERMIT, {"template": "deny", "claim": "group", "value": "nobody"}], True),
]


@pytest.mark.parametrize(("case", "rules", "permitted"), VERDICTS, ids=[row[0] for row in VERDICTS])
def test_authorization(case: str, rules: list[dict[str, Any]], permitted: bool) -> None:
    assert authorize(compile_rules(rules, field="authorization"), ANN).permitted is permitted


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("unknown template", {"template": "rm"}),
    ("no template", {"claim": "email"}),
    ("missing key", {"template": "rename", "claim": "email"}),
    ("unknown key", {"template": "pass_through", "claim": "email", "x": 1}),
    ("not a pattern", {"template": "filter", "claim": "email", "pattern": "("}),
    ("a pattern that can take for ever", {"template": "filter", "claim": "email", "pattern": "(a+)+b"}),
    ("a repeated alternative", {"template": "filter", "claim": "email", "pattern": "(a|aa)*b"}),
    ("a huge pattern", {"template": "filter", "claim": "email", "pattern": "a" * 300}),
    ("writes a claim of the hub", {"template": "constant", "claim": "email_verified", "value": "true"}),
    ("writes a claim of the hub by URI", {"template": "rename", "claim": "email", "to": c.TENANT}),
    ("maps to no text", {"template": "map_value", "claim": "group", "map": {"a": 1}}),
    ("value and pattern", {"template": "permit", "claim": "group", "value": "a", "pattern": "a"}),
]


@pytest.mark.parametrize(("case", "rule"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_rule_is_refused_with_its_place(case: str, rule: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        compile_rules([{"template": "pass_through", "claim": "email"}, rule], field="transform")

    assert refused.value.field == "transform[2]"


def test_a_rule_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(InvalidSettings):
        compile_rules(["permit_all"], field="authorization")  # type: ignore[list-item]


@given(st.dictionaries(st.text(max_size=12), st.one_of(st.text(max_size=20), st.integers(), st.none(), st.dictionaries(st.text(), st.text())), max_size=5))
def test_no_definition_brings_the_compiler_down(definition: dict[str, Any]) -> None:
    try:
        compile_rules([definition], field="x")
    except InvalidSettings:
        return


@given(st.lists(st.tuples(st.sampled_from([c.EMAIL, c.GROUP, "x"]), st.text(max_size=30)), max_size=20))
def test_pass_through_issues_exactly_the_distinct_claims(pairs: list[tuple[str, str]]) -> None:
    rules = compile_rules([{"template": "pass_through_all"}], field="x")
    issued = transform(rules, Claims(tuple(Claim(t, v) for t, v in pairs)), Trace("X", FixedClock(), NOW), "test")

    assert [(claim.type, claim.value) for claim in issued] == list(dict.fromkeys(pairs))


@pytest.mark.parametrize("alias", sorted(CANONICAL))
def test_every_alias_becomes_its_canonical_type_and_is_remembered(alias: str) -> None:
    claim = next(iter(canonicalise(Claims((Claim(alias, "v"),)))))

    assert claim.type == CANONICAL[alias]
    assert claim.properties["received_as"] == alias


@pytest.mark.parametrize("pattern", ["[a||b]", "[[a]", "a{99999999999}", "[a&&b]"])
def test_a_pattern_that_another_python_would_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidSettings):
        compile_rules([{"template": "filter", "claim": "email", "pattern": pattern}], field="x")
