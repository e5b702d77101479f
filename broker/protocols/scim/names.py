"""Names that RFC 7643 and RFC 7644 fix, and the one exception of this grammar."""

from __future__ import annotations

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SERVICE_PROVIDER_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

MEDIA_TYPE = "application/scim+json"


class Refused(Exception):
    """What a directory sent cannot be done. `scim_type` is a word of RFC 7644 table 9, "" where the RFC has none.

    `detail` goes to the directory's administrator, and to support: it names attributes, never values.
    """

    def __init__(self, detail: str, *, scim_type: str = "", status: int = 400) -> None:
        super().__init__(detail)
        self.detail = detail
        self.scim_type = scim_type
        self.status = status


def invalid_value(detail: str) -> Refused:
    return Refused(detail, scim_type="invalidValue")


def invalid_syntax(detail: str) -> Refused:
    return Refused(detail, scim_type="invalidSyntax")


def invalid_path(detail: str) -> Refused:
    return Refused(detail, scim_type="invalidPath")


def invalid_filter(detail: str) -> Refused:
    return Refused(detail, scim_type="invalidFilter")
