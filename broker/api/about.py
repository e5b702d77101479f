"""What the description says beside the operations: the API's own addresses, common parameters, problems, examples."""

from __future__ import annotations

from typing import Any

from broker.services.operations import Operation, Page

INTRODUCTION = """\
Everything that the console shows or changes, for scripts.

**Who you are.** Send `Authorization: Bearer vst_…` with a token that an owner made (`vestibule token create`), or exchange a
client's id and secret for a short-lived token at `/token`. Both are confined to verbs and, if wanted, to one tenant.

**Lists** come in pages: follow the `Link` header with `rel="next"`, or send `next` of the body as `after`.

**Changes** say only what changes; what is not named stays as it is. `ETag` is the version of what is shown: send it back as
`If-Match`, and nobody's change is overwritten. With an `Idempotency-Key`, a POST that is sent twice happens once.

**Errors** are `application/problem+json`; their `code` is stable, `detail` is a sentence, `field` says where.
"""

IF_MATCH: dict[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "Change it only while it has this version: the ETag as it was shown, or * for any.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH: dict[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "* : only make it, if there is none yet.",
    "schema": {"type": "string", "enum": ["*"]},
}
IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Any text of your own: the same request with the same key is done once within 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Address of the error's entry."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, as a sentence."},
        "code": {"type": "string", "description": "Stable name of the error."},
        "reference": {"type": "string", "description": "Finds this refusal in the hub's log."},
        "field": {"type": "string", "description": "Where in the request."},
    },
    "required": ["type", "title", "status", "detail", "code", "reference"],
}

SCHEMAS: dict[str, Any] = {
    "Problem": _PROBLEM,
    "AccessToken": {
        "type": "object",
        "properties": {
            "access_token": {"type": "string"},
            "token_type": {"type": "string"},
            "expires_in": {"type": "integer"},
            "scope": {"type": "string"},
        },
        "required": ["access_token", "token_type", "expires_in", "scope"],
    },
    "OAuthError": {
        "type": "object",
        "description": "RFC 6749 5.2.",
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        "required": ["error"],
    },
    "ErrorEntry": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "status": {"type": "integer"},
            "sentence": {"type": "string"},
            "who_can_act": {"type": "string"},
            "what_to_do": {"type": "string"},
        },
        "required": ["code", "status", "sentence", "who_can_act", "what_to_do"],
    },
}


def _json(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


PATHS: dict[str, Any] = {
    "/token": {
        "post": {
            "operationId": "access_token",
            "tags": ["access"],
            "summary": "A client's id and secret, as HTTP Basic, for a short-lived token (RFC 6749 4.4)",
            "security": [{"basic": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "grant_type": {"type": "string", "const": "client_credentials"},
                                "scope": {"type": "string", "description": "Verbs, with spaces between; default: all it has."},
                            },
                            "required": ["grant_type"],
                        }
                    }
                },
            },
            "responses": {
                "200": _json("The token.", "AccessToken"),
                "400": _json("What was asked for cannot be given.", "OAuthError"),
                "401": _json("The client is not known by this secret.", "OAuthError"),
                "429": {"$ref": "#/components/responses/Problem429"},
            },
        }
    },
    "/errors/{code}": {
        "get": {
            "operationId": "error_entry",
            "tags": ["access"],
            "summary": "What an error code means",
            "security": [],
            "parameters": [
                {"name": "code", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"}}
            ],
            "responses": {
                "200": _json("Its entry.", "ErrorEntry"),
                "404": {"$ref": "#/components/responses/Problem404"},
            },
        }
    },
}


def headers_of(operation: Operation) -> dict[str, Any]:
    """Of a list: where it goes on. Of one thing: its version."""
    if getattr(operation.output, "__origin__", None) is Page:
        return {"Link": {"description": 'The next page, rel="next".', "schema": {"type": "string"}}}
    return {"ETag": {"description": "Its version.", "schema": {"type": "string"}}}


EXAMPLES: dict[str, Any] = {
    "tenant.save": {"name": "Acme"},
    "domain.vouch": {"connectors": ["adfs"]},
    "connector.save": {"type": "adfs", "metadata_url": "https://fs.acme.example/FederationMetadata/2007-06/FederationMetadata.xml"},
    "application.save": {"protocol": "oidc", "tenants": ["acme"], "settings": {"redirect_uris": ["https://wiki.example/callback"]}},
    "setup_link.create": {"label": "Ada at Acme", "days": 14},
    "token.create": {"name": "terraform", "verbs": ["configure"], "days": 90},
}
