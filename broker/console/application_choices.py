"""Which tenants and connectors an application may have: boxes to tick while there are few, names to type when there are many."""

from __future__ import annotations

from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.domain.messages import translatable
from broker.services.operations.application_views import ApplicationView
from broker.services.operations.connectors import ListConnectors
from broker.services.operations.tenants import ListTenants, TenantView

ALL, THESE = "all", "these"
FEW_TENANTS = 24
"""More boxes than this nobody reads, and each asks for the connectors of its tenant."""


def tenant_controls(face: ConsoleFace, found: ApplicationView) -> tuple[Control, Control]:
    serve = Control(
        "serve",
        translatable("Which tenants may use it?"),
        "radio",
        ALL if found.tenants is None else THESE,
        choices=((ALL, translatable("Every tenant")), (THESE, translatable("Only these"))),
    )
    stored, known = "\n".join(found.tenants or ()), few_tenants(face)
    if known is not None:
        choices = tuple((tenant.slug, tenant.name) for tenant in known)
        return serve, Control("tenants", translatable("Tenants"), "several", stored, choices=choices)
    hint = translatable("Short names of tenants, one a line.")
    return serve, Control("tenants", translatable("Tenants"), "lines", stored, help=hint)


def connector_controls(face: ConsoleFace, found: ApplicationView) -> tuple[Control, Control, Control]:
    """Ways of signing in: what people may choose from, and where an identity provider that begins by itself leads."""
    through = Control(
        "through",
        translatable("By which ways may people sign in?"),
        "radio",
        ALL if found.connectors is None else THESE,
        choices=((ALL, translatable("Every connector of their tenant")), (THESE, translatable("Only these"))),
    )
    label = translatable("Default connector")
    hint = translatable("For sign-ins that the identity provider begins. Empty: none.")
    stored, known = "\n".join(found.connectors or ()), _few_connectors(face, found)
    if known is None:
        names = translatable("Written as tenant/connector, one a line.")
        lines = Control("connectors", translatable("Connectors"), "lines", stored, help=names)
        return through, lines, Control("default_connector", label, stored=found.default_connector or "", help=hint)
    boxes = Control("connectors", translatable("Connectors"), "several", stored, choices=known)
    choices = (("", "–"), *((value, value) for value, _ in known))
    return through, boxes, Control("default_connector", label, "choice", found.default_connector or "", hint, choices=choices)


def few_tenants(face: ConsoleFace) -> tuple[TenantView, ...] | None:
    """None when there are too many to show."""
    page = face.run("tenant.list", ListTenants(limit=FEW_TENANTS))
    items: tuple[TenantView, ...] = page.items
    return None if page.next else items


def _few_connectors(face: ConsoleFace, found: ApplicationView) -> tuple[tuple[str, str], ...] | None:
    """(tenant/connector, what people call it) of every tenant that it may serve."""
    owners = found.tenants
    if owners is None:
        tenants = few_tenants(face)
        owners = None if tenants is None else tuple(tenant.slug for tenant in tenants)
    if owners is None or len(owners) > FEW_TENANTS:
        return None
    return tuple(
        (f"{owner}/{connector.slug}", f"{connector.name} ({owner})")
        for owner in owners
        for connector in face.run("connector.list", ListConnectors(owner, limit=200)).items
    )
