"""Traces for support: found by filter, shown with their cause, kept apart by tenant, every look written down."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import ROLES, Actor, Role
from broker.services.operations.traces import ListTraces, OneTrace, TraceDetail
from broker.store.tables import audit, trace_queries
from tests.support.hub import ME, Hub, reference_code
from tests.support.saml_idp import SmallIdp, key_pair


class Office:
    """Acme and Globex, each with a provider; one application for both."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        hub.tenant("acme", "acme.example")
        hub.tenant("globex", "globex.example")
        self.acme, self.globex = hub.saml_idp("acme"), hub.saml_idp("globex")
        self.globex.email = "bob@globex.example"
        self.app = hub.saml_app()

    def works(self) -> None:
        assert self.app.sign_in(self.hub.browser(), self.acme).status == "success"

    def fails(self, tenant: str = "acme", **deviations: Any) -> str:
        """The reference code of a sign-in that was refused."""
        side, browser = getattr(self, tenant), self.hub.browser()
        return reference_code(side.authenticate(browser, browser.open(self.app.login_url(tenant=tenant)), **deviations))

    def wrong_certificate(self) -> str:
        thief, honest = SmallIdp(self.acme.idp.entity_id, key_pair("another")), self.acme.idp
        self.acme.idp, honest_one = thief, honest
        try:
            return self.fails()
        finally:
            self.acme.idp = honest_one


@pytest.fixture
def office(hub: Hub) -> Office:
    return Office(hub)


def listed(hub: Hub, who: Actor = ME, **asked: Any) -> list[str]:
    return [item.code for item in hub.built.operations.run(who, "trace.list", ListTraces(**asked)).items]


def shown(hub: Hub, code: str, who: Actor = ME) -> TraceDetail:
    found = hub.built.operations.run(who, "trace.show", OneTrace(code))
    assert isinstance(found, TraceDetail)
    return found


def admin(hub: Hub, tenant: str) -> Actor:
    return Actor(f"staff:{tenant}", ROLES[Role.TENANT_ADMIN], hub.tenants[tenant])


def test_given_a_wrong_certificate_then_the_verdict_names_both_certificates_and_who_must_act(hub: Hub, office: Office) -> None:
    verdict = shown(hub, office.wrong_certificate()).verdict

    assert verdict.cause == "The identity provider signed with a certificate that is not the one registered here."
    assert verdict.act == "customer_it"
    assert "metadata" in verdict.fix
    assert (verdict.check, verdict.expected[:11]) == ("saml.assertion_signature", "certificate")
    assert verdict.received.startswith("certificate")
    assert verdict.received[12:28] not in verdict.expected


def test_given_a_wrong_audience_then_expected_and_received_stand_side_by_side(hub: Hub, office: Office) -> None:
    verdict = shown(hub, office.fails(audiences=(("https://elsewhere.example",),))).verdict
    assert verdict.expected == f"http://localhost:8080/upstream/{office.acme.connector_id}/metadata"
    assert verdict.received == "https://elsewhere.example"


def test_given_a_second_attempt_that_fails_otherwise_then_the_verdict_is_about_the_last_one(hub: Hub, office: Office) -> None:
    browser = hub.browser()
    waiting = browser.open(office.app.login_url(tenant="acme"))
    code = reference_code(office.acme.authenticate(browser, waiting, audiences=(("https://elsewhere.example",),)))
    again = office.acme.authenticate(browser, waiting, attributes={"email": ["eve@elsewhere.example"]})
    assert reference_code(again) == code
    assert shown(hub, code).verdict.check == "tenant.email_domain"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"tenant_slug": "acme"}, 2),
        ({"tenant_slug": "globex"}, 1),
        ({"outcome": "succeeded"}, 1),
        ({"outcome": "failed"}, 2),
        ({"outcome": "pending"}, 0),
        ({"error_code": "foreign_email"}, 1),
        ({"application": "wiki"}, 3),
        ({"tenant_slug": "acme", "connector": "idp"}, 2),
        ({"email": "ANN@acme.example"}, 2),
        ({"email": "nobody@acme.example"}, 0),
        ({"since": "2026-03-02T09:00:00Z"}, 3),
        ({"since": "2026-03-03"}, 0),
        ({"until": "2026-03-02"}, 3),
        ({"until": "2026-03-01"}, 0),
    ],
)
def test_given_filters_then_only_those_sign_ins_are_listed(hub: Hub, office: Office, asked: dict[str, Any], found: int) -> None:
    office.works()
    office.fails(attributes={"email": ["ann@acme.example"]}, audiences=(("https://elsewhere.example",),))
    office.fails("globex", attributes={"email": ["eve@elsewhere.example"]})
    if "email" in asked and found == 2:
        office.works()  # the address of the refused one was never believed
    assert len(listed(hub, **asked)) == found


@pytest.mark.parametrize(
    "asked", [{"since": "yesterday"}, {"outcome": "nice"}, {"email": "no address @"}, {"after": "x"}, {"limit": 0}, {"connector": "idp"}]
)
def test_given_a_filter_that_cannot_be_then_its_field_is_named(hub: Hub, office: Office, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettings) as refused:
        listed(hub, **asked)
    assert refused.value.field == next(iter(asked))


def test_given_more_than_a_page_then_the_cursor_leads_through_all_and_newest_come_first(hub: Hub, office: Office) -> None:
    codes = []
    for number in range(5):
        hub.clock.forward(seconds=number % 2)  # two in the same moment
        codes.append(office.fails(audiences=(("x",),)))
    seen: list[str] = []
    after = ""
    for _ in range(6):
        page = hub.built.operations.run(ME, "trace.list", ListTraces(after=after, limit=2))
        seen += [item.code for item in page.items]
        after = page.next
        if not after:
            break
    assert sorted(seen) == sorted(codes)
    assert len(seen) == len(set(seen))
    assert seen[0] in codes[-2:]


def test_given_a_rare_wish_then_the_database_reads_a_bounded_number_of_rows_and_the_cursor_goes_on(
    hub: Hub, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_queries, "EXAMINED", 2)
    office.works()
    for _ in range(3):
        hub.clock.forward(seconds=1)
        office.fails(audiences=(("x",),))
    first = hub.built.operations.run(ME, "trace.list", ListTraces(outcome="succeeded"))
    second = hub.built.operations.run(ME, "trace.list", ListTraces(outcome="succeeded", after=first.next))
    assert (len(first.items), len(second.items)) == (0, 1)


# --- whose traces -----------------------------------------------------------------------------------------------------


def test_given_a_tenants_own_people_then_others_traces_do_not_exist(hub: Hub, office: Office) -> None:
    mine, theirs = office.fails(audiences=(("x",),)), office.fails("globex", audiences=(("x",),))
    who = admin(hub, "acme")

    assert listed(hub, who) == [mine]
    assert shown(hub, mine, who).summary.tenant == "acme"
    with pytest.raises(UnknownObject) as foreign:
        shown(hub, theirs, who)
    with pytest.raises(UnknownObject) as unknown:
        shown(hub, "AAAA-AAAA-AA", who)
    assert foreign.value.sentence == unknown.value.sentence
    with pytest.raises(UnknownObject):
        listed(hub, who, tenant_slug="globex")


@pytest.mark.parametrize(("role", "may"), [(Role.SUPPORT, True), (Role.OPERATOR, True), (Role.AUDITOR, False)])
def test_given_a_role_then_traces_are_read_by_whoever_may_read_traces(hub: Hub, office: Office, role: Role, may: bool) -> None:
    code, who = office.fails(audiences=(("x",),)), Actor("staff:x", ROLES[role])
    if may:
        assert shown(hub, code, who).summary.code == code
        return
    with pytest.raises(Forbidden):
        shown(hub, code, who)
    with pytest.raises(Forbidden):
        listed(hub, who)


def test_given_somebody_opens_a_trace_then_the_audit_log_says_who_and_which(hub: Hub, office: Office) -> None:
    code = office.fails(audiences=(("x",),))
    shown(hub, code.lower().replace("-", ""), Actor("staff:sam", ROLES[Role.SUPPORT]))
    with hub.built.database.reading() as connection:
        entry = audit.latest(connection, hub.tenants["acme"], 1)[0]
    assert (entry.actor, entry.action, entry.object_id) == ("staff:sam", "trace.viewed", code)


def test_given_a_person_then_their_other_sign_ins_stand_beside_it(hub: Hub, office: Office) -> None:
    office.works()
    hub.clock.forward(minutes=1)
    office.works()
    codes = listed(hub)
    assert [item.code for item in shown(hub, codes[0]).related] == [codes[1]]
    identity = shown(hub, codes[0]).summary.identity_id
    assert listed(hub, identity=identity) == codes


def test_given_a_success_then_nobody_has_to_act_and_the_clock_of_the_provider_was_noted(hub: Hub, office: Office) -> None:
    office.works()
    found = shown(hub, listed(hub)[0])
    assert (found.verdict.cause, found.verdict.act) == ("The person was signed in.", "")
    noted = [step for step in found.steps if step.name == "clock of the identity provider"]
    assert noted[0].data["offset_ms"] == "123", "the provider of the tests writes fractions"


def test_given_a_provider_whose_clock_is_ahead_then_the_trace_says_by_how_much(hub: Hub, office: Office) -> None:
    found = shown(hub, office.fails(issued=300, not_before=300))
    assert found.verdict.cause == "The identity provider’s clock is ahead of ours."
    assert next(step.detail for step in found.steps if step.name.startswith("clock")) == "300 s ahead of ours"
    assert found.verdict.received == "2026-03-02T09:05:00Z"


def test_given_a_login_that_never_returned_then_the_verdict_sends_support_to_the_providers_log(hub: Hub, office: Office) -> None:
    hub.browser().open(office.app.login_url(tenant="acme"))
    hub.browser().open(office.app.login_url())
    hub.clock.forward(hours=2)
    hub.built.upkeep.run()
    causes = {shown(hub, code).verdict.act for code in listed(hub)}
    assert causes == {"customer_it", "user"}, "sent away; and never chosen a way"


def test_given_a_request_of_nobody_that_we_know_then_it_is_listed_but_pages_that_are_not_there_are_not(hub: Hub) -> None:
    app = hub.saml_app()
    app.entity_id = "https://unknown.example"
    code = reference_code(hub.browser().open(app.login_url()))
    hub.browser().open("/console/nothing-here")
    hub.browser().open("/setup/invented")
    assert listed(hub) == [code]
