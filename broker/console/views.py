"""The blueprint of the console: the door, then the pages of each area."""

from __future__ import annotations

from flask import Blueprint

from broker.console import (
    application_page,
    application_settings,
    applications,
    audit,
    branding,
    confirm,
    connector_settings,
    connector_sign_in,
    connectors,
    domains,
    door,
    errors,
    explain,
    following,
    home,
    hosts,
    intake,
    keys,
    login_tests,
    me,
    people,
    provisioning,
    reach,
    search,
    setup_links,
    sign_in,
    sign_ins,
    staff,
    tenant_page,
    tenants,
    tokens,
    usage,
    welcome,
)
from broker.console.face import ConsoleFace
from broker.domain.clock import Clock

AREAS = (
    sign_in.routes,
    welcome.routes,
    confirm.routes,
    connector_sign_in.routes,
    home.routes,
    tenants.routes,
    tenant_page.routes,
    people.routes,
    reach.routes,
    provisioning.routes,
    setup_links.routes,
    intake.routes,
    search.routes,
    connectors.routes,
    connector_settings.routes,
    login_tests.routes,
    domains.routes,
    hosts.routes,
    applications.routes,
    application_page.routes,
    application_settings.routes,
    me.routes,
    staff.routes,
    tokens.routes,
    branding.routes,
    sign_ins.routes,
    explain.routes,
    following.routes,
    audit.routes,
    usage.routes,
    keys.routes,
    errors.routes,
)


def blueprint(face: ConsoleFace, clock: Clock) -> Blueprint:
    views = Blueprint("console", __name__, url_prefix="/console")
    door.install(views, face.staff, clock)
    for routes in AREAS:
        routes(views, face)
    return views
