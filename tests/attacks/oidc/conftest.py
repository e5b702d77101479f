"""The hub under attack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.oidc_hub import OidcHub


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcHub]:
    """For cases that change nothing."""
    with OidcHub(tmp_path_factory.mktemp("hub")) as made:
        yield made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OidcHub]:
    with OidcHub(tmp_path) as made:
        yield made
