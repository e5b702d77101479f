"""The wheel, installed into an empty environment outside the checkout, is a working hub: pages, styles, migrations, demo.

Nothing is downloaded: what Vestibule depends on is lent by the environment that runs the tests, Vestibule itself is not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support import pages
from tests.support.demonstration import Demonstration
from tests.support.ports import free_port
from tests.support.servers import Program

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("broker", "connectors", "metadata", "templates")
PROJECT = (*PACKAGES, "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Installed:
    """An environment with Vestibule from the wheel, and an empty folder to work in."""

    folder: Path
    wheel: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.folder / "venv" / "bin" / "vestibule"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VESTIBULE_", "PYTHON"))}
        return {**kept, **more}

    def run(self, *command: str | Path, **settings: str) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("elsewhere")
    copy, made = folder / "copy", folder / "wheels"
    for name in PROJECT:
        # A copy: building leaves folders behind, and other tests of this run read the tree.
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, copy / name)
    plain = Installed(folder, Path())
    builder = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check")
    plain.run(*builder, "--outdir", made, copy)
    shutil.rmtree(copy)
    (wheel,) = made.glob("vestibule-*.whl")
    plain.run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    plain.run(sys.executable, "-m", "pip", "--python", plain.python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site = Path(plain.run(plain.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # Only the path itself is lent: `.pth` files in it, an editable Vestibule among them, take no part.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(folder, wheel)


def test_the_wheel_holds_what_the_packages_hold_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert names == wanted


def test_everything_is_imported_from_the_wheel(installed: Installed) -> None:
    places = installed.run(
        installed.python, "-c", f"import importlib; [print(importlib.import_module(name).__file__) for name in {PACKAGES}]"
    )

    for place in places.splitlines():
        assert Path(place).is_relative_to(installed.folder / "venv"), place


def test_an_empty_folder_becomes_a_hub_that_serves(installed: Installed) -> None:
    port = free_port()
    url = f"http://localhost:{port}"
    settings = {"VESTIBULE_PUBLIC_URL": url, "VESTIBULE_STATE_DIR": str(installed.folder / "state")}
    said = installed.run(installed.command, "init", **settings)
    assert "Database: at" in said, "the migrations are in the wheel"

    log = installed.folder / "hub.log"
    program = [str(installed.command), "run", "--bind", f"127.0.0.1:{port}"]
    with Program(program, port=port, log=log, environment=installed.environment(**settings)):
        assert requests.get(f"{url}/health/ready", timeout=WAIT_SECONDS).json() == {"status": "ok"}
        page = requests.get(f"{url}/logout", headers={"Accept-Language": "fr"}, timeout=WAIT_SECONDS)
        assert page.status_code == 200
        assert 'lang="fr"' in page.text
        assert pages.heading(page.text) != pages.heading(requests.get(f"{url}/logout", timeout=WAIT_SECONDS).text), "the catalogue is there"
        style = requests.get(url + page.text.partition('rel="stylesheet" href="')[2].partition('"')[0], timeout=WAIT_SECONDS)
        assert (style.status_code, style.headers["Content-Type"].partition(";")[0]) == (200, "text/css")
        metadata = requests.get(f"{url}/saml/metadata", timeout=WAIT_SECONDS)
        assert f'entityID="{url}/saml/metadata"' in metadata.text

    assert "Traceback" not in log.read_text()


def test_every_connector_type_loads(installed: Installed) -> None:
    """Guides and code of all types, found by name."""
    said = installed.run(
        installed.python,
        "-c",
        "from connectors import registry; print(*(registry.connector_type(name).label for name in registry.names()), sep='|')",
    )

    assert len(said.split("|")) >= 10


def test_the_demonstration_starts_from_the_wheel(installed: Installed) -> None:
    with Demonstration(installed.folder / "demonstration", command=[str(installed.command), "demo", "--port", "0"]) as demo:
        assert "DEMONSTRATION" in requests.get(demo.saml_app, timeout=WAIT_SECONDS).text
        assert requests.get(f"{demo.saml_app}/static/demo/partners.css", timeout=WAIT_SECONDS).status_code == 200
