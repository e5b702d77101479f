"""`make bench` runs: nobody should find out that it does not when the numbers are wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_short_run_measures_every_scenario(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.bench", "--logins", "1", "--warm", "1", "--tenants", "1", "--json", str(figures)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)

    assert done.returncode == 0, done.stdout + done.stderr
    logins = json.loads(figures.read_text("utf-8"))["logins"]
    assert {"SAML→SAML", "SAML→OIDC", "OIDC→OIDC"} <= logins.keys()
    assert all(found["cpu_ms"] >= 0 and found["queries"] >= 5 for found in logins.values()), logins
