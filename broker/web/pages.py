"""Templates with translations, and the page that every error becomes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from flask import has_request_context, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from broker.domain.errors import Act, BrokerError, CompletedTransaction, ConfigurationError, TransactionError
from broker.domain.http import Cookie, Failure, Page, Pairs
from broker.web import brand, here, i18n, security
from broker.web.brand import brand_of
from broker.web.http import COOKIE_PREFIX, lenient_query

STATIC = Path(__file__).resolve().parent.parent / "static"

TITLES = (
    "You are signed in already",
    "Page not found",
    "Something went wrong",
    "This page cannot be used",
    "We could not sign you in",
)
OWN_PAGES = frozenset({"your account"})
"""Names of applications that are pages of the hub itself: the only ones that have a translation."""

_DATES = {"en": "en_GB", "fr": "fr_FR"}
_HARMLESS_PARAMETERS = {"lang", "other", "tenant", "search", "after", "q"}
"""Protocol messages are not sent twice for the sake of a language."""

ADVICE = {
    Act.USER: "Go back to the application and sign in again. If it happens once more, send the reference code to your IT team.",
    Act.CUSTOMER_IT: "Your organisation’s IT team can put this right. Send them the reference code; it tells them where to look.",
    Act.APPLICATION_OWNER: "Whoever runs the application can put this right. Send them the reference code.",
    Act.OPERATOR: "We can put this right. Send the reference code to the support of the application that you wanted to use.",
}
ADVICE_BY_CODE = {
    "not_found": "Check the address, or start from the application that you want to use.",
    "wrong_method": "Go back to the application and start again from there.",
    "unknown_domain": "Go back, check the address for typing mistakes, or use the one that your organisation gave you.",
    "invalid_setup_link": "Links stop working when they expire, or when somebody replaces them.",
    "forbidden": "Go back, load the page again and repeat the last step.",
    "completed_transaction": "You are signed in already. Carry on to the application.",
    "not_signed_in": "Sign in to the console, then repeat the last step. Nothing was changed.",
    "invalid_invitation": "Links work once, for 24 hours, and a newer one puts an end to them. An owner of this hub can make one.",
}


def render(template: str, **context: Any) -> str:
    """The page as text. Context `locale` is the application's ui_locales, if it sent any."""
    language = _language(context.pop("locale", None))
    context["_"] = i18n.translator(language)
    if context.get("application_name") in OWN_PAGES:
        context["application_name"] = context["_"](context["application_name"])
    context["language"] = language
    context["brand"] = brand_of(here.branding(context.pop("branding", None)))
    context["date"] = partial(day, language=language)
    context["moment"] = partial(_moment, language=language)
    context["switch_to"] = _other_language(language)
    return environment().get_template(template).render(context)


def day(moment: datetime, language: str) -> str:
    """A date as that language writes it."""
    return _first_day(format_date(moment, format="long", locale=_DATES[language]), language)


def _moment(moment: datetime, language: str) -> str:
    """To the minute. It says its zone: who reads it lives in another one, and support compares it with logs."""
    return _first_day(format_datetime(moment, format="d MMM y, HH:mm\u00a0'UTC'", tzinfo=UTC, locale=_DATES[language]), language)


def _first_day(written: str, language: str) -> str:
    """French counts the first of a month only: 1er mars, 2 mars. The patterns of CLDR do not."""
    return f"1er {written[2:]}" if language == "fr" and written.startswith("1 ") else written


def self_posting(template: str, action: str, fields: Pairs) -> str:
    """A form that submits itself. Its page is rendered once per language; logins only fill in address and fields."""
    before, middle, (name_at, value_at, end), after = _form_frame(template, _language(None))
    inputs = "".join(f"{name_at}{escape(name)}{value_at}{escape(value)}{end}" for name, value in fields)
    return f"{before}{escape(action)}{middle}{inputs}{after}"


@cache
def _form_frame(template: str, language: str) -> tuple[str, str, tuple[str, str, str], str]:
    """The page around the action, up to the fields, around one field's name and value, and after the fields."""
    action, name, value = "\ue000", "\ue001", "\ue002"  # private use: no template contains them
    context = {"action": action, "fields": ((name, value), (name, value)), "_": i18n.translator(language)}
    page = environment().get_template(template).render(context, language=language, switch_to=None)
    before, rest = page.split(action)
    first, second, last = rest.split(name)
    value_at, between = second.split(value)
    end = between[: between.index(">") + 1] + "\n"
    name_at = between.removeprefix(end)
    return before, first.removesuffix(name_at), (name_at, value_at, end), last.split(value)[1].removeprefix(end)


_OF_LOGINS = ("interaction/", "errors/", "layout/")


@cache
def environment() -> Environment:
    """Each template is compiled once, when it is first shown; see `warm_up`."""
    made = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(static=static_address, languages=i18n.LANGUAGES, brand=brand.HUB)
    made.globals.update(csrf_token=security.csrf_token, csrf_field=security.CSRF_FIELD)
    return made


@cache
def static_address(name: str) -> str:
    """The address of a static file with its fingerprint, so that browsers may keep it for ever."""
    fingerprint = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={fingerprint}"


def warm_up() -> None:
    """Compile what logins show and read the catalogues now, so that the first login does not wait for it."""
    made = environment()
    for name in made.list_templates(filter_func=lambda name: name.startswith(_OF_LOGINS)):
        made.get_template(name)
    for language in i18n.LANGUAGES:
        i18n.catalogue(language)


def error_page(error: BrokerError, code: str, *, again_handle: str | None = None, restart_url: str | None = None) -> Page:
    """The kind page of an error: sentence, who can act, what to do now, reference code. Nothing that was received.

    `again_handle`: the login that a "Continue" button takes up again; `restart_url`: where "Start again" leads.
    """
    advice = ADVICE_BY_CODE.get(error.code, ADVICE[error.act])
    context: dict[str, Any] = {"title": _title(error), "sentence": error.sentence, "advice": advice, "code": code}
    context |= {"restart_url": restart_url, "return_url": None}
    if isinstance(error, TransactionError) and again_handle:
        return Page("errors/completed.html", context | {"handle": again_handle}, error.status)
    return Page("errors/error.html", context, error.status)


def failure_page(failure: Failure) -> Page:
    """The page of a failed login: as `error_page`, with ways to try again and back to the application."""
    page = error_page(failure.error, failure.reference, restart_url=failure.restart_url)
    extra = {"return_url": failure.return_url, "application_name": failure.application_name, "branding": failure.branding}
    return Page(page.template, page.context | extra, page.status)


def _title(error: BrokerError) -> str:
    completed, not_found, internal, configuration, login = TITLES
    if isinstance(error, CompletedTransaction):
        return completed
    if error.code == "not_found":
        return not_found
    if error.code == "internal_error":
        return internal
    return configuration if isinstance(error, ConfigurationError) else login


def _language(ui_locales: str | None) -> str:
    if not has_request_context():
        return i18n.choose_language(ui_locales=ui_locales)
    asked = lenient_query(request).get("lang")
    cookie = request.cookies.get(COOKIE_PREFIX + i18n.LANGUAGE_COOKIE)
    if asked in i18n.LANGUAGES and asked != cookie:
        security.later_cookie(Cookie(i18n.LANGUAGE_COOKIE, asked, max_age_seconds=31_536_000))
    return i18n.choose_language(
        asked=asked, cookie=cookie, ui_locales=ui_locales, accept_language=request.headers.get("accept-language")
    )


def _other_language(language: str) -> tuple[str, str, str] | None:
    """The language link (language, its name, address): only on pages that can be loaded again as they are."""
    if not has_request_context() or request.method != "GET":
        return None
    query = lenient_query(request)
    if query.keys() - _HARMLESS_PARAMETERS:
        return None
    other, name = next((key, name) for key, name in i18n.LANGUAGES.items() if key != language)
    return other, name, "?" + urlencode({**query, "lang": other})
