"""An HTTP request as bytes and parameters, and what the browser must do next. No framework.

    Outgoing
    ├─ Redirect     302 with a Location outside or inside the hub
    ├─ PostForm     200, a form that submits itself (script from /static, <noscript> button)
    ├─ Prompt       a form of ours that a connector wants filled in (a directory password)
    ├─ Page         a template with its context
    ├─ Failure      how a login ended badly, for the page that explains it
    └─ Document     bytes with a content type (metadata, JSON)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from broker.domain.branding import Branding
from broker.domain.errors import BrokerError, RepeatedParameter
from broker.domain.messages import filled

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrived. `raw_query` is kept because Redirect-binding signatures cover its exact bytes."""

    method: str
    path: str
    raw_query: bytes = b""
    query: Pairs = ()
    form: Pairs = ()
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    """Lower-case names; only authorization, accept-language, origin, user-agent and content-type are carried."""
    remote_address: str = ""
    host: str = ""
    """Which tenant's host it came to, of those that are configured; empty: the hub's own address, whatever was asked for."""

    @property
    def parameters(self) -> Pairs:
        """The form of a POST, the query of everything else: never a mixture."""
        return self.form if self.method == "POST" else self.query

    def one(self, name: str) -> str | None:
        """The value of a parameter, or None if absent.

        Raises RepeatedParameter when it occurs twice (RFC 6749 3.1; SAML Bindings 3.4.4.1 by way of CVE-2025-27773).
        """
        values = [value for key, value in self.parameters if key == name]
        if len(values) > 1:
            raise RepeatedParameter(cause=filled("parameter %(name)s occurs %(count)s times", name=repr(name), count=len(values)))
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str


@dataclass(frozen=True, slots=True)
class PostForm:
    action: str
    fields: Pairs


@dataclass(frozen=True, slots=True)
class PromptField:
    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Prompt:
    """`action`, `hidden` and `branding` are the host's: the connector's own address, and the handle of the transaction."""

    title: str
    fields: tuple[PromptField, ...]
    problem: str | None = None
    action: str = ""
    hidden: Pairs = ()
    branding: Branding = Branding()


@dataclass(frozen=True, slots=True)
class Page:
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """A login that failed: `restart_url` tries again, `return_url` (POST) lets the application hear its protocol's error."""

    error: BrokerError
    reference: str
    application_name: str = ""
    restart_url: str | None = None
    return_url: str | None = None
    branding: Branding = Branding()


@dataclass(frozen=True, slots=True)
class Document:
    body: bytes
    content_type: str
    status: int = 200
    headers: Pairs = ()


Outgoing = Redirect | PostForm | Prompt | Page | Failure | Document


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to set; `value` None deletes it. Name, Secure, HttpOnly and Path are fixed by `broker.web.security`."""

    name: str
    value: str | None
    max_age_seconds: int | None = None
    same_site: str = "Lax"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: an outgoing step and the cookies that go with it."""

    outgoing: Outgoing
    cookies: tuple[Cookie, ...] = ()
