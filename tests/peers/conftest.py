"""Every peer meets a hub behind a real port. What differs between its tests is the peer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.authlib_app import AuthlibApp
from tests.support.people import Browser
from tests.support.servers import LiveHub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LiveHub]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with LiveHub(folder) as made:
        yield made


@pytest.fixture
def acme(hub: LiveHub) -> str:
    """A tenant with an identity provider, for tests that are about applications; the connector's id."""
    hub.tenant("acme", "acme.example")
    return hub.acme_id()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as made:
        yield made


@pytest.fixture
def application(hub: LiveHub) -> str:
    """An application that answers what it learned, as JSON, for tests that are about identity providers; its address."""

    def make(url: str) -> AuthlibApp:
        return AuthlibApp(hub.issuer(), hub.oidc_client(f"{url}/callback"), auth="none")

    return hub.serve(make).url
