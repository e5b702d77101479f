"""Domains that a file on their web site proves: two tenants with one domain, looking again, and what the pages say."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from http.server import BaseHTTPRequestHandler

import pytest

from broker.services.domain_looks import Result, WebLook
from broker.services.domain_proof import Claim
from broker.services.operations.domain_claims import ListDomainConflicts, TransferDomain
from tests.support.administrator import Administrator, link_for
from tests.support.dns import Zone
from tests.support.domain_file import LIMITS, NAME, PATH, check, claim, dns, held, hub, look_at, proof, site
from tests.support.hub import ME, Hub
from tests.support.ports import free_port
from tests.support.web_site import Answer, WebSite, text

__all__ = ["claim", "dns", "hub", "site"]  # fixtures

# --- two tenants, one domain ------------------------------------------------------------------------------------------


def test_given_the_file_of_another_tenant_then_it_proves_nothing(hub: Hub, site: WebSite, claim: Claim) -> None:
    proof(hub).claim(ME, hub.tenants["globex"], NAME)
    site.files[NAME, PATH] = claim.value

    assert (check(hub, "globex").web_result, held(hub, "globex")) == (Result.WRONG_VALUE, [])


def test_given_two_tenants_when_both_prove_it_then_the_first_holds_it_and_a_transfer_keeps_the_way(
    hub: Hub, site: WebSite, claim: Claim
) -> None:
    other = proof(hub).claim(ME, hub.tenants["globex"], NAME)
    site.files[NAME, PATH] = f"{claim.value}\n{other.value}"

    assert [check(hub, tenant).result for tenant in ("globex", "acme")] == [Result.PROVED, Result.CONFLICT]
    (conflict,) = hub.built.operations.run(ME, "domain.conflicts", ListDomainConflicts()).items
    assert (conflict.claimed_by, conflict.held_by) == ("acme", "globex")

    passed = hub.built.operations.run(ME, "domain.transfer", TransferDomain(NAME, "acme"))

    assert (passed.proof, held(hub), held(hub, "globex")) == ("http", [(NAME, "http")], [])


def test_given_two_looks_of_one_tenant_at_once_then_both_say_that_it_is_proved(hub: Hub, site: WebSite, claim: Claim) -> None:
    asked, proved = threading.Event(), threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if asked.is_set():
            return text(claim.value)(handler)
        asked.set()
        proved.wait(0.4)
        return text(claim.value)(handler)

    site.files[NAME, PATH] = answer
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: check(hub))
        assert asked.wait(5)
        with hub.built.database.unit_of_work():
            second = check(hub)
            proved.set()
            wait([first], 0.5)  # on PostgreSQL it asks for the domain before the other one is committed

    assert (first.result().result, second.result, held(hub)) == (Result.PROVED, Result.PROVED, [(NAME, "http")])


# --- looking again ----------------------------------------------------------------------------------------------------


@pytest.fixture
def proved(hub: Hub, site: WebSite, claim: Claim) -> Claim:
    site.files[NAME, PATH] = claim.value
    assert check(hub).result is Result.PROVED
    site.asked.clear()
    return claim


def upkeep(hub: Hub, **later: float) -> int:
    """Time passes, the clockwork runs. How many domains lost their proof."""
    hub.clock.forward(**later)
    tidied = hub.built.upkeep.run()
    assert tidied is not None
    return tidied.domains


def missing_since(hub: Hub) -> datetime | None:
    (found,) = proof(hub).held(hub.tenants["acme"])
    return found.missing_since


def test_given_a_file_that_stays_then_it_is_looked_at_once_a_day_and_the_dns_is_not_asked(
    hub: Hub, dns: Zone, site: WebSite, proved: Claim
) -> None:
    dns.asked.clear()
    upkeep(hub, hours=23)
    assert site.asked == []

    upkeep(hub, hours=2)

    assert (site.asked, dns.asked, missing_since(hub)) == ([f"{NAME}{PATH}"], [], None)


def test_given_a_file_that_vanishes_then_after_seven_days_the_proof_is_void(hub: Hub, site: WebSite, proved: Claim) -> None:
    del site.files[NAME, PATH]

    assert upkeep(hub, days=1, minutes=1) == 0
    assert missing_since(hub) == hub.clock.now()
    for _ in range(6):
        assert upkeep(hub, days=1, minutes=1) == 0
    assert upkeep(hub, days=1, minutes=1) == 1

    assert held(hub) == []
    (waiting,) = proof(hub).claims(hub.tenants["acme"])
    assert (waiting.result, waiting.value) == (Result.REVOKED, proved.value)
    site.files[NAME, PATH] = proved.value
    assert check(hub).result is Result.PROVED, "putting the file back proves it again"


@pytest.mark.parametrize(
    "instead",
    [
        text("", 302, location="https://www.example.com/"),
        text("", 302, location="http://["),  # no address at all: the clock goes on for everybody else
        text("<html>", content_type="text/html"),
    ],
)
def test_given_a_redirect_or_a_page_instead_then_the_file_is_missing(
    hub: Hub, site: WebSite, proved: Claim, instead: Answer
) -> None:
    site.files[NAME, PATH] = instead
    upkeep(hub, days=1, minutes=1)
    assert missing_since(hub) == hub.clock.now()


def test_given_a_file_that_vanishes_when_the_record_is_there_then_that_proves_it_and_nothing_is_missing(
    hub: Hub, dns: Zone, site: WebSite, proved: Claim
) -> None:
    del site.files[NAME, PATH]
    dns.records[proved.host] = (proved.value,)

    upkeep(hub, days=1, minutes=1)

    assert (held(hub), missing_since(hub)) == ([(NAME, "dns")], None)


def test_given_a_record_that_vanishes_when_the_file_is_there_then_that_proves_it(
    hub: Hub, dns: Zone, site: WebSite, claim: Claim
) -> None:
    dns.records[claim.host] = (claim.value,)
    assert check(hub).result is Result.PROVED
    del dns.records[claim.host]
    site.files[NAME, PATH] = claim.value

    upkeep(hub, days=1, minutes=1)

    assert (held(hub), missing_since(hub)) == ([(NAME, "http")], None)


def test_given_a_web_site_that_fails_for_weeks_then_no_proof_ends_by_it(hub: Hub, site: WebSite, proved: Claim) -> None:
    site.files[NAME, PATH] = text("", 503)

    assert upkeep(hub, days=1, minutes=1) == 0
    assert upkeep(hub, days=20) == 0
    assert missing_since(hub) is None


def test_given_a_domain_that_ceases_to_exist_then_its_proof_ends_although_no_web_site_says_so(
    hub: Hub, dns: Zone, site: WebSite, proved: Claim
) -> None:
    del dns.records[NAME]
    look_at(hub, dns, WebLook(site.fetcher(LIMITS), free_port()))

    upkeep(hub, days=1, minutes=1)

    assert missing_since(hub) == hub.clock.now()


def test_given_an_operator_who_turns_to_dns_alone_then_a_file_is_not_enough_any_more(hub: Hub, dns: Zone, proved: Claim) -> None:
    look_at(hub, dns, None)

    upkeep(hub, days=1, minutes=1)

    assert missing_since(hub) == hub.clock.now()


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def administrator(hub: Hub) -> Administrator:
    return link_for(hub, "acme")


def test_given_no_access_to_the_dns_when_the_file_is_downloaded_and_put_there_then_the_domain_is_proved(
    hub: Hub, site: WebSite, administrator: Administrator
) -> None:
    administrator.press("/domains", domain=NAME)
    assert f"https://{NAME}{PATH}" in administrator.page("/domains")
    file = administrator.browser.open(f"{administrator.link}/domains/file?domain={NAME}")
    assert (file.headers["Content-Type"], file.headers["Content-Disposition"]) == (
        "text/plain; charset=utf-8",
        'attachment; filename="vestibule-challenge.txt"',
    )

    said = administrator.press("/domains/check", way="http")
    assert "not there yet" in administrator.browser.open(said.headers["Location"]).get_data(as_text=True)
    site.files[NAME, PATH] = file.data
    administrator.press("/domains/check", way="http")

    assert held(hub) == [(NAME, "http")]
    assert "Proved by a file" in administrator.page("/domains")
    assert "Proved by a file" in administrator.page()


@pytest.mark.parametrize(
    ("content", "words"), [("vestibule-challenge=0", "says something else"), (text("<p>"), "A web page comes")]
)
def test_given_both_ways_that_fail_then_each_says_its_nearest_miss(
    hub: Hub, site: WebSite, administrator: Administrator, content: Answer | str, words: str
) -> None:
    administrator.press("/domains", domain=NAME)
    site.files[NAME, PATH] = content

    administrator.press("/domains/check", way="http")

    shown = administrator.page("/domains?way=http")
    assert words in shown
    assert "The record is not there yet" in shown


def test_given_the_file_of_a_claim_of_another_tenant_when_asked_for_then_not_found(hub: Hub, administrator: Administrator) -> None:
    proof(hub).claim(ME, hub.tenants["globex"], "globex.example.com")

    assert administrator.browser.open(f"{administrator.link}/domains/file?domain=globex.example.com").status_code == 404
