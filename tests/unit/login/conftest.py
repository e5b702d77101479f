"""A login that waits."""

from __future__ import annotations

import pytest

from tests.support.hub import Hub
from tests.support.waiting import World


@pytest.fixture
def world(hub: Hub) -> World:
    return World(hub)
