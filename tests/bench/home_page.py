"""`.venv/bin/python -m tests.bench.home_page`: the console's first page over many busy tenants, CPU of this process.

Every tenant signs in and fails in every hour of the last day; the hours have been folded, as they are in life.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, select

from broker.services.operations.federation import ShowFederation
from broker.services.operations.usage import ShowStatistics
from broker.store.tables import login_counts, login_rollups
from broker.store.tables.statistics import login_hours
from broker.store.tables.trusts import connectors
from tests.bench.filling import fill
from tests.support.hub import ME, Hub

HOURS = range(2, 26)
ROUNDS = 5
ASKED = {"federation.show": ShowFederation(24), "statistics.show": ShowStatistics()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.home_page")
    parser.add_argument("--tenants", type=int, default=10_000, help="tenants with a connector each, all of them busy")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Hub(Path(folder)) as hub:
        fill(hub.built, options.tenants)
        _sign_in_all_day(hub)
        began = time.process_time()
        hub.built.services.statistics.fold()
        print(f"{options.tenants} busy tenants; bringing the sums up to date took {time.process_time() - began:.2f} s of CPU")
        for name, asked in ASKED.items():
            hub.built.operations.run(ME, name, asked)
            began = time.process_time()
            for _ in range(ROUNDS):
                hub.built.operations.run(ME, name, asked)
            print(f"  {name:20} {1000 * (time.process_time() - began) / ROUNDS:7.1f} ms of CPU")


def _sign_in_all_day(hub: Hub) -> None:
    application_id, now = hub.saml_app().application_id, hub.clock.now().replace(minute=0, second=0, microsecond=0)
    with hub.built.database.unit_of_work() as connection:
        known = [(row.id, row.tenant_id) for row in connection.execute(select(connectors.c.id, connectors.c.tenant_id))]
        for hour in (now - timedelta(hours=number) for number in HOURS):
            values = []
            for number, (connector_id, tenant_id) in enumerate(known):
                of = {"hour": hour, "tenant_id": tenant_id, "application_id": application_id, "connector_id": connector_id}
                values.append({**of, "outcome": "succeeded", "error_code": "", "count": 3 + number % 7})
                values.append({**of, "outcome": "failed", "error_code": "invalid_upstream_response", "count": 1})
            login_rollups.forget(connection, hour)
            connection.execute(insert(login_hours), values)
            login_rollups.fold(connection, hour)
        login_counts.mark(connection, now - timedelta(hours=1))


if __name__ == "__main__":
    main()
