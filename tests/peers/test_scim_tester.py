"""An independent SCIM client checks the directory's face against the RFCs: discovery, every attribute by POST, PUT and PATCH."""

from __future__ import annotations

from pathlib import Path

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.support.directory import Directory
from tests.support.hub import PUBLIC_URL, Hub


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.peer("scim2-tester")
def test_a_stock_client_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.tenant("acme", "acme.example")
        directory = Directory(hub, "acme", hub.saml_idp("acme").connector_id)
        headers = {"Authorization": f"Bearer {directory.token}"}
        client = WSGISCIMClient(hub.app, base_url=f"{PUBLIC_URL}/scim/v2/{directory.connector_id}", headers=headers)

        results = check_server(client)

    assert len(results) > 100
    assert [(each.title, each.reason) for each in results if each.status not in {Status.SUCCESS, Status.SKIPPED}] == []
    assert len([each for each in results if each.status is Status.SUCCESS]) > 100
