"""Settings: what is refused at the start instead of failing, or weakening something, later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.domain.errors import InvalidSettings
from broker.settings import Settings, load, validate

PUBLIC_URLS: list[tuple[str, str | None]] = [
    ("https://sso.example", "https://sso.example"),
    ("https://sso.example/", "https://sso.example"),
    ("https://sso.example:8443", "https://sso.example:8443"),
    ("https://SSO.example", "https://SSO.example"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://127.0.0.1", "http://127.0.0.1"),
    ("http://[::1]:8080", "http://[::1]:8080"),
    ("https://user@sso.example", None),
    ("https://user:password@sso.example", None),
    ("https://sso.example?", None),
    ("https://sso.example#", None),
    ("https://sso.example/?x=1", None),
    ("https://sso.example/path", None),
    ("https://sso.example:port", None),
    ("https://sso.example:123456", None),
    ("https://sso example", None),
    ("https://sso.example\n", None),
    ("https://", None),
    ("https://[bad", None),
    ("https://münchen.example", None),
    ("ftp://sso.example", None),
    ("HTTPS://sso.example", None),
    ("http://sso.example", None),
    ("http://localhost.evil.example", None),
    ("//sso.example", None),
    ("", None),
]


@pytest.mark.parametrize(("given", "taken"), PUBLIC_URLS)
def test_the_public_url_is_an_origin_and_nothing_else(given: str, taken: str | None) -> None:
    if taken is None:
        with pytest.raises(InvalidSettings) as refused:
            validate(Settings(public_url=given))
        assert refused.value.field == "public_url"
    else:
        assert validate(Settings(public_url=given)).public_url == taken


RANGES = [
    ("skew_seconds", 0, 300),
    ("transaction_seconds", 60, 86_400),
    ("trace_days", 1, 3650),
    ("max_traces_per_minute", 1, 1_000_000),
    ("trusted_proxies", 0, 10),
]


@pytest.mark.parametrize(("name", "least", "most"), RANGES, ids=[row[0] for row in RANGES])
def test_numbers_stay_in_their_range(name: str, least: int, most: int) -> None:
    for value in (least, most):
        assert getattr(load({f"VESTIBULE_{name.upper()}": str(value)}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(InvalidSettings) as refused:
            load({f"VESTIBULE_{name.upper()}": str(value)})
        assert refused.value.field == name


def from_file(folder: Path, text: str | bytes) -> Settings:
    path = folder / "vestibule.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load({"VESTIBULE_CONFIG": str(path)})


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("public_url = 5", "public_url"),
        ('production = "perhaps"', "production"),
        ("production = 1", "production"),
        ("trace_days = 1.5", "trace_days"),
        ("trace_days = true", "trace_days"),
        ("allow_private_addresses = [1]", "allow_private_addresses"),
        ("allow_private_addresses = 1", "allow_private_addresses"),
        ("state_dir = []", "state_dir"),
        ("not toml", "VESTIBULE_CONFIG"),
        (b"state_dir = '\xff'", "VESTIBULE_CONFIG"),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_in_the_file_is_refused_by_name(tmp_path: Path, line: str | bytes, field: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        from_file(tmp_path, line)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("trace_days = 7", "trace_days", 7),
        ("production = false", "production", False),
        ('allow_private_addresses = ["10.0.0.0/8", "idp.local"]', "allow_private_addresses", ("10.0.0.0/8", "idp.local")),
        ('allow_private_addresses = "10.0.0.0/8, idp.local,"', "allow_private_addresses", ("10.0.0.0/8", "idp.local")),
        ("allow_private_addresses = []", "allow_private_addresses", ()),
    ],
)
def test_the_file_may_say_it_in_its_own_way(tmp_path: Path, line: str, name: str, value: Any) -> None:
    assert getattr(from_file(tmp_path, line), name) == value


@pytest.mark.parametrize(("text", "value"), [("1", True), ("TRUE", True), ("yes", True), ("0", False), ("no", False), ("", False), ("False", False)])
def test_true_and_false(text: str, value: bool) -> None:
    environment = {"VESTIBULE_PRODUCTION": text, "VESTIBULE_PUBLIC_URL": "https://sso.example"}

    assert load(environment).production is value


def test_files_stand_in_the_state_directory_unless_said_otherwise(tmp_path: Path) -> None:
    default = validate(Settings(state_dir=str(tmp_path)))
    chosen = validate(Settings(state_dir=str(tmp_path), database_url="postgresql+psycopg://h/d", master_key_file="/k"))

    assert default.master_key_file == str(tmp_path / "master.key")
    assert default.database_url == f"sqlite:///{tmp_path / 'vestibule.sqlite'}"
    assert (chosen.database_url, chosen.master_key_file) == ("postgresql+psycopg://h/d", "/k")


@pytest.mark.parametrize(("url", "secure", "loopback"), [("https://sso.example", True, False), ("http://localhost:1", False, True), ("https://[::1]", True, True)])
def test_what_follows_from_the_public_url(url: str, secure: bool, loopback: bool) -> None:
    settings = validate(Settings(public_url=url))

    assert (settings.secure_context_only, settings.is_loopback) == (secure, loopback)
