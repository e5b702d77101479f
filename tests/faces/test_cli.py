"""Every verb of the command line, as the operator of the hub's machine uses it."""

from __future__ import annotations

import base64
import re
import stat
from pathlib import Path

import click
import pytest

from broker.cli.commands import main
from broker.store import upgrade
from tests.faces.conftest import Cli, command_line
from tests.support import pages
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.partners import form_of
from tests.support.saml_idp import SmallIdp, key_pair
from tests.support.servers import Served
from tests.unit.metadata.test_saml_read import ACS, entity, key, sp

VENDORS = sorted(Path(__file__).parents[1].glob("vendors/*/metadata.xml"))
TYPES = {"entra": "entra-saml", "google": "google-saml", "shibboleth": "saml"}


# --- init, migrate, settings ------------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing has been made yet."""
    state = tmp_path / "state"
    monkeypatch.setenv("VESTIBULE_STATE_DIR", str(state))
    monkeypatch.setenv("VESTIBULE_LOG_LEVEL", "ERROR")
    return state


def test_init_makes_everything_once(empty: Path) -> None:
    first = command_line("init").output
    contents = (empty / "master.key").read_bytes()
    second = command_line("init").output

    assert "Master key" in first
    assert f"Database: at {upgrade.head()}" in first
    assert first.count("key (RS256)") == 3
    assert first.count("key (ES256)") == 1
    assert second.startswith("Everything was there already.\n")
    assert (empty / "master.key").read_bytes() == contents
    assert stat.S_IMODE((empty / "master.key").stat().st_mode) == 0o600
    assert contents.strip().decode() not in first, "it says where the key is, never what it is"


def test_before_init_every_command_says_what_to_do(empty: Path) -> None:
    for arguments in (("tenant", "list"), ("trace", "ABCD-EFGH-JK"), ("run",), ("upkeep",)):
        refused = command_line(*arguments, code=1)
        assert "vestibule init" in refused.stderr or "master key" in refused.stderr.lower(), refused.output


def test_migrate_brings_an_empty_database_to_this_version_and_says_so(empty: Path) -> None:
    command_line("init")
    (empty / "vestibule.sqlite").unlink()
    for suffix in ("-wal", "-shm"):
        (empty / f"vestibule.sqlite{suffix}").unlink(missing_ok=True)

    assert command_line("migrate").output == f"Migrated the database from empty to {upgrade.head()}.\n"
    assert command_line("migrate").output == f"The database is at {upgrade.head()}.\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "http://sso.example.com", "public_url"),
        ("PUBLIC_URL", "https://sso.example.com/path", "public_url"),
        ("SKEW_SECONDS", "many", "skew_seconds"),
        ("PRODUCTION", "perhaps", "production"),
        ("MASTER_KEY", base64.b64encode(b"short").decode(), "master"),
        ("CONFIG", "/nowhere/settings.toml", "VESTIBULE_CONFIG"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    empty: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"VESTIBULE_{name}", value)

    refused = command_line("init", code=1)

    assert said in refused.stderr
    assert name == "CONFIG" or value not in refused.output or name == "PUBLIC_URL"


@pytest.mark.parametrize(
    "arguments",
    [("frobnicate",), ("tenant", "add"), ("tenant", "add", "acme"), ("apply",), ("trace",), ("application", "add", "x", "--protocol", "ldap")],
)
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "Usage:" in cli(*arguments, code=2).output


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for name, command in group.commands.items():
        found += _commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", _commands(main), ids=" ".join)
def test_every_command_explains_itself_and_its_options(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    said = command_line(*path, "--help").output

    assert command.help
    assert command.help.split()[0] in said
    unexplained = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
    assert not unexplained


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"vestibule, version \d+\.\d+.*\n", command_line("--version").output)


# --- tenants ----------------------------------------------------------------------------------------------------------


def test_tenants_are_added_renamed_and_listed(cli: Cli, hub: Hub) -> None:
    assert "no tenants yet" in cli("tenant", "list").output
    added = cli("tenant", "add", "acme", "--name", "Acme", "--domain", "acme.example", "--domain", "acme.fr").output
    renamed = cli("tenant", "add", "acme", "--name", "Acme Corporation").output
    listed = cli("tenant", "list").output

    assert "+ tenant acme created" in added
    assert "+ domain acme.fr created" in added
    assert "name: Acme → Acme Corporation" in renamed
    assert re.search(r"acme +Acme Corporation +on +acme\.example, acme\.fr", listed)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("ACME", "--name", "Acme"), "slug"),
        (("a/b", "--name", "Acme"), "slug"),
        (("acme", "--name", " "), "name"),
        (("acme", "--name", "Acme", "--domain", "nonsense!"), "domain"),
        (("acme", "--name", "Acme", "--domain", "taken.example"), "domain"),
    ],
)
def test_a_tenant_that_is_refused_leaves_nothing(cli: Cli, hub: Hub, arguments: tuple[str, ...], field: str) -> None:
    hub.tenant("other", "taken.example")

    refused = cli("tenant", "add", *arguments, code=1)

    assert f"Refused ({field})" in refused.stderr
    assert [tenant.slug for tenant in hub.built.tenants.all()] == ["other"]


# --- connectors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", VENDORS, ids=lambda file: file.parent.name)
def test_metadata_is_put_into_words_before_anything_is_saved(cli: Cli, hub: Hub, file: Path) -> None:
    hub.tenant("acme", "acme.example")
    kind = TYPES.get(file.parent.name, file.parent.name)

    looked = cli("connector", "import-metadata", file, "--type", kind).output

    assert "✓ This is " in looked
    assert "✓ Its entityID is " in looked
    assert "Nothing was saved." in looked
    assert hub.built.connectors.all(hub.tenants["acme"]) == []

    declined = cli("connector", "import-metadata", file, "--type", kind, "--tenant", "acme", answer="n\n", code=1).output
    assert "Save as connector" in declined
    assert hub.built.connectors.all(hub.tenants["acme"]) == []

    saved = cli("connector", "import-metadata", file, "--type", kind, "--tenant", "acme", "--enable", answer="y\n").output
    (connector,) = hub.built.connectors.all(hub.tenants["acme"])
    assert connector.enabled
    assert f"{PUBLIC_URL}/upstream/{connector.id}/" in saved, "what to enter at their side"


def test_metadata_is_read_from_an_address(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp = SmallIdp("https://idp.acme.example/saml", key_pair("idp"))
    with Served() as server:
        server.start(_one_document(idp.metadata()))
        saved = cli("connector", "import-metadata", f"{server.url}/metadata", "--tenant", "acme", "--slug", "sso", "--yes").output

        connector = hub.built.connectors.get(hub.tenants["acme"], "sso")
        assert "+ connector sso created" in saved
        assert connector.settings.metadata_url == f"{server.url}/metadata"
    refused = cli("connector", "import-metadata", "http://10.0.0.1/metadata", code=1)
    assert "Upload the file instead." in refused.stderr


def _one_document(body: bytes):  # type: ignore[no-untyped-def]
    def app(environment, start_response):  # type: ignore[no-untyped-def]
        start_response("200 OK", [("Content-Type", "application/samlmetadata+xml"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def test_connectors_are_switched_and_described(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    side = hub.saml_idp("acme", "adfs", type="adfs")

    assert "enabled: True → False" in cli("connector", "enable", "acme", "adfs", "--off").output
    assert "adfs (adfs, off)" in cli("tenant", "list").output
    assert "enabled: False → True" in cli("connector", "enable", "acme", "adfs").output
    sheet = cli("connector", "sheet", "acme", "adfs").output
    assert side.acs in sheet
    assert "Add-AdfsRelyingPartyTrust" in sheet or "Set-AdfsRelyingPartyTrust" in sheet
    for arguments in (("acme", "nothing"), ("nobody", "adfs")):
        assert "Refused (" in cli("connector", "sheet", *arguments, code=1).stderr


# --- applications -----------------------------------------------------------------------------------------------------


def test_an_oidc_application_is_told_everything_its_developer_needs(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")

    said = cli(
        "application", "add", "wiki", "--name", "Wiki", "--protocol", "oidc", "--all-tenants",
        "--redirect-uri", "https://wiki.example/callback",
    ).output  # fmt: skip

    client_id = _after(said, "client id")
    secret = _after(said, "client secret")
    assert _after(said, "issuer") == PUBLIC_URL
    assert "server_metadata_url" in said
    machine = hub.browser()
    basic = {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}
    fields = {"grant_type": "authorization_code", "code": "none", "redirect_uri": "https://wiki.example/callback"}
    known = machine.open("/oauth2/token", method="POST", data=fields, headers=basic)
    assert known.get_json()["error"] == "invalid_grant", "the secret that was printed opens the token endpoint"
    with hub.built.database.reading() as connection:
        assert secret not in str(connection.exec_driver_sql("SELECT * FROM applications").all()), "only a hash is stored"
    assert re.search(r"wiki +Wiki +oidc +on +all tenants", cli("application", "list").output)


def test_a_public_client_gets_no_secret(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")
    said = cli(
        "application", "add", "spa", "--name", "Spa", "--protocol", "oidc", "--tenant", "acme", "--public",
        "--redirect-uri", "https://spa.example/callback",
    ).output  # fmt: skip

    assert "client secret" not in said
    assert _after(said, "issuer") == f"{PUBLIC_URL}/t/acme", "an application of one tenant gets that tenant's issuer"


@pytest.mark.parametrize("by", ["metadata file", "fields"])
def test_a_saml_application_by_metadata_or_fields(cli: Cli, hub: Hub, tmp_path: Path, by: str) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    app = hub.saml_app("other")
    file = tmp_path / "sp.xml"
    document = entity(sp(key("app") + ACS.replace("https://app.example/acs", "https://wiki.example/acs")), "https://wiki.example/metadata")
    file.write_text(document)
    given = ("--metadata", file) if by == "metadata file" else ("--entity-id", "https://wiki.example/metadata", "--acs", "https://wiki.example/acs")

    said = cli("application", "add", "wiki", "--name", "Wiki", "--protocol", "saml", "--all-tenants", *given).output

    assert _after(said, "entityID") == _after(said, "metadata") == f"{PUBLIC_URL}/saml/metadata"
    assert _after(said, "single sign-on") == f"{PUBLIC_URL}/saml/sso"
    app.entity_id, app.acs = "https://wiki.example/metadata", "https://wiki.example/acs"
    assert hub.browser().open(app.login_url()).status_code == 302


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--protocol", "oidc", "--redirect-uri", "https://a.example/cb"), "tenant"),
        (("--protocol", "oidc", "--redirect-uri", "https://a.example/cb", "--all-tenants", "--tenant", "acme"), "tenant"),
        (("--protocol", "oidc", "--all-tenants"), "redirect_uris"),
        (("--protocol", "oidc", "--all-tenants", "--redirect-uri", "nonsense"), "redirect_uris"),
        (("--protocol", "oidc", "--tenant", "nobody", "--redirect-uri", "https://a.example/cb"), "tenant"),
        (("--protocol", "saml", "--all-tenants"), "entity_id"),
        (("--protocol", "saml", "--all-tenants", "--entity-id", "urn:x"), "acs_urls"),
        (("--protocol", "saml", "--all-tenants", "--metadata", "/nowhere.xml"), "file"),
        (("--protocol", "saml", "--all-tenants", "--entity-id", "https://taken.example/metadata", "--acs", "https://a.example/acs"), "settings"),
    ],
)
def test_an_application_that_is_refused_leaves_nothing(cli: Cli, hub: Hub, arguments: tuple[str, ...], field: str) -> None:
    hub.tenant("acme")
    hub.saml_app("taken")

    refused = cli("application", "add", "wiki", "--name", "Wiki", *arguments, code=1)

    assert f"Refused ({field})" in refused.stderr
    assert hub.built.applications.find("wiki") is None


def test_an_application_is_not_overwritten_by_add(cli: Cli, hub: Hub) -> None:
    hub.saml_app("wiki")

    refused = cli("application", "add", "wiki", "--name", "W", "--protocol", "saml", "--all-tenants", code=1)

    assert "vestibule apply" in refused.stderr


def _after(said: str, label: str) -> str:
    found = re.search(rf"^ +{label} +(\S+)", said, re.MULTILINE)
    assert found is not None, said
    return found.group(1)


# --- set-up links -----------------------------------------------------------------------------------------------------


def test_set_up_links_are_made_listed_and_revoked(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")

    made = cli("setup-link", "acme", "--days", "3")
    link = made.stdout.strip()
    link_id = made.stderr.rpartition("--revoke ")[2].strip()
    assert link.startswith(f"{PUBLIC_URL}/setup/")
    assert "Acme" in made.stderr
    assert pages.heading(hub.browser().open(link).get_data()) == "Single sign-on for Acme"

    listed = cli("setup-link", "acme", "--list").output
    assert link_id in listed
    assert link.rpartition("/")[2] not in listed, "nobody can read the link again"
    assert cli("setup-link", "acme", "--revoke", link_id).output == "Revoked.\n"
    assert "revoked" in cli("setup-link", "acme", "--list").output
    assert hub.browser().open(link).status_code == 404
    assert "Refused (link)" in cli("setup-link", "acme", "--revoke", link_id, code=1).stderr


@pytest.mark.parametrize("days", [0, -1, 91])
def test_a_link_lives_from_one_day_to_ninety(cli: Cli, hub: Hub, days: int) -> None:
    hub.tenant("acme")

    assert "Refused (days)" in cli("setup-link", "acme", "--days", days, code=1).stderr


# --- traces and upkeep ------------------------------------------------------------------------------------------------


def test_a_login_is_explained_by_code_and_by_email(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    idp, app = hub.saml_idp("acme"), hub.saml_app()
    app.sign_in(hub.browser(), idp)
    hub.clock.forward(minutes=5)
    browser = hub.browser()
    failed = idp.authenticate(browser, browser.open(app.login_url()), audience="https://somebody.else")
    code = pages.reference_code(failed.get_data())

    by_code = cli("trace", code).output
    assert "✗ saml.audience" in by_code
    assert "(check saml.audience)" in by_code
    assert cli("trace", code.lower().replace("-", " ")).output == by_code, "as people read it out"

    by_email = cli("trace", "ANN@acme.example").output
    assert "The person was signed in." in by_email
    assert "ann@acme.example" not in by_email, "values are redacted"
    assert "+" in by_email
    hub.clock.forward(minutes=5)
    app.sign_in(hub.browser(), idp)
    assert "Earlier logins of this address:" in cli("trace", "ann@acme.example").output


@pytest.mark.parametrize("query", ["ABCD-EFGH-JK", "nobody@nowhere.example", "@", "", "💥", "x" * 5000])
def test_what_has_no_trace_is_a_sentence(cli: Cli, query: str) -> None:
    assert "There is no trace for this" in cli("trace", query, code=1).stderr


def test_upkeep_says_what_it_removed(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    hub.browser().open(hub.saml_app().login_url())
    hub.clock.forward(hours=3)

    assert "1 logins diagnosed as never returned" in cli("upkeep").output


def test_pages_and_command_line_share_one_database(cli: Cli, hub: Hub) -> None:
    """What a command changes is true with the next request."""
    hub.tenant("acme", "acme.example")
    hub.saml_idp("acme")
    app, browser = hub.saml_app(), hub.browser()
    assert browser.open(app.login_url()).status_code == 302

    cli("connector", "enable", "acme", "idp", "--off")

    answer = browser.open(app.login_url())
    assert answer.status_code != 302
    assert "Location" not in answer.headers
    assert form_of(answer)


