"""Another master key: values are re-wrapped while both open, nothing is decrypted, and nothing is left behind."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, text

from broker.app import create_app, vestibule
from broker.domain.errors import ConfigurationError, Forbidden
from broker.keys.envelope import Envelope
from broker.services.actor import Actor, Verb
from broker.store.db import db
from broker.store.tables import sealed
from broker.store.tables.sealed import COLUMNS
from tests.support.hub import ME, Hub

OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def test_given_both_keys_when_rewrapped_then_the_new_one_opens_it_alone() -> None:
    old = Envelope(OLD).seal(b"secret", "connector con_1")
    both = Envelope(NEW, OLD)

    assert both.open(old, "connector con_1") == b"secret"
    again = both.rewrap(old, "it")

    assert Envelope(NEW).open(again, "connector con_1") == b"secret"
    assert again[-20:] == old[-20:], "the secret itself was not touched"
    with pytest.raises(ConfigurationError):
        Envelope(OLD).open(again, "connector con_1")
    with pytest.raises(ConfigurationError):
        Envelope(NEW).open(again, "connector con_2")


def test_given_a_third_key_when_rewrapping_then_the_value_is_named() -> None:
    foreign = Envelope(bytes(32)).seal(b"x", "c")
    with pytest.raises(ConfigurationError) as refused:
        Envelope(NEW, OLD).rewrap(foreign, "secrets of connectors: con_1")
    assert refused.value.cause == "secrets of connectors: con_1"


def test_given_any_table_then_its_sealed_columns_are_rewrapped() -> None:
    stored = {
        (table.name, column.name)
        for table in db.metadata.sorted_tables
        for column in table.columns
        if column.name.startswith("sealed") and isinstance(column.type, LargeBinary)
    }
    assert stored == {(each.table.name, each.column) for each in COLUMNS}


@pytest.fixture
def changed(hub: Hub, tmp_path: Path):  # type: ignore[no-untyped-def]
    """The same database, opened with a new master key and the old one as the previous."""
    hub.tenant("acme", "acme.example")
    hub.oidc_op("acme")
    file = tmp_path / "new.key"
    file.write_text(base64.b64encode(NEW).decode())
    settings = replace(hub.settings, master_key_file=str(file), previous_master_key_file=hub.settings.master_key_file)
    return vestibule(create_app(settings, hub.clock)), replace(settings, previous_master_key_file="")


def test_given_a_new_key_when_rewrapped_then_the_hub_runs_without_the_old_one(hub: Hub, changed) -> None:  # type: ignore[no-untyped-def]
    built, without_old = changed
    before = {count.words: count for count in built.services.master_key.count()}
    seen: list[int] = []

    done = built.services.master_key.rewrap(ME, seen.append)

    assert done == sum(count.previous for count in before.values()) == sum(seen) > 8
    assert before["secrets of connectors"].previous == 1
    assert all(count.previous == 0 for count in built.services.master_key.count())
    assert built.services.master_key.rewrap(ME) == 0
    alone = vestibule(create_app(without_old, hub.clock))
    (connector,) = alone.connectors.all(hub.tenants["acme"])
    assert connector.settings.client_secret
    assert alone.keyring.email_hash("a@b.example") == hub.built.keyring.email_hash("a@b.example")
    alone.database.dispose()
    built.database.dispose()


def test_given_a_value_under_neither_key_when_rewrapped_then_it_says_which_and_the_rest_can_go_on(hub: Hub, changed) -> None:  # type: ignore[no-untyped-def]
    built, _ = changed
    foreign = Envelope(bytes(32)).seal(b"x", "c")
    with built.database.unit_of_work() as connection:
        connection.execute(text("UPDATE connectors SET sealed_secrets = :value"), {"value": foreign})

    with pytest.raises(ConfigurationError) as refused:
        built.services.master_key.rewrap(ME)

    assert refused.value.cause.startswith("secrets of connectors: con_")
    assert [count.previous for count in built.services.master_key.count()][:2] == [0, 0]
    built.database.dispose()


def test_given_nobody_special_then_the_master_key_is_not_theirs_to_change(hub: Hub) -> None:
    with pytest.raises(Forbidden):
        hub.built.services.master_key.rewrap(Actor("somebody", frozenset(Verb) - {Verb.ADMINISTER}))


def test_given_a_value_that_was_changed_meanwhile_then_it_is_left_alone(hub: Hub) -> None:
    column = sealed.COLUMNS[1]
    with hub.built.database.unit_of_work() as connection:
        key, value = column.batch(connection, "", 1)[0]
        assert not column.replace(connection, key, value + b"x", b"other")
        assert column.batch(connection, "", 1)[0] == (key, value)
