"""Set-up links of a tenant: made and shown once, with words to send along; revoked."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.console.tenants import address
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.letters import setup_link
from broker.services.operations.setup_links import CreateSetupLink, OneSetupLink
from broker.services.operations.tenants import OneTenant
from broker.web import i18n
from broker.web.letters import written

LABEL = Control(
    "label",
    translatable("Who is it for?"),
    help=translatable("A name or address, for your own list. The customer does not see it."),
)
DAYS = Control(
    "days",
    translatable("How many days should it work?"),
    "number",
    "14",
    help=translatable("From 1 to 90. The person can come back as often as they like until then."),
    required=True,
)
RETURN_URL = Control(
    "return_url",
    translatable("Where should its pages lead back to?"),
    "url",
    help=translatable("The page of your own product from which you send the customer here. Leave it empty if there is none."),
)
MAIL_TO = Control(
    "mail_to",
    translatable("Send it to"),
    "email",
    help=translatable("The customer’s administrator. Leave it empty to send the link yourself."),
)
LANGUAGE = Control("language", translatable("Language of the mail"), "choice", "en", choices=tuple(i18n.LANGUAGES.items()))


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/new/setup-link")
    def new_setup_link(tenant: str) -> Response:
        return _new(face, tenant)

    @views.post("/tenants/<tenant>/new/setup-link")
    def create_setup_link(tenant: str) -> Response:
        # The link is in this one answer and nowhere else: neither in an address nor in a cookie.
        return pages.answered(lambda typed: _create(face, tenant, typed), lambda problem: _new(face, tenant, problem))

    @views.post("/tenants/<tenant>/setup-links/<link>/revoke")
    def revoke_setup_link(tenant: str, link: str) -> Response:
        face.run("setup_link.revoke", OneSetupLink(tenant, link))
        return pages.done(f"{address(tenant)}#links", translatable("The link has been revoked: it does not open any more."))


def _new(face: ConsoleFace, slug: str, problem: Problem | None = None) -> Response:
    tenant = face.run("tenant.show", OneTenant(slug))
    door.actor().require(Verb.CONFIGURE, tenant.id)
    mail = (MAIL_TO, LANGUAGE) if face.sends_mail else ()
    form = forms.filled((LABEL, DAYS, RETURN_URL, *mail), problem)
    return pages.show("console/tenants/new_link.html", status=problem.status if problem else 200, tenant=tenant, form=form)


def _create(face: ConsoleFace, slug: str, typed: dict[str, str]) -> Response:
    days = int(forms.read_number(typed.get("days", ""), "days"))
    words = (typed.get("label", "").strip(), typed.get("return_url", ""), typed.get("mail_to", ""), typed.get("language") or "en")
    made = face.run("setup_link.create", CreateSetupLink(slug, days, *words))
    tenant = face.run("tenant.show", OneTenant(slug))
    letter = setup_link(made.url, made.expires_at)
    letters = [(code, name, i18n.translator(code), *written(letter, code)) for code, name in i18n.LANGUAGES.items()]
    return pages.show("console/tenants/link.html", tenant=tenant, made=made, letters=letters)
