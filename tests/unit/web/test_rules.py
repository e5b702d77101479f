"""Routes whose address builders are made late build what Werkzeug's own build."""

from __future__ import annotations

from werkzeug.routing import Map, Rule

from broker.web.rules import LazyRule
from tests.support.hub import Hub


def test_given_every_route_of_the_hub_then_its_address_is_the_one_that_a_plain_rule_builds(hub: Hub) -> None:
    lazy, plain = hub.app.url_map, Map([Rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods) for rule in hub.app.url_map.iter_rules()])

    for rule in lazy.iter_rules():
        values = dict.fromkeys(rule.arguments, "a b/ü") | {"more": "x&y"}
        method = "GET" if "GET" in (rule.methods or ()) else None
        addresses = [each.bind("hub.example").build(rule.endpoint, values, method=method) for each in (lazy, plain)]
        assert addresses[0] == addresses[1], rule


def test_given_defaults_and_converters_then_they_are_in_the_address() -> None:
    made = Map([LazyRule("/page/<int:number>", endpoint="page"), LazyRule("/page/", endpoint="page", defaults={"number": 1})]).bind("hub.example")

    assert made.build("page", {"number": 1}) == "/page/"
    assert made.build("page", {"number": 7, "q": "x"}) == "/page/7?q=x"
