"""Settings of a connector, as the form that its settings dataclass makes; its name, guests and own claim rules."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, forms, pages, settings_form
from broker.console.connectors import place, types
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.connector_views import ConnectorView
from broker.services.operations.connectors import ChangeConnector, OneConnector
from broker.services.operations.tenants import OneTenant

NAME = Control(
    "name",
    translatable("Name"),
    help=translatable("People see it where they choose how to sign in."),
    required=True,
)
GUESTS = Control(
    "admits_guests",
    translatable("Admit guests"),
    "check",
    help=translatable("People whose email address is outside the tenant’s domains, or who have none."),
    risk=translatable("Whoever this provider names gets in; their address is not verified, and nobody is matched by it."),
)
OWN_RULES = Control(
    "own_rules",
    translatable("This connector has claim rules of its own"),
    "check",
    help=translatable("Otherwise those of its tenant hold."),
)
RULES = Control("acceptance_rules", translatable("Acceptance rules (JSON)"), "code")
SAVED = translatable("Saved. It holds from the next request on.")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/connectors/<connector>/settings")
    def connector_settings(tenant: str, connector: str) -> Response:
        return _page(face, tenant, connector)

    @views.post("/tenants/<tenant>/connectors/<connector>/settings")
    def save_connector_settings(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _save_settings(face, tenant, connector, typed),
            lambda problem: _page(face, tenant, connector, settings=problem),
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/general")
    def save_connector(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _save_general(face, tenant, connector, typed),
            lambda problem: _page(face, tenant, connector, general=problem),
        )


def _page(
    face: ConsoleFace, tenant: str, connector: str, *, settings: Problem | None = None, general: Problem | None = None
) -> Response:
    owner = face.run("tenant.show", OneTenant(tenant))
    door.actor().require(Verb.SET_UP, owner.id)
    found: ConnectorView = face.run("connector.show", OneConnector(tenant, connector))
    kind = types(face).get(found.type)
    problem = settings or general
    return pages.show(
        "console/connectors/settings.html",
        status=problem.status if problem else 200,
        tenant=owner,
        connector=found,
        kind=kind,
        settings=settings_form.made(kind.settings if kind else (), found.settings, found.secrets, settings),
        general=forms.filled(_general(found), general),
    )


def _general(found: ConnectorView) -> tuple[Control, ...]:
    rules = found.acceptance_rules
    return (
        forms.storing(NAME, found.name),
        forms.storing(GUESTS, "yes" if found.admits_guests else "", accepted=found.admits_guests),
        forms.storing(OWN_RULES, "" if rules is None else "yes"),
        forms.storing(RULES, forms.shown_rules(rules or ())),
    )


def _save_settings(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    found: ConnectorView = face.run("connector.show", OneConnector(tenant, connector))
    kind = types(face)[found.type]
    given = settings_form.read(kind.settings, typed)
    face.run("connector.save", ChangeConnector(tenant, connector, settings=given, expected_version=forms.read_version(typed)))
    return place(tenant, connector), SAVED


def _save_general(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    if GUESTS.name in typed and f"risk-{GUESTS.name}" not in typed:
        raise InvalidSettings(settings_form.ACCEPT_FIRST, field=GUESTS.name)
    change = ChangeConnector(
        tenant,
        connector,
        name=typed.get("name", ""),
        admits_guests=GUESTS.name in typed,
        acceptance_rules=forms.read_rules(typed.get(RULES.name, ""), RULES.name) if OWN_RULES.name in typed else None,
        expected_version=forms.read_version(typed),
    )
    face.run("connector.save", change)
    return place(tenant, connector, "settings"), SAVED
