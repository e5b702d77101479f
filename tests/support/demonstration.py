"""`vestibule demo` as a newcomer starts it: a process, its printed words, and what they say to open.

Ends only what it started: the process and its children are a session of their own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.support.servers import START_SECONDS, STOP_SECONDS, wait_until

LAST_LINE = "Stop with Ctrl+C."


class Demonstration:
    """`with Demonstration(folder) as demo:`. All ports are free ones, unless `port` names the hub's."""

    def __init__(self, folder: Path, *, port: int = 0, command: list[str] | None = None) -> None:
        self.folder, self.state = folder, folder / "state"
        self.command = command or [sys.executable, "-m", "broker", "demo", "--port", str(port)]
        self.log = folder / "said.txt"
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Demonstration:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VESTIBULE_")}
        environment["VESTIBULE_STATE_DIR"] = str(self.state)
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
        try:
            wait_until(lambda: LAST_LINE in self.said() or self.process.poll() is not None, "the demonstration is ready")
            assert self.process.poll() is None, f"it ended with {self.process.returncode}"
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(f"{error}\n{self.said()[-3000:]}") from error
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGTERM)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    # --- what it says to open -----------------------------------------------------------------------------------------

    @property
    def hub(self) -> str:
        return self._found(r"running at (\S+),")

    @property
    def saml_app(self) -> str:
        return self._found(r"(\S+) +an application that speaks SAML")

    @property
    def oidc_app(self) -> str:
        return self._found(r"(\S+) +an application that speaks OpenID")

    @property
    def setup_url(self) -> str:
        return self._found(r"(http://\S+/setup/\S+)")

    @property
    def console_url(self) -> str:
        """Where the first owner begins; after that, where staff sign in."""
        return self._found(r"(http://\S+/console\S*)")

    @property
    def third_metadata(self) -> Path:
        return Path(self._found(r"(\S+initech-metadata\.xml)"))

    def _found(self, pattern: str) -> str:
        match = re.search(pattern, self.said())
        assert match is not None, f"{pattern} is not in what it said:\n{self.said()}"
        return match.group(1)

    # --- the end ------------------------------------------------------------------------------------------------------

    def stop(self, number: signal.Signals, *, everybody: bool = False) -> float:
        """Sends a signal to the process (or, as a terminal does, to `everybody` in it); the seconds until all had ended."""
        began = time.monotonic()
        with suppress(ProcessLookupError):
            (os.killpg if everybody else os.kill)(self.process.pid, number)
        try:
            self.process.wait(STOP_SECONDS)
            wait_until(lambda: not self.children(), "no process is left")
        except (subprocess.TimeoutExpired, AssertionError):
            self._kill()
            raise
        return time.monotonic() - began

    def children(self) -> list[int]:
        """Processes of this session that still live. The session's number is the first process's own."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state != "Z":
                    found.append(int(stat.parent.name))
        return found

    def wait_for_children(self, count: int) -> None:
        """The first process says what to open before it has forked the worker."""
        end = time.monotonic() + START_SECONDS
        while len(self.children()) < count:
            assert time.monotonic() < end, f"only {len(self.children())} processes"
            time.sleep(0.05)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(START_SECONDS)
