"""Whether a SAML identity provider answers: at its metadata address, else where people sign in."""

from __future__ import annotations

from dataclasses import replace

from connectors.contract import Probe, Tools
from connectors.probing import look
from connectors.saml.settings import Settings

METADATA = "application/samlmetadata+xml, application/xml, text/xml"
_BROKEN_FROM = 500
_NOBODY_BEHIND = {502, 503, 504, *range(520, 531)}
"""RFC 9110 15.6.3 to 15.6.5, and Cloudflare's own from 520 on: said by what stands in front of the provider, of a provider that
is not there."""
_ANSWERS_ALL_THE_SAME = {"too_large", "encoding"}
"""Nothing that we would read, and a page for browsers all the same."""


def probe(settings: Settings, tools: Tools) -> Probe:
    """Metadata may lie somewhere else than the provider, so what it says against it does not count when sign-in answers."""
    found = _metadata(settings.metadata_url, tools) if settings.metadata_url else None
    if found is not None and not found.problem:
        return found
    address = settings.sso_redirect_url or settings.sso_post_url
    return _sign_in(address, tools) if address else found or Probe("no_address")


def _metadata(url: str, tools: Tools) -> Probe:
    answer, found = look(url, tools, accept=METADATA)
    return found if answer is None or answer.status == 200 else replace(found, problem="status", detail=str(answer.status))


def _sign_in(url: str, tools: Tools) -> Probe:
    """Without a request any answer that is no server error will do; a redirect is one and leads to pages for people. Some answer
    an empty request with an error of their own: they are there, and only a sign-in can tell whether it works."""
    answer, found = look(url, tools, follow=False)
    if found.problem in _ANSWERS_ALL_THE_SAME:
        return replace(found, problem="")
    if answer is None or answer.status < _BROKEN_FROM:
        return found
    return replace(found, problem="status" if answer.status in _NOBODY_BEHIND else "own_error", detail=str(answer.status))
