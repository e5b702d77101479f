"""`vestibule export`, `diff` and `apply`: there and back again without a difference, and drift that is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from broker.domain.branding import BrandImage, Branding
from broker.domain.directory import Matching, UnknownPeople
from broker.domain.errors import Forbidden, InvalidSettings
from broker.services import branding_rules, declarative
from broker.services.actor import Actor, Verb
from broker.services.applications import command_of
from broker.services.connectors import SaveConnector
from broker.services.intake import Intake
from broker.services.operations.configuration import ExportConfiguration, PlanConfiguration
from broker.services.provisioning import SaveDirectory
from broker.services.references import Sent
from broker.services.tenants import SaveDomain
from tests.faces.conftest import Cli
from tests.support import pictures
from tests.support.hub import ME, Hub
from tests.support.oidc_op import CLIENT_SECRET, Deviation
from tests.support.saml_idp import SmallIdp, key_pair

WIKI_SECRETS = ("wiki-secret-0815-abcdefghijklmnopqrst", "wiki-secret-4711-abcdefghijklmnopqrst")


@pytest.fixture
def full(hub: Hub) -> Hub:
    """Something of everything that can be configured, made by services and not by a file."""
    acme = hub.tenant("acme", "acme.example", session_idle_seconds=900, trace_days=7, branding=Branding(colour="#0b6e4f", welcome={"fr": "Bonjour"}))
    hub.built.services.intakes.save(ME, acme, Intake(people="1000", contact="it@acme.example"))
    hub.built.services.brandings.save_tenant(ME, acme, *_with_logo(hub, acme))
    hub.tenant("globex", "globex.example", enabled=False, acceptance_rules=({"template": "pass_through_known"},))
    hub.tenant("empty")
    side = hub.saml_idp("acme", "adfs", type="adfs", settings={"skew_seconds": 120})
    hub.saml_idp("acme", "partners", admits_guests=True, acceptance_rules=({"template": "filter", "claim": "group", "pattern": "app-.*"},))
    directory = SaveDirectory(True, Matching.SUBJECT, UnknownPeople.REFUSE)
    hub.built.services.directories.save(ME, hub.built.connectors.get(acme, "partners"), directory)
    hub.oidc_op("globex", "login", settings={"scopes": ["openid", "email"]})
    hub.built.connectors.set_enabled(ME, hub.tenants["globex"], "login", enabled=False)
    hub.built.connectors.draft(ME, acme, "okta", "okta", "Acme Okta")
    hub.built.tenants.save_domain(ME, SaveDomain(acme, "acme.fr", (side.connector_id,)))
    hub.built.services.staff.chosen.choose(ME, ("acme/adfs",))
    hub.oidc_app("wiki", client_secrets=WIKI_SECRETS, tenant_ids=(acme,), connector_ids=(side.connector_id,), default_connector_id=side.connector_id, subject_kind="public", release=("email",))
    hub.oidc_app("spa", settings={"token_endpoint_auth_method": "none"})
    hub.saml_app("ledger", settings={"sign": "both"}, authorization_rules=({"template": "permit", "claim": "group", "value": "staff"},), transform_rules=(), enabled=False)
    return hub


def _with_logo(hub: Hub, tenant_id: str) -> tuple[Branding, tuple[BrandImage, ...]]:
    logo = branding_rules.read_image("logo", pictures.png(64, 32))
    return replace(hub.built.tenants.by_id(tenant_id).branding, logo=logo.id), (logo,)


SECRETS = {"GLOBEX_LOGIN_CLIENT_SECRET": CLIENT_SECRET, "WIKI_CLIENT_SECRET": WIKI_SECRETS[0], "WIKI_CLIENT_SECRET_2": WIKI_SECRETS[1]}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def other(tmp_path: Path, hub: Hub) -> Iterator[Hub]:
    """A second hub, empty."""
    (tmp_path / "other").mkdir()
    with Hub(tmp_path / "other", hub.clock) as made:
        yield made


def exported(cli: Cli, tmp_path: Path, *options: str) -> Path:
    file = tmp_path / "exported.yaml"
    file.write_text(cli("export", *options).stdout)
    return file


# --- there and back ---------------------------------------------------------------------------------------------------


def test_applying_an_export_changes_nothing(cli: Cli, full: Hub, secrets: None, tmp_path: Path) -> None:
    file = exported(cli, tmp_path)
    audit = full.count("audit")

    plan = cli("apply", "-f", file, "--dry-run", "--prune").output
    done = cli("apply", "-f", file, "--prune", "--yes").output
    compared = cli("diff", "-f", file).output

    assert "Plan: 16 unchanged." in plan, plan
    assert "Done: 16 unchanged." in done
    assert compared == "No difference.\n"
    assert full.count("audit") == audit


def test_an_export_makes_the_same_configuration_on_an_empty_hub(cli: Cli, full: Hub, other: Hub, secrets: None, tmp_path: Path) -> None:
    document = cli("export").stdout
    source = declarative.parse(document.encode(), tmp_path)

    made = other.built.configuration.apply(ME, source)
    again = other.built.configuration.apply(ME, source, prune=True)

    assert {change.action for change in made if change.kind != "hub"} == {"created"}
    assert len(made) == 16
    assert {change.action for change in again} == {"unchanged"}
    assert other.built.services.export.export(ME).document == document
    tenant = other.built.tenants.get("acme")
    assert [said.connector.slug for said in other.built.connectors.page(tenant.id) if not said.understood] == ["okta"], "the draft"


def test_a_logo_is_a_file_beside_or_stands_in_it(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(pictures.png(64, 32))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    tenant = {"slug": "acme", "name": "Acme", "branding": {"logo": {"file": "logo.png"}}}
    file = tmp_path / "federation.yaml"
    file.write_text(yaml.safe_dump({"tenants": [tenant]}))

    made = cli("apply", "-f", file).output
    again = cli("apply", "-f", exported(cli, tmp_path)).output
    logo = hub.built.tenants.get("acme").branding.logo

    assert "Done: 1 created." in made
    assert "Done: 1 unchanged." in again
    assert hub.browser().open(f"/branding/images/{logo}").get_data() == pictures.png(64, 32)
    for wrong in ({"file": "none.png"}, {"file": "broken.png"}, {"base64": "?"}, {"env": "HOME"}, {"url": "https://x"}):
        tenant["branding"] = {"logo": wrong}
        file.write_text(yaml.safe_dump({"tenants": [tenant]}))
        assert "Refused (acme.branding.logo)" in cli("apply", "-f", file, code=1).stderr


def test_what_a_customer_said_stays_unless_the_file_says_otherwise(cli: Cli, full: Hub, tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    kept = {"slug": "acme", "name": "Acme"}
    for intake, people in ((None, "1000"), ({"people": "100"}, "100"), ({}, "")):
        file.write_text(yaml.safe_dump({"tenants": [kept if intake is None else {**kept, "intake": intake}]}))
        cli("apply", "-f", file)
        said = full.built.services.intakes.of(full.tenants["acme"])
        assert said is not None
        assert said.people == people
    file.write_text(yaml.safe_dump({"tenants": [{**kept, "intake": {"people": "5"}}]}))
    assert "Refused (acme.intake.people)" in cli("apply", "-f", file, code=1).stderr


def test_no_secret_stands_in_an_export_and_what_is_needed_is_listed(cli: Cli, full: Hub) -> None:
    document = cli("export").stdout
    listed = json.loads(cli("export", "--json").stdout)["secrets"]

    assert not [value for value in SECRETS.values() if value in document]
    assert "hmac-sha256" not in document
    assert {one["name"] for one in listed} == set(SECRETS)
    for name in SECRETS:
        assert f"#   {name}: " in document
        assert document.count(f"env: {name}\n") == 1


def test_what_a_provider_says_of_itself_is_left_to_it(cli: Cli, full: Hub) -> None:
    (globex,) = (tenant for tenant in yaml.safe_load(cli("export").stdout)["tenants"] if tenant["slug"] == "globex")

    assert set(globex["connectors"][0]["settings"]) == {"issuer", "client_id", "client_secret", "scopes"}


def test_an_export_of_one_tenant_has_nothing_of_another(cli: Cli, full: Hub) -> None:
    content = yaml.safe_load(cli("export", "--tenant", "acme").stdout)

    assert [tenant["slug"] for tenant in content["tenants"]] == ["acme"]
    assert "applications" not in content
    assert "Refused (tenant)" in cli("export", "--tenant", "nobody", code=1).stderr


def test_an_empty_hub_exports_an_empty_file(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    assert cli("diff", "-f", exported(cli, tmp_path)).output == "No difference.\n"


def test_secrets_of_similar_names_are_told_apart(cli: Cli, hub: Hub) -> None:
    hub.tenant("a-b", "ab.example")
    hub.tenant("a", "a.example")
    hub.oidc_op("a-b", "c")
    hub.oidc_op("a", "b-c")

    names = [one["name"] for one in json.loads(cli("export", "--json").stdout)["secrets"]]

    assert names == ["A_B_C_CLIENT_SECRET", "A_B_C_CLIENT_SECRET_2"]


# --- without secrets --------------------------------------------------------------------------------------------------


def test_secrets_that_are_not_given_are_a_mistake_unless_they_are_to_be_kept(cli: Cli, full: Hub, tmp_path: Path) -> None:
    file = exported(cli, tmp_path)

    refused = cli("apply", "-f", file, code=1)
    kept = cli("apply", "-f", file, "--keep-secrets")

    assert "GLOBEX_LOGIN_CLIENT_SECRET is not set" in refused.stderr
    assert "Done: 16 unchanged." in kept.output
    assert cli("diff", "-f", file, "--keep-secrets").output == "No difference.\n"


def test_a_new_object_needs_its_secret_all_the_same(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    app = {"slug": "wiki", "name": "W", "protocol": "oidc", "tenants": "all", "client_secrets": [{"env": "NOT_SET"}]}
    app["settings"] = {"client_id": "wiki", "redirect_uris": ["https://wiki.example/cb"]}
    file.write_text(yaml.safe_dump({"applications": [app]}))

    assert "Give the client a secret" in cli("apply", "-f", file, "--keep-secrets", code=1).stderr


# --- drift ------------------------------------------------------------------------------------------------------------

Change = Callable[[Hub], Any]
DRIFT: list[tuple[str, Change, str]] = [
    ("a tenant that was renamed", lambda hub: hub.tenant("acme", session_idle_seconds=900, trace_days=7), "~ tenant acme updated"),
    ("a tenant that was made", lambda hub: hub.tenant("initech"), "- tenant initech is not in the file"),
    ("a domain that was added", lambda hub: hub.tenant("acme", "acme.net"), "- domain acme.net is not in the file"),
    ("a domain that was removed", lambda hub: hub.built.tenants.delete_domain(ME, hub.tenants["acme"], "acme.fr"), "+ domain acme.fr created"),
    ("a connector that was switched on", lambda hub: hub.built.connectors.set_enabled(ME, hub.tenants["globex"], "login", enabled=True), "~ connector login updated"),
    ("a connector that was deleted", lambda hub: hub.built.connectors.delete(ME, hub.tenants["acme"], "partners"), "+ connector partners created"),
    ("an application that was changed", lambda hub: hub.built.applications.save(ME, command_of(hub.built.applications.get("spa"), name="Other")), "~ application spa updated"),
    ("an application that was deleted", lambda hub: hub.built.applications.delete(ME, "ledger"), "+ application ledger created"),
    ("another answer of the customer", lambda hub: hub.built.services.intakes.save(ME, hub.tenants["acme"], Intake(people="more")), "people: more → 1000"),
    ("another way in for staff", lambda hub: hub.built.services.staff.chosen.choose(ME, ()), "~ hub staff_sign_in updated"),
    ("a setting back from its default", lambda hub: _set(hub, skew_seconds=None), "~ connector adfs updated"),
    ("a setting away from its default", lambda hub: _set(hub, sign_requests=True), "? connector acme/adfs sign_requests: True"),
    ("a risk that was taken", lambda hub: _set(hub, allow_sha1_until="2030-01-01"), "? connector acme/adfs allow_sha1_until: 2030-01-01 is not in the file"),
]  # fmt: skip


def _set(hub: Hub, **settings: Any) -> None:
    now = hub.built.connectors.get(hub.tenants["acme"], "adfs")
    hub.built.connectors.save(ME, SaveConnector(now.tenant_id, now.slug, now.type, now.name, settings, enabled=True))


@pytest.mark.parametrize(("change", "told"), [row[1:] for row in DRIFT], ids=[row[0] for row in DRIFT])
def test_drift_is_told_with_exit_code_1(cli: Cli, full: Hub, secrets: None, tmp_path: Path, change: Change, told: str) -> None:
    file = exported(cli, tmp_path)

    change(full)
    differing: Result = cli("diff", "-f", file, code=1)

    assert told in differing.output
    assert "= " not in differing.output, "what is the same is not told"


def test_what_metadata_says_is_no_drift_and_what_it_does_not_say_is(cli: Cli, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "idp.xml").write_bytes(SmallIdp("https://idp.acme.example", key_pair("idp")).metadata())
    connector = {"slug": "adfs", "type": "saml", "name": "Acme", "metadata": {"file": "idp.xml"}}
    file = tmp_path / "federation.yaml"
    file.write_text(yaml.safe_dump({"tenants": [{"slug": "acme", "name": "Acme", "connectors": [connector]}]}))
    cli("apply", "-f", file)
    hub.tenants["acme"] = hub.built.tenants.get("acme").id

    before = cli("diff", "-f", file).output
    _set(hub, offer_encryption=True)
    after = cli("diff", "-f", file, code=1).output

    assert before == "No difference.\n"
    assert after == "? connector acme/adfs offer_encryption: True is not in the file\nDifferent.\n"


def test_what_a_provider_offers_is_no_drift(cli: Cli, hub: Hub, secrets: None, tmp_path: Path) -> None:
    """The provider does not take our usual way to authenticate: its description made us choose another one."""
    hub.tenant("globex", "globex.example")
    side = hub.oidc_op("globex", "login")
    file = tmp_path / "federation.yaml"
    settings = {**side.settings(), "client_secret": {"env": "GLOBEX_LOGIN_CLIENT_SECRET"}}
    connector = {"slug": "login", "type": "oidc", "name": "globex login", "settings": settings}
    file.write_text(yaml.safe_dump({"tenants": [{"slug": "globex", "name": "Globex", "domains": ["globex.example"], "connectors": [connector]}]}))
    hub.built.connectors.delete(ME, hub.tenants["globex"], "login")
    side.op.deviation = Deviation(discovery=lambda said: {**said, "token_endpoint_auth_methods_supported": ["client_secret_post"]})
    cli("apply", "-f", file)

    assert hub.built.connectors.get(hub.tenants["globex"], "login").settings.token_endpoint_auth_method == "client_secret_post"
    assert cli("diff", "-f", file).output == "No difference.\n"


def test_drift_changes_nothing_and_can_be_read_by_a_program(cli: Cli, full: Hub, secrets: None, tmp_path: Path) -> None:
    file = exported(cli, tmp_path)
    full.tenant("initech")
    audit = full.count("audit")

    told = json.loads(cli("diff", "-f", file, "--json", code=1).stdout)

    assert full.count("audit") == audit
    assert [change["name"] for change in told["changes"] if change["action"] == "deleted"] == ["initech"]
    assert told["unnamed"] == []


def test_a_draft_belongs_to_whoever_completes_it(cli: Cli, full: Hub, secrets: None, tmp_path: Path) -> None:
    file = exported(cli, tmp_path)
    document = SmallIdp("https://okta.acme.example", key_pair("idp")).metadata()
    tenant = full.tenants["acme"]
    full.built.connectors.save(ME, SaveConnector(tenant, "okta", "okta", "Acme Okta", metadata=document, enabled=True))

    assert "Done: 16 unchanged." in cli("apply", "-f", file).output
    assert full.built.connectors.get(tenant, "okta").enabled


# --- over the network -------------------------------------------------------------------------------------------------


def test_a_hub_reads_nothing_of_its_own_machine_for_whoever_asks(full: Hub, secrets: None, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    document = full.built.services.export.export(ME).document
    stolen = document.replace("env: WIKI_CLIENT_SECRET\n", f"file: {tmp_path / 'secret'}\n")

    for asked in (PlanConfiguration(document), PlanConfiguration(stolen, references=dict.fromkeys(("env:OTHER",), "x"))):
        with pytest.raises(InvalidSettings) as refused:
            full.built.operations.run(ME, "configuration.plan", asked)
        assert "Nothing was sent along" in refused.value.sentence


def test_who_may_not_administer_neither_sees_nor_changes_how_staff_sign_in(full: Hub, secrets: None, tmp_path: Path) -> None:
    operator = Actor("x", frozenset(Verb) - {Verb.ADMINISTER})
    document = full.built.services.export.export(operator).document
    other_way = document + "staff_sign_in: [acme/partners]\n"

    assert "staff_sign_in" not in document
    full.built.configuration.apply(operator, declarative.parse(document.encode(), tmp_path))
    with pytest.raises(Forbidden):
        full.built.configuration.apply(operator, declarative.parse(other_way.encode(), tmp_path))
    assert [item.reference for item in full.built.services.staff.chosen.all()] == ["acme/adfs"]


def test_values_that_were_sent_are_not_shown() -> None:
    assert "hush" not in repr(Sent({"env:X": "hush"}))
    assert "hush" not in repr(PlanConfiguration("", {"env:X": "hush"}))


@pytest.mark.parametrize(
    ("name", "asked", "verb"),
    [
        ("configuration.export", ExportConfiguration(), Verb.READ),
        ("configuration.plan", PlanConfiguration("{}"), Verb.CONFIGURE),
        ("configuration.apply", PlanConfiguration("{}"), Verb.CONFIGURE),
    ],
)
def test_all_configuration_is_a_matter_of_the_whole_hub(full: Hub, name: str, asked: Any, verb: Verb) -> None:
    allowed = Actor("x", frozenset({verb}))
    full.built.operations.run(allowed, name, asked)

    for actor in (Actor("x", frozenset({verb}), full.tenants["acme"]), Actor("x", frozenset(Verb) - {verb, Verb.CONFIGURE})):
        with pytest.raises(Forbidden):
            full.built.operations.run(actor, name, asked)
