"""What a test needs beside Python. Absent, the test is skipped and says which package brings it; CI forbids skipping.

`needs("chromium")` at the top of a test, a fixture or a module. With VESTIBULE_NO_SKIPS=1 a missing thing fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

NO_SKIPS = os.environ.get("VESTIBULE_NO_SKIPS", "") == "1"
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
_MODULES = Path("/usr/lib/apache2/modules")


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name) is not None


def _apache_module(name: str) -> Callable[[], bool]:
    return lambda: Path("/usr/sbin/apache2").exists() and (_MODULES / f"{name}.so").exists()


def _node_20() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True, timeout=20).stdout
    return int(version.partition(".")[0] or 0) >= 20


THINGS: dict[str, tuple[str, Callable[[], bool]]] = {
    # name: (what brings it, is it there)
    "chromium": ("package chromium", _command("chromium")),
    "mod_auth_mellon": ("packages apache2 and libapache2-mod-auth-mellon", _apache_module("mod_auth_mellon")),
    "mod_auth_openidc": ("packages apache2 and libapache2-mod-auth-openidc", _apache_module("mod_auth_openidc")),
    "simplesamlphp": (
        "packages simplesamlphp and php-cli",
        lambda: shutil.which("php") is not None and Path("/usr/share/simplesamlphp/www").is_dir(),
    ),
    "node": ("Node.js 20 or later with npm", _node_20),
    "xmlsec1": ("package xmlsec1", _command("xmlsec1")),
    "postgresql": ("package postgresql", lambda: any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))),
}


def needs(*names: str) -> None:
    """Skips (or fails) unless all of these are installed."""
    for name in names:
        brought_by, _ = THINGS[name]
        if not _is_there(name):
            absent(f"needs {name}: {brought_by} (`make system-deps`)")


def absent(reason: str) -> NoReturn:
    """This test cannot run here."""
    if NO_SKIPS:
        pytest.fail(f"nothing may be skipped, and this test {reason}", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


@cache
def _is_there(name: str) -> bool:
    return THINGS[name][1]()


# --- for conftest.py: `from tests.support.needs import fail_on_skip as pytest_runtest_makereport` -----------------------


@pytest.hookimpl(wrapper=True)
def fail_on_skip(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """`pytest_runtest_makereport`: with VESTIBULE_NO_SKIPS=1 whatever skips, by whichever means, has failed."""
    return _forbidden((yield))


@pytest.hookimpl(wrapper=True)
def fail_on_skipped_module(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """`pytest_make_collect_report`: likewise for a module that skips itself."""
    return _forbidden((yield))


def _forbidden(report: Report) -> Report:
    if NO_SKIPS and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"VESTIBULE_NO_SKIPS=1 forbids skipping. {reason}"
    return report
