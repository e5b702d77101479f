"""Nothing secret in traces, logs, audit entries or error pages: marker values go in, the whole store is searched."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import inspect

from broker.services.connectors import SaveConnector
from broker.store.tables.trusts import applications, connectors
from tests.support.hub import ME, Hub, events_as_text
from tests.support.oidc_op import CLIENT_SECRET


def everything_stored(hub: Hub) -> bytes:
    """Every text and blob of every table, traces unpacked."""
    found = []
    with hub.built.database.reading() as connection:
        tables = [table for table in inspect(connection).get_table_names() if table != "alembic_version"]
        for table in tables:
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings():
                for name, value in row.items():
                    packed = table == "traces" and name == "events"
                    found.append(events_as_text(bytes(value)) if packed else value if isinstance(value, bytes) else str(value).encode())
    return b"\n".join(found)


def test_after_complete_logins_no_secret_stands_anywhere(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hub.tenant("acme", "acme.example")
    hub.tenant("globex", "globex.example")
    idp, op = hub.saml_idp("acme"), hub.oidc_op("globex")
    op.op.person["email"] = "ada@globex.example"
    saml_app, oidc_app = hub.saml_app(), hub.oidc_app()
    saml_app.sign_in(hub.browser(), idp)
    learned = oidc_app.sign_in(hub.browser(), op)
    browser = hub.browser()
    answer = idp.answer_to(browser.open(saml_app.login_url(tenant="acme")))
    idp.deliver(browser, *answer)
    session = browser.client.get_cookie("__Host-vestibule-session", "localhost")
    binding = browser.client.get_cookie("__Host-vestibule-browser", "localhost")
    assert session is not None
    assert binding is not None
    secrets = {
        "client secret of the application": oidc_app.secret,
        "client secret at the provider": CLIENT_SECRET,
        "access token": learned.raw["access_token"],
        "ID token": learned.raw["id_token"],
        "code verifier": oidc_app.verifier,
        "session cookie": session.value,
        "binding cookie": binding.value,
        "private key": "PRIVATE KEY",
    }

    stored = everything_stored(hub)

    for name, value in secrets.items():
        assert str(value).encode() not in stored, name
        assert str(value) not in caplog.text, name


def test_the_store_keeps_secrets_only_sealed_or_hashed(hub: Hub) -> None:
    hub.tenant("globex", "globex.example")
    hub.oidc_op("globex")
    hub.oidc_app()
    with hub.built.database.reading() as connection:
        connector = connection.execute(connectors.select()).first()
        application = connection.execute(applications.select()).first()
    assert connector is not None
    assert application is not None

    assert "client_secret" not in connector.settings
    assert connector.sealed_secrets[:2] == b"V1"
    assert all(value.startswith("hmac-sha256:") for value in application.settings["client_secret_hashes"])


def test_changing_a_secret_is_audited_without_the_secret(hub: Hub) -> None:
    tenant = hub.tenant("globex", "globex.example")
    side = hub.oidc_op("globex")
    settings = {**side.settings(), "client_secret": "MARKER-of-a-new-secret"}
    change = hub.built.connectors.save(ME, SaveConnector(tenant, "op", "oidc", "globex op", settings, enabled=True))

    assert "secrets" in change.fields
    assert b"MARKER" not in everything_stored(hub)
    assert "MARKER" not in repr(hub.built.connectors.get(tenant, "op"))
