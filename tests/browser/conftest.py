"""A running demonstration, once per test process, and a window to look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import chromium as support
from tests.support.demonstration import Demonstration
from tests.support.needs import needs


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    needs("chromium")
    with Demonstration(tmp_path_factory.mktemp("demonstration")) as made:
        yield made


@pytest.fixture
def window(chromium: Browser) -> Iterator[support.Window]:
    with support.window(chromium) as made:
        yield made
