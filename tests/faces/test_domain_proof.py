"""Proof of domains by DNS, against a real DNS server: the record, its failures, two tenants with one domain, and losing it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.domain.access_errors import TooManyAttempts
from broker.domain.errors import Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.domain_proof import GRACE, Claim, Result
from broker.services.operations.domain_claims import ListDomainConflicts, TransferDomain
from tests.support.dns import Zone
from tests.support.hub import ME, Hub
from tests.support.partners import choose_home_realm


@pytest.fixture
def dns() -> Iterator[Zone]:
    with Zone() as zone:
        yield zone


@pytest.fixture
def hub(tmp_path: Path, dns: Zone) -> Iterator[Hub]:
    with Hub(tmp_path, dns_servers=(dns.address,)) as made:
        made.tenant("acme")
        made.tenant("globex")
        yield made


@pytest.fixture
def claim(hub: Hub) -> Claim:
    return hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "acme.example.com")


def check(hub: Hub, tenant: str = "acme", name: str = "acme.example.com") -> Result | None:
    return hub.built.services.domain_proof.check(ME, hub.tenants[tenant], name).result


def names(hub: Hub, tenant: str = "acme") -> list[str]:
    return [domain.name for domain in hub.built.tenants.domains(hub.tenants[tenant])]


# --- the record -------------------------------------------------------------------------------------------------------


def test_given_the_record_when_checked_then_the_tenant_holds_the_domain(hub: Hub, dns: Zone, claim: Claim) -> None:
    assert claim.host == "_vestibule-challenge.acme.example.com"
    assert claim.value.startswith("vestibule-challenge=")
    dns.records[claim.host] = (claim.value,)

    assert check(hub) is Result.PROVED

    (domain,) = hub.built.tenants.domains(hub.tenants["acme"])
    assert (domain.name, domain.proof) == ("acme.example.com", "dns")
    assert hub.built.services.domain_proof.claims(hub.tenants["acme"]) == []
    hub.built.catalog.refresh()
    assert hub.built.catalog.owns_domain(hub.tenants["acme"], "acme.example.com"), "logins know it from the next request on"


def test_given_the_longest_name_that_can_carry_a_record_then_it_is_proved_and_audited(hub: Hub, dns: Zone) -> None:
    name = ".".join([*("a" * 55 for _ in range(4)), "acme"])
    long = hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], name)
    dns.records[long.host] = (long.value,)

    assert (check(hub, name=name), names(hub)) == (Result.PROVED, [name])
    with hub.built.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT object_id FROM audit WHERE object_kind = 'domain'").scalars().all() == [name]


FOUND: dict[str, dict[str, Any]] = {
    "at the domain itself": {"acme.example.com": ("v=spf1 -all", "{value}")},
    "among several": {"_vestibule-challenge.acme.example.com": ("something", "{value}", "vestibule-challenge=old")},
    "behind an alias": {
        "_vestibule-challenge.acme.example.com": Zone.alias("proof.hoster.example"),
        "proof.hoster.example": ("{value}",),
    },
    "in quotation marks": {"_vestibule-challenge.acme.example.com": ('"{value}"',)},
    "with spaces around it": {"_vestibule-challenge.acme.example.com": (" {value} ",)},
    "beside so much that UDP is too small": {"acme.example.com": (*(f"{number}" * 190 for number in range(30)), "{value}")},
    "although the other name fails": {
        "_vestibule-challenge.acme.example.com": Zone.SERVER_FAILURE,
        "acme.example.com": ("{value}",),
    },
}


@pytest.mark.parametrize("where", FOUND)
def test_given_the_record_anywhere_people_put_it_then_proved(hub: Hub, dns: Zone, claim: Claim, where: str) -> None:
    for name, found in FOUND[where].items():
        filled = found if isinstance(found, str) or found[0] == "CNAME" else tuple(t.replace("{value}", claim.value) for t in found)
        dns.records[name] = filled

    assert check(hub) is Result.PROVED
    if "UDP" in where:
        assert ("tcp", "acme.example.com") in dns.asked


MISSED: dict[str, tuple[dict[str, Any], Result]] = {
    "no such domain": ({}, Result.NO_DOMAIN),
    "no record": ({"acme.example.com": Zone.EMPTY}, Result.NO_RECORD),
    "other records only": ({"acme.example.com": ("v=spf1 -all",)}, Result.NO_RECORD),
    "the value of another claim": (
        {"acme.example.com": Zone.EMPTY, "_vestibule-challenge.acme.example.com": ("vestibule-challenge=0000",)},
        Result.WRONG_VALUE,
    ),
    "the value in capitals": (
        {"acme.example.com": Zone.EMPTY, "_vestibule-challenge.acme.example.com": ("{VALUE}",)},
        Result.WRONG_VALUE,
    ),
    "an old value at the domain": ({"acme.example.com": ("vestibule-challenge=0000",)}, Result.WRONG_VALUE),
    "a part of the value": ({"acme.example.com": ("{value}x",)}, Result.WRONG_VALUE),
    "a server that fails": (
        {"acme.example.com": Zone.SERVER_FAILURE, "_vestibule-challenge.acme.example.com": Zone.SERVER_FAILURE},
        Result.SERVER_FAILURE,
    ),
    "a server that refuses": (
        {"acme.example.com": Zone.REFUSED, "_vestibule-challenge.acme.example.com": Zone.REFUSED},
        Result.SERVER_FAILURE,
    ),
    "a server that is silent": (
        {"acme.example.com": Zone.EMPTY, "_vestibule-challenge.acme.example.com": Zone.SILENCE},
        Result.TIMEOUT,
    ),
}


@pytest.mark.parametrize("why", MISSED)
@pytest.mark.usefixtures("impatient")
def test_given_no_record_when_checked_then_why_and_nothing_is_proved(hub: Hub, dns: Zone, claim: Claim, why: str) -> None:
    records, expected = MISSED[why]
    for name, found in records.items():
        values = {"{value}": claim.value, "{VALUE}": claim.value.upper()}
        dns.records[name] = found
        for hole, value in values.items():
            if isinstance(dns.records[name], tuple):
                dns.records[name] = tuple(text.replace(hole, value) for text in dns.records[name])

    assert check(hub) is expected

    assert names(hub) == []
    (waiting,) = hub.built.services.domain_proof.claims(hub.tenants["acme"])
    assert (waiting.result, waiting.checked_at, waiting.value) == (expected, hub.clock.now(), claim.value)


def test_given_somebody_who_presses_again_and_again_then_the_dns_is_spared(hub: Hub, dns: Zone, claim: Claim) -> None:
    dns.records["acme.example.com"] = Zone.EMPTY
    for _ in range(30):
        check(hub)

    with pytest.raises(TooManyAttempts):
        check(hub)


# --- what may be claimed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Acme.Example.COM", "acme.example.com"),
        ("  acme.example.com. ", "acme.example.com"),
        ("ann@acme.example.com", "acme.example.com"),
        ("https://www.acme.example.com/about", "acme.example.com"),
        ("société.example.com", "xn--socit-esab.example.com"),
        ("acme.co.uk", "acme.co.uk"),
    ],
)
def test_given_a_domain_as_people_type_it_then_claimed(hub: Hub, typed: str, name: str) -> None:
    assert hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], typed).name == name


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "no email domain"),
        ("localhost", "no email domain"),
        ("acme", "no email domain"),
        ("10.0.0.1", "no email domain"),
        ("a" * 300 + ".example", "no email domain"),
        ("gmail.com", "mail service"),
        ("yahoo.fr", "mail service"),
        ("hotmail.co.uk", "mail service"),
        ("co.uk", "anybody can register"),
        ("github.io", "anybody can register"),
        ("com", "no email domain"),
    ],
)
def test_given_what_is_nobodys_own_then_refused(hub: Hub, typed: str, sentence: str) -> None:
    with pytest.raises(InvalidSettings, match=sentence):
        hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], typed)
    assert hub.count("domain_claims") == 0


def test_given_a_claim_when_claimed_again_then_the_same_record(hub: Hub, claim: Claim) -> None:
    assert hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "acme.example.com").value == claim.value
    assert hub.count("domain_claims") == 1


def test_given_fifty_claims_then_no_more(hub: Hub) -> None:
    proof = hub.built.services.domain_proof
    for number in range(50):
        proof.claim(ME, hub.tenants["acme"], f"a{number}.example.com")

    with pytest.raises(Conflict):
        proof.claim(ME, hub.tenants["acme"], "one-more.example.com")


def test_given_a_withdrawn_claim_then_its_record_proves_nothing(hub: Hub, dns: Zone, claim: Claim) -> None:
    dns.records[claim.host] = (claim.value,)
    hub.built.services.domain_proof.withdraw(ME, hub.tenants["acme"], "acme.example.com")

    with pytest.raises(UnknownObject):
        check(hub)
    assert hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "acme.example.com").value != claim.value


# --- two tenants, one domain ------------------------------------------------------------------------------------------


def proved_by(hub: Hub, dns: Zone, *tenants: str) -> list[Result | None]:
    """Each claims it, all records stand there, each checks in this order."""
    proof = hub.built.services.domain_proof
    made = [proof.claim(ME, hub.tenants[tenant], "acme.example.com") for tenant in tenants]
    dns.records[made[0].host] = tuple(claim.value for claim in made)
    return [check(hub, tenant) for tenant in tenants]


def test_given_two_tenants_when_both_prove_it_then_the_first_holds_it_and_the_second_learns_no_name(hub: Hub, dns: Zone) -> None:
    assert proved_by(hub, dns, "globex", "acme") == [Result.PROVED, Result.CONFLICT]

    assert (names(hub, "globex"), names(hub, "acme")) == (["acme.example.com"], [])
    (conflict,) = hub.built.operations.run(ME, "domain.conflicts", ListDomainConflicts()).items
    assert (conflict.domain, conflict.claimed_by, conflict.held_by) == ("acme.example.com", "acme", "globex")


def test_given_the_record_of_one_tenant_when_another_checks_then_it_proves_nothing_for_it(hub: Hub, dns: Zone) -> None:
    proof = hub.built.services.domain_proof
    mine = proof.claim(ME, hub.tenants["acme"], "acme.example.com")
    proof.claim(ME, hub.tenants["globex"], "acme.example.com")
    dns.records[mine.host] = (mine.value,)

    assert check(hub, "globex") is Result.WRONG_VALUE


def test_given_a_domain_of_somebody_else_when_only_claimed_then_nothing_is_revealed(hub: Hub, dns: Zone) -> None:
    """Claiming must not tell who our customers are: only whoever controls the DNS learns that it is held."""
    hub.tenant("initech", "initech.example.com")
    claim = hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "initech.example.com")
    free = hub.built.services.domain_proof.claim(ME, hub.tenants["acme"], "free.example.com")

    assert (claim.result, check(hub, name="initech.example.com")) == (free.result, check(hub, name="free.example.com"))


def test_given_a_conflict_when_transferred_then_the_other_tenant_holds_it_and_both_logs_say_so(hub: Hub, dns: Zone) -> None:
    hub.saml_idp("globex")
    theirs, app = hub.saml_idp("acme"), hub.saml_app()
    proved_by(hub, dns, "globex", "acme")

    passed = hub.built.operations.run(ME, "domain.transfer", TransferDomain("acme.example.com", "acme"))

    assert (passed.held_by, passed.proof) == ("acme", "dns")
    assert (names(hub, "globex"), names(hub, "acme")) == ([], ["acme.example.com"])
    assert hub.built.operations.run(ME, "domain.conflicts", ListDomainConflicts()).items == ()
    with hub.built.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT tenant_id, action, after FROM audit WHERE object_kind = 'domain'").all()
    assert {(row[0], row[1]) for row in rows[-2:]} == {(hub.tenants["globex"], "domain.deleted"), (hub.tenants["acme"], "domain.created")}
    assert hub.tenants["acme"] not in str([row[2] for row in rows if row[0] == hub.tenants["globex"]])
    browser = hub.browser()
    sent = choose_home_realm(browser, browser.open(app.login_url()), "ann@acme.example.com")
    assert sent.headers["Location"].startswith(theirs.idp.sso), "the next login goes to the new holder"


def test_given_a_transfer_without_a_proof_then_the_operator_has_vouched_for_it(hub: Hub) -> None:
    hub.tenant("initech", "initech.example.com")

    assert hub.built.operations.run(ME, "domain.transfer", TransferDomain("initech.example.com", "acme")).proof == "operator"


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR, Role.TENANT_ADMIN])
def test_given_anybody_but_operators_then_no_transfer_and_no_conflicts_of_others(hub: Hub, role: Role) -> None:
    hub.tenant("initech", "initech.example.com")
    tenant_id = hub.tenants["acme"] if role is Role.TENANT_ADMIN else None
    for actor in (Actor("x", ROLES[role], tenant_id), Actor("x", frozenset({Verb.CONFIGURE}), hub.tenants["acme"])):
        with pytest.raises(Forbidden):
            hub.built.operations.run(actor, "domain.transfer", TransferDomain("initech.example.com", "acme"))
        if actor.tenant_id is not None:
            with pytest.raises(Forbidden):
                hub.built.operations.run(actor, "domain.conflicts", ListDomainConflicts())
    assert names(hub, "initech") == ["initech.example.com"]


# --- looking again ----------------------------------------------------------------------------------------------------


@pytest.fixture
def proved(hub: Hub, dns: Zone, claim: Claim) -> Claim:
    dns.records[claim.host] = (claim.value,)
    dns.records["acme.example.com"] = Zone.EMPTY
    assert check(hub) is Result.PROVED
    return claim


def upkeep(hub: Hub, **later: float) -> int:
    """Time passes, the clockwork runs. How many domains lost their proof."""
    hub.clock.forward(**later)
    tidied = hub.built.upkeep.run()
    assert tidied is not None
    return tidied.domains


def held(hub: Hub) -> Any:
    (found,) = hub.built.services.domain_proof.held(hub.tenants["acme"])
    return found


def test_given_a_proved_domain_then_looked_at_once_a_day(hub: Hub, dns: Zone, proved: Claim) -> None:
    asked = len(dns.asked)
    upkeep(hub, hours=23)
    assert len(dns.asked) == asked

    upkeep(hub, hours=2)

    assert len(dns.asked) > asked
    assert (held(hub).checked_at, held(hub).missing_since) == (hub.clock.now(), None)


def test_given_a_record_that_vanishes_then_a_warning_and_after_seven_days_the_proof_is_void(hub: Hub, dns: Zone, proved: Claim) -> None:
    hub.saml_idp("globex")
    side, app = hub.saml_idp("acme"), hub.saml_app()
    side.email = "ann@acme.example.com"
    del dns.records[proved.host]

    assert upkeep(hub, days=1, minutes=1) == 0
    missing_since = hub.clock.now()
    assert (held(hub).missing_since, held(hub).ends_at) == (missing_since, missing_since + GRACE)
    assert app.sign_in(hub.browser(), side).subject, "people sign in meanwhile"
    for _ in range(6):
        assert upkeep(hub, days=1, minutes=1) == 0
    assert upkeep(hub, days=1, minutes=1) == 1

    assert names(hub) == []
    (waiting,) = hub.built.services.domain_proof.claims(hub.tenants["acme"])
    assert (waiting.result, waiting.value) == (Result.REVOKED, proved.value)
    browser = hub.browser()
    assert choose_home_realm(browser, browser.open(app.login_url()), side.email).status_code == 400, "logins of that domain stop"
    with hub.built.database.reading() as connection:
        last = connection.exec_driver_sql("SELECT actor, action FROM audit ORDER BY id DESC LIMIT 1").one()
    assert tuple(last) == ("upkeep", "domain.deleted")

    dns.records[proved.host] = (proved.value,)
    assert check(hub) is Result.PROVED, "putting the record back proves it again"


def test_given_a_record_that_comes_back_then_the_warning_goes(hub: Hub, dns: Zone, proved: Claim) -> None:
    del dns.records[proved.host]
    upkeep(hub, days=1, minutes=1)
    dns.records[proved.host] = (proved.value,)

    upkeep(hub, days=1, minutes=1)

    assert held(hub).missing_since is None


@pytest.mark.parametrize("failure", [Zone.SERVER_FAILURE, Zone.SILENCE])
@pytest.mark.usefixtures("impatient")
def test_given_dns_that_fails_for_weeks_then_no_proof_ends_by_it(hub: Hub, dns: Zone, proved: Claim, failure: str) -> None:
    dns.records[proved.host] = dns.records["acme.example.com"] = failure

    assert upkeep(hub, days=1, minutes=1) == 0
    assert upkeep(hub, days=20) == 0

    assert held(hub).missing_since is None
    assert timedelta(0) <= hub.clock.now() - held(hub).checked_at < timedelta(days=1)


def test_given_a_domain_that_somebody_vouched_for_then_dns_does_not_matter(hub: Hub, dns: Zone) -> None:
    hub.tenant("initech", "initech.example.com")

    for _ in range(9):
        assert upkeep(hub, days=1, minutes=1) == 0

    assert names(hub, "initech") == ["initech.example.com"]
    assert dns.asked == []


# --- who may --------------------------------------------------------------------------------------------


def test_given_another_tenants_actor_then_nothing(hub: Hub, claim: Claim) -> None:
    proof, stranger = hub.built.services.domain_proof, Actor("x", ROLES[Role.TENANT_ADMIN], hub.tenants["globex"])
    for attempt in (proof.claim, proof.check, proof.withdraw):
        with pytest.raises(Forbidden):
            attempt(stranger, hub.tenants["acme"], "acme.example.com")
