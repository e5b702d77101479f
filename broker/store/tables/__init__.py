"""The rows and every query on them, one file per aggregate. Importing this package registers all tables on `db.metadata`."""

from broker.store.tables import audit, configuration, identities, keys, sessions, setup_links, traces, transients, trusts

__all__ = ["audit", "configuration", "identities", "keys", "sessions", "setup_links", "traces", "transients", "trusts"]
