"""`make bench`: complete logins over HTTP against one gunicorn worker; CPU of the broker's process tree, not of this one.

Shipped defaults: the assertion in is signed (RSA-SHA256), the assertion out is signed (RSA-SHA256), ID tokens are RS256,
durable trace and replay memory on, SQLite. Every result is read and checked. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import cryptography_cost
from tests.bench.load import Load, scenario
from tests.bench.server import BrokerProcess

TARGETS = {"SAML→SAML": 4.5, "SAML→OIDC": 5.0}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--logins", type=int, default=400, help="measured logins per scenario")
    parser.add_argument("--warm", type=int, default=60, help="logins before measuring")
    parser.add_argument("--tenants", type=int, default=0, help="further tenants with a connector each in the database")
    parser.add_argument("--history", type=int, default=0, help="logins of the first scenario that are in the database before")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    bare = cryptography_cost.measure()
    print("Bare cryptography on this machine, CPU ms:")
    for name, value in bare.items():
        print(f"  {name:28} {value:6.2f}")
    with tempfile.TemporaryDirectory() as folder, BrokerProcess(Path(folder), tenants=options.tenants) as broker:
        print(f"\nStart-up {broker.started_in_seconds:.2f} s; {options.tenants} further tenants; one gunicorn worker, threads.")
        load = Load(broker)
        crypto = {
            "SAML→SAML": bare["verify an XML signature"] + bare["sign an XML document"],
            "SAML→SAML, with a directory (SCIM)": bare["verify an XML signature"] + bare["sign an XML document"],
            "SAML→OIDC": bare["verify an XML signature"] + bare["sign a JWT (RS256)"],
            "OIDC→OIDC": bare["sign a JWT (RS256)"],
            "second application (SAML, by single sign-on)": bare["sign an XML document"],
        }
        past = scenario(load, "SAML→SAML")
        for _ in range(options.history):
            past()
        figures = {name: _measure(load, name, options, crypto[name]) for name in crypto}
        print(f"\nPeak memory of the worker: {broker.peak_memory_mib():.0f} MiB")
        load.close()
    if options.json:
        options.json.write_text(json.dumps({"bare": bare, "logins": figures}, indent=2))


def _measure(load: Load, name: str, options: argparse.Namespace, bare_ms: float) -> dict[str, float]:
    login: Callable[[], None] = scenario(load, name)
    for _ in range(options.warm):
        login()
    load.broker.count(on=False)
    before, walls = load.broker.cpu_ms(), []
    began = time.perf_counter()
    for _ in range(options.logins):
        at = time.perf_counter()
        login()
        walls.append((time.perf_counter() - at) * 1000)
    elapsed = time.perf_counter() - began
    cpu = (load.broker.cpu_ms() - before) / options.logins
    per = max(20, options.logins // 4)
    load.broker.count(on=True)
    for _ in range(per):
        login()
    counters = load.broker.counters()
    load.broker.count(on=False)
    figures = {
        "cpu_ms": cpu,
        "ratio": cpu / bare_ms,
        "requests": counters["requests"] / per,
        "queries": counters["queries"] / per,
        "p50_ms": statistics.median(walls),
        "p95_ms": sorted(walls)[int(len(walls) * 0.95)],
        "per_second": options.logins / elapsed,
    }
    target = f" (aim {TARGETS[name]})" if name in TARGETS else ""
    print(f"\n{name}: {cpu:.2f} ms of broker CPU per login{target}, {figures['ratio']:.1f} × bare cryptography ({bare_ms:.2f} ms)")
    print(f"  {figures['requests']:.1f} requests, {figures['queries']:.1f} SQL statements per login")
    print(
        f"  wall clock with the partners' own work: p50 {figures['p50_ms']:.1f} ms, p95 {figures['p95_ms']:.1f} ms; {figures['per_second']:.0f} logins/s"
    )
    stages = {key: value for key, value in counters.items() if key.startswith("stage ")}
    for key, value in sorted(stages.items(), key=lambda item: -item[1]):
        print(f"    {key.removeprefix('stage '):40} {value / per:6.2f} ms")
        figures[key] = value / per
    return figures


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
