"""Chromium and a running demonstration, each once per test process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.demonstration import Demonstration
from tests.support.needs import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.chromium import Window


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    needs("chromium")
    from tests.support.chromium import launched

    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    needs("chromium")
    with Demonstration(tmp_path_factory.mktemp("demonstration")) as made:
        yield made


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    from tests.support import chromium as support

    with support.window(chromium) as made:
        yield made
