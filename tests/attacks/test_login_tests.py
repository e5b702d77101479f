"""A test login is never a sign-in: not by replay, not in another browser, not through another connector or page of ours."""

from __future__ import annotations

import pytest

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.applications import SaveApplication
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.hub import ME, Hub
from tests.support.login_tests import Trial, draft
from tests.support.partners import SamlSide


@pytest.fixture
def acme(hub: Hub) -> SamlSide:
    """A tenant with one connector that is switched off."""
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    return draft(hub, "acme")



def test_given_the_address_of_a_test_when_used_twice_then_only_the_first_browser_begins(hub: Hub, acme: SamlSide) -> None:
    tester, other = Trial(hub), hub.browser()
    token = pages.form_to(other.open(tester.url).get_data(as_text=True), f"/test/{tester.id}").fields
    assert tester.begin().status_code == 302

    assert other.post(tester.url, token).status_code == 404
    assert other.open(tester.url).status_code == 404, "its report is shown to the browser that made it"


def test_given_a_form_of_another_site_when_posted_then_no_test_begins(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)

    assert tester.browser.post(tester.url, {}).status_code == 403
    assert tester.result().state == "ready"


def test_given_an_answer_in_another_browser_then_refused_and_the_test_goes_on(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    xml, relay_state = acme.answer_to(tester.begin())

    stolen = acme.deliver(hub.browser(), xml, relay_state)

    assert stolen.status_code == 400
    assert "another browser" in pages.text(stolen.data)
    assert tester.result().state == "waiting"
    assert acme.deliver(tester.browser, xml, relay_state).status_code == 302


def test_given_a_tests_answer_when_replayed_then_it_is_over(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    xml, relay_state = acme.answer_to(tester.begin())
    acme.deliver(tester.browser, xml, relay_state)

    again = acme.deliver(tester.browser, xml, relay_state)

    assert again.status_code == 409
    form = pages.form_to(again.data, "/again")
    shown = tester.browser.post(form.action, form.fields)
    assert shown.headers["Location"] == tester.url, "a reload leads to the report, never to a second test or an application"


@pytest.mark.parametrize("enabled", [True, False])
def test_given_a_tests_answer_when_sent_to_a_waiting_sign_in_then_refused(hub: Hub, acme: SamlSide, enabled: bool) -> None:
    """The assertion of a test, by the same person in the same browser, at the same address."""
    app, tester = hub.saml_app(), Trial(hub)
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=True)
    waiting = tester.browser.open(app.login_url(tenant="acme"))
    _, relay_state_of_sign_in = acme.answer_to(waiting)
    xml, _ = acme.answer_to(tester.begin())
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=enabled)

    refused = acme.deliver(tester.browser, xml, relay_state_of_sign_in)

    assert refused.status_code == 403
    assert hub.count("sessions") == 0
    assert hub.count("identities") == 0


def test_given_a_sign_ins_answer_when_sent_to_a_waiting_test_then_the_test_fails(hub: Hub, acme: SamlSide) -> None:
    app, tester = hub.saml_app(), Trial(hub)
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], "idp", enabled=True)
    xml, _ = acme.answer_to(tester.browser.open(app.login_url(tenant="acme")))
    _, relay_state_of_test = acme.answer_to(tester.begin())

    acme.deliver(tester.browser, xml, relay_state_of_test)

    assert (tester.result().state, tester.result().check) == ("failed", "saml.response_in_response_to")
    assert hub.count("sessions") == 0


def test_given_a_draft_when_people_sign_in_then_it_still_answers_nobody(hub: Hub, acme: SamlSide) -> None:
    """That a draft can be tested opens no way in."""
    app = hub.saml_app()
    Trial(hub).make(acme)

    refused = hub.browser().open(app.login_url(tenant="acme"))

    assert refused.status_code != 302
    assert "no way to sign in" in pages.text(refused.data)


@pytest.mark.parametrize("ending", ["", "/again", "/return"])
def test_given_a_waiting_test_when_used_as_a_login_page_then_there_is_none(hub: Hub, acme: SamlSide, ending: str) -> None:
    """Its handle must not lead to the chooser, to another connector, or to an application."""
    theirs = hub.saml_idp("globex", "other")
    tester = Trial(hub)
    _, handle = acme.answer_to(tester.begin())

    answers = [tester.browser.post(f"/login/{handle}{ending}", {"connector": theirs.connector_id})]
    if not ending:
        answers.append(tester.browser.open(f"/login/{handle}"))

    assert [answer.status_code for answer in answers] == [400] * len(answers)
    assert tester.result().state == "waiting"


def test_given_an_answer_at_another_connectors_address_then_the_test_fails(hub: Hub, acme: SamlSide) -> None:
    theirs, tester = draft(hub, "globex", "other"), Trial(hub)
    xml, relay_state = acme.answer_to(tester.begin())

    theirs.deliver(tester.browser, xml, relay_state)

    assert (tester.result().state, tester.result().check) == ("failed", "upstream.address")


@pytest.mark.parametrize("when", ["before", "during"])
def test_given_a_tenant_that_is_switched_off_then_nothing_can_be_tested(hub: Hub, acme: SamlSide, when: str) -> None:
    tester = Trial(hub)
    sent = tester.begin() if when == "during" else None
    hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))

    if sent is not None:
        acme.authenticate(tester.browser, sent)
        assert (tester.result().state, tester.result().error_code) == ("failed", "disabled")
    else:
        tester.begin()
        assert (tester.result().state, tester.result().error_code) == ("failed", "disabled")
        with pytest.raises(InvalidSettings):
            Trial(hub)


def test_given_a_connector_without_settings_then_it_cannot_be_tested_yet(hub: Hub, acme: SamlSide) -> None:
    hub.built.connectors.draft(ME, hub.tenants["acme"], "empty", "saml", "Empty")

    with pytest.raises(InvalidSettings, match="First tell us"):
        Trial(hub, "empty")


def test_given_a_test_that_was_never_made_when_a_day_has_passed_then_it_is_gone(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    hub.clock.forward(days=1, seconds=1)

    assert tester.browser.open(tester.url).status_code == 404
    with pytest.raises(UnknownObject):
        tester.result()


def test_given_a_browser_that_stays_away_too_long_then_its_test_has_expired(hub: Hub, acme: SamlSide) -> None:
    tester = Trial(hub)
    sent = tester.begin()
    hub.clock.forward(hours=2)

    assert acme.authenticate(tester.browser, sent).status_code == 400
    assert tester.result().state == "waiting"


def test_given_an_application_then_no_configuration_can_make_it_speak_the_test_protocol(hub: Hub, acme: SamlSide) -> None:
    with pytest.raises(InvalidSettings):
        hub.built.applications.save(ME, SaveApplication("evil", "Evil", "test", {}, tenant_ids=None))
