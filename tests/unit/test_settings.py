"""Process settings: read once, typed, and unsafe combinations refused with the name of the setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.app import create_app
from broker.demo.world import ProductionRefusal, refuse_in_production
from broker.domain.errors import InvalidSettings
from broker.services.applications import SaveApplication
from broker.settings import Settings, dns_server, load, validate
from tests.support import databases
from tests.support.hub import ME, Hub


def test_environment_wins_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "vestibule.toml"
    file.write_text('public_url = "https://file.example"\ntrace_days = 7\nallow_private_addresses = ["10.0.0.0/8"]\n')

    settings = load({"VESTIBULE_CONFIG": str(file), "VESTIBULE_TRACE_DAYS": "9", "VESTIBULE_STATE_DIR": str(tmp_path)})

    assert settings.public_url == "https://file.example"
    assert settings.trace_days == 9
    assert settings.allow_private_addresses == ("10.0.0.0/8",)
    assert settings.database_url == f"sqlite:///{tmp_path / 'vestibule.sqlite'}"
    assert settings.transaction_seconds == 3600


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"VESTIBULE_PUBLIC_URL": "https://sso.example/path"}, "public_url"),
    ({"VESTIBULE_PUBLIC_URL": "sso.example"}, "public_url"),
    ({"VESTIBULE_PUBLIC_URL": "http://sso.example"}, "public_url"),
    ({"VESTIBULE_PUBLIC_URL": "http://localhost:8080", "VESTIBULE_PRODUCTION": "true"}, "public_url"),
    ({"VESTIBULE_SKEW_SECONDS": "301"}, "skew_seconds"),
    ({"VESTIBULE_SKEW_SECONDS": "soon"}, "skew_seconds"),
    ({"VESTIBULE_PRODUCTION": "perhaps"}, "production"),
    ({"VESTIBULE_CONFIG": "/does/not/exist.toml"}, "VESTIBULE_CONFIG"),
]


@pytest.mark.parametrize(("environment", "field"), REFUSED)
def test_an_unsafe_or_unreadable_setting_is_refused_by_name(environment: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load(environment)

    assert refused.value.field == field


def test_a_misspelt_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vestibule.toml"
    file.write_text("public_ulr = 'https://sso.example'\n")

    with pytest.raises(InvalidSettings) as refused:
        load({"VESTIBULE_CONFIG": str(file)})

    assert refused.value.field == "public_ulr"


def test_the_master_key_never_shows_in_a_repr() -> None:
    assert "MARKER" not in repr(Settings(master_key="MARKER"))


def test_the_demonstration_does_not_exist_in_production() -> None:
    with pytest.raises(ProductionRefusal):
        refuse_in_production({"VESTIBULE_PRODUCTION": "true"})
    refuse_in_production({})


@pytest.mark.parametrize(
    ("protocol", "settings", "field"),
    [
        ("saml", {"entity_id": "https://a", "acs_urls": ["http://a.example/acs"]}, "acs_urls"),
        ("oidc", {"client_id": "a", "redirect_uris": ["http://a.example/cb"]}, "redirect_uris"),
    ],
)
def test_production_refuses_http_reply_addresses(tmp_path: Path, protocol: str, settings: dict[str, Any], field: str) -> None:
    with Hub(tmp_path, production=True, public_url="https://sso.example") as hub:
        command = SaveApplication("a", "A", protocol, settings, client_secrets=("s" * 40,) if protocol == "oidc" else (), tenant_ids=None)
        with pytest.raises(InvalidSettings) as refused:
            hub.built.applications.save(ME, command)

    assert refused.value.field == field


def test_the_host_header_is_never_believed(hub: Hub) -> None:
    app = hub.saml_app()
    client = hub.browser().client
    metadata = client.get("/saml/metadata", base_url="http://evil.example")
    discovery = client.get(
        "/.well-known/openid-configuration", base_url="http://evil.example", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    )

    assert b"evil" not in metadata.data
    assert b"evil" not in discovery.data
    assert app.entity_id


def test_a_wrong_master_key_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    from broker.keys.envelope import create_master_key

    other = tmp_path / "other.key"
    create_master_key(other)
    settings = validate(Settings(state_dir=str(tmp_path), database_url=databases.fresh(tmp_path), master_key_file=str(other)))

    with pytest.raises(Exception, match="sealed under another master key"):
        create_app(settings)
    databases.drop(settings.database_url)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[2620:fe::fe]:5353", ("2620:fe::fe", 5353)),
        ("dns.example", None),
        ("1.2.3.4:0", None),
        ("1.2.3.4:99999", None),
        ("", None),
    ],
)
def test_given_a_setting_then_the_dns_server_that_it_means(text: str, server: tuple[str, int] | None) -> None:
    assert dns_server(text) == server
