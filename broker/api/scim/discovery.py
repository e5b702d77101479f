"""What this server can do, for directories that ask (RFC 7644 4)."""

from __future__ import annotations

from typing import Any

from broker.api.scim.wanted import MAX_COUNT
from broker.protocols.scim import names
from broker.protocols.scim.names import Refused
from broker.protocols.scim.schema import SCHEMAS


def configuration(base: str, documentation: str) -> dict[str, Any]:
    """RFC 7643 5."""
    return {
        "schemas": [names.SERVICE_PROVIDER_CONFIG],
        "documentationUri": documentation,
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_COUNT},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token that was made for this connector, in the Authorization header.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def resource_types(base: str) -> list[dict[str, Any]]:
    """RFC 7643 6."""
    user = _type(base, "User", "/Users", "A person of the directory.", names.USER)
    user["schemaExtensions"] = [{"schema": names.ENTERPRISE_USER, "required": False}]
    return [user, _type(base, "Group", "/Groups", "A group of people.", names.GROUP)]


def _type(base: str, name: str, endpoint: str, description: str, schema: str) -> dict[str, Any]:
    return {
        "schemas": [names.RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": endpoint,
        "description": description,
        "schema": schema,
        "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
    }


def schemas(base: str) -> list[dict[str, Any]]:
    """RFC 7643 7."""
    return [
        {
            "schemas": [names.SCHEMA],
            "id": urn,
            "name": name,
            "description": description,
            "attributes": [each.document() for each in attributes],
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{urn}"},
        }
        for urn, (name, description, attributes) in SCHEMAS.items()
    ]


def one(listed: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    """Raises Refused."""
    found = next((each for each in listed if each["id"].lower() == wanted.lower()), None)
    if found is None:
        raise Refused("There is none of this name.", status=404)
    return found
