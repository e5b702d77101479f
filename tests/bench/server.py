"""The broker under measurement: its own process tree, one gunicorn worker with threads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from broker import opening
from broker.assembly.vestibule import Vestibule
from broker.settings import Settings, validate
from tests.support.ports import free_port

_TICK = os.sysconf("SC_CLK_TCK")


class BrokerProcess:
    """`with BrokerProcess(folder) as broker:`"""

    def __init__(self, folder: Path, *, tenants: int) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.address = f"http://127.0.0.1:{self.port}"
        values = {"public_url": self.url, "state_dir": str(folder), "log_level": "WARNING"}
        self.settings = validate(Settings(**values, allow_private_addresses=("127.0.0.0/8",)))  # type: ignore[arg-type]
        opening.initialise(self.settings)
        self.hub: Vestibule = opening.open_hub(self.settings)
        self._fill(tenants)
        self._environment = {f"VESTIBULE_{name.upper()}": value for name, value in values.items()}
        self._environment["VESTIBULE_ALLOW_PRIVATE_ADDRESSES"] = "127.0.0.0/8"
        self.started_in_seconds = 0.0

    def _fill(self, tenants: int) -> None:
        from tests.bench.filling import fill

        if tenants:
            fill(self.hub, tenants)

    def __enter__(self) -> BrokerProcess:
        command = [
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--worker-class", "gthread",
            "--threads", "8", "--log-level", "warning", "tests.bench.worker:app",
        ]  # fmt: skip
        began = time.perf_counter()
        self.process = subprocess.Popen(command, env={**os.environ, **self._environment})
        for _ in range(600):
            try:
                self._get("/health/live")
                break
            except OSError:
                time.sleep(0.02)
        self.started_in_seconds = time.perf_counter() - began
        return self

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)

    def _get(self, path: str, data: bytes | None = None) -> dict[str, Any]:
        with urllib.request.urlopen(self.address + path, data=data, timeout=5) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def counters(self) -> dict[str, float]:
        return self._get("/bench/counters")

    def count(self, *, on: bool) -> None:
        """Starts counting anew, or stops."""
        self._get(f"/bench/count/{'on' if on else 'off'}", b"")

    def _tree(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *(int(child) for child in children)]

    def cpu_ms(self) -> float:
        """User and system time of the process tree, ms; the kernel counts in ticks of 10 ms."""
        total = 0
        for pid in self._tree():
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(parts[11]) + int(parts[12])
        return total * 1000 / _TICK

    def peak_memory_mib(self) -> float:
        """High-water mark of the largest process: the worker."""
        peaks = []
        for pid in self._tree():
            line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
            peaks.append(int(line.split()[1]) / 1024)
        return max(peaks)
