"""urn:oid: names of common attributes, from pysaml2's attribute maps (the table that Shibboleth and eduGAIN use)."""

from __future__ import annotations

from saml2.attributemaps import saml_uri

_BY_FRIENDLY_NAME: dict[str, str] = dict(saml_uri.MAP["to"])


def oid_name(friendly_name: str) -> str | None:
    """`mail` → `urn:oid:0.9.2342.19200300.100.1.3`; None when the maps do not know the attribute."""
    return _BY_FRIENDLY_NAME.get(friendly_name)
