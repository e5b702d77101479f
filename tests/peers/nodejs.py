"""The counterparts from npm, in the versions of npm/package-lock.json, each in a process of its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.needs import absent, needs
from tests.support.servers import Program

FOLDER = Path(__file__).parent / "npm"
_INSTALL_SECONDS = 180


def node_program(script: str, settings: dict[str, Any], folder: Path) -> Program:
    """`settings["port"]` is where it listens."""
    install()
    command = ["node", str(FOLDER / script), json.dumps(settings)]
    return Program(command, port=int(settings["port"]), log=folder / f"{script}.log", environment={"NODE_ENV": "test"})


def install() -> None:
    """`npm ci`, once per lock file, whichever of several test processes comes first."""
    needs("node")
    lock = FOLDER / "package-lock.json"
    stamp = FOLDER / "node_modules" / ".installed-for-tests"
    with lock.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        wanted = hashlib.sha256(held.read()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
            cwd=FOLDER, capture_output=True, text=True, timeout=_INSTALL_SECONDS,
        )  # fmt: skip
        if done.returncode != 0:
            absent(f"needs the npm packages of {lock}: npm ci said {done.stderr[-500:]}")
        stamp.write_text(wanted)
