"""Proof of domains by a file on their web site, against a real HTTPS server: the file, its imitations, who may use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.domain.errors import AddressRefused
from broker.net.fetch import GuardedFetcher
from broker.services.domain_looks import LIMITS, Result, WebLook
from broker.services.domain_proof import Claim
from tests.support.dns import Zone
from tests.support.domain_file import IMPATIENT, NAME, PATH, check, claim, dns, held, hub, look_at, proof, site
from tests.support.hub import ME, Hub
from tests.support.ports import free_port
from tests.support.web_site import Answer, WebSite, text

__all__ = ["claim", "dns", "hub", "site"]  # fixtures

Content = Callable[[str], Answer | str | bytes]
"""What a site answers, made of the value of the claim."""

PROVES: dict[str, tuple[str, Content]] = {
    "alone": (PATH, lambda value: value),
    "on a line of its own": (PATH, lambda value: f"# proof of acme\r\n{value}\r\nvestibule-challenge=0000\r\n"),
    "with an ending, as IIS wants it": (f"{PATH}.txt", lambda value: f"{value}\n"),
    "of an unknown type": (PATH, lambda value: text(value, content_type="application/octet-stream")),
    "with the mark of an editor": (PATH, lambda value: f"\ufeff{value}"),
    "in UTF-16, as PowerShell writes it": (PATH, lambda value: value.encode("utf-16")),
}


@pytest.mark.parametrize("how", PROVES)
def test_given_the_file_when_checked_then_the_tenant_holds_the_domain(hub: Hub, site: WebSite, claim: Claim, how: str) -> None:
    path, content = PROVES[how]
    assert claim.address == f"https://{NAME}{PATH}"
    site.files[NAME, path] = content(claim.value)

    assert check(hub).result is Result.PROVED

    assert held(hub) == [(NAME, "http")]
    assert proof(hub).claims(hub.tenants["acme"]) == []
    hub.built.catalog.refresh()
    assert hub.built.catalog.owns_domain(hub.tenants["acme"], NAME), "logins know it from the next request on"


def test_given_both_then_the_dns_is_what_proved_it_and_no_web_site_is_asked(
    hub: Hub, dns: Zone, site: WebSite, claim: Claim
) -> None:
    dns.records[claim.host] = (claim.value,)
    site.files[NAME, PATH] = claim.value

    assert check(hub).result is Result.PROVED

    assert (held(hub), site.asked) == ([(NAME, "dns")], [])


def silence(site: WebSite) -> Answer:
    return lambda _handler: site.silence.wait(5) and None


MISSES: dict[str, tuple[Content, Result]] = {
    "another value": (lambda _value: "vestibule-challenge=0000", Result.WRONG_VALUE),
    "a part of a longer line": (lambda value: f"{value}0", Result.WRONG_VALUE),
    "inside a line": (lambda value: f"proof: {value}", Result.WRONG_VALUE),
    "in capitals": (lambda value: value.upper(), Result.WRONG_VALUE),
    "nothing": (lambda _value: "", Result.WRONG_VALUE),
    "a page that says it": (lambda value: text(f"<pre>\n{value}\n</pre>", content_type="text/html; charset=utf-8"), Result.PAGE),
    "a page of no type that says it": (lambda value: text(f"\n<!doctype html>\n{value}\n"), Result.PAGE),
    "a text that calls itself a page": (lambda value: text(value, content_type="Text/HTML"), Result.PAGE),
    "a page that greets everybody": (lambda _value: text("<html>Welcome", content_type="text/html"), Result.PAGE),
    "a huge body": (lambda value: text(f"{value}\n" + "x" * 5000), Result.PAGE),
    "a page that is not found and says it": (lambda value: text(value, 404), Result.NO_FILE),
    "for some only": (lambda value: text(value, 403), Result.NO_FILE),
    "a fault": (lambda value: text(value, 503), Result.SERVER_FAILURE),
    "another success than 200": (lambda value: text(value, 206), Result.NO_FILE),
    "compressed": (lambda value: text(value, content_encoding="gzip"), Result.UNREACHABLE),
}


@pytest.mark.parametrize("why", MISSES)
def test_given_anything_but_the_file_when_checked_then_why_and_nothing_is_proved(
    hub: Hub, site: WebSite, claim: Claim, why: str
) -> None:
    content, expected = MISSES[why]
    site.files[NAME, PATH] = content(claim.value)

    assert check(hub).web_result is expected

    assert held(hub) == []
    (waiting,) = proof(hub).claims(hub.tenants["acme"])
    assert (waiting.result, waiting.web_result, waiting.checked_at) == (Result.NO_RECORD, expected, hub.clock.now())


def test_given_a_server_that_is_silent_then_it_is_not_waited_for(hub: Hub, dns: Zone, site: WebSite, claim: Claim) -> None:
    look_at(hub, dns, WebLook(site.fetcher(IMPATIENT), site.port))
    site.files[NAME, PATH] = silence(site)

    assert check(hub).web_result is Result.TIMEOUT


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["/elsewhere", f"//www.{NAME}", "//stranger.example", "//127.0.0.9"])
def test_given_a_redirect_then_what_stands_at_its_end_proves_nothing(
    hub: Hub, site: WebSite, claim: Claim, status: int, to: str
) -> None:
    """One that leads anywhere ("?to=…") would let a stranger prove this domain with a file of his own."""
    target = f"https:{to}:{site.port}{PATH}" if to.startswith("//") else to
    site.files[NAME, PATH] = text("", status, location=target)
    for host, path in ((NAME, "/elsewhere"), (f"www.{NAME}", PATH), ("stranger.example", PATH), ("127.0.0.9", PATH)):
        site.files[host, path] = claim.value

    assert check(hub).web_result is Result.REDIRECT
    assert (held(hub), site.asked) == ([], [f"{NAME}{PATH}"])


def test_given_a_certificate_that_nobody_vouches_for_then_nothing_is_proved(
    hub: Hub, dns: Zone, site: WebSite, claim: Claim
) -> None:
    site.files[NAME, PATH] = claim.value
    look_at(hub, dns, WebLook(site.fetcher(LIMITS, trusted=False), site.port))

    assert (check(hub).web_result, held(hub), site.asked) == (Result.CERTIFICATE, [], [])


def test_given_a_certificate_for_another_name_then_nothing_is_proved(hub: Hub, dns: Zone, site: WebSite) -> None:
    other = proof(hub).claim(ME, hub.tenants["acme"], "other.example.com")
    site.files["other.example.com", PATH] = other.value

    assert (check(hub, name="other.example.com").web_result, held(hub), site.asked) == (Result.CERTIFICATE, [], [])


def test_given_a_private_address_then_it_is_not_visited(hub: Hub, dns: Zone, site: WebSite, claim: Claim) -> None:
    site.files[NAME, PATH] = claim.value
    look_at(hub, dns, WebLook(site.fetcher(LIMITS, allowed=()), site.port))

    assert (check(hub).web_result, held(hub), site.asked) == (Result.NOT_PUBLIC, [], [])


def test_given_no_web_server_then_that_is_said(hub: Hub, dns: Zone, site: WebSite, claim: Claim) -> None:
    look_at(hub, dns, WebLook(site.fetcher(LIMITS), free_port()))

    assert check(hub).web_result is Result.UNREACHABLE


@pytest.mark.parametrize("claimed", [f"mail.{NAME}", "example.com"])
def test_given_the_file_of_a_domain_above_or_below_then_nothing_is_proved(
    hub: Hub, site: WebSite, claim: Claim, claimed: str
) -> None:
    value = proof(hub).claim(ME, hub.tenants["acme"], claimed).value
    site.files[NAME, PATH] = site.files[f"www.{NAME}", PATH] = value

    assert check(hub, name=claimed).web_result is not Result.PROVED
    assert held(hub) == []


def test_given_a_name_below_a_hosting_service_then_a_file_proves_nothing(hub: Hub, site: WebSite) -> None:
    """Whoever has an account there has a web site, and nobody mail of their own."""
    claim = proof(hub).claim(ME, hub.tenants["acme"], "acme.github.io")
    site.files["acme.github.io", PATH] = claim.value

    assert (claim.address, check(hub, name="acme.github.io").web_result, site.asked) == ("", None, [])


def test_given_an_operator_who_wants_dns_alone_then_a_file_proves_nothing(tmp_path: Path, dns: Zone) -> None:
    with Hub(tmp_path, dns_servers=(dns.address,), domain_proof_by_http=False) as hub:
        hub.tenant("acme")
        claim = proof(hub).claim(ME, hub.tenants["acme"], NAME)

        assert (claim.address, check(hub).web_result) == ("", None)


def test_given_a_hub_as_it_starts_then_files_are_looked_for_over_https_alone(tmp_path: Path, dns: Zone) -> None:
    with Hub(tmp_path, dns_servers=(dns.address,)) as hub:
        hub.tenant("acme")
        assert proof(hub).claim(ME, hub.tenants["acme"], NAME).address == f"https://{NAME}{PATH}"
    with pytest.raises(AddressRefused):
        GuardedFetcher(limits=LIMITS, production=True).get(f"http://{NAME}{PATH}")
