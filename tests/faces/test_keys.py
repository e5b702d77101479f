"""Keys in every face: what can be done with one, by whom, and what is refused until somebody takes the risk by its name."""

from __future__ import annotations

from typing import Any

import pytest

from broker.domain.errors import Conflict
from broker.domain.keys import KeyState, KeyUse
from broker.services.actor import Role
from broker.services.key_policy import KeyPolicy
from broker.services.operations.keys import AnnounceKey, ListExpiringKeys, ListKeys, PromoteKey
from broker.store.tables import key_queries
from tests.faces.conftest import Cli
from tests.support import pages
from tests.support.api import Api, api
from tests.support.console import desk
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.partners import choose_home_realm
from tests.support.saml_idp import key_pair

SAML, OIDC, ENCRYPTION = "saml_signing", "oidc_signing", "saml_encryption"


@pytest.fixture
def script(hub: Hub) -> Api:
    hub.tenant("acme", "acme.example")
    return api(hub, days=365)


def run(hub: Hub, name: str, asked: Any) -> Any:
    return hub.built.operations.run(ME, name, asked)


def only(hub: Hub, use: str, state: str, owner: str = "hub") -> Any:
    (found,) = (
        key for key in run(hub, "key.list", ListKeys(owner)).items if (key.use, key.state, key.algorithm) == (use, state, "RS256")
    )
    return found


# --- the life of a key ------------------------------------------------------------------------------------------------


def test_given_an_announced_key_when_it_is_too_early_then_it_may_not_sign(hub: Hub, script: Api) -> None:
    made = script.post("/keys", {"owner": "hub", "use": SAML})

    refused = script.post(f"/keys/{made['key']}/promote", status=409)
    assert refused["code"] == "conflict"
    assert "may sign from 2026-03-16" in str(refused)
    hub.clock.forward(days=13, hours=23)
    script.post(f"/keys/{made['key']}/promote", status=409)
    hub.clock.forward(hours=1)
    assert script.post(f"/keys/{made['key']}/promote")["state"] == "active"


def test_given_the_risk_by_its_name_then_it_signs_at_once_and_the_audit_log_says_so(hub: Hub, script: Api) -> None:
    made = script.post("/keys", {"owner": "hub", "use": OIDC, "algorithm": "ES256"})

    script.post(f"/keys/{made['key']}/promote", {"before_partners_know": True})

    entries = script.get("/audit", query_string={"object_id": "all"})["items"]
    said = {field["name"]: field["after"] for entry in entries for field in entry["fields"]}
    assert said["risk"] == "before partners know"


def test_only_one_key_of_a_kind_is_announced_and_only_such_a_one_may_sign(hub: Hub, script: Api) -> None:
    active = only(hub, SAML, "active").key
    script.post("/keys", {"owner": "hub", "use": SAML})

    script.post("/keys", {"owner": "hub", "use": SAML}, 409)
    script.post(f"/keys/{active}/promote", {"before_partners_know": True}, 409)
    script.post(f"/keys/{active}/retire", {"while_still_trusted": True}, 409)
    script.post("/keys/key_0/promote", {}, 404)


def test_a_key_that_retires_is_not_ended_before_what_it_signed(hub: Hub, script: Api) -> None:
    old = only(hub, OIDC, "active").key
    new = script.post("/keys", {"owner": "hub", "use": OIDC})["key"]
    script.post(f"/keys/{new}/promote", {"before_partners_know": True})

    script.post(f"/keys/{old}/retire", {}, 409)
    hub.clock.forward(hours=24)
    hub.built.upkeep.run()
    assert only(hub, OIDC, "retiring").key == old, "an ID token may be valid for a day"
    script.post(f"/keys/{old}/retire", {}, 409)
    script.post(f"/keys/{old}/retire", {"while_still_trusted": True})
    assert [key["key"] for key in script.get("/keys")["items"] if key["use"] == OIDC and key["algorithm"] == "RS256"] == [new]


def test_a_retiring_key_does_not_come_back_over_a_third_one_or_over_the_hubs(hub: Hub, script: Api) -> None:
    old = only(hub, SAML, "active").key
    new = script.post("/keys", {"owner": "hub", "use": SAML})["key"]
    script.post(f"/keys/{new}/promote", {"before_partners_know": True})
    third = script.post("/keys", {"owner": "hub", "use": SAML})["key"]

    script.post(f"/keys/{old}/promote", {}, 409)
    assert (only(hub, SAML, "active").key, only(hub, SAML, "next").key, only(hub, SAML, "retiring").key) == (new, third, old)

    script.put("/own-keys/tenant:acme")
    own = only(hub, SAML, "next", "tenant:acme").key
    script.post(f"/keys/{own}/promote", {"before_partners_know": True})
    script.post("/own-keys/tenant:acme/end", {"before_partners_know": True})
    script.post(f"/keys/{own}/promote", {}, 409)


def test_an_announced_key_can_be_taken_back(hub: Hub, script: Api) -> None:
    made = script.post("/keys", {"owner": "hub", "use": SAML})["key"]
    script.post(f"/keys/{made}/retire")

    hub.built.catalog.refresh()
    assert len(hub.built.keyring.published(KeyUse.SAML_SIGNING)) == 1


@pytest.mark.parametrize("use", [SAML, OIDC, ENCRYPTION])
def test_revoking_says_what_breaks_and_destroys_the_key(hub: Hub, script: Api, use: str) -> None:
    old = only(hub, use, "active")

    refused = script.post(f"/keys/{old.key}/revoke", {}, 409)
    assert refused["field"] == "break_trust"
    assert "until" in refused["detail"]
    assert script.post(f"/keys/{old.key}/revoke", {"break_trust": True})["state"] == "revoked"

    assert only(hub, use, "active").key != old.key, "another one signs in its place"
    with hub.built.database.reading() as connection:
        stored = connection.exec_driver_sql(f"SELECT sealed_private FROM signing_keys WHERE id = '{old.key}'").scalar()
    assert stored is None
    script.post(f"/keys/{old.key}/revoke", {"break_trust": True}, 409)
    hub.clock.forward(days=366)
    hub.built.upkeep.run()
    assert old.key not in {key.key for key in run(hub, "key.list", ListKeys()).items}


def test_the_announced_key_takes_the_place_of_a_revoked_one(hub: Hub, script: Api) -> None:
    following = script.post("/keys", {"owner": "hub", "use": SAML})["key"]

    script.post(f"/keys/{only(hub, SAML, 'active').key}/revoke", {"break_trust": True})

    assert only(hub, SAML, "active").key == following


def test_what_was_encrypted_to_the_key_before_is_understood_until_that_one_ends(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme", settings={"offer_encryption": True}), hub.saml_app()
    old = only(hub, ENCRYPTION, "active").certificate
    new = run(hub, "key.announce", AnnounceKey("hub", ENCRYPTION))
    run(hub, "key.promote", PromoteKey(new.key))

    def status(certificate: str) -> int:
        browser = hub.browser()
        response = choose_home_realm(browser, browser.open(app.login_url()), idp.email)
        return idp.authenticate(browser, response, encrypt_for=certificate).status_code

    assert (status(old), status(new.certificate)) == (200, 200)
    hub.clock.forward(days=31)
    hub.built.upkeep.run()
    assert (status(old), status(new.certificate)) == (403, 200)


# --- owners -----------------------------------------------------------------------------------------------------------


def test_keys_of_a_tenant_go_with_it(hub: Hub, script: Api) -> None:
    script.put("/own-keys/tenant:acme")
    assert [item["owner"] for item in script.get("/own-keys")["items"]] == ["tenant:acme"]
    before = hub.count("signing_keys")

    script.delete("/tenants/acme")

    assert hub.count("signing_keys") == before - 4
    assert script.get("/own-keys")["items"] == []


def test_keys_of_an_application_go_with_it(hub: Hub, script: Api) -> None:
    hub.oidc_app("mail")
    script.put("/own-keys/application:mail")
    before = hub.count("signing_keys")

    script.delete("/applications/mail")

    assert hub.count("signing_keys") == before - 2


@pytest.mark.parametrize("owner", ["tenant:nobody", "application:nothing", "acme", "hub:", ""])
def test_keys_of_nobody_are_not_found(hub: Hub, script: Api, owner: str) -> None:
    script.post("/keys", {"owner": owner, "use": SAML}, 404)


def test_whoever_has_no_keys_of_its_own_can_roll_none(hub: Hub, script: Api) -> None:
    script.post("/keys", {"owner": "tenant:acme", "use": SAML}, 409)
    script.post("/keys", {"owner": "hub", "use": "cookies"}, 400)
    script.post("/keys", {"owner": "hub", "use": SAML, "algorithm": "ES256"}, 400)


def test_own_keys_that_were_only_announced_end_at_once(hub: Hub, script: Api) -> None:
    script.put("/own-keys/tenant:acme")

    assert script.post("/own-keys/tenant:acme/end")["state"] == "hub"
    script.post("/own-keys/tenant:acme/end", {}, 409)


def test_own_keys_do_not_end_before_partners_know_the_hubs(hub: Hub, script: Api) -> None:
    script.put("/own-keys/tenant:acme")
    for key in script.get("/keys", query_string={"owner": "tenant:acme"})["items"]:
        script.post(f"/keys/{key['key']}/promote", {"before_partners_know": True})
    hub.clock.forward(days=31)
    hub.built.upkeep.run()

    assert script.post("/own-keys/tenant:acme/end")["state"] == "leaving"
    assert script.post("/own-keys/tenant:acme/end", {}, 409)["code"] == "conflict"
    assert script.put("/own-keys/tenant:acme")["state"] == "own", "whoever changes their mind stays"
    assert script.post("/own-keys/tenant:acme/end", {"before_partners_know": True})["state"] == "ended"


def test_a_tenants_administrator_sees_its_keys_and_no_others(hub: Hub, script: Api) -> None:
    hub.tenant("globex")
    for tenant in ("acme", "globex"):
        script.put(f"/own-keys/tenant:{tenant}")
    own = api(hub, tenant="acme")

    assert {key["owner"] for key in own.get("/keys")["items"]} == {"tenant:acme"}
    answers = [own.get("/keys", 404, query_string={"owner": other}) for other in ("tenant:globex", "tenant:nobody", "hub")]
    assert {(answer["code"], answer["detail"]) for answer in answers} == {("unknown_object", "There are no such keys.")}
    own.post("/keys", {"owner": "tenant:acme", "use": SAML}, 403)
    own.put("/own-keys/tenant:acme", {}, 403)
    own.get("/own-keys", 403)


# --- by the clock -----------------------------------------------------------------------------------------------------


def test_saml_keys_wait_for_people_unless_the_owner_says_otherwise(hub: Hub, script: Api) -> None:
    old = only(hub, SAML, "active").key
    hub.clock.forward(days=400)
    hub.built.upkeep.run()
    assert only(hub, SAML, "active").key == old

    assert api(hub).put("/key-rollover", {"saml_every_days": 365})["saml_wait_days"] == 14
    hub.built.upkeep.run()
    new = only(hub, SAML, "next").key
    hub.clock.forward(days=14)
    hub.built.upkeep.run()
    assert (only(hub, SAML, "active").key, only(hub, SAML, "retiring").key) == (new, old)


def test_a_key_from_elsewhere_is_never_replaced_by_the_clock(hub: Hub, script: Api) -> None:
    body = {"owner": "hub", "use": OIDC, "private_key": key_pair("brought").private_pem}
    brought = script.post("/keys/bring", body)["key"]
    script.post(f"/keys/{brought}/promote", {"before_partners_know": True})

    hub.clock.forward(days=200)
    hub.built.upkeep.run()

    assert only(hub, OIDC, "active").key == brought
    assert not [key for key in run(hub, "key.list", ListKeys()).items if (key.state, key.algorithm) == ("next", "RS256")]


@pytest.mark.parametrize(
    "values",
    [{"oidc_every_days": 1}, {"oidc_every_days": -1}, {"oidc_wait_hours": 0}, {"saml_wait_days": 0}, {"saml_keep_days": 400},
     {"saml_every_days": 60}, {"saml_every_days": 100_000}],
    ids=str,
)  # fmt: skip
def test_times_that_would_lock_partners_out_are_refused(hub: Hub, script: Api, values: dict[str, int]) -> None:
    assert script.put("/key-rollover", values, 400)["field"] == next(iter(values))
    assert script.get("/key-rollover") == {name: getattr(KeyPolicy(), name) for name in KeyPolicy.__dataclass_fields__}


def test_a_certificate_that_ends_is_told_long_before(hub: Hub, script: Api) -> None:
    assert run(hub, "key.expiring", ListExpiringKeys()).items == ()
    hub.clock.forward(days=3650 - 80)
    hub.built.upkeep.run()
    told = {key.use for key in run(hub, "key.expiring", ListExpiringKeys()).items}

    assert {SAML, ENCRYPTION} <= told
    assert "Our own key" in desk(hub).page("/console")
    findings = [f"{found.sentence} {found.remedy}" for found in hub.built.services.doctor.examine(ME)]
    assert any("saml_signing certificate ends in" in text and "vestibule key announce" in text for text in findings)


def test_an_announced_key_that_waits_for_somebody_is_told(hub: Hub, script: Api) -> None:
    def told() -> list[str]:
        return [found.sentence for found in hub.built.services.doctor.examine(ME) if "waits for somebody" in found.sentence]

    made = script.post("/keys", {"owner": "hub", "use": SAML})["key"]
    assert told() == []
    hub.clock.forward(days=14)
    assert [made in sentence for sentence in told()] == [True]


def test_two_people_who_do_the_same_at_once_do_it_once(hub: Hub, script: Api) -> None:
    """The second one finds the key in another state: the database itself lets only one of a kind sign."""
    made = run(hub, "key.announce", AnnounceKey("hub", SAML)).key
    keys = hub.built.services.signing_keys
    keys.promote(ME, made, before_partners_know=True)

    with pytest.raises(Conflict):
        keys.promote(ME, made, before_partners_know=True)
    with hub.built.database.unit_of_work() as connection:
        old = only(hub, SAML, "retiring").key
        assert not key_queries.change_key(connection, old, while_state=KeyState.RETIRING, state="active")


# --- console and command line -----------------------------------------------------------------------------------------


def test_on_its_page_a_key_is_announced_and_signs_when_it_may(hub: Hub, script: Api) -> None:
    operator = desk(hub, Role.OPERATOR)
    page = operator.page("/console/keys")
    form = pages.form_to(page.split('id="use-saml_signing"')[1], "/announce", f"{PUBLIC_URL}/console/keys")
    answer = operator.browser.post(form.action, form.fields)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:500]
    page = operator.page("/console/keys")
    assert "may sign from" in page
    assert "Let it sign before that" in page
    new = only(hub, SAML, "next").key

    hub.clock.forward(days=14)
    later = desk(hub, Role.OWNER)
    assert later.submit("/console/keys", f"/{new}/promote").status_code == 302
    assert only(hub, SAML, "active").key == new


def test_a_tenants_page_gives_it_keys_of_its_own(hub: Hub, script: Api) -> None:
    owner = desk(hub)
    assert "The hub’s keys sign here." in owner.page("/console/tenants/acme/keys")

    owner.submit("/console/tenants/acme/keys", "/own-keys/begin")

    assert "Its own keys are announced; the hub’s sign until you let them." in owner.page("/console/tenants/acme/keys")
    seen = desk(hub, Role.TENANT_ADMIN, "acme").page("/console/tenants/acme/keys")
    assert "Announced" in seen
    assert "<form" not in seen.split('id="use-')[1]


def test_a_key_that_was_typed_wrongly_is_not_shown_again(hub: Hub) -> None:
    private = key_pair("brought").private_pem
    typed = {"use": SAML, "private_key": private, "certificate": "hello"}
    answer = desk(hub).submit("/console/keys/bring?owner=hub&use=saml_signing", "/keys/bring", **typed)

    assert answer.status_code == 400
    page = answer.get_data(as_text=True)
    assert "This is no certificate in PEM form." in page
    assert private.splitlines()[3] not in page


def test_the_command_line_rolls_a_key(hub: Hub, cli: Cli) -> None:
    cli("key", "announce", "hub", "--use", SAML, "--yes")
    new = only(hub, SAML, "next").key

    assert "It may sign from 2026-03-16" in cli("key", "promote", new, "--yes", code=1).output
    hub.clock.forward(days=14)
    cli("key", "promote", new, "--yes")
    assert new in cli("key", "list").output
