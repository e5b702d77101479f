"""Ten thousand tenants with a connector each, written in bulk: the cost of a login must not notice them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from broker.assembly.vestibule import Vestibule
from broker.domain import random_ids
from broker.store.tables.trusts import connectors, domains, tenants
from tests.support.saml_idp import key_pair


def fill(hub: Vestibule, count: int) -> None:
    certificate = key_pair("bench").certificate_pem
    now = hub.clock.now()
    rows: tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]] = ([], [], [])
    for number in range(count):
        tenant_id = random_ids.object_id("ten")
        rows[0].append(
            {"id": tenant_id, "slug": f"company-{number}", "name": f"Company {number}", "enabled": True, "session_idle_seconds": 28800,
             "session_absolute_seconds": 86400, "acceptance_rules": [], "version": 1, "created_at": now}
        )  # fmt: skip
        rows[1].append(
            {
                "name": f"company-{number}.example",
                "tenant_id": tenant_id,
                "proof": "operator",
                "connector_ids": [],
                "proved_at": now,
            }
        )
        settings = {
            "entity_id": f"https://idp{number}.example",
            "sso_redirect_url": f"https://idp{number}.example/sso",
            "signing_certificates": [certificate],
        }
        rows[2].append(
            {"id": random_ids.object_id("con"), "tenant_id": tenant_id, "slug": "idp", "name": "Sign-in", "name_key": "sign-in", "type": "saml", "enabled": True,
             "provider_id": settings["entity_id"], "held": False, "settings": settings, "sealed_secrets": None, "acceptance_rules": None, "admits_guests": False, "understood": [],
             "warnings": [], "version": 1, "created_at": now}
        )  # fmt: skip
    with hub.database.unit_of_work() as connection:
        for table, values in zip((tenants, domains, connectors), rows, strict=True):
            connection.execute(insert(table), values)
