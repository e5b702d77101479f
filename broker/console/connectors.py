"""Connectors of a tenant: a new one, its page, its metadata (understood before it is saved), on, off, and its end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import certificates, door, forms, metadata_form, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control, Form
from broker.console.labels import label_of
from broker.console.pages import Problem
from broker.console.tenants import CONFIRM, DOES_NOT_MATCH, address, slug_of
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.connector_views import ConnectorTypeView, ConnectorView, PreviewView
from broker.services.operations.connectors import ChangeConnector, DraftConnector, NoChoice, OneConnector, PreviewConnector
from broker.services.operations.health import ListHealth
from broker.services.operations.provisioning import OneDirectory
from broker.services.operations.tenants import OneTenant

TYPE = Control("type", translatable("Which system does the customer use?"), required=True)
NAME = Control(
    "name",
    translatable("Name"),
    help=translatable("People see it where they choose how to sign in. Empty: the name of the tenant."),
)
SLUG = Control(
    "connector",
    translatable("Short name"),
    help=translatable("Unique within the tenant; stays for ever. Empty: made from the kind."),
)
CHOOSE = translatable("Choose one of the systems in the list.")


def place(tenant: str, connector: str, *more: str) -> str:
    return address(tenant, "connectors", connector, *more)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/new/connector")
    def new_connector(tenant: str) -> Response:
        return _new(face, tenant)

    @views.post("/tenants/<tenant>/new/connector")
    def create_connector(tenant: str) -> Response:
        return pages.changed(lambda typed: _create(face, tenant, typed), lambda problem: _new(face, tenant, problem), place="type")

    @views.get("/tenants/<tenant>/connectors/<connector>")
    def connector(tenant: str, connector: str) -> Response:
        return one(face, tenant, connector)

    @views.post("/tenants/<tenant>/connectors/<connector>/metadata")
    def connector_metadata(tenant: str, connector: str) -> Response:
        return pages.answered(
            lambda typed: _preview(face, tenant, connector, typed),
            lambda problem: one(face, tenant, connector, problem),
            place=metadata_form.URL.name,
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/metadata/save")
    def save_connector_metadata(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _save_metadata(face, tenant, connector, typed),
            lambda problem: one(face, tenant, connector, problem),
            place=metadata_form.URL.name,
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/enable")
    def enable_connector(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda _: _switch(face, tenant, connector, on=True), lambda problem: one(face, tenant, connector, problem)
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/disable")
    def disable_connector(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda _: _switch(face, tenant, connector, on=False), lambda problem: one(face, tenant, connector, problem)
        )

    @views.post("/tenants/<tenant>/connectors/<connector>/delete")
    def delete_connector(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _delete(face, tenant, connector, typed), lambda problem: one(face, tenant, connector, problem)
        )


def types(face: ConsoleFace) -> dict[str, ConnectorTypeView]:
    return {kind.name: kind for kind in face.run("connector.types", NoChoice()).items}


# --- a new one ----------------------------------------------------------------------------------------------------------


def _new(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    tenant = face.run("tenant.show", OneTenant(slug))
    door.actor().require(Verb.SET_UP, tenant.id)
    form = forms.filled((TYPE, NAME, SLUG), problem)
    # Listed last: whoever uses a known product should find it by its name.
    kinds = sorted(types(face).values(), key=lambda kind: kind.name in {"saml", "oidc"})
    status = problem.status if problem else 200
    return pages.show("console/connectors/new.html", status=status, tenant=tenant, form=form, kinds=kinds)


def _create(face: ConsoleFace, tenant: str, typed: dict[str, str]) -> tuple[str, str]:
    kind = typed.get("type", "")
    if kind not in types(face):
        raise InvalidSettings(CHOOSE, field="type")
    slug = typed.get("connector", "").strip().lower() or slug_of(typed.get("name", "")) or kind
    made = face.run("connector.draft", DraftConnector(tenant, kind, slug, typed.get("name", "").strip()))
    return place(tenant, made.slug), translatable("The connector has been made. It is off until it knows the identity provider.")


# --- its page -----------------------------------------------------------------------------------------------------------


def one(face: ConsoleFace, tenant: str, connector: str, problem: Problem | None = None) -> Response:
    found: ConnectorView = face.run("connector.show", OneConnector(tenant, connector))
    deleting = problem is not None and problem.field == CONFIRM.name
    context: dict[str, Any] = {
        "tenant": face.run("tenant.show", OneTenant(tenant)),
        "connector": found,
        "kind": types(face).get(found.type),
        "health": next((each for each in face.run("health.list", ListHealth(tenant)).items if each.connector == connector), None),
        "directory": face.run("provisioning.show", OneDirectory(tenant, connector)),
        "sheet": face.run("connector.sheet", OneConnector(tenant, connector)) if found.protocol else None,
        "certificates": certificates.timeline(found.settings.get("signing_certificates", ()), door.now()),
        "form": _metadata_form(None if deleting else problem),
        "danger": forms.filled((CONFIRM,), problem if deleting else None),
    }
    return pages.show("console/connectors/overview.html", status=problem.status if problem else 200, **context)


def _metadata_form(problem: Problem | None) -> Form:
    return forms.filled((metadata_form.TEXT, metadata_form.URL), problem)


# --- metadata -----------------------------------------------------------------------------------------------------------


def _preview(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> Response:
    """What would be saved, in words, before anything is."""
    given = metadata_form.given(typed)
    now: ConnectorView = face.run("connector.show", OneConnector(tenant, connector))
    then: PreviewView = face.run("connector.preview", PreviewConnector(tenant, connector, **given))
    context = {
        "tenant": face.run("tenant.show", OneTenant(tenant)),
        "connector": now,
        "preview": then,
        "changes": _changes(now.settings, then.settings) if now.ready else (),
        "given": given,
    }
    return pages.show("console/connectors/preview.html", **context)


def _changes(now: dict[str, Any], then: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (label_of(name), shown(now.get(name)), shown(value))
        for name, value in then.items()
        if shown(now.get(name)) != shown(value)
    ]


def shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(str(each) for each in value)
    return "" if value is None else str(value)


def _save_metadata(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    given = metadata_form.given(typed)
    face.run("connector.save", ChangeConnector(tenant, connector, **given, expected_version=forms.read_version(typed)))
    return place(tenant, connector), translatable("Saved. We now know this identity provider.")


# --- on, off, gone ------------------------------------------------------------------------------------------------------


def _switch(face: ConsoleFace, tenant: str, connector: str, *, on: bool) -> tuple[str, str]:
    face.run("connector.enable" if on else "connector.disable", OneConnector(tenant, connector))
    said = translatable("Switched on. People can sign in through it now.") if on else translatable("Switched off.")
    return place(tenant, connector), said


def _delete(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    if typed.get(CONFIRM.name, "").strip() != connector:
        raise InvalidSettings(DOES_NOT_MATCH, field=CONFIRM.name)
    face.run("connector.delete", OneConnector(tenant, connector))
    return address(tenant), translatable("The connector has been deleted.")
