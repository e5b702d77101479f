"""The declarative file of the demonstration: what `vestibule apply` reads before the first login."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from broker.demo import oidc_app, oidc_idp, saml_app, saml_idp
from broker.demo.state import StateFiles
from broker.demo.world import World


def federation(world: World, folder: Path) -> dict[str, Any]:
    """The content of the file, as plain data. Makes the keys, secrets and metadata that it refers to in `folder`."""
    files = StateFiles(folder)
    for name in (oidc_idp.CREDENTIAL, oidc_app.CREDENTIAL):
        files.secret(name)
    metadata = files.document("acme-id-metadata.xml", saml_idp.metadata(world, saml_idp.signing_key(files)))
    return {
        "tenants": [
            {"slug": "acme", "name": "Acme Corporation", "domains": ["acme.example"]},
            {"slug": "globex", "name": "Globex Research", "domains": ["globex.example"]},
        ],
        "connectors": [
            {
                "slug": "acme-id",
                "tenant": "acme",
                "type": "saml",
                "name": saml_idp.ACME.title,
                "enabled": True,
                "metadata": {"file": str(metadata)},
            },
            {
                "slug": "globex-login",
                "tenant": "globex",
                "type": "oidc",
                "name": oidc_idp.TITLE,
                "enabled": True,
                "settings": {
                    "issuer": world.oidc_idp,
                    "client_id": oidc_idp.CLIENT_ID,
                    "client_secret": {"file": str(files.secret_path(oidc_idp.CREDENTIAL))},
                },
            },
        ],
        "applications": [
            {
                "slug": "demo-saml-app",
                "name": saml_app.TITLE,
                "protocol": "saml",
                "tenants": "all",
                "settings": {"entity_id": f"{world.saml_app}/metadata", "acs_urls": [f"{world.saml_app}/acs"]},
            },
            {
                "slug": "demo-oidc-app",
                "name": oidc_app.TITLE,
                "protocol": "oidc",
                "tenants": "all",
                "settings": {"client_id": oidc_app.CLIENT_ID, "redirect_uris": [f"{world.oidc_app}/callback"]},
                "client_secrets": [{"file": str(files.secret_path(oidc_app.CREDENTIAL))}],
            },
        ],
    }
