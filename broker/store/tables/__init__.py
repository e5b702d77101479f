"""The rows and every query on them, one file per aggregate. Importing this package registers all tables on `db.metadata`."""

from broker.store.tables import (
    api_tokens,
    audit,
    brand_images,
    configuration,
    domain_claims,
    hub_settings,
    identities,
    keys,
    reach,
    sessions,
    setup_links,
    staff,
    statistics,
    traces,
    transients,
    trusts,
)

__all__ = [
    "api_tokens",
    "audit",
    "brand_images",
    "configuration",
    "domain_claims",
    "hub_settings",
    "identities",
    "keys",
    "reach",
    "sessions",
    "setup_links",
    "staff",
    "statistics",
    "traces",
    "transients",
    "trusts",
]
