"""Showing a page of the portal: who visits, where the walk stands, and what the page itself is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request

from broker.domain.errors import ConfigurationError, FetchError, Forbidden, InvalidSetupLink
from broker.domain.http import Page, Redirect
from broker.portal import forms, steps
from broker.portal.face import PortalFace
from broker.portal.forms import Problem
from broker.services.setup_links import Visit
from broker.web.outgoing import respond

Shows = Callable[[Problem | None], Response]


def enter(face: PortalFace) -> None:
    """Before every page: the link works, and is not used too often."""
    token = str((request.view_args or {}).get("token", ""))
    changing = request.method not in {"GET", "HEAD"}
    g.visit = face.setup.visit(token, request.remote_addr or "", changing=changing)
    g.setup_scope = f"/setup/{token}"


def visit() -> Visit:
    found = g.visit
    assert isinstance(found, Visit)
    return found


def scope() -> str:
    """This link's address: it is what the tokens of its forms are bound to."""
    return str(g.setup_scope)


def show(face: PortalFace, template: str, step: str = "", problem: Problem | None = None, **context: Any) -> Response:
    here = visit()
    state = face.setup.state(here)
    held, claims = face.proof.held(here.tenant.id), face.proof.claims(here.tenant.id)
    tested_at = face.tests.tested_at(here.tenant.id, here.connector.id) if here.connector else None
    intake = face.intakes.of(here.tenant.id)
    connector = state.connector
    walk = steps.steps(
        steps.Facts(
            chosen=connector is not None,
            described=intake is not None,
            ready=connector is not None and connector.ready,
            proved=bool(held),
            tested=tested_at is not None,
            on=connector is not None and connector.enabled,
        )
    )
    frame = {
        "branding": here.tenant.branding,
        "state": state,
        "connector": connector,
        "held": held,
        "claims": claims,
        "tested_at": tested_at,
        "intake": intake,
        "walk": walk,
        "here": step,
        "current": steps.current(walk),
        "following": steps.after(walk, step) if step else "",
        "problem": problem,
        "scope": scope(),
    }
    return respond(Page(template, {**frame, **context}, problem.status if problem else 200))


def changed(change: Callable[[], str], page: Shows, place: str, typed: dict[str, str], known: tuple[str, ...] = ()) -> Response:
    """Carries a change out, which says where to go next. What is refused is said at its field, with everything typed there."""
    try:
        following = change()
    except (InvalidSetupLink, Forbidden):
        raise
    except (ConfigurationError, FetchError) as error:
        return page(forms.problem_of(error, place, typed, known))
    return respond(Redirect(f"{scope()}{following}"))
