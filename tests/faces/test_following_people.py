"""Following with people: reading now, what waits for somebody, what pages, API and command line say; OpenID providers too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.domain.access_errors import TooManyAttempts
from broker.domain.errors import Forbidden, InvalidMetadata, InvalidSettings
from broker.services.actor import ROLES, Actor, Role
from broker.services.audit import Wanted
from broker.services.operations.following import ListTrouble, RefreshConnector, RefreshView
from broker.services.operations.health import HealthView, ListHealth
from broker.store.tables import setup_links
from tests.support import pages
from tests.support.administrator import Administrator, link_for
from tests.support.api import api
from tests.support.console import desk
from tests.support.followed import NEW, OLD, Followed, acme, document
from tests.support.hub import ME, Hub
from tests.support.oidc_op import Deviation
from tests.support.partners import OidcSide
from tests.support.saml_idp import SmallIdp, key_pair

__all__ = ["acme"]  # fixture
IDP = "/console/tenants/acme/connectors/idp"


def replaced(acme: Followed) -> None:
    """None of the known keys is in it any more."""
    acme.publish(document(acme.idp, key_pair(NEW)))


def run(acme: Followed, who: Actor = ME, **asked: object) -> RefreshView:
    found = acme.hub.built.operations.run(who, "connector.refresh", RefreshConnector("acme", "idp", **asked))  # type: ignore[arg-type]
    assert isinstance(found, RefreshView)
    return found


# --- reading now ----------------------------------------------------------------------------------------------------------


def test_given_a_plan_then_it_says_what_would_change_and_nothing_does(acme: Followed) -> None:
    acme.publish(document(acme.idp, key_pair(OLD), key_pair(NEW)))
    before = acme.connector
    found = run(acme, plan=True)
    assert (found.outcome, [change.name for change in found.changes]) == ("planned", ["signing_certificates"])
    assert all(each.startswith("sha256:") for each in found.changes[0].after)
    assert (acme.connector, acme.health().followed_at) == (before, None)


def test_given_it_is_read_now_then_it_is_taken_over_once(acme: Followed) -> None:
    acme.publish(document(acme.idp, key_pair(OLD), key_pair(NEW)))
    assert run(acme).outcome == "changed"
    version = acme.connector.version
    assert run(acme).outcome == "unchanged"
    assert acme.connector.version == version


def test_given_what_waits_then_only_whoever_looked_at_exactly_that_can_take_it_over(acme: Followed) -> None:
    replaced(acme)
    found = run(acme)
    assert (found.outcome, found.waits) == ("waits", ("None of the certificates that we know is in it any more.",))
    acme.publish(document(acme.idp, key_pair(NEW), key_pair("a third one")))
    with pytest.raises(InvalidSettings):
        run(acme, accept=found.digest)
    assert acme.certificates == {OLD}
    replaced(acme)
    assert run(acme, accept=found.digest).outcome == "changed"
    assert (acme.certificates, acme.health().followed_waits) == ({NEW}, ())


def test_given_a_bad_document_then_whoever_asked_is_told_and_it_is_noted(acme: Followed) -> None:
    acme.publish(b"<html>")
    with pytest.raises(InvalidMetadata):
        run(acme)
    assert "web page" in acme.health().followed_problem


def test_given_support_or_an_eager_person_then_they_are_refused(acme: Followed) -> None:
    with pytest.raises(Forbidden):
        run(acme, Actor("x", ROLES[Role.SUPPORT]))
    with pytest.raises(TooManyAttempts):
        for _ in range(21):
            run(acme, plan=True)


def test_given_tenants_then_each_sees_its_own_trouble_only(acme: Followed) -> None:
    acme.hub.tenant("globex")
    replaced(acme)
    acme.clock()
    for who, seen in ((ME, ["acme"]), (Actor("x", ROLES[Role.TENANT_ADMIN], acme.hub.tenants["globex"]), [])):
        found = acme.hub.built.operations.run(who, "health.metadata", ListTrouble()).items
        assert [item.tenant for item in found] == seen


# --- pages ----------------------------------------------------------------------------------------------------------------


def test_given_something_waits_then_home_says_so_and_the_page_leads_to_taking_it_over(acme: Followed) -> None:
    replaced(acme)
    acme.clock()
    mine = desk(acme.hub)
    assert "None of the certificates that we know is in it any more." in pages.text(mine.page("/console"))
    assert "Waits for a person" in pages.text(mine.page(IDP))
    shown = mine.submit(IDP, "/refresh").get_data(as_text=True)
    said = pages.text(shown)
    assert "Ask the customer’s IT team" in said
    assert "sha256:" in said
    form = pages.form_to(shown, "/refresh/accept", f"http://localhost:8080{IDP}/refresh")
    answer = mine.browser.post(form.action, form.fields)
    assert answer.location.endswith(f"{IDP}#health")
    assert "Taken over." in pages.text(mine.page(IDP))
    assert acme.certificates == {NEW}
    assert "Metadata that needs somebody" not in mine.page("/console")


def test_given_nothing_has_changed_then_the_page_says_so_and_since_when(acme: Followed) -> None:
    mine = desk(acme.hub)
    assert "Not read yet" in pages.text(mine.page(IDP))
    assert mine.submit(IDP, "/refresh").location.endswith(f"{IDP}#health")
    said = pages.text(mine.page(IDP))
    assert "Read again. Nothing in it has changed." in said
    assert "last read" in said
    assert "Lu régulièrement" in pages.text(mine.page(f"{IDP}?lang=fr"))


def test_given_a_bad_document_then_the_page_says_what_is_wrong_and_that_the_old_one_holds(acme: Followed) -> None:
    acme.publish(b"<html>")
    acme.clock()
    mine = desk(acme.hub)
    assert "What was read before still holds." in pages.text(mine.page(IDP))
    answer = mine.submit(IDP, "/refresh")
    assert answer.status_code == 400
    assert "This is a web page, not metadata." in pages.text(answer.get_data(as_text=True))


def test_given_a_reading_that_failed_for_long_then_home_says_so(acme: Followed) -> None:
    acme.publish(b"", 404)
    for _ in range(2):
        acme.clock(hours=6)
    assert "Metadata that needs somebody" not in desk(acme.hub).page("/console")
    acme.clock(hours=6)
    home = pages.text(desk(acme.hub, Role.SUPPORT).page("/console"))
    assert "The address answered with status 404, not with metadata." in home


def test_given_a_later_visit_with_the_set_up_link_then_the_customer_learns_that_nothing_is_to_be_done(acme: Followed) -> None:
    acme.clock()
    visitor = visitor_of(acme)
    said = pages.text(visitor.page())
    assert "We read what you publish at 127.0.0.1 again by ourselves, last on" in said
    assert "New certificates that you publish there are taken over without you doing anything here." in said
    assert "a person at our side looks at it first" not in said
    replaced(acme)
    acme.clock(hours=6)
    assert "a person at our side looks at it first" in pages.text(visitor.page())


def visitor_of(acme: Followed) -> Administrator:
    visitor, tenant_id = link_for(acme.hub, "acme"), acme.hub.tenants["acme"]
    with acme.hub.built.database.unit_of_work() as connection:
        (link,) = acme.hub.built.setup_links.all(tenant_id)
        setup_links.set_connector(connection, tenant_id, link.id, acme.connector.id)
    return visitor


@pytest.mark.parametrize("entity_id", ["", "https://idp.elsewhere.example/saml"])
def test_given_the_customer_renews_by_a_file_then_they_are_told_that_the_address_is_followed_no_further(
    acme: Followed, entity_id: str
) -> None:
    visitor, idp = visitor_of(acme), SmallIdp(entity_id, key_pair(NEW)) if entity_id else acme.idp
    visitor.upload(document(idp, key_pair(OLD), key_pair(NEW)))
    told = pages.text(visitor.browser.open(f"{visitor.link}/details").get_data())
    visitor.press("/take-over")
    assert "What is published at 127.0.0.1 is not read again by itself any more." in told
    assert (acme.certificates, acme.connector.settings.metadata_url, acme.health().follows) == ({OLD, NEW}, "", "")
    acme.clock(hours=48)
    assert acme.certificates == {OLD, NEW}, "the clock does not undo what a person did"


def test_given_a_script_that_gives_a_file_then_what_it_gives_last_counts(acme: Followed) -> None:
    script, path = api(acme.hub), "/tenants/acme/connectors/idp"
    address, newer = acme.connector.settings.metadata_url, document(acme.idp, key_pair(OLD), key_pair(NEW)).decode()

    script.put(path, {"type": "saml", "metadata": newer, "settings": {"metadata_url": address}})
    assert acme.connector.settings.metadata_url == address, "both were said"
    shown = script.put(path, {"type": "saml", "metadata": newer})

    assert (acme.certificates, acme.connector.settings.metadata_url) == ({OLD, NEW}, "")
    assert "What is published at 127.0.0.1 is not read again by itself any more." in shown["understood"]


def test_given_a_certificate_that_cannot_be_read_as_pin_then_the_field_says_so(acme: Followed) -> None:
    with pytest.raises(InvalidSettings) as caught:
        acme.settings(metadata_signing_certificates=["nonsense"])
    assert caught.value.field == "metadata_signing_certificates"


# --- OpenID providers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def globex(tmp_path: Path) -> Iterator[tuple[Hub, OidcSide]]:
    with Hub(tmp_path, watch_providers=True) as hub:
        hub.tenant("globex", "acme.example")
        yield hub, hub.oidc_op("globex")


def health(hub: Hub) -> HealthView:
    (found,) = hub.built.operations.run(ME, "health.list", ListHealth("globex")).items
    assert isinstance(found, HealthView)
    return found


def test_given_an_openid_provider_then_its_description_is_followed_and_people_sign_in_with_its_new_keys(
    globex: tuple[Hub, OidcSide],
) -> None:
    hub, side = globex
    watch, connector = hub.built.services.watch, lambda: hub.built.connectors.get(hub.tenants["globex"], "op")
    first = connector()
    assert watch.run() is not None
    assert (connector().version, health(hub).follows) == (first.version, f"{side.op.issuer}/.well-known/openid-configuration")
    side.op.roll_key()
    hub.clock.forward(hours=6)
    watch.run()
    assert connector().version == first.version + 1
    assert connector().settings.jwks != first.settings.jwks
    assert hub.oidc_app().sign_in(hub.browser(), side).status == "success"
    (entry, *_) = hub.built.services.audit.search(ME, None, Wanted(action="connector"), before_id=None, limit=1)
    assert "kty" not in repr(entry)


def test_given_another_issuer_or_our_secret_would_go_elsewhere_then_everything_stays(globex: tuple[Hub, OidcSide]) -> None:
    hub, side = globex
    connector, good = lambda: hub.built.connectors.get(hub.tenants["globex"], "op"), side.op.discovery()
    before = connector()
    side.op.deviation = Deviation(discovery=lambda found: {**found, "token_endpoint": "http://127.0.0.2:9/token"})
    hub.built.services.watch.run()
    assert (connector(), health(hub).followed_waits) == (before, ("Our client secret would go to another host.",))
    side.op.deviation = Deviation(discovery=lambda found: {**found, "issuer": good["issuer"] + "/"})
    hub.clock.forward(hours=6)
    hub.built.services.watch.run()
    assert connector() == before
    assert "belongs to the issuer" in health(hub).followed_problem
