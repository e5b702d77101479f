"""SECURITY 4, through HTTP: rules, guests, fallbacks and permissions, each beside what must pass."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from broker.domain import claims as c
from broker.domain.claims import Claim
from tests.support.boundary import change_app, failed_check, learned, sign_in
from tests.support.hub import ME, Hub
from tests.support.partners import SamlSide

EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    hub.tenant("acme", "acme.example")
    return hub.saml_idp("acme")


# --- guests -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "email", "verified"),
    [
        ({"email": ["ann@acme.example"]}, ["ann@acme.example"], ["true"]),
        ({"email": ["gus@gmail.example"]}, ["gus@gmail.example"], ["false"]),
        ({"given_name": ["Gus"]}, None, None),
    ],
    ids=["one of its own", "of nobody's domain", "without an address"],
)
def test_a_connector_that_admits_guests(hub: Hub, attributes: dict[str, list[str]], email: list[str] | None, verified: list[str] | None) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme", admits_guests=True), hub.saml_app()

    person = learned(app, idp, attributes=attributes)

    assert person.claims.get(c.EMAIL) == email
    assert person.claims.get(c.EMAIL_VERIFIED) == verified


def test_not_even_a_guest_may_carry_an_address_of_another_tenant(hub: Hub) -> None:
    """PRODUCT rule 1: a connector of tenant A can never yield an email of tenant B."""
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    idp, app = hub.saml_idp("acme", admits_guests=True), hub.saml_app()

    refused = sign_in(app, idp, attributes={"email": ["boss@other.example"]})

    assert refused.status_code == 403
    assert failed_check(hub, refused) == "tenant.email_domain"
    assert hub.count("identities") == 0


# --- what the provider says of the address ----------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "verified"), [(False, "False"), (True, "True"), (None, "True")])
def test_a_provider_that_doubts_its_own_address_is_believed(hub: Hub, said: bool | None, verified: str) -> None:
    """nOAuth the other way round: its "true" counts inside the tenant's domains only, its "false" always."""
    hub.tenant("acme", "acme.example")
    op, app = hub.oidc_op("acme"), hub.oidc_app()
    op.op.person.pop("email_verified", None)
    if said is not None:
        op.op.person["email_verified"] = said

    assert app.sign_in(hub.browser(), op, tenant="acme").claims["email_verified"] == [verified]


# --- which value is the address ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "email"),
    [
        ({"attributes": {"upn": ["ann@acme.example"]}}, "ann@acme.example"),
        ({"attributes": {"upn": ["ann@Acme.Example", "ann@elsewhere.example"]}}, "ann@acme.example"),
        ({"attributes": {}, "name_id": "ann@acme.example", "name_id_format": EMAIL_FORMAT}, "ann@acme.example"),
        ({"attributes": {"email": ["ann@acme.example"]}, "name_id": "x@evil.example", "name_id_format": EMAIL_FORMAT}, "ann@acme.example"),
        ({"attributes": {"upn": ["x@acme.example"]}, "name_id": "ann@acme.example", "name_id_format": EMAIL_FORMAT}, "ann@acme.example"),
    ],
    ids=["the upn", "the upn of the tenant", "the NameID of email format", "the attribute before the NameID", "the NameID before the upn"],
)
def test_where_an_address_may_come_from(hub: Hub, acme: SamlSide, answer: dict[str, Any], email: str) -> None:
    assert learned(hub.saml_app(), acme, **answer).claims[c.EMAIL] == [email]


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        ({"attributes": {"upn": ["ann@other.example"]}}, "tenant.email"),
        ({"attributes": {"upn": ["no address"]}}, "tenant.email"),
        ({"attributes": {"upn": ["ann@acme.example", "bob@acme.example"]}}, "tenant.email_form"),
        ({"attributes": {}, "name_id": "ann@other.example", "name_id_format": EMAIL_FORMAT}, "tenant.email_domain"),
        ({"attributes": {}, "name_id": "ann@acme.example"}, "tenant.email"),
    ],
    ids=["a foreign upn", "a upn that is no address", "two upns", "a foreign NameID", "a NameID that only looks like one"],
)
def test_where_an_address_may_not_come_from(hub: Hub, acme: SamlSide, answer: dict[str, Any], check: str) -> None:
    refused = sign_in(hub.saml_app(), acme, **answer)

    assert refused.status_code == 403
    assert failed_check(hub, refused) == check


@pytest.mark.parametrize(
    ("upn", "released"),
    [("ann@acme.example", True), ("ACME\\ann", True), ("ann@other.example", False), ("ann@acme.example ", False), ("a@b@acme.example", False)],
)
def test_a_user_principal_name_that_reads_like_a_foreign_address_is_dropped(hub: Hub, acme: SamlSide, upn: str, released: bool) -> None:
    person = learned(hub.saml_app(), acme, attributes={"email": ["ann@acme.example"], "upn": [upn]})

    assert person.claims.get(c.UPN) == ([upn] if released else None)


# --- acceptance rules -------------------------------------------------------------------------------------------------

ATTRIBUTES = {"email": ["ann@acme.example"], "groups": ["staff", "admins"]}
ONLY_STAFF = {"template": "filter", "claim": "group", "pattern": "staff"}
EMAIL = {"template": "pass_through", "claim": "email"}


@pytest.mark.parametrize("where", ["connector", "tenant"])
def test_acceptance_rules_decide_what_is_believed(hub: Hub, where: str) -> None:
    rules = (EMAIL, ONLY_STAFF)
    hub.tenant("acme", "acme.example", acceptance_rules=rules if where == "tenant" else ())
    idp = hub.saml_idp("acme", acceptance_rules=rules if where == "connector" else None)

    assert learned(hub.saml_app(), idp, attributes=ATTRIBUTES).claims[c.GROUP] == ["staff"]


def test_the_tenants_rules_see_what_the_connectors_rules_left(hub: Hub) -> None:
    hub.tenant("acme", "acme.example", acceptance_rules=(EMAIL, {"template": "rename", "claim": "role", "to": "group"}))
    idp = hub.saml_idp("acme", acceptance_rules=(EMAIL, {"template": "rename", "claim": "group", "to": "role"}))

    person = learned(hub.saml_app(), idp, attributes=ATTRIBUTES)

    assert person.claims[c.GROUP] == ["staff", "admins"]
    assert c.ROLE not in person.claims


def test_an_acceptance_rule_cannot_lead_past_the_boundary(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp = hub.saml_idp("acme", acceptance_rules=({"template": "constant", "claim": "email", "value": "boss@other.example"},))

    assert failed_check(hub, sign_in(hub.saml_app(), idp)) == "tenant.email_domain"


def test_more_claims_than_rules_can_look_at_end_the_login(hub: Hub) -> None:
    """Leaving rules out silently could skip the one from which a prohibition follows."""
    hub.tenant("acme", "acme.example")
    idp = hub.saml_idp("acme", acceptance_rules=({"template": "pass_through_all"},))
    many = {"email": ["ann@acme.example"], "groups": [f"g{number}" for number in range(2001)]}

    refused = sign_in(hub.saml_app(), idp, attributes=many)

    assert refused.status_code == 403
    assert failed_check(hub, refused) == "rules.claims"


def test_who_said_a_claim_first_and_who_says_it_now_is_kept(hub: Hub, acme: SamlSide) -> None:
    learned(hub.saml_app(), acme)

    with hub.built.database.reading() as connection:
        profile = connection.exec_driver_sql("SELECT profile FROM identities").scalar()
    by_type = {claim.type: claim for claim in msgspec.json.decode(bytes(profile), type=list[Claim])}
    assert (by_type[c.GIVEN_NAME].issuer, by_type[c.GIVEN_NAME].original_issuer) == ("idp", acme.idp.entity_id)
    assert (by_type[c.EMAIL_VERIFIED].issuer, by_type[c.EMAIL_VERIFIED].original_issuer) == ("vestibule", "vestibule")


# --- who may use the application --------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["tenant_ids", "connector_ids", "enabled"])
def test_an_application_that_is_closed_during_a_login_hears_nobody(hub: Hub, acme: SamlSide, change: str) -> None:
    hub.tenant("other", "other.example")
    other = hub.saml_idp("other")
    app, browser = hub.saml_app(), hub.browser()
    waiting = browser.open(app.login_url(tenant="acme"))
    changes = {"tenant_ids": (hub.tenants["other"],), "connector_ids": (other.connector_id,), "enabled": False}

    change_app(hub, app, **{change: changes[change]})
    refused = acme.authenticate(browser, waiting)

    assert refused.status_code == 403
    assert failed_check(hub, refused) == "application.serves_tenant"
    assert hub.count("sessions") == 0


@pytest.mark.parametrize(("group", "permitted"), [("staff", True), ("guests", False)])
def test_authorization_rules_decide_and_leave_nothing_behind(hub: Hub, acme: SamlSide, group: str, permitted: bool) -> None:
    app = hub.saml_app(authorization_rules=({"template": "permit", "claim": "group", "value": "staff"},))

    answer = sign_in(app, acme, attributes={"email": ["ann@acme.example"], "groups": [group]})

    assert (answer.status_code == 200) is permitted
    assert hub.count("sessions") == hub.count("identities") == int(permitted)
    if not permitted:
        assert failed_check(hub, answer) == "application.authorization"


def test_a_refusal_gives_the_browser_no_session(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app(settings={"force_name_id_format": True, "name_id_format": "emailAddress"}, release=("name",))

    refused = sign_in(app, acme)

    assert app.learn(refused).status == "InvalidNameIDPolicy"
    assert not any("vestibule-session" in header for header in refused.headers.getlist("Set-Cookie"))
    assert hub.count("sessions") == 0


# --- what the application is told -------------------------------------------------------------------------------------


def test_release_holds_back_what_is_not_listed(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app(release=("given_name",), transform_rules=({"template": "pass_through_all"},))

    person = learned(app, acme)

    assert set(person.claims) == {c.GIVEN_NAME, c.TENANT, c.CONNECTOR}
    events = [event for event in hub.built.traces.find(ME, acme.email)[0].events if event.name == "attribute release"]
    assert c.EMAIL in events[0].detail


@pytest.mark.parametrize(
    "rule", [{"template": "constant", "claim": "email", "value": "boss@acme.example"}, {"template": "rename", "claim": "alias", "to": "email"}]
)
def test_an_address_that_a_rule_made_is_not_verified(hub: Hub, acme: SamlSide, rule: dict[str, str]) -> None:
    app = hub.saml_app(transform_rules=(rule,))

    person = learned(app, acme, attributes={"email": ["ann@acme.example"], "alias": ["boss@acme.example"]})

    assert person.claims[c.EMAIL] == ["boss@acme.example"]
    assert person.claims[c.EMAIL_VERIFIED] == ["false"]


@pytest.mark.parametrize("style", ["uri", "short", "oid"])
@pytest.mark.parametrize("name", ["tenant", "connector", "email_verified", c.TENANT, c.CONNECTOR, c.EMAIL_VERIFIED])
def test_a_provider_cannot_speak_under_the_hubs_names_in_any_style(hub: Hub, acme: SamlSide, style: str, name: str) -> None:
    """Even where rules let every claim pass: in the short style the hub's own statement is called `tenant`."""
    app = hub.saml_app(settings={"attribute_names": style}, transform_rules=({"template": "pass_through_all"},))

    person = learned(app, acme, attributes={"email": ["ann@acme.example"], name: ["forged"]})

    names = {"tenant": c.TENANT, "connector": c.CONNECTOR, "email_verified": c.EMAIL_VERIFIED}
    own = {short if style == "short" else uri for short, uri in names.items()}
    assert own <= set(person.claims)
    assert all("forged" not in person.claims[said] for said in own)
    said = person.raw.findall(".//{urn:oasis:names:tc:SAML:2.0:assertion}Attribute")
    assert len({attribute.get("Name") for attribute in said}) == len(said), "every name stands once"


def test_a_claim_of_its_own_name_still_passes(hub: Hub, acme: SamlSide) -> None:
    app = hub.saml_app(settings={"attribute_names": "short"}, transform_rules=({"template": "pass_through_all"},))

    assert learned(app, acme, attributes={"email": ["ann@acme.example"], "department": ["R&D"]}).claims["department"] == ["R&D"]


@pytest.mark.parametrize(("kind", "same"), [("public", True), ("pairwise", False)])
def test_subjects_are_public_or_differ_by_application(hub: Hub, acme: SamlSide, kind: str, same: bool) -> None:
    subjects = {learned(hub.saml_app(slug, subject_kind=kind), acme).subject for slug in ("one", "two")}

    assert (len(subjects) == 1) is same
