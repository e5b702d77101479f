"""What pages about sign-ins say in words: who acts, how it ended, what a check asks, and what to tell the person."""

from __future__ import annotations

from datetime import UTC, datetime

from broker.console.sign_in_story import seconds
from broker.domain.messages import translatable
from broker.services.check_words import words_for
from broker.services.operations.traces import TraceDetail
from broker.web import i18n, pages

ACTS: dict[str, str] = {
    "user": translatable("The person"),
    "customer_it": translatable("The customer’s IT team"),
    "application_owner": translatable("Whoever runs the application"),
    "operator": translatable("We, who run the hub"),
}
OUTCOMES: dict[str, tuple[str, str]] = {
    "succeeded": (translatable("Worked"), "tag"),
    "failed": (translatable("Failed"), "tag tag-danger"),
    "abandoned": (translatable("Never came back"), "tag tag-amber"),
    "pending": (translatable("Under way"), "tag tag-quiet"),
}
# The words for customers speak to them ("your system"); the people who read here are somebody else.
_FOR_US = {
    "Your system signed the person in": translatable("The identity provider signed the person in"),
    "The answer comes from your system": translatable("The answer comes from the right identity provider"),
    "The email address belongs to your organisation": translatable("The email address belongs to the tenant"),
    "Your system accepts our client ID and client secret": translatable("The identity provider accepts our client ID and secret"),
    "Your directory lets this person in": translatable("The tenant’s directory lets the person in"),
    "The account belongs to your organisation": translatable("The account belongs to the tenant"),
}
_REQUESTS = {
    "application.address": translatable("The address is this application’s to use"),
    "saml.application": translatable("The application is registered here"),
    "oidc.client": translatable("The application is registered here"),
    "oidc.endpoint": translatable("The request goes to an address of this hub"),
    "saml.request": translatable("The application’s request is well formed"),
    "oidc.request": translatable("The application’s request can be carried out"),
    "saml.request_signature": translatable("The application’s request is signed as it must be"),
    "saml.acs": translatable("The answer goes to a registered address"),
    "oidc.redirect_uri": translatable("The answer goes to a registered address"),
    "identity.enabled": translatable("The person’s account is switched on"),
    "application.serves_tenant": translatable("The application serves this tenant"),
    "application.authorization": translatable("A rule of the application lets the person in"),
}
_TELL = {
    "whom": translatable("Who can put it right: %(who)s."),
    "about": translatable("About the sign-in to %(application)s on %(day)s at %(time)s (UTC), reference code %(code)s:"),
    "about_nothing": translatable("About the sign-in on %(day)s at %(time)s (UTC), reference code %(code)s:"),
    "expected": translatable("Expected: %(value)s"),
    "received": translatable("Received: %(value)s"),
}


def question(check: str) -> str:
    """What this check asks, as a message id; the name of the check when nobody has words for it."""
    said = _REQUESTS.get(check) or words_for(check)
    return _FOR_US.get(said, said)


def to_tell(detail: TraceDetail, language: str) -> str:
    """A text to copy into an answer, in that language whatever the page's is."""

    def _(text: str, **values: str) -> str:
        sentence = i18n.translated(language, text)
        return sentence % values if values else sentence

    summary, verdict = detail.summary, detail.verdict
    at: datetime = summary.started_at.astimezone(UTC)
    when = {"day": pages.day(at, language), "time": f"{at:%H:%M}", "code": summary.code}
    if summary.application_name:
        lines = [_(_TELL["about"], application=summary.application_name, **when)]
    else:
        lines = [_(_TELL["about_nothing"], **when)]
    lines += ["", _(verdict.cause)]
    if verdict.fix:
        lines.append(_(verdict.fix))
    if verdict.expected:
        lines += ["", _(_TELL["expected"], value=_(verdict.expected)), _(_TELL["received"], value=_(verdict.received))]
    if verdict.act:
        lines += ["", _(_TELL["whom"], who=_(ACTS[verdict.act]))]
    return "\n".join(lines)


def duration(detail: TraceDetail) -> str:
    """From the first line to the last."""
    return seconds((detail.steps[-1].at - detail.summary.started_at).total_seconds()) if detail.steps else "0 s"
