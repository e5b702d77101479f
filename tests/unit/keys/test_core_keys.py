"""Sealing, opening and looking keys up: nothing opens elsewhere, nobody waits for ever, nothing revoked is published."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.domain.errors import ConfigurationError, InvalidSettings
from broker.domain.keys import KeyState, KeyUse
from broker.keys.envelope import Envelope, create_master_key, read_master_key
from broker.keys.generate import generate
from broker.keys.keyring import Keyring
from tests.support.clock import NOW
from tests.support.hub import Hub

MASTER = bytes(range(32))


# --- envelope ---------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.text(max_size=30))
def test_what_is_sealed_opens_in_its_context(plain: bytes, context: str) -> None:
    envelope = Envelope(MASTER)
    sealed = envelope.seal(plain, context)

    assert envelope.open(sealed, context) == plain
    assert plain not in sealed or len(plain) < 4


def test_the_same_value_is_never_sealed_alike() -> None:
    envelope = Envelope(MASTER)

    assert envelope.seal(b"x", "c") != envelope.seal(b"x", "c")


SEALED = Envelope(MASTER).seal(b"secret", "connector con_1")


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_a_value_that_was_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(ConfigurationError):
        Envelope(MASTER).open(SEALED[:length], "connector con_1")


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_a_value_that_was_changed_does_not_open(position: int) -> None:
    changed = bytearray(SEALED)
    changed[position] ^= 1
    with pytest.raises(ConfigurationError):
        Envelope(MASTER).open(bytes(changed), "connector con_1")


def test_a_value_of_another_row_or_another_master_key_does_not_open() -> None:
    with pytest.raises(ConfigurationError):
        Envelope(MASTER).open(SEALED, "connector con_2")
    with pytest.raises(ConfigurationError):
        Envelope(bytes(32)).open(SEALED, "connector con_1")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_master_key_has_32_bytes(length: int) -> None:
    with pytest.raises(InvalidSettings):
        Envelope(bytes(length))


# --- the master key's file --------------------------------------------------------------------------------------------


def test_the_file_is_for_this_user_only_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "master.key"
    create_master_key(path)

    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert len(read_master_key("", path)) == 32
    with pytest.raises(FileExistsError):
        create_master_key(path)


@pytest.mark.parametrize("content", [b"not base64!", b"\xff\xfe", "ключ".encode(), b"AAA"])
def test_an_unreadable_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)

    with pytest.raises(InvalidSettings):
        read_master_key("", path)


def test_the_setting_goes_before_the_file(tmp_path: Path) -> None:
    assert read_master_key(base64.b64encode(MASTER).decode(), tmp_path / "none") == MASTER
    with pytest.raises(InvalidSettings):
        read_master_key("", tmp_path / "none")
    with pytest.raises(InvalidSettings):
        read_master_key("ключ", tmp_path / "none")


# --- keyring ----------------------------------------------------------------------------------------------------------


def with_key(hub: Hub, state: KeyState, use: KeyUse = KeyUse.SAML_SIGNING) -> str:
    key = generate(use, "RS256", "localhost", NOW, state)
    hub.built.keyring.store(key)
    hub.built.keyring.forget()
    return key.id


@pytest.mark.parametrize(("state", "published"), [(KeyState.NEXT, True), (KeyState.RETIRING, True), (KeyState.REVOKED, False)])
def test_what_partners_are_shown(hub: Hub, state: KeyState, published: bool) -> None:
    active = hub.built.keyring.active(KeyUse.SAML_SIGNING).id
    other = with_key(hub, state)

    shown = [key.id for key in hub.built.keyring.published(KeyUse.SAML_SIGNING)]

    assert hub.built.keyring.active(KeyUse.SAML_SIGNING).id == active
    assert shown[0] == active
    assert (other in shown) is published


def test_the_active_key_stands_first_whatever_its_age(hub: Hub) -> None:
    keyring = hub.built.keyring
    old = keyring.active(KeyUse.SAML_SIGNING).id
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql(f"UPDATE signing_keys SET state = 'retiring' WHERE id = '{old}'")
    new = with_key(hub, KeyState.ACTIVE)

    assert keyring.active(KeyUse.SAML_SIGNING).id == new
    assert [key.id for key in keyring.published(KeyUse.SAML_SIGNING)] == [new, old]


def test_keys_are_found_by_use_and_algorithm(hub: Hub) -> None:
    keyring = hub.built.keyring

    assert {key.algorithm for key in keyring.published(KeyUse.OIDC_SIGNING)} == {"RS256", "ES256"}
    assert keyring.active(KeyUse.OIDC_SIGNING, "ES256").algorithm == "ES256"
    assert keyring.active(KeyUse.OIDC_SIGNING, "RS256").algorithm == "RS256"
    assert keyring.active(KeyUse.SAML_ENCRYPTION).use is KeyUse.SAML_ENCRYPTION
    with pytest.raises(ConfigurationError):
        keyring.active(KeyUse.SAML_SIGNING, "ES256")


def test_initialising_again_makes_nothing(hub: Hub) -> None:
    assert hub.built.keyring.initialise("localhost", NOW) == []


def test_initialising_makes_only_what_is_missing(hub: Hub) -> None:
    keyring = hub.built.keyring
    kept = keyring.secret("pairwise_salt")
    with hub.built.database.unit_of_work() as connection:
        connection.exec_driver_sql("DELETE FROM hub_secrets WHERE name = 'cookie_key'")
        connection.exec_driver_sql("DELETE FROM signing_keys WHERE algorithm = 'ES256'")

    assert keyring.initialise("localhost", NOW) == ["oidc_signing key (ES256)", "cookie key"]
    assert keyring.secret("pairwise_salt") == kept
    assert keyring.secret("cookie_key") != kept


@pytest.mark.parametrize(("secret", "fits"), [("right", True), ("Right", False), ("", False), ("right ", False)])
def test_a_client_secret_is_compared_by_its_keyed_hash(hub: Hub, secret: str, fits: bool) -> None:
    keyring = hub.built.keyring
    stored = keyring.hash_client_secret("right")

    assert keyring.verify_client_secret(secret, stored) is fits
    assert "right" not in stored


def test_pairwise_subjects_cannot_be_made_to_meet(hub: Hub) -> None:
    subject = hub.built.keyring.pairwise_subject

    assert subject("sub_1", "app_1") == subject("sub_1", "app_1")
    assert len({subject("sub_1", "app_1"), subject("sub_1", "app_2"), subject("sub_2", "app_1"), subject("1", "app_1sub_")}) == 4


def test_an_address_is_found_again_however_it_is_written(hub: Hub) -> None:
    keyring = hub.built.keyring

    assert keyring.email_hash("Ann@ACME.example ") == keyring.email_hash("ann@acme.example")
    assert keyring.email_hash("bob@acme.example") != keyring.email_hash("ann@acme.example")


def test_private_keys_and_secrets_do_not_show(hub: Hub) -> None:
    opened = hub.built.keyring._open()

    assert "PRIVATE" not in repr(opened)
    assert all(repr(value) not in repr(opened) for value in opened.secrets.values())


class Slow(Keyring):
    """Reads when it is told to."""

    def slow_down(self) -> None:
        self.reading, self.go_on = threading.Event(), threading.Event()

    def _read(self) -> Any:
        self.reading.set()
        assert self.go_on.wait(60)
        return super()._read()


@pytest.fixture
def slow(hub: Hub) -> Slow:
    made = Slow(hub.built.database, hub.built.keyring._envelope)
    made.slow_down()
    return made


def test_a_reader_and_a_login_never_wait_for_each_other(hub: Hub, slow: Slow) -> None:
    """One request opens the keys; another holds the database's turn, needs a key, and must not wait for the first."""
    done = threading.Event()

    def login() -> None:
        with hub.built.database.unit_of_work():
            slow.go_on.set()
            slow.secret("cookie_key")
        done.set()

    metadata = threading.Thread(target=slow.published, args=(KeyUse.SAML_SIGNING,), daemon=True)
    metadata.start()
    assert slow.reading.wait(60)
    threading.Thread(target=login, daemon=True).start()

    assert done.wait(60), "two threads wait for each other for ever"
    metadata.join(60)
    assert not metadata.is_alive()


def test_keys_that_were_read_before_a_change_are_not_kept(slow: Slow) -> None:
    reader = threading.Thread(target=slow.published, args=(KeyUse.SAML_SIGNING,), daemon=True)
    reader.start()
    assert slow.reading.wait(60)

    slow.forget()
    slow.go_on.set()
    reader.join(60)

    assert slow._opened is None
    slow.secret("cookie_key")
    assert slow._opened is not None


def test_keys_are_opened_once(hub: Hub) -> None:
    assert hub.built.keyring._open() is hub.built.keyring._open()
