"""Operations on configuration: what they show, what they keep, and what they never say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from broker.domain.access_errors import StaleVersion
from broker.domain.errors import BrokerError, Conflict, Forbidden, InvalidSettings, UnknownObject
from broker.services.actor import ROLES, Actor, Role, Verb
from broker.services.operations.table import BY_NAME
from tests.support.hub import ME, PUBLIC_URL, Hub
from tests.support.oidc_op import CLIENT_SECRET
from tests.support.saml_idp import SmallIdp

Run = Callable[..., Any]


@pytest.fixture
def run(hub: Hub) -> Run:
    """`run("tenant.show", tenant="acme")`, as an operator or as `actor`."""

    def running(name: str, /, *, actor: Actor = ME, **given: Any) -> Any:
        return hub.built.operations.run(actor, name, BY_NAME[name].input(**given))

    return running


def admin(hub: Hub, tenant: str) -> Actor:
    return Actor(f"staff:admin@{tenant}.example", ROLES[Role.TENANT_ADMIN], hub.tenants[tenant])


@pytest.fixture
def acme(hub: Hub) -> str:
    return hub.tenant("acme", "acme.example")


# --- connectors -------------------------------------------------------------------------------------------------------


def test_a_connector_is_drafted_described_filled_in_and_switched_on(run: Run, acme: str) -> None:
    draft = run("connector.draft", tenant="acme", type="saml", connector="sso")
    sheet = run("connector.sheet", tenant="acme", connector="sso")
    metadata = SmallIdp("https://idp.acme.example/saml").metadata().decode()
    preview = run("connector.preview", tenant="acme", connector="sso", metadata=metadata)
    still = run("connector.show", tenant="acme", connector="sso")
    saved = run("connector.save", tenant="acme", connector="sso", name="Acme sign-in", metadata=metadata)
    on = run("connector.enable", tenant="acme", connector="sso")
    off = run("connector.disable", tenant="acme", connector="sso")

    assert (draft.enabled, draft.ready, draft.version) == (False, False, 1)
    assert any(f"{PUBLIC_URL}/upstream/{draft.id}/acs" in step.value for step in sheet.steps)
    assert preview.settings["entity_id"] == "https://idp.acme.example/saml"
    assert preview.understood
    assert still.settings["entity_id"] == "", "a preview saves nothing"
    assert (saved.id, saved.name, saved.ready, saved.enabled) == (draft.id, "Acme sign-in", True, False)
    assert saved.understood == preview.understood
    assert (on.enabled, off.enabled) == (True, False)


def test_what_is_not_given_to_a_connector_stays(run: Run, hub: Hub) -> None:
    hub.tenant("globex", "globex.example")
    side = hub.oidc_op("globex")
    before = run("connector.show", tenant="globex", connector="op")

    renamed = run("connector.save", tenant="globex", connector="op", name="New name")
    scoped = run("connector.save", tenant="globex", connector="op", settings={"scopes": ["openid", "email"]})

    assert before.secrets == {"client_secret": "set"}
    assert renamed.settings == before.settings
    assert renamed.enabled
    assert list(scoped.settings["scopes"]) == ["openid", "email"]
    assert scoped.settings["client_id"] == before.settings["client_id"]
    assert hub.built.connectors.get(hub.tenants["globex"], "op").settings.client_secret == side.settings()["client_secret"]


def test_a_secret_is_written_and_never_shown(run: Run, hub: Hub) -> None:
    hub.tenant("globex", "globex.example")
    hub.oidc_op("globex")
    for name in ("connector.show", "connector.sheet"):
        assert CLIENT_SECRET not in str(run(name, tenant="globex", connector="op"))
    listed = run("connector.list", tenant="globex")
    preview = run("connector.preview", tenant="globex", connector="op", settings={"client_secret": "MARKER-secret"})
    saved = run("connector.save", tenant="globex", connector="op", settings={"client_secret": "MARKER-secret"})

    assert "client_secret" not in listed.items[0].settings
    assert "MARKER" not in str(preview) + str(saved)
    assert "MARKER" not in repr(BY_NAME["connector.save"].input("globex", "op", settings={"client_secret": "MARKER-secret"}))
    assert hub.built.connectors.get(hub.tenants["globex"], "op").settings.client_secret == "MARKER-secret"


def test_a_stale_change_of_a_connector_is_refused(run: Run, hub: Hub, acme: str) -> None:
    hub.saml_idp("acme", "idp")
    seen = run("connector.show", tenant="acme", connector="idp").version
    run("connector.save", tenant="acme", connector="idp", name="First", expected_version=seen)

    with pytest.raises(StaleVersion):
        run("connector.save", tenant="acme", connector="idp", name="Second", expected_version=seen)


def test_metadata_by_value_and_by_address_at_once_is_no_choice(run: Run, acme: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        run("connector.save", tenant="acme", connector="x", type="saml", metadata="<x/>", metadata_url="https://a.example/")
    assert refused.value.field == "metadata"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"admits_guests": True}, "admits_guests"),
        ({"settings": {"accept_unsigned_cbc": True}}, "accept_unsigned_cbc"),
        ({"settings": {"allow_sha1_until": "2030-01-01"}}, "allow_sha1_until"),
    ],
)
def test_a_tenants_administrator_cannot_weaken_its_connector(run: Run, hub: Hub, acme: str, given: dict[str, Any], field: str) -> None:
    hub.saml_idp("acme", "idp")

    with pytest.raises(Forbidden) as refused:
        run("connector.save", actor=admin(hub, "acme"), tenant="acme", connector="idp", **given)

    assert refused.value.field == field
    run("connector.save", tenant="acme", connector="idp", **given)
    kept = run("connector.save", actor=admin(hub, "acme"), tenant="acme", connector="idp", name="Renamed", **given)
    assert kept.name == "Renamed", "what an operator has decided may be sent back as it is"


def test_connector_types_describe_their_settings(run: Run, hub: Hub, acme: str) -> None:
    types = {item.name: item for item in run("connector.types", actor=admin(hub, "acme")).items}
    settings = {item.name: item for item in types["oidc"].settings}

    assert {"saml", "oidc", "adfs", "entra-oidc"} <= types.keys()
    assert types["adfs"].reads_metadata
    assert not types["oidc"].reads_metadata
    assert settings["client_secret"].secret
    assert settings["trust_email_verified"].risk
    assert all(item.kind in {"text", "yes or no", "number", "list", "list of numbers"} for kind in types.values() for item in kind.settings)


def test_a_connector_whose_type_is_gone_is_still_listed(run: Run, hub: Hub, acme: str) -> None:
    hub.saml_idp("acme", "idp")
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("UPDATE connectors SET type = 'gone'")

    (shown,) = run("connector.list", tenant="acme").items

    assert (shown.type, shown.protocol, shown.settings) == ("gone", "", {})
    assert "not installed" in shown.warnings[0]
    run("connector.delete", tenant="acme", connector="idp")


# --- domains ----------------------------------------------------------------------------------------------------------


def test_domains_are_vouched_for_routed_and_removed(run: Run, hub: Hub, acme: str) -> None:
    hub.saml_idp("acme", "idp")
    made = run("domain.vouch", tenant="acme", domain="Acme.FR")
    routed = run("domain.vouch", tenant="acme", domain="acme.fr", connectors=("idp",))
    again = run("domain.vouch", tenant="acme", domain="acme.fr")
    listed = run("domain.list", tenant="acme")

    assert (made.name, made.proof, made.connectors) == ("acme.fr", "operator", ())
    assert routed.connectors == again.connectors == ("idp",)
    assert [item.name for item in listed.items] == ["acme.example", "acme.fr"]
    assert run("domain.remove", tenant="acme", domain="acme.fr").name == "acme.fr"
    with pytest.raises(UnknownObject):
        run("domain.show", tenant="acme", domain="acme.fr")


def test_a_domain_of_another_tenant_is_neither_shown_nor_taken(run: Run, hub: Hub, acme: str) -> None:
    hub.tenant("globex", "globex.example")
    for name in ("domain.show", "domain.remove"):
        with pytest.raises(UnknownObject):
            run(name, tenant="acme", domain="globex.example")
    with pytest.raises(Conflict):
        run("domain.vouch", tenant="acme", domain="globex.example")
    with pytest.raises(UnknownObject):
        run("domain.vouch", tenant="acme", domain="acme.fr", connectors=("nothing",))


# --- applications -----------------------------------------------------------------------------------------------------

OIDC = {"redirect_uris": ["https://mail.example/cb"]}


def test_a_new_confidential_client_gets_its_secret_once(run: Run, hub: Hub, acme: str) -> None:
    made = run("application.save", application="mail", protocol="oidc", settings=OIDC, tenants=("acme",))
    again = run("application.save", application="mail", name="Mail")
    shown = run("application.show", application="mail")
    (stored,) = hub.built.applications.get("mail").settings.client_secret_hashes

    assert hub.built.keyring.verify_client_secret(made.client_secret, stored)
    assert again.client_secret == ""
    assert (shown.name, shown.tenants, shown.client_secrets) == ("Mail", ("acme",), made.client_secrets)
    assert shown.settings["client_id"].startswith("mail-")
    assert "client_secret_hashes" not in shown.settings
    assert stored not in str(shown)


def test_client_secrets_overlap_and_are_retired(run: Run, hub: Hub) -> None:
    first = run("application.save", application="mail", protocol="oidc", settings=OIDC, tenants=None)
    second = run("application.add_secret", application="mail")
    both = hub.built.applications.get("mail").settings.client_secret_hashes
    run("application.remove_secret", application="mail", secret=first.client_secrets[0])
    with pytest.raises(Conflict):
        run("application.remove_secret", application="mail", secret=second.id)
    third = run("application.rotate_secret", application="mail")
    only = hub.built.applications.get("mail").settings.client_secret_hashes

    verify = hub.built.keyring.verify_client_secret
    assert [any(verify(secret, stored) for stored in both) for secret in (first.client_secret, second.client_secret)] == [True, True]
    assert len(only) == 1
    assert verify(third.client_secret, only[0])
    with pytest.raises(UnknownObject):
        run("application.remove_secret", application="mail", secret=second.id)
    for _ in range(4):
        run("application.add_secret", application="mail")
    with pytest.raises(Conflict):
        run("application.add_secret", application="mail")


def test_nobody_sets_hashes_and_a_client_may_become_public_and_back(run: Run) -> None:
    with pytest.raises(InvalidSettings):
        run("application.save", application="spa", protocol="oidc", settings={**OIDC, "client_secret_hashes": ["x"]})
    public = run("application.save", application="spa", protocol="oidc", settings={**OIDC, "token_endpoint_auth_method": "none"})
    confidential = run("application.save", application="spa", settings={"token_endpoint_auth_method": "client_secret_post"})
    again = run("application.save", application="spa", settings={"token_endpoint_auth_method": "none"})

    assert (public.client_secret, public.client_secrets) == ("", ())
    assert confidential.client_secret
    assert again.client_secrets == ()
    with pytest.raises(InvalidSettings):
        run("application.add_secret", application="spa")


def test_which_connectors_an_application_accepts_is_said_by_name(run: Run, hub: Hub, acme: str) -> None:
    hub.saml_idp("acme", "idp")
    shown = run(
        "application.save", application="mail", protocol="oidc", settings=OIDC,
        tenants=("acme",), connectors=("acme/idp",), default_connector="acme/idp", release=("email",),
    )  # fmt: skip
    (listed,) = run("application.list", search="MAI").items

    assert (shown.connectors, shown.default_connector) == (("acme/idp",), "acme/idp")
    assert listed.connectors == ("acme/idp",)
    for wrong in ({"connectors": ("idp",)}, {"connectors": ("acme/nothing",)}, {"tenants": ("nobody",)}):
        with pytest.raises(BrokerError):
            run("application.save", application="mail", **wrong)


def test_a_tenant_sees_the_applications_that_serve_it(run: Run, hub: Hub, acme: str) -> None:
    globex = hub.tenant("globex")
    hub.oidc_app("everyone")
    hub.saml_app("ours", tenant_ids=(acme,))
    hub.saml_app("theirs", tenant_ids=(globex,))

    found = run("tenant.applications", actor=admin(hub, "acme"), tenant="acme").items

    assert [item.slug for item in found] == ["everyone", "ours"]
    with pytest.raises(Forbidden):
        run("application.list", actor=admin(hub, "acme"))


def test_the_developers_sheet_names_the_issuer_that_the_application_will_see(run: Run, hub: Hub, acme: str) -> None:
    hub.oidc_app("mail")
    hub.saml_app("wiki", tenant_ids=(acme,))

    mail = run("application.sheet", application="mail")
    at_acme = run("application.sheet", application="mail", at="acme")
    wiki = run("application.sheet", application="wiki")

    assert mail.issuer == PUBLIC_URL
    assert at_acme.issuer == f"{PUBLIC_URL}/t/acme"
    assert wiki.issuer == f"{PUBLIC_URL}/t/acme/saml/metadata", "it serves one tenant only"
    assert all(f"{PUBLIC_URL}/t/acme/saml/metadata" in item.text for item in wiki.snippets)
    assert all("{" not in item.text.replace("{{", "") or item.language in {"python", "javascript", "csharp", "yaml"} for item in mail.snippets)
    with pytest.raises(UnknownObject):
        run("application.sheet", application="wiki", at="nobody")


# --- set-up links -----------------------------------------------------------------------------------------------------


def test_set_up_links_are_shown_once_listed_newest_first_and_revoked(run: Run, hub: Hub, acme: str) -> None:
    made = []
    for label in ("one", "two", "three"):
        made.append(run("setup_link.create", tenant="acme", label=label, days=3))
        hub.clock.forward(seconds=1)
    first = run("setup_link.list", tenant="acme", limit=2)
    second = run("setup_link.list", tenant="acme", limit=2, after=first.next)
    run("setup_link.revoke", tenant="acme", link=made[0].id)
    hub.clock.forward(days=4)
    states = {item.label: item.state for item in run("setup_link.list", tenant="acme").items}

    assert [item.label for item in (*first.items, *second.items)] == ["three", "two", "one"]
    assert second.next == ""
    assert made[0].url.startswith(f"{PUBLIC_URL}/setup/")
    assert made[0].url.rpartition("/")[2] not in str(first) + str(second)
    assert states == {"one": "revoked", "two": "expired", "three": "expired"}
    assert first.items[0].created_by == ME.name


# --- all of them ------------------------------------------------------------------------------------------------------


def test_lists_page_and_search(run: Run, hub: Hub, acme: str) -> None:
    for number in range(5):
        hub.saml_idp("acme", f"idp-{number}")
        hub.saml_app(f"wiki-{number}")
        run("domain.vouch", tenant="acme", domain=f"d{number}.example")
    for name, given in (("connector.list", {"tenant": "acme"}), ("application.list", {}), ("domain.list", {"tenant": "acme"})):
        seen: list[Any] = []
        after = ""
        for _ in range(5):
            page = run(name, limit=2, after=after, **given)
            seen += page.items
            after = page.next
            if not after:
                break
        keys = [getattr(item, "slug", None) or item.name for item in seen]
        assert len(keys) == len(set(keys)) >= 5, name
        assert keys == sorted(keys), name
        assert len(run(name, search="3", **given).items) == 1, name
        assert run(name, search="%", **given).items == (), name
        for limit in (0, 201, -1):
            with pytest.raises(InvalidSettings):
                run(name, limit=limit, **given)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_field_of_an_operation_is_explained(name: str) -> None:
    operation = BY_NAME[name]
    unexplained = [item.name for item in fields(operation.input) if not item.metadata.get("help")]
    holes = {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}

    assert not unexplained
    assert holes <= {item.name for item in fields(operation.input)}
    assert operation.summary
    assert (operation.verb in {Verb.READ, Verb.READ_TRACES, Verb.READ_PEOPLE, Verb.READ_AUDIT, Verb.SET_UP, Verb.ADMINISTER}) or operation.changes
