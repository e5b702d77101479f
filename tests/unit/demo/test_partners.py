"""The five programs as one process, their files, and their absence from production."""

from __future__ import annotations

import stat
import urllib.request
from pathlib import Path

import pytest
import yaml

from broker.demo.federation import federation
from broker.demo.partners import Partners
from broker.demo.world import Ports, ProductionRefusal, World, refuse_in_production
from broker.services import declarative
from tests.support.ports import free_port


def _world() -> World:
    return World("http://localhost:8080", Ports(*(free_port() for _ in range(5))))


def test_given_free_ports_when_started_then_all_answer_until_stopped(folder: Path) -> None:
    world = _world()
    partners = Partners(world, folder)
    partners.start()
    try:
        for url in (world.saml_idp, world.oidc_idp, world.saml_app, world.oidc_app, world.third_idp):
            with urllib.request.urlopen(f"{url}/", timeout=60) as answer:
                assert b"DEMONSTRATION" in answer.read()
    finally:
        partners.stop()
    Partners(world, folder).stop()  # the ports are free again


@pytest.mark.parametrize(("value", "refused"), [("", False), ("0", False), ("no", False), ("1", True), ("true", True), ("x", True)])
def test_given_production_when_started_then_refused(value: str, refused: bool) -> None:
    if refused:
        with pytest.raises(ProductionRefusal):
            refuse_in_production({"VESTIBULE_PRODUCTION": value})
    else:
        refuse_in_production({"VESTIBULE_PRODUCTION": value})


def test_given_production_when_partners_are_made_then_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VESTIBULE_PRODUCTION", "1")
    with pytest.raises(ProductionRefusal):
        Partners(_world(), folder)
    assert not folder.exists()


def test_given_a_second_start_when_made_then_the_same_keys_and_secrets_readable_by_the_owner_only(folder: Path) -> None:
    world = _world()
    first = federation(world, folder)
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert federation(world, folder) == first
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_given_the_declarative_file_when_read_then_it_is_complete(folder: Path) -> None:
    text = yaml.safe_dump(federation(_world(), folder))
    source = declarative.parse(text.encode(), folder)
    found = source.federation
    assert [tenant.slug for tenant in found.tenants] == ["acme", "globex"]
    assert [application.protocol for application in found.applications] == ["saml", "oidc"]
    assert "secret" not in text.replace("client_secret", "").replace(".secret", ""), "secrets are referred to, never written"
