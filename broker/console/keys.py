"""Keys: of the hub (`/console/keys`), of a tenant and of an application, each with its life line and what can be done with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response

from broker.console import door, forms, key_lines, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.settings_form import ACCEPT_FIRST
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.applications import OneApplication
from broker.services.operations.keys import (
    AnnounceKey,
    BringKey,
    EndOwnKeys,
    ListKeys,
    ListOwnKeys,
    OneOwner,
    PromoteKey,
    RetireKey,
    RevokeKey,
    SaveRollover,
    ShowRollover,
)
from broker.services.operations.tenants import OneTenant
from broker.services.signing_keys import BREAKS

HOME = "/console/keys"
HUB = "hub"
USES = {
    "oidc_signing": translatable("ID tokens (OpenID Connect)"),
    "saml_signing": translatable("SAML signatures"),
    "saml_encryption": translatable("SAML encryption"),
}
STATES = {
    "next": translatable("Announced"),
    "active": translatable("Signs"),
    "retiring": translatable("Retiring"),
    "revoked": translatable("Revoked"),
}
STANDINGS = {
    "hub": translatable("The hub’s keys sign here."),
    "starting": translatable("Its own keys are announced; the hub’s sign until you let them."),
    "own": translatable("Its own keys sign here. Whoever trusts these trusts nothing else of the hub."),
    "leaving": translatable("The hub’s keys are announced beside its own, which sign until partners know those."),
    "ended": translatable("The hub’s keys sign here again. Its own stay published until the last of what they signed has expired."),
}
PRIVATE_KEY = Control(
    "private_key",
    translatable("Private key (PEM)"),
    kind="area",
    help=translatable("RSA of at least 2048 bits, or P-256 for ID tokens; without a passphrase. Nobody can read it back."),
    required=True,
)
CERTIFICATE = Control(
    "certificate",
    translatable("Certificate (PEM)"),
    kind="area",
    help=translatable("Leave it empty and the key gets a self-signed one, as usual in SAML."),
)
SCHEDULE = (
    Control(
        "oidc_every_days",
        translatable("A new key for ID tokens every … days"),
        kind="number",
        help=translatable("0: only people do it. Applications fetch new keys by themselves, so the clock may."),
    ),
    Control("oidc_wait_hours", translatable("Hours from its announcement until it signs"), kind="number"),
    Control(
        "saml_every_days",
        translatable("New SAML keys every … days"),
        kind="number",
        risk=translatable("partners who entered our certificate by hand are locked out when it changes by itself"),
        help=translatable("0: only people do it, after telling partners. This is the default."),
    ),
    Control("saml_wait_days", translatable("Days from their announcement until they sign"), kind="number"),
    Control("saml_keep_days", translatable("Days that the ones before stay published"), kind="number"),
)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/keys")
    def keys() -> Response:
        return _page(face, HUB)

    @views.get("/tenants/<tenant>/keys")
    def tenant_keys(tenant: str) -> Response:
        return _page(face, f"tenant:{tenant}")

    @views.get("/applications/<application>/keys")
    def application_keys(application: str) -> Response:
        return _page(face, f"application:{application}")

    @views.post("/own-keys/begin")
    def begin_own_keys() -> Response:
        return _changed(face, _begin_own)

    @views.post("/own-keys/end")
    def end_own_keys() -> Response:
        return _changed(face, _end_own)

    _life(views, face)
    _choices(views, face)


def _life(views: Blueprint, face: ConsoleFace) -> None:
    @views.post("/keys/announce")
    def announce_key() -> Response:
        return _changed(face, _announce)

    @views.post("/keys/<key>/promote")
    def promote_key(key: str) -> Response:
        return _changed(face, lambda face, typed: _promote(face, key, typed))

    @views.post("/keys/<key>/retire")
    def retire_key(key: str) -> Response:
        return _changed(face, lambda face, typed: _retire(face, key, typed))

    @views.post("/keys/<key>/revoke")
    def revoke_key(key: str) -> Response:
        return _changed(face, lambda face, typed: _revoke(face, key, typed))


def _choices(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/keys/bring")
    def bring_key() -> Response:
        door.actor().require(Verb.CONFIGURE, None)
        return _bring_page(pages.asked("owner"), pages.asked("use"))

    @views.post("/keys/bring")
    def save_brought_key() -> Response:
        return pages.changed(
            lambda typed: _bring(face, typed),
            lambda problem: _bring_page(problem.typed.get("owner", ""), problem.typed.get("use", ""), problem),
        )

    @views.get("/keys/rollover")
    def rollover() -> Response:
        return _rollover_page(face)

    @views.post("/keys/rollover")
    def save_rollover() -> Response:
        return pages.changed(lambda typed: _save_rollover(face, typed), lambda problem: _rollover_page(face, problem))


def address(owner: str) -> str:
    kind, _, slug = owner.partition(":")
    return HOME if kind == HUB or not slug else f"/console/{kind}s/{quote(slug, safe='')}/keys"


def _page(face: ConsoleFace, owner: str, problem: Problem | None = None) -> Response:
    kind, _, slug = owner.partition(":")
    if kind != "tenant":
        door.actor().require(Verb.READ, None)
    found = face.run("key.list", ListKeys(owner))
    context: dict[str, Any] = {
        "standing": None,
        "owners": None,
        "rollover": None,
        "owner": owner,
        "kinds": key_lines.kinds(found.items, door.now()),
        "uses": USES,
        "states": STATES,
        "breaks": {use.value: words for use, words in BREAKS.items()},
        "standings": STANDINGS,
        "tenant": face.run("tenant.show", OneTenant(slug)) if kind == "tenant" else None,
        "application": face.run("application.show", OneApplication(slug)) if kind == "application" else None,
        "problem": problem,
    }
    if door.actor().tenant_id is None:
        if owner == HUB:
            context["owners"] = face.run("own_keys.list", ListOwnKeys(pages.asked("after")))
            context["rollover"] = face.run("key.rollover", ShowRollover())
        else:
            context["standing"] = face.run("own_keys.show", OneOwner(owner))
    return pages.show("console/keys/overview.html", status=problem.status if problem else 200, **context)


def _changed(face: ConsoleFace, change: Any) -> Response:
    """Every form says whose page it stands on; that is where its problem is told."""

    def again(problem: Problem) -> Response:
        return _page(face, problem.typed.get("owner") or HUB, problem)

    return pages.changed(lambda typed: (address(typed.get("owner", HUB)), change(face, typed)), again)


def _announce(face: ConsoleFace, typed: dict[str, str]) -> str:
    face.run("key.announce", AnnounceKey(typed.get("owner", ""), typed.get("use", ""), typed.get("algorithm") or "RS256"))
    return translatable("The next key is announced. It signs nothing until partners have had the time to learn of it.")


def _promote(face: ConsoleFace, key: str, typed: dict[str, str]) -> str:
    face.run("key.promote", PromoteKey(key, before_partners_know=bool(typed.get("before_partners_know"))))
    return translatable("This key signs from now on. The one before it stays published for a while.")


def _retire(face: ConsoleFace, key: str, typed: dict[str, str]) -> str:
    face.run("key.retire", RetireKey(key, while_still_trusted=bool(typed.get("while_still_trusted"))))
    return translatable("The key has been ended, and is published no more.")


def _revoke(face: ConsoleFace, key: str, typed: dict[str, str]) -> str:
    face.run("key.revoke", RevokeKey(key, break_trust=bool(typed.get("break_trust"))))
    return translatable("Revoked. Another key signs in its place; tell the partners who entered the certificate by hand.")


def _begin_own(face: ConsoleFace, typed: dict[str, str]) -> str:
    face.run("own_keys.begin", OneOwner(typed.get("owner", "")))
    return translatable("Its own keys are announced. Let them sign when partners have read them.")


def _end_own(face: ConsoleFace, typed: dict[str, str]) -> str:
    asked = EndOwnKeys(typed.get("owner", ""), before_partners_know=bool(typed.get("before_partners_know")))
    found = face.run("own_keys.end", asked)
    if found.state == "leaving":
        return translatable("The hub’s keys are announced here. They sign again when partners have had the time to learn of them.")
    return translatable("The hub’s keys sign here again.")


def _bring_page(owner: str, use: str, problem: Problem | None = None) -> Response:
    form = forms.filled((PRIVATE_KEY, CERTIFICATE), None if problem is None else _without_key(problem))
    context: dict[str, Any] = {"owner": owner or HUB, "use": use, "uses": USES, "form": form, "here": HOME, "problem": problem}
    return pages.show("console/keys/bring.html", status=problem.status if problem else 200, back=address(owner), **context)


def _without_key(problem: Problem) -> Problem:
    """A private key is never shown again, not even to whoever just typed it."""
    typed = {name: value for name, value in problem.typed.items() if name != PRIVATE_KEY.name}
    return Problem(problem.field, problem.sentence, problem.status, typed, problem.code)


def _bring(face: ConsoleFace, typed: dict[str, str]) -> tuple[str, str]:
    owner, use = typed.get("owner", ""), typed.get("use", "")
    face.run("key.bring", BringKey(owner, use, typed.get("private_key", ""), typed.get("certificate", "")))
    return address(owner), translatable(
        "The next key is announced. It signs nothing until partners have had the time to learn of it."
    )


def _rollover_page(face: ConsoleFace, problem: Problem | None = None) -> Response:
    door.actor().require(Verb.ADMINISTER, None)
    stored = face.run("key.rollover", ShowRollover())
    controls = tuple(
        forms.storing(control, str(getattr(stored, control.name)), accepted=bool(control.risk and getattr(stored, control.name)))
        for control in SCHEDULE
    )
    form = forms.filled(controls, problem)
    return pages.show("console/keys/rollover.html", status=problem.status if problem else 200, form=form, here=HOME)


def _save_rollover(face: ConsoleFace, typed: dict[str, str]) -> tuple[str, str]:
    values = {control.name: int(forms.read_number(typed.get(control.name, ""), control.name)) for control in SCHEDULE}
    if values["saml_every_days"] and "risk-saml_every_days" not in typed:
        raise InvalidSettings(ACCEPT_FIRST, field="saml_every_days")
    face.run("key.set_rollover", SaveRollover(**values))
    return HOME, translatable("Saved. Keys are rolled by these rules from now on.")
