"""A command that changes one thing keeps the rest: what an operator has set is not undone by the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from broker import opening
from broker.cli.commands import main
from broker.services.tenants import SaveTenant
from tests.support.hub import ME, Hub

RULES = ({"template": "pass_through", "claim": "email"},)


@pytest.fixture
def here(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The command line works on this hub."""
    monkeypatch.setattr(opening, "open_hub", lambda: hub.built)
    return hub


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_given_a_tenant_when_it_is_renamed_then_its_limits_rules_and_state_stay(here: Hub) -> None:
    command = SaveTenant("acme", "Acme", enabled=False, session_idle_seconds=600, acceptance_rules=RULES)
    here.built.tenants.save(ME, command)

    run("tenant", "add", "acme", "--name", "Acme Corporation")

    tenant = here.built.tenants.get("acme")
    assert tenant.name == "Acme Corporation"
    assert (tenant.enabled, tenant.session_idle_seconds, tenant.acceptance_rules) == (False, 600, RULES)


def test_given_a_connector_when_its_metadata_comes_again_then_its_rules_and_guests_stay(here: Hub, tmp_path: Path) -> None:
    here.tenant("acme", "acme.example")
    side = here.saml_idp("acme", "saml", acceptance_rules=RULES, admits_guests=True)
    (tmp_path / "metadata.xml").write_bytes(side.idp.metadata())

    run("connector", "import-metadata", str(tmp_path / "metadata.xml"), "--tenant", "acme", "--yes")

    connector = here.built.connectors.get(here.tenants["acme"], "saml")
    assert (connector.enabled, connector.acceptance_rules, connector.admits_guests) == (True, RULES, True)
