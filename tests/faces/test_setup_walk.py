"""The walk of the customer's administrator, step by step: what is asked, shown, refused with a remedy, and kept for later."""

from __future__ import annotations

import pytest

from broker.services.intake import Intake
from broker.services.operations.intake import ShowIntake
from tests.support import pages
from tests.support.administrator import Administrator, link_for, only_connector
from tests.support.dns import Zone
from tests.support.hub import ME, Hub
from tests.support.partners import SamlSide
from tests.support.saml_idp import SmallIdp, key_pair
from tests.support.walk import acme, connected, dns, hub, prove

__all__ = ["acme", "connected", "dns", "hub"]  # fixtures

# --- the whole walk ---------------------------------------------------------------------------------------------------


def test_from_the_link_through_proof_and_test_to_the_first_sign_in(hub: Hub, dns: Zone, acme: Administrator) -> None:
    app, side = hub.saml_app(), SamlSide(hub, "https://idp.acme.example.com/saml", "idp")
    side.email = "ann@acme.example.com"
    assert "Begin" in pages.text(acme.page())
    acme.press("/kind", kind="saml")
    acme.press("/about", people="1000", at_once="100", manager="Ada", contact="ada@acme.example.com")
    side.connector_id = only_connector(hub).id
    assert side.acs in acme.page("/values")
    acme.upload(side.idp.metadata())
    prove(acme, dns)
    assert "Proved by DNS" in pages.text(acme.page("/domains"))

    assert "The sign-in works." in pages.text(acme.test(side))
    assert hub.count("sessions") == hub.count("identities") == 0
    assert "A test login has passed." in pages.text(acme.page("/switch"))
    assert acme.press("/enable").status_code == 302, "after a test nothing more has to be confirmed"

    assert app.sign_in(hub.browser(), side).subject
    assert "People of your organisation sign in through" in pages.text(acme.page())


def test_every_page_says_where_in_the_walk_it_is_and_the_link_takes_it_up_again(acme: Administrator, connected: SamlSide) -> None:
    for number, path in enumerate(["/system", "/about", "/values", "/details", "/domains", "/test", "/switch"], 1):
        assert f"Step {number} of 7" in pages.text(acme.page(path))
    overview = acme.page()
    assert pages.links(overview)["Continue: About you"] == f"{acme.link}/about", "the first step that is left"


def test_ldap_and_ws_federation_are_announced_and_cannot_be_chosen(acme: Administrator) -> None:
    page = acme.page("/system")
    assert "LDAP" in pages.text(page)
    assert 'value="ldap"' not in page
    for kind in ("ldap", "wsfed", "", "../saml"):
        assert acme.press("/kind", kind=kind).status_code == 400


# --- about the company ------------------------------------------------------------------------------------------------


def test_what_is_said_about_the_company_reaches_operators(hub: Hub, acme: Administrator) -> None:
    acme.press("/about", people="10000", at_once="", manager=" Ada Lovelace ", contact="+33 1 23", remarks="Two <forests>")

    found = hub.built.operations.run(ME, "intake.show", ShowIntake("acme"))
    assert (found.people, found.manager, found.contact, found.remarks) == ("10000", "Ada Lovelace", "+33 1 23", "Two <forests>")
    assert "Two &lt;forests&gt;" in acme.page("/about"), "and is there on the next visit"
    assert hub.built.services.intakes.of(hub.tenants["globex"]) is None


@pytest.mark.parametrize(("field", "value"), [("people", "12"), ("at_once", "x"), ("remarks", "x" * 2001), ("contact", "x" * 321)])
def test_an_answer_that_cannot_be_is_refused_with_everything_typed_still_there(
    hub: Hub, acme: Administrator, field: str, value: str
) -> None:
    refused = acme.press("/about", **{"manager": "Ada", field: value})

    assert refused.status_code == 400
    assert pages.problem(refused.data)
    assert "Ada" in refused.get_data(as_text=True)
    assert hub.built.services.intakes.of(hub.tenants["acme"]) is None


def test_saying_the_same_again_is_no_change(hub: Hub, acme: Administrator) -> None:
    acme.press("/about", people="100")
    before = hub.count("audit")
    acme.press("/about", people="100")
    assert hub.count("audit") == before
    assert hub.built.services.intakes.of(hub.tenants["acme"]) == Intake(people="100")


# --- our values -------------------------------------------------------------------------------------------------------

KINDS = ["adfs", "entra-saml", "entra-oidc", "google-saml", "google-oidc", "okta", "onelogin", "ping", "saml", "oidc"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_vendor_has_a_sketch_whose_numbers_are_those_of_the_values(acme: Administrator, kind: str) -> None:
    acme.press("/kind", kind=kind)
    page = acme.page("/values")

    sketched = {int(number) for number in _between(page, 'class="sketch-number"', "</text>")}
    listed = {int(number) for number in _between(page, 'class="sheet-number"', "</span>")}
    assert sketched, "at least one field gets one of our values"
    assert sketched <= listed


def _between(page: str, start: str, end: str) -> list[str]:
    return [part.partition(end)[0].rpartition(">")[2] for part in page.split(start)[1:]]


# --- metadata ---------------------------------------------------------------------------------------------------------


def test_metadata_may_be_pasted(hub: Hub, acme: Administrator) -> None:
    acme.press("/kind", kind="saml")

    assert acme.press("/metadata-text", metadata_text=SmallIdp("https://pasted.example.com").metadata().decode()).status_code == 302

    assert "https://pasted.example.com" in pages.text(acme.page("/details"))


WRONG = {
    "a web page": (b"<!doctype html><html><body>Sign in</body></html>", "This is a web page, not metadata."),
    "DOCTYPE": (b'<!DOCTYPE x [<!ENTITY e "x">]><x/>', "DOCTYPE"),
    "no XML": (b"hello", "not an XML file"),
    "other XML": (b"<x/>", "not SAML metadata"),
    "nothing": (b"", "first"),
}


@pytest.mark.parametrize("how", ["file", "text"])
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_document_gets_a_sentence_and_a_working_connector_stays(
    hub: Hub, acme: Administrator, connected: SamlSide, what: str, how: str
) -> None:
    document, sentence = WRONG[what]
    before = only_connector(hub)

    refused = acme.upload(document) if how == "file" else acme.press("/metadata-text", metadata_text=document.decode())

    assert refused.status_code == 400
    assert sentence in (pages.problem(refused.data) or "")
    assert only_connector(hub) == before


def test_our_own_metadata_is_told_apart(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    own = acme.browser.open("/saml/metadata").data
    assert "our own metadata" in (pages.problem(acme.upload(own).data) or "")


def test_what_was_pasted_is_still_there_when_refused(acme: Administrator) -> None:
    acme.press("/kind", kind="saml")
    refused = acme.press("/metadata-text", metadata_text="<not-yet>")
    assert "&lt;not-yet&gt;" in refused.get_data(as_text=True)


# --- later visits -----------------------------------------------------------------------------------------------------


def renewed(side: SamlSide, key: str = "the new key") -> bytes:
    side.idp.key = key_pair(key)
    return side.idp.metadata()


def sign_in(hub: Hub, side: SamlSide) -> int:
    app = hub.saml_app(f"app-{hub.count('applications')}")
    browser = hub.browser()
    return side.authenticate(browser, browser.open(app.login_url(tenant="acme"))).status_code


def test_newer_metadata_is_shown_first_and_taken_over_when_somebody_says_so(
    hub: Hub, dns: Zone, acme: Administrator, connected: SamlSide
) -> None:
    prove(acme, dns)
    acme.switch_on()
    old_key = connected.idp.key
    before = only_connector(hub)

    assert acme.upload(renewed(connected)).headers["Location"].endswith("#proposal")

    page = pages.text(acme.page("/details"))
    assert "A new signing certificate, valid until" in page
    assert "is not listed any more" in page
    assert only_connector(hub) == before, "nothing has changed yet"
    assert acme.press("/take-over", answer="yes", keep="yes").status_code == 302
    assert sign_in(hub, connected) == 200, "the new key"
    connected.idp.key = old_key
    assert sign_in(hub, connected) == 200, "and meanwhile the old one"

    lines = hub.built.services.setup_renewal.certificates(hub.built.setup_links.visit(acme.token))
    (old,) = (line for line in lines if line.pem in before.settings.signing_certificates)
    (new,) = (line for line in lines if line.pem not in before.settings.signing_certificates)
    fields = acme.form("/certificate").fields
    assert acme.browser.post(f"{acme.link}/certificate", {**fields, "certificate": old.sha256}).status_code == 302
    assert sign_in(hub, connected) == 403, "until it is taken away"
    last = acme.browser.post(f"{acme.link}/certificate", {**fields, "certificate": new.sha256})
    assert "The last certificate cannot be removed" in (pages.problem(last.data) or "")


def test_newer_metadata_may_replace_the_old_certificate_at_once(hub: Hub, dns: Zone, acme: Administrator, connected: SamlSide) -> None:
    prove(acme, dns)
    acme.switch_on()
    old_key = connected.idp.key
    acme.upload(renewed(connected))
    fields = {name: value for name, value in acme.form("/take-over").fields.items() if name != "keep"}
    acme.browser.post(f"{acme.link}/take-over", {**fields, "answer": "yes"})

    connected.idp.key = old_key
    assert sign_in(hub, connected) == 403


def test_newer_metadata_may_be_left_alone(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    before = only_connector(hub)
    acme.upload(renewed(connected))

    acme.press("/take-over", answer="no")

    assert only_connector(hub) == before
    assert "This would change" not in pages.text(acme.page("/details"))


def test_a_proposal_waits_an_hour_and_belongs_to_its_link(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    acme.upload(renewed(connected))
    assert "This would change" not in pages.text(link_for(hub, "acme").page("/system"))
    fields = acme.form("/take-over").fields
    hub.clock.forward(hours=1, seconds=1)

    assert acme.browser.post(f"{acme.link}/take-over", fields).status_code == 400


# --- domains ----------------------------------------------------------------------------------------------------------


def test_the_record_to_make_is_shown_with_what_the_dns_said(acme: Administrator, dns: Zone) -> None:
    dns.records["acme.example.com"] = Zone.EMPTY
    acme.press("/domains", domain="Ann@acme.example.com")
    acme.press("/domains/check")

    page = pages.text(acme.page("/domains"))
    assert "_vestibule-challenge.acme.example.com" in page
    assert "vestibule-challenge=" in page
    assert "The record is not there yet." in page


def test_a_public_mail_domain_is_refused_at_its_field(acme: Administrator) -> None:
    refused = acme.press("/domains", domain="gmail.com")
    assert "public mail service" in (pages.problem(refused.data) or "")
    assert 'value="gmail.com"' in refused.get_data(as_text=True)


def test_a_domain_that_support_vouched_for_is_shown_as_such(hub: Hub, acme: Administrator) -> None:
    assert "Support vouched for it" in pages.text(link_for(hub, "globex").page("/domains"))


def test_the_second_tenant_learns_no_name(hub: Hub, acme: Administrator, dns: Zone) -> None:
    acme.press("/domains", domain="globex.example.com")
    (claim,) = hub.built.services.domain_proof.claims(hub.tenants["acme"])
    dns.records[claim.host] = (claim.value,)
    acme.press("/domains/check")

    page = pages.text(acme.page("/domains"))
    assert "another organisation holds this domain. Ask support." in page
    assert "Globex" not in page


# --- test and switch --------------------------------------------------------------------------------------------------


def test_a_test_that_fails_names_the_field_to_change(acme: Administrator, connected: SamlSide) -> None:
    page = pages.text(acme.test(connected, audience="https://wrong.example"))
    assert "The sign-in does not work yet." in page
    assert "Audience (entity ID, identifier) of our application in your system" in page


def test_switching_on_without_a_test_has_to_be_said(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    refused = acme.press("/enable")
    assert refused.status_code == 400
    assert "No test has passed yet." in (pages.problem(refused.data) or "")
    assert not only_connector(hub).enabled

    assert acme.switch_on().status_code == 302
    assert only_connector(hub).enabled


def test_a_report_is_shown_to_its_own_link_only(hub: Hub, acme: Administrator, connected: SamlSide) -> None:
    report = connected.authenticate(acme.browser, acme.press("/test")).headers["Location"].rpartition("/")[2]

    assert acme.browser.open(f"{acme.link}/test/{report}").status_code == 200
    for stranger in (link_for(hub, "globex"), link_for(hub, "acme")):
        assert stranger.browser.open(f"{stranger.link}/test/{report}").status_code == 404
