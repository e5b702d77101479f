"""`/console/tokens`: what programs may do through the management API, and for how long. A secret is shown once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.face import ConsoleFace
from broker.console.pages import Problem
from broker.domain.access_errors import NotSignedIn, ReauthenticationRequired
from broker.domain.errors import ConfigurationError, Forbidden
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.api_tokens import DEFAULT_DAYS, MAX_DAYS
from broker.services.operations.tokens import CreateToken, ListTokens, OneToken

HOME = "/console/tokens"
VERBS = tuple(
    (verb.value, words)
    for verb, words in (
        (Verb.READ, translatable("See settings of tenants, connectors and applications")),
        (Verb.CONFIGURE, translatable("Change them: tenants, domains, connectors, applications, set-up links")),
        (Verb.SET_UP, translatable("Set up connectors and prove domains")),
        (Verb.READ_TRACES, translatable("Read sign-ins, check by check")),
        (Verb.READ_PEOPLE, translatable("See people and usage")),
        (Verb.MANAGE_PEOPLE, translatable("Switch people off, sign them out, unlink them")),
        (Verb.READ_AUDIT, translatable("Read the audit log")),
        (Verb.ADMINISTER, translatable("Everything about staff, tokens and the hub itself: as much as an owner")),
    )
)
KINDS = (
    ("token", translatable("A token"), translatable("The program sends it with every request.")),
    (
        "client",
        translatable("A client id and secret"),
        translatable("The program exchanges them for tokens of an hour (OAuth client credentials)."),
    ),
)
STATES = {"working": translatable("Works"), "expired": translatable("Expired"), "revoked": translatable("Revoked")}
NAMES = {"token": translatable("Token"), "client": translatable("Client")}


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tokens")
    def tokens() -> Response:
        after = pages.asked("after")
        found = face.run("token.list", ListTokens(after))
        return pages.show("console/staff/tokens.html", found=found, first=not after, states=STATES, kinds=NAMES, verbs=dict(VERBS))

    @views.get("/new/token")
    def new_token() -> Response:
        return _new(None)

    @views.post("/new/token")
    def create_token() -> Response:
        typed = pages.fields("verbs")
        try:
            made = face.run("token.create", _asked(typed))
        except (NotSignedIn, ReauthenticationRequired, Forbidden):
            raise
        except ConfigurationError as error:
            return _new(pages.problem_of(error, typed, "name"))
        return pages.show("console/staff/token.html", made=made, name=typed.get("name", ""), kind=typed.get("kind", ""), here=HOME)

    @views.post("/tokens/<token>/revoke")
    def revoke_token(token: str) -> Response:
        face.run("token.revoke", OneToken(token))
        return pages.done(HOME, translatable("Revoked. It opens nothing any more."))


def _asked(typed: dict[str, str]) -> CreateToken:
    """Raises InvalidSettings."""
    return CreateToken(
        name=typed.get("name", ""),
        verbs=tuple(typed.get("verbs", "").split()),
        kind=typed.get("kind", ""),
        only_tenant=typed.get("only_tenant", "").strip(),
        days=int(forms.read_number(typed.get("days", ""), "days")),
    )


def _new(problem: Problem | None) -> Response:
    door.actor().require(Verb.ADMINISTER, None)
    typed: dict[str, Any] = dict(problem.typed) if problem else {"kind": "token", "days": str(DEFAULT_DAYS)}
    chosen = set(str(typed.get("verbs", "")).split())
    context: dict[str, Any] = {"verbs": VERBS, "kinds": KINDS, "typed": typed, "chosen": chosen, "most": MAX_DAYS}
    status = problem.status if problem else 200
    return pages.show("console/staff/new_token.html", status=status, problem=problem, here=HOME, **context)
