"""Fixtures that every test may use. In CI (VESTIBULE_NO_SKIPS=1) a skip is a failure: nothing is left out unnoticed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from playwright.sync_api import Browser

from broker.services.staff import passwords
from tests.support import chromium as browsers
from tests.support import databases, shared
from tests.support.hub import Hub
from tests.support.needs import fail_on_skip as pytest_runtest_makereport
from tests.support.needs import fail_on_skipped_module as pytest_make_collect_report
from tests.support.needs import needs

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]

# The same examples in every run, and no stop-watch: a busy machine must not fail a test.
settings.register_profile("vestibule", derandomize=True, deadline=None)
settings.load_profile("vestibule")
shared.share()
# Staff's passwords take next to no work here; tests/unit/services/test_passwords.py sees a process of the hub do all of it.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: the garbage collector need not visit them after every hub that goes.

    Nor need it look after every few hundred objects: building a hub makes tens of thousands that stay, and nothing to collect.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(250_000, 5, 5)


def pytest_sessionfinish() -> None:
    databases.close()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """The real hub on a fresh database, with a clock that stands still."""
    with Hub(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Once per test process: Playwright runs only once in one, wherever its tests stand."""
    needs("chromium")
    with browsers.launched() as browser:
        yield browser
