"""Claim rules through whole logins: each template, who may use an application, what is released, and the order of the sets.

A connector's acceptance rules run first, its tenant's after them, the application's authorization and transform last.
"""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain import claims as c
from broker.domain.errors import InvalidSettings
from broker.services.applications import SaveApplication
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.hub import ME, Hub
from tests.support.partners import Learned

OWN = {c.TENANT, c.CONNECTOR, c.EMAIL_VERIFIED}
"""Which the hub adds to every answer."""
SENT = {"email": ["ann@acme.example"], "given_name": ["Ann"], "groups": ["g-1", "g-2", "app-wiki", "app-mail"], "costCentre": ["4711"]}
EVERYTHING = ({"template": "pass_through_all"},)


class Rules:
    """One company, one application; rules wherever the case puts them."""

    def __init__(self, hub: Hub, *, connector: Any = None, tenant: Any = (), upstream: str = "saml", **application: Any) -> None:
        hub.tenant("acme", "acme.example", acceptance_rules=tuple(tenant))
        self.hub = hub
        rules = None if connector is None else tuple(connector)
        self.side = hub.saml_idp("acme", acceptance_rules=rules) if upstream == "saml" else hub.oidc_op("acme", acceptance_rules=rules)
        self.app = hub.saml_app(**application)

    def answer(self, sent: dict[str, list[str]] = SENT):  # type: ignore[no-untyped-def]
        browser = self.hub.browser()
        return self.side.authenticate(browser, browser.open(self.app.login_url()), attributes=sent)  # type: ignore[call-arg]

    def learned(self, sent: dict[str, list[str]] = SENT) -> Learned:
        return self.app.learn(self.answer(sent))

    def claims(self, sent: dict[str, list[str]] = SENT) -> dict[str, list[str]]:
        return {name: values for name, values in self.learned(sent).claims.items() if name not in OWN}


# --- each template, as an application's transform ---------------------------------------------------------------------

EMAIL = {"template": "pass_through", "claim": "email"}
TEMPLATES: list[tuple[str, list[dict[str, Any]], dict[str, list[str]]]] = [
    ("pass through by short name", [EMAIL], {c.EMAIL: SENT["email"]}),
    ("pass through by URI", [{"template": "pass_through", "claim": c.GIVEN_NAME}], {c.GIVEN_NAME: ["Ann"]}),
    ("pass through of what was not sent", [{"template": "pass_through", "claim": "upn"}], {}),
    ("pass through of a name of their own", [{"template": "pass_through", "claim": "costCentre"}], {"costCentre": ["4711"]}),
    ("every known claim", [{"template": "pass_through_known"}], {c.EMAIL: SENT["email"], c.GIVEN_NAME: ["Ann"], c.GROUP: SENT["groups"]}),
    ("every claim", [*EVERYTHING], {c.EMAIL: SENT["email"], c.GIVEN_NAME: ["Ann"], c.GROUP: SENT["groups"], "costCentre": ["4711"], c.NAME_IDENTIFIER: ["id-of-ann@acme.example"]}),
    ("filter", [{"template": "filter", "claim": "group", "pattern": "app-.*"}], {c.GROUP: ["app-wiki", "app-mail"]}),
    ("filter matches the whole value", [{"template": "filter", "claim": "group", "pattern": "app"}], {}),
    ("rename", [{"template": "rename", "claim": "costCentre", "to": "department"}], {"department": ["4711"]}),
    ("rename to a known claim", [{"template": "rename", "claim": "group", "to": "role"}], {c.ROLE: SENT["groups"]}),
    ("map, dropping others", [{"template": "map_value", "claim": "group", "to": "role", "map": {"g-1": "admin"}}], {c.ROLE: ["admin"]}),
    ("map, keeping others", [{"template": "map_value", "claim": "group", "map": {"g-1": "admin"}, "otherwise": "keep"}], {c.GROUP: ["admin", "g-2", "app-wiki", "app-mail"]}),
    ("map two to one", [{"template": "map_value", "claim": "group", "map": {"g-1": "x", "g-2": "x"}}], {c.GROUP: ["x"]}),
    ("constant", [{"template": "constant", "claim": "plan", "value": "gold"}], {"plan": ["gold"]}),
    ("several rules add up", [EMAIL, {"template": "constant", "claim": "group", "value": "everyone"}], {c.EMAIL: SENT["email"], c.GROUP: ["everyone"]}),
    ("equal claims appear once", [EMAIL, EMAIL, {"template": "pass_through_known"}], {c.EMAIL: SENT["email"], c.GIVEN_NAME: ["Ann"], c.GROUP: SENT["groups"]}),
    ("a later rule sees what an earlier one made", [{"template": "rename", "claim": "group", "to": "role"}, {"template": "filter", "claim": "role", "pattern": "app-.*"}], {c.ROLE: SENT["groups"]}),
    ("no rules at all", [], {}),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "expected"), [row[1:] for row in TEMPLATES], ids=[row[0] for row in TEMPLATES])
def test_each_template(hub: Hub, rules: list[dict[str, Any]], expected: dict[str, list[str]]) -> None:
    assert Rules(hub, transform_rules=tuple(rules)).claims() == expected


def test_values_arrive_unchanged_in_whatever_script(hub: Hub) -> None:
    values = ["Ünïcode", "日本語", "😀", "<b>&amp;\"'</b>", " spaces ", "a\nb", "x" * 1000]

    got = Rules(hub, transform_rules=EVERYTHING).claims({**SENT, "note": values})["note"]

    assert got == values


@pytest.mark.parametrize("name", sorted(OWN))
@pytest.mark.parametrize("place", ["connector", "tenant", "application"])
def test_no_rule_can_speak_for_the_hub(hub: Hub, name: str, place: str) -> None:
    rule = ({"template": "constant", "claim": name, "value": "forged"},)
    with pytest.raises(InvalidSettings):
        if place == "application":
            Rules(hub, transform_rules=rule)
        else:
            Rules(hub, **{place: rule})


# --- who may use an application ---------------------------------------------------------------------------------------

PERMIT_ALL = {"template": "permit_all"}
AUTHORIZATION: list[tuple[str, list[dict[str, Any]], bool]] = [
    ("everybody", [PERMIT_ALL], True),
    ("no rule at all", [], False),
    ("a group, by value", [{"template": "permit", "claim": "group", "value": "g-2"}], True),
    ("another group", [{"template": "permit", "claim": "group", "value": "g-3"}], False),
    ("a group, by pattern", [{"template": "permit", "claim": "group", "pattern": "app-.+"}], True),
    ("a pattern is the whole value", [{"template": "permit", "claim": "group", "pattern": "app-"}], False),
    ("one of several", [{"template": "permit", "claim": "group", "value": "no"}, {"template": "permit", "claim": "costCentre", "value": "4711"}], True),
    ("a denial after", [PERMIT_ALL, {"template": "deny", "claim": "group", "value": "g-1"}], False),
    ("a denial before", [{"template": "deny", "claim": "group", "value": "g-1"}, PERMIT_ALL], False),
    ("a denial of somebody else", [PERMIT_ALL, {"template": "deny", "claim": "email", "pattern": ".*@contractor\\.example"}], True),
    ("only a denial of somebody else", [{"template": "deny", "claim": "group", "value": "g-9"}], False),
    ("by the tenant's own domain", [{"template": "permit", "claim": "email", "pattern": ".*@acme\\.example"}], True),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "permitted"), [row[1:] for row in AUTHORIZATION], ids=[row[0] for row in AUTHORIZATION])
def test_who_may_use_it(hub: Hub, rules: list[dict[str, Any]], permitted: bool) -> None:
    answer = Rules(hub, connector=EVERYTHING, authorization_rules=tuple(rules)).answer()

    assert (answer.status_code == 200) is permitted
    if not permitted:
        assert answer.status_code == 403
        view = hub.trace(pages.reference_code(answer.get_data()))
        assert view.error_code == "access_denied"
        assert "application.authorization" in [event.name for event in view.events if event.passed is False]
        assert hub.count("sessions") == 0


def test_authorization_sees_what_was_accepted_not_what_is_released(hub: Hub) -> None:
    rules = Rules(
        hub,
        authorization_rules=({"template": "permit", "claim": "group", "value": "g-1"},),
        transform_rules=(EMAIL,),
        release=("email",),
    )

    assert rules.claims() == {c.EMAIL: SENT["email"]}


def test_authorization_does_not_see_what_acceptance_left_out(hub: Hub) -> None:
    rules = Rules(hub, connector=(EMAIL,), authorization_rules=({"template": "permit", "claim": "group", "value": "g-1"},))

    assert rules.answer().status_code == 403


# --- release ----------------------------------------------------------------------------------------------------------

RELEASE: list[tuple[str, tuple[str, ...] | None, set[str]]] = [
    ("no list: all that was issued", None, {c.EMAIL, c.GIVEN_NAME, c.GROUP}),
    ("by short name", ("email",), {c.EMAIL}),
    ("by URI", (c.GIVEN_NAME,), {c.GIVEN_NAME}),
    ("by another vendor's name", ("mail", "urn:oid:2.5.4.42"), {c.EMAIL, c.GIVEN_NAME}),
    ("what was not issued does not appear", ("email", "phone_number"), {c.EMAIL}),
    ("nothing", (), set()),
]


@pytest.mark.parametrize(("release", "expected"), [row[1:] for row in RELEASE], ids=[row[0] for row in RELEASE])
def test_only_what_is_released_leaves(hub: Hub, release: tuple[str, ...] | None, expected: set[str]) -> None:
    rules = Rules(hub, release=release)

    assert set(rules.claims()) == expected


def test_without_a_released_address_nothing_is_said_about_one(hub: Hub) -> None:
    learned = Rules(hub, release=("given_name",)).learned()

    assert c.EMAIL_VERIFIED not in learned.claims
    assert "ann@acme.example" not in str(learned.claims)
    assert learned.tenant == hub.tenants["acme"]


# --- the order --------------------------------------------------------------------------------------------------------


def test_connector_then_tenant_then_application(hub: Hub) -> None:
    """Each set sees only what the one before it made: the colour goes red, green, blue."""
    rules = Rules(
        hub,
        connector=(EMAIL, {"template": "map_value", "claim": "colour", "map": {"white": "red"}}),
        tenant=(EMAIL, {"template": "map_value", "claim": "colour", "map": {"red": "green", "white": "wrong"}}),
        transform_rules=(EMAIL, {"template": "map_value", "claim": "colour", "map": {"green": "blue", "white": "wrong", "red": "wrong"}}),
    )

    assert rules.claims({**SENT, "colour": ["white"]}) == {c.EMAIL: SENT["email"], "colour": ["blue"]}


@pytest.mark.parametrize("upstream", ["saml", "oidc"])
def test_what_a_connector_leaves_out_is_gone_for_everybody(hub: Hub, upstream: str) -> None:
    rules = Rules(hub, connector=(EMAIL,), upstream=upstream, transform_rules=EVERYTHING)
    browser = hub.browser()
    answer = rules.side.authenticate(browser, browser.open(rules.app.login_url()))

    assert set(rules.app.learn(answer).claims) - OWN == {c.EMAIL}


def test_without_rules_of_its_own_a_connector_accepts_all_and_the_tenant_decides(hub: Hub) -> None:
    rules = Rules(hub, tenant=(EMAIL,), transform_rules=EVERYTHING)

    assert rules.claims() == {c.EMAIL: SENT["email"]}


def test_acceptance_that_leaves_no_address_ends_the_login(hub: Hub) -> None:
    answer = Rules(hub, connector=({"template": "pass_through", "claim": "given_name"},)).answer()

    assert answer.status_code == 403
    assert hub.trace(pages.reference_code(answer.get_data())).error_code == "missing_claim"


def test_an_address_that_acceptance_makes_is_checked_like_any_other(hub: Hub) -> None:
    """Renaming cannot bring in another company's address."""
    rules = Rules(hub, connector=({"template": "rename", "claim": "alias", "to": "email"},))
    attributes = {"alias": ["ann@other.example"]}

    answer = rules.answer(attributes)

    assert answer.status_code == 403
    assert hub.trace(pages.reference_code(answer.get_data())).error_code == "foreign_email"
    assert rules.learned({"alias": ["ann@acme.example"]}).claims[c.EMAIL] == ["ann@acme.example"]


def test_an_address_that_the_application_s_rules_make_up_is_not_verified(hub: Hub) -> None:
    rules = Rules(hub, transform_rules=({"template": "constant", "claim": "email", "value": "shared@acme.example"},))

    claims = rules.learned().claims

    assert claims[c.EMAIL] == ["shared@acme.example"]
    assert claims[c.EMAIL_VERIFIED] == ["false"]


def test_changed_rules_hold_from_the_next_login_also_in_a_session(hub: Hub) -> None:
    """Transform runs at every answer; acceptance at every authentication."""
    rules = Rules(hub)
    browser = hub.browser()
    rules.app.sign_in(browser, rules.side)
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", acceptance_rules=(EMAIL,)))
    settings = {"entity_id": rules.app.entity_id, "acs_urls": [rules.app.acs]}
    changed = SaveApplication("wiki", "Wiki", "saml", settings, tenant_ids=None, transform_rules=(EMAIL,))
    hub.built.applications.save(ME, changed)

    again = rules.app.learn(browser.open(rules.app.login_url()))

    assert set(again.claims) - OWN == {c.EMAIL}


def test_the_trace_shows_claims_before_and_after_each_rule(hub: Hub) -> None:
    Rules(hub, connector=(EMAIL,), transform_rules=({"template": "constant", "claim": "plan", "value": "gold"}, EMAIL)).learned()

    view = hub.built.traces.find(ME, "ann@acme.example")[0]

    named = [event.name for event in view.events if event.kind == "claims"]
    assert any("acceptance rule 1: pass through email" in name for name in named)
    assert any("issuance rule 1: issue plan = gold" in name for name in named)
    assert "ann@acme.example" not in str(view.events)
