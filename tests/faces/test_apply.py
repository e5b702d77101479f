"""`vestibule apply`: configuration as a file. Everything in it or nothing, the same twice, secrets never shown."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faces.conftest import Cli
from tests.support.hub import Hub
from tests.support.oidc_op import OpenIdProvider
from tests.support.saml_idp import SmallIdp, key_pair

SECRETS = {"client": "upstream-secret-4711-abcdefghijklmnop", "wiki": "wiki-secret-0815-abcdefghijklmnopqrst"}


@pytest.fixture
def federation(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Two tenants, one identity provider of each protocol, one application of each."""
    provider = OpenIdProvider(hub.clock)
    hub._stack.enter_context(provider)
    (tmp_path / "idp.xml").write_bytes(SmallIdp("https://idp.acme.example/saml", key_pair("idp")).metadata())
    (tmp_path / "client.secret").write_text(SECRETS["client"] + "\n")
    monkeypatch.setenv("WIKI_SECRET", SECRETS["wiki"])
    return {
        "tenants": [
            {
                "slug": "acme",
                "name": "Acme",
                "domains": ["acme.example", {"name": "acme.fr", "connectors": ["adfs"]}],
                "acceptance": [{"template": "pass_through_known"}],
                "connectors": [{"slug": "adfs", "type": "saml", "name": "Acme sign-in", "metadata": {"file": "idp.xml"}}],
            },
            {"slug": "globex", "name": "Globex", "domains": ["globex.example"]},
        ],
        "connectors": [
            {
                "slug": "login",
                "tenant": "globex",
                "type": "oidc",
                "name": "Globex login",
                "settings": {"issuer": provider.issuer, "client_id": "hub", "client_secret": {"file": "client.secret"}},
            }
        ],
        "applications": [
            {
                "slug": "wiki",
                "name": "Wiki",
                "protocol": "oidc",
                "tenants": "all",
                "settings": {"client_id": "wiki", "redirect_uris": ["https://wiki.example/cb"]},
                "client_secrets": [{"env": "WIKI_SECRET"}],
            },
            {
                "slug": "ledger",
                "name": "Ledger",
                "protocol": "saml",
                "tenants": ["acme"],
                "connectors": ["acme/adfs"],
                "settings": {"entity_id": "https://ledger.example/metadata", "acs_urls": ["https://ledger.example/acs"]},
                "authorization": [{"template": "permit", "claim": "group", "value": "staff"}],
                "transform": [{"template": "pass_through", "claim": "email"}],
                "release": ["email"],
            },
        ],
    }


@pytest.fixture
def apply(cli: Cli, tmp_path: Path) -> Callable[..., str]:
    """Writes the file and applies it; the output, in which no secret may stand."""

    def run(content: dict[str, Any] | str, *options: str, code: int = 0, answer: str | None = None) -> str:
        file = tmp_path / "federation.yaml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        result = cli("apply", "-f", file, *options, code=code, answer=answer)
        assert not [name for name, secret in SECRETS.items() if secret in result.output]
        return result.output

    return run


Apply = Callable[..., str]


def counts(hub: Hub) -> dict[str, int]:
    return {table: hub.count(table) for table in ("tenants", "domains", "connectors", "applications", "audit")}


def test_a_file_is_created_and_then_unchanged(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    first = apply(federation)
    made = counts(hub)
    second = apply(federation)

    assert "Done: 9 created." in first
    assert "+ connector login created" in first
    assert "Done: 9 unchanged." in second
    assert counts(hub) == made, "not even an audit entry for what did not change"


def test_an_update_says_what_changes_from_what_to_what(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)
    federation["tenants"][0]["name"] = "Acme Corporation"
    federation["tenants"][0]["session_idle_seconds"] = 900
    federation["applications"][1]["settings"]["sign"] = "both"

    said = apply(federation)

    assert "name: Acme → Acme Corporation" in said
    assert "session_idle_seconds: 28800 → 900" in said
    assert "settings.sign: assertion → both" in said
    assert "Done: 2 updated, 7 unchanged." in said


def test_a_new_secret_is_an_update_that_shows_nothing(
    hub: Hub, apply: Apply, federation: dict[str, Any], tmp_path: Path
) -> None:
    apply(federation)
    (tmp_path / "client.secret").write_text("another-upstream-secret-abcdefghijklmn")

    said = apply(federation)

    assert "~ connector login updated" in said
    assert "another-upstream-secret" not in said
    assert "secrets: [secret] → [secret] (new)" in said


@pytest.mark.parametrize("before", ["nothing", "applied", "changed"])
def test_a_dry_run_shows_the_plan_and_changes_nothing(
    hub: Hub, apply: Apply, federation: dict[str, Any], before: str
) -> None:
    if before != "nothing":
        apply(federation)
    if before == "changed":
        federation["tenants"][0]["name"] = "Acme Corporation"
        del federation["applications"][0]
    made = counts(hub)

    plan = apply(federation, "--dry-run", "--prune")

    assert {"nothing": "Plan: 9 created.", "applied": "Plan: 9 unchanged.", "changed": "Plan: 1 updated"}[before] in plan
    assert ("- application wiki deleted" in plan) == (before == "changed")
    assert counts(hub) == made
    if before == "changed":
        assert hub.built.tenants.get("acme").name == "Acme"
        assert hub.built.applications.find("wiki") is not None


def test_what_the_plan_promises_is_what_happens(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    plan = apply(federation, "--dry-run")
    done = apply(federation)

    assert plan.replace("Plan: ", "Done: ") == done


def test_absent_objects_stay_unless_pruned_and_confirmed(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)
    less = copy.deepcopy(federation)
    del less["applications"][0], less["tenants"][1], less["connectors"][0]
    less["tenants"][0]["domains"] = ["acme.example"]

    kept = apply(less)
    declined = apply(less, "--prune", answer="n\n", code=1)

    assert "deleted" not in kept
    assert "Delete these?" in declined
    assert hub.built.applications.find("wiki") is not None
    assert {tenant.slug for tenant in hub.built.tenants.all()} == {"acme", "globex"}

    confirmed = apply(less, "--prune", answer="y\n")
    assert "- tenant globex deleted" in confirmed
    assert "- application wiki deleted" in confirmed
    assert "- domain acme.fr deleted" in confirmed
    assert {tenant.slug for tenant in hub.built.tenants.all()} == {"acme"}
    assert hub.built.applications.find("wiki") is None
    assert apply(less, "--prune", "--yes").endswith("Done: 4 unchanged.\n")


def test_prune_asks_only_when_something_would_go(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)

    assert "Delete" not in apply(federation, "--prune")


def test_people_sign_in_through_what_was_applied(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)
    browser = hub.browser()
    app = hub.saml_app("other")

    asked = browser.open(app.login_url(tenant="acme"))

    assert asked.headers["Location"].startswith("https://idp.acme.example/sso")


# --- mistakes: the place is named, nothing is written -----------------------------------------------------------------


def at(*path: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    """Puts a value somewhere in the file."""

    def change(content: Any) -> None:
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = value

    return change


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], None], str, str]] = [
    # (what, change, the field that is named, words of the sentence)
    ("an unknown key", at("tenants", 0, "nane", value="x"), "file", "nane"),
    ("a wrong kind of value", at("tenants", 0, "domains", value="acme.example"), "file", "$.tenants[0].domains"),
    ("a tenant twice", at("tenants", 0, "slug", value="globex"), "tenants", "occurs twice"),
    ("an application twice", at("applications", 1, "slug", value="wiki"), "applications", "occurs twice"),
    ("a bad slug", at("tenants", 0, "slug", value="Acme!"), "slug", "lower-case"),
    ("a bad domain", at("tenants", 0, "domains", value=["no domain"]), "domain", "Give a domain"),
    ("a domain twice", at("tenants", 1, "domains", value=["acme.example"]), "domain", "belongs to another tenant"),
    ("a domain of an unknown connector", at("tenants", 0, "domains", 1, "connectors", value=["x"]), "acme.domains", "'x'"),
    ("an unknown connector type", at("connectors", 0, "type", value="ldap"), "globex/login.type", "'ldap'"),
    ("a connector of an unknown tenant", at("connectors", 0, "tenant", value="nobody"), "connectors.tenant", "not in the file"),
    ("an unknown setting", at("connectors", 0, "settings", "colour", value="red"), "globex/login", "colour"),
    ("a missing metadata file", at("tenants", 0, "connectors", 0, "metadata", value={"file": "no.xml"}), "acme/adfs.metadata", "no.xml"),
    ("a private metadata address", at("tenants", 0, "connectors", 0, "metadata", value={"url": "http://10.1.2.3/"}), "", "Upload the file instead"),
    ("a missing secret file", at("connectors", 0, "settings", "client_secret", value={"file": "none"}), "globex/login.client_secret", "none"),
    ("a missing variable", at("applications", 0, "client_secrets", value=[{"env": "NOWHERE"}]), "wiki.client_secrets", "NOWHERE is not set"),
    ("an unknown protocol", at("applications", 0, "protocol", value="ldap"), "wiki.protocol", "protocol is one of"),
    ("tenants as a word", at("applications", 0, "tenants", value="acme"), "wiki.tenants", "the word all"),
    ("an unknown tenant", at("applications", 1, "tenants", value=["nobody"]), "", "'nobody'"),
    ("a connector without its tenant", at("applications", 1, "connectors", value=["adfs"]), "connectors", "tenant/connector"),
    ("an unknown template", at("applications", 1, "transform", value=[{"template": "magic"}]), "ledger.transform[1]", "Unknown rule template"),
    ("a rule in the wrong place", at("applications", 1, "transform", value=[{"template": "permit_all"}]), "ledger.transform[1]", "authorization"),
    ("a pattern that may take for ever", at("applications", 1, "authorization", value=[{"template": "deny", "claim": "email", "pattern": "(a+)+$"}]), "ledger.authorization[1]", "pattern"),
    ("a bad redirect URI", at("applications", 0, "settings", "redirect_uris", value=["javascript:1"]), "wiki.redirect_uris", ""),
    ("a wrong choice", at("applications", 1, "settings", "sign", value="nothing"), "ledger.sign", "sign is one of"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field", "words"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_named_and_nothing_is_written(
    hub: Hub, apply: Apply, federation: dict[str, Any], change: Callable[[dict[str, Any]], None], field: str, words: str
) -> None:
    change(federation)
    before = counts(hub)

    said = apply(federation, code=1)

    assert said.startswith(f"Refused ({field}" if field else "Refused"), said
    assert words in said
    assert counts(hub) == before


@pytest.mark.parametrize("text", ["tenants: [", "\x00", "- a\n- b", "tenants: 5", "!!python/object/apply:os.system ['true']", "a: &a [*a]"])
def test_what_is_no_federation_file_is_refused(hub: Hub, apply: Apply, text: str) -> None:
    assert "Refused (file)" in apply(text, code=1)


def test_an_empty_file_changes_nothing(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)
    made = counts(hub)

    assert apply("") == "Done: nothing to do.\n"
    assert counts(hub) == made


def test_a_file_that_is_not_there_is_a_sentence(cli: Cli) -> None:
    assert "cannot be read" in cli("apply", "-f", "/nowhere/federation.yaml", code=1).stderr


def test_a_mistake_in_the_last_object_undoes_the_first(hub: Hub, apply: Apply, federation: dict[str, Any]) -> None:
    apply(federation)
    federation["tenants"][0]["name"] = "Changed"
    federation["applications"][1]["settings"]["acs_urls"] = []

    apply(federation, code=1)

    assert hub.built.tenants.get("acme").name == "Acme"
