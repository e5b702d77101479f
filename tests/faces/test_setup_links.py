"""Set-up links: a customer's administrator connects their company without an account, and reaches nothing else."""

from __future__ import annotations

import pytest

from broker.domain import claims as c
from broker.services.tenants import SaveTenant
from tests.support import pages
from tests.support.administrator import STANDS_ON, Administrator, link_for, only_connector
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.oidc_op import CLIENT_ID, CLIENT_SECRET
from tests.support.partners import OidcSide, SamlSide


@pytest.fixture
def acme(hub: Hub) -> Administrator:
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    return link_for(hub, "acme")


# --- the walk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["saml", "adfs", "entra-saml", "google-saml", "okta", "onelogin", "ping"])
def test_from_the_link_to_a_person_who_signs_in(hub: Hub, acme: Administrator, kind: str) -> None:
    side = SamlSide(hub, "https://idp.acme.example/saml", "idp")
    app = hub.saml_app()

    assert acme.press("/kind", kind=kind).headers["Location"].endswith("/about")
    side.connector_id = only_connector(hub).id
    assert side.acs in acme.page("/values"), "the values to enter are shown before any metadata is given"
    assert not only_connector(hub).enabled
    assert acme.upload(side.idp.metadata()).status_code == 302
    assert "https://idp.acme.example/saml" in pages.text(acme.page("/details"))
    assert acme.switch_on().status_code == 302

    assert "Switched on" in pages.text(acme.page())
    attributes = {"email": ["ann@acme.example"], "http://schemas.microsoft.com/identity/claims/objectidentifier": ["o-1"]}
    browser = hub.browser()
    answer = side.authenticate(browser, browser.open(app.login_url(tenant="acme")), attributes=attributes)
    assert app.learn(answer).claims[c.EMAIL] == ["ann@acme.example"]


def test_an_openid_provider_is_entered_by_hand_and_its_secret_is_never_shown(hub: Hub, acme: Administrator) -> None:
    side = OidcSide(hub)
    with side.op:
        acme.press("/kind", kind="oidc")
        assert acme.press("/oidc", issuer=side.op.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET).status_code == 302
        assert acme.switch_on().status_code == 302
        side.connector_id = only_connector(hub).id
        side.op.redirect_uri = f"{PUBLIC_URL}/upstream/{side.connector_id}/callback"

        assert CLIENT_SECRET not in acme.page("/details")
        assert hub.saml_app().sign_in(hub.browser(), side, tenant="acme").claims[c.EMAIL] == [side.email]

        changed = acme.press("/oidc", issuer=side.op.issuer, client_id=CLIENT_ID, client_secret="")
        assert changed.status_code == 302
        assert hub.saml_app("second").sign_in(hub.browser(), side, tenant="acme").subject, "an empty secret keeps the stored one"


def test_the_link_can_be_taken_up_again_by_another_person_on_another_machine(hub: Hub, acme: Administrator) -> None:
    acme.press("/kind", kind="saml")
    colleague = Administrator(hub, acme.link)
    hub.clock.forward(days=3)

    side = SamlSide(hub, "https://idp.acme.example/saml", "idp")
    assert colleague.upload(side.idp.metadata()).status_code == 302
    assert colleague.switch_on().status_code == 302
    hub.clock.forward(days=3)

    assert "Switched on" in pages.text(acme.page())
    assert only_connector(hub).enabled


def test_another_system_may_be_chosen_until_it_is_switched_on(hub: Hub, acme: Administrator) -> None:
    side = SamlSide(hub, "https://idp.acme.example/saml", "idp")
    acme.press("/kind", kind="okta")
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    enabled = [found for found in hub.built.connectors.all(hub.tenants["acme"]) if found.enabled]
    assert [found.type for found in enabled] == ["saml"]

    token = acme.form("/disable").fields["csrf"]
    refused = acme.browser.post(f"{acme.link}/kind", {"csrf": token, "kind": "okta"})

    assert refused.status_code == 409
    assert "Switch it off before" in pages.text(refused.get_data())
    assert [found for found in hub.built.connectors.all(hub.tenants["acme"]) if found.enabled] == enabled


def test_switching_off_ends_it_with_the_next_login(hub: Hub, acme: Administrator) -> None:
    side, app = SamlSide(hub, "https://idp.acme.example/saml", "idp"), hub.saml_app()
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    assert hub.browser().open(app.login_url(tenant="acme")).status_code == 302

    acme.press("/disable")

    assert hub.browser().open(app.login_url(tenant="acme")).status_code != 302


def test_what_an_operator_switched_off_the_link_does_not_switch_on_again(hub: Hub, acme: Administrator) -> None:
    side, app = SamlSide(hub, "https://idp.acme.example/saml", "idp"), hub.saml_app()
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    token = acme.form("/disable").fields["csrf"]
    found = only_connector(hub)
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], found.slug, enabled=False)

    shown = pages.text(acme.browser.open(f"{acme.link}/switch").get_data())
    refused = acme.browser.post(f"{acme.link}/enable", {"csrf": token, "untested": "yes"})
    acme.upload(side.idp.metadata())  # new metadata is no way round it

    assert "The operators of this service switched the connection off." in shown
    assert refused.status_code == 403
    assert "Ask them to switch it on again." in pages.text(refused.get_data())
    assert not only_connector(hub).enabled
    assert hub.browser().open(app.login_url(tenant="acme")).status_code != 302

    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], found.slug, enabled=True)
    acme.press("/disable")  # their own switching off is theirs to undo
    acme.switch_on()

    assert hub.browser().open(app.login_url(tenant="acme")).status_code == 302


@pytest.mark.parametrize("another_link", [False, True])
def test_what_an_operator_switched_off_is_not_switched_on_as_a_second_connection_to_the_same_provider(
    hub: Hub, acme: Administrator, another_link: bool
) -> None:
    side = SamlSide(hub, "https://idp.acme.example/saml", "idp")
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    held = only_connector(hub)
    hub.built.connectors.set_enabled(ME, hub.tenants["acme"], held.slug, enabled=False)
    late = link_for(hub, "acme") if another_link else acme

    late.press("/kind", kind="okta")
    late.upload(side.idp.metadata())
    refused = late.switch_on()

    assert refused.status_code == 403
    assert "Ask them to switch it on again." in pages.text(refused.get_data())
    assert [each.enabled for each in hub.built.connectors.all(hub.tenants["acme"])] == [False, False]

    late.upload(SamlSide(hub, "https://other.acme.example/saml", "other").idp.metadata())
    late.press("/take-over")
    assert late.switch_on().status_code == 302, "another provider is nobody's decision yet"


def test_nothing_can_be_switched_on_before_it_is_complete(hub: Hub, acme: Administrator) -> None:
    acme.press("/kind", kind="saml")
    token = acme.form("/metadata").fields["csrf"]

    refused = acme.browser.post(f"{acme.link}/enable", {"csrf": token, "untested": "yes"})

    assert refused.status_code == 400
    assert not only_connector(hub).enabled


# --- the end of a link ------------------------------------------------------------------------------------------------

PAGES = ["", *sorted(set(STANDS_ON.values()) | {"/values", "/test/somereport"})]


@pytest.mark.parametrize("end", ["expired", "revoked", "tenant switched off", "tenant deleted", "never made"])
def test_a_dead_link_says_the_same_whatever_it_died_of(hub: Hub, acme: Administrator, end: str) -> None:
    form = acme.form("/kind")
    link_id = hub.built.setup_links.all(hub.tenants["acme"])[0].id
    if end == "expired":
        hub.clock.forward(days=14)
    elif end == "revoked":
        hub.built.setup_links.revoke(ME, hub.tenants["acme"], link_id)
    elif end == "tenant switched off":
        hub.built.tenants.save(ME, SaveTenant("acme", "Acme", enabled=False))
    elif end == "tenant deleted":
        hub.built.tenants.delete(ME, "acme")
    else:
        acme.link = "/setup/" + "x" * 43
    for number, (ending, method) in enumerate([*((page, "GET") for page in PAGES), *((place, "POST") for place in STANDS_ON)]):
        data = {**form.fields, "kind": "saml"} if method == "POST" else {}

        # Each from another address: whoever guesses from one is stopped before.
        somewhere = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answer = acme.browser.open(f"{acme.link}{ending}", method=method, data=data, environ_overrides=somewhere)

        assert answer.status_code == 404, ending
        assert "Acme" not in answer.get_data(as_text=True)
        assert "This set-up link is not valid any more." in pages.text(answer.get_data())
        assert pages.reference_code(answer.get_data())


def test_the_last_moment_of_a_link_still_works(hub: Hub, acme: Administrator) -> None:
    hub.clock.forward(days=14, seconds=-1)

    assert pages.heading(acme.page()) == "Single sign-on for Acme"


def test_what_was_set_up_outlives_its_link(hub: Hub, acme: Administrator) -> None:
    side, app = SamlSide(hub, "https://idp.acme.example/saml", "idp"), hub.saml_app()
    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    side.connector_id = only_connector(hub).id

    hub.clock.forward(days=30)

    assert app.sign_in(hub.browser(), side, tenant="acme").claims[c.EMAIL] == [side.email]


# --- a link reaches its own tenant only -------------------------------------------------------------------------------


def test_a_link_shows_nothing_of_other_tenants(hub: Hub, acme: Administrator) -> None:
    hub.saml_idp("globex", "secret-idp")
    acme.press("/kind", kind="saml")

    page = acme.page().lower()

    assert "globex" not in page
    assert "secret-idp" not in page


def test_a_link_changes_nothing_of_other_tenants(hub: Hub, acme: Administrator) -> None:
    """Not even where both have a connector of the same name and the same provider."""
    theirs = hub.saml_idp("globex", "saml", entity_id="https://idp.acme.example/saml")
    before = only_connector(hub, "globex")
    side = SamlSide(hub, "https://idp.acme.example/saml", "idp")

    acme.press("/kind", kind="saml")
    acme.upload(side.idp.metadata())
    acme.switch_on()
    acme.press("/disable")

    assert only_connector(hub, "globex") == before
    assert only_connector(hub).id != theirs.connector_id


def test_a_link_leaves_the_tenants_other_connectors_alone(hub: Hub, acme: Administrator) -> None:
    hub.saml_idp("acme", "saml")
    before = only_connector(hub)

    acme.press("/kind", kind="saml")

    after = {found.slug: found for found in hub.built.connectors.all(hub.tenants["acme"])}
    assert after["saml"] == before
    assert set(after) == {"saml", "saml-2"}


def test_the_form_token_of_one_link_does_not_open_another(hub: Hub, acme: Administrator) -> None:
    """Cross-site request forgery, and its cousin with a link of the attacker's own."""
    globex = link_for(hub, "globex")
    mine = acme.form("/kind").fields["csrf"]

    for token in (mine, "", "x" * 64):
        refused = acme.browser.post(f"{globex.link}/kind", {"csrf": token, "kind": "saml"})
        assert refused.status_code == 403
    assert hub.browser().post(f"{acme.link}/kind", {"csrf": mine, "kind": "saml"}).status_code == 403, "another browser"
    assert hub.built.connectors.all(hub.tenants["globex"]) == []
    assert hub.built.connectors.all(hub.tenants["acme"]) == []


def test_what_a_link_does_is_audited_under_its_id(hub: Hub, acme: Administrator) -> None:
    link_id = hub.built.setup_links.all(hub.tenants["acme"])[0].id
    acme.press("/kind", kind="saml")

    with hub.built.database.reading() as connection:
        actors = {row[0] for row in connection.exec_driver_sql("SELECT actor FROM audit WHERE object_kind = 'connector'")}
    assert actors == {f"setup-link:{link_id}"}


def test_a_metadata_address_on_a_private_network_is_answered_with_upload_the_file(hub: Hub, acme: Administrator) -> None:
    acme.press("/kind", kind="saml")

    answer = acme.press("/metadata-address", metadata_url="http://192.168.1.10/FederationMetadata.xml")

    assert pages.problem(answer.get_data()) == "We do not connect to that address from here. Upload the file instead."
    assert "192.168.1.10" in answer.get_data(as_text=True), "what was typed is still there"


def test_pages_of_a_link_are_not_kept_or_told_to_others(hub: Hub, acme: Administrator) -> None:
    headers = acme.browser.open(acme.link).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in acme.page()
