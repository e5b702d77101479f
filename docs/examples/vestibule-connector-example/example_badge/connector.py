"""People type their name and the code printed on their badge: HMAC-SHA256 of the name under a key that both sides know."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace

from broker.domain.authentication import NOT_BEARER, AuthenticationContext, UpstreamAuthentication, UpstreamSubject
from broker.domain.claims import Claim, Claims
from broker.domain.email import is_domain
from broker.domain.errors import InvalidSettings, InvalidUpstreamResponse, UpstreamRefused
from broker.domain.http import Incoming, Outgoing, Prompt, PromptField
from broker.domain.random_ids import handle
from broker.domain.trace import Trace
from broker.domain.transaction import Expectation
from broker.domain.trust import Connector
from connectors.contract import (
    PROMPT_HANDLE,
    ConnectorType,
    Continue,
    SetupSheet,
    SetupStep,
    Tools,
    Upstream,
    UpstreamRequest,
    setting,
)

ATTEMPTS = 5
_NAME = re.compile(r"[a-z]{1,30}(\.[a-z]{1,30})?")


def code_of(key: str, name: str) -> str:
    """What is printed on the badge of `name`: 64 bits, too many to guess."""
    return hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadgeSettings:
    """Everything has a default, because a draft exists before anything was entered; `prepare` says what is missing."""

    key: str = setting("Key under which badge codes are made, at least 32 characters", default="", secret=True)
    domain: str = setting("Email domain of the people: ann.archer becomes ann.archer@domain", default="")


@dataclass(frozen=True, slots=True)
class BadgeUpstream:
    """One connector, prepared: immutable and shared by threads."""

    connector_id: str
    settings: BadgeSettings = field(repr=False)
    tools: Tools = field(repr=False)

    def begin(self, request: UpstreamRequest, trace: Trace) -> tuple[Outgoing, Expectation]:
        """A form of ours. The host says where it goes and puts the handle into it."""
        expectation = Expectation(
            connector_id=self.connector_id,
            request_id=handle(),
            recipient=self.tools.addresses.redirect_uri,
            sent_at=self.tools.clock.now(),
        )
        return _form(), expectation

    def reply_handle(self, incoming: Incoming) -> str | None:
        return incoming.one(PROMPT_HANDLE)

    def complete(self, incoming: Incoming, expected: Expectation, trace: Trace) -> UpstreamAuthentication | Continue:
        """Raises InvalidUpstreamResponse, UpstreamRefused after too many wrong codes."""
        posted = incoming.method == "POST"  # a code in the query would stay in logs and histories
        trace.check("badge.form", posted, "" if posted else "the form did not arrive by POST")
        if not posted:
            raise InvalidUpstreamResponse(cause="the form did not arrive by POST", check="badge.form")
        name, code = (incoming.one("name") or "").strip().lower(), (incoming.one("password") or "").strip().lower()
        right = code_of(self.settings.key, name)
        genuine = _NAME.fullmatch(name) is not None and hmac.compare_digest(right.encode(), code.encode())
        trace.check("badge.code", genuine, "" if genuine else "the code does not belong to the name")
        return self._vouch_for(name) if genuine else _again(expected)

    def _vouch_for(self, name: str) -> UpstreamAuthentication:
        issuer, us = f"badge:{self.settings.domain}", self.connector_id
        email = Claim("email", f"{name}@{self.settings.domain}", issuer=us, original_issuer=issuer)
        shown = Claim("name", name.replace(".", " ").title(), issuer=us, original_issuer=issuer)
        return UpstreamAuthentication(
            # The key of a person for ever: a name must not be given to somebody else later.
            subject=UpstreamSubject(us, issuer, name),
            claims=Claims((email, shown)),
            context=AuthenticationContext(authenticated_at=self.tools.clock.now(), methods=("pwd",)),
            # Nothing that a thief could carry to another login: the code was checked here and now.
            one_time_id=NOT_BEARER,
        )


def _form(problem: str | None = None) -> Prompt:
    # The field `password` is the one whose value traces never show.
    fields = (PromptField("name", "Name"), PromptField("password", "Code", kind="password"))
    return Prompt("Sign in with your badge", fields, problem)


def _again(expected: Expectation) -> Continue:
    attempts = int(expected.extra.get("attempts", "0")) + 1
    if attempts >= ATTEMPTS:
        raise UpstreamRefused(cause=f"{attempts} wrong codes", check="badge.code", fix="Print the person a new badge.")
    return Continue(_form("This code does not belong to this name."), replace(expected, extra={"attempts": str(attempts)}))


class BadgeType:
    """See `connectors.contract.ConnectorType`."""

    name = "example-badge"
    label = "Badge (example)"
    protocol = "badge"
    Settings: type = BadgeSettings

    def prepare(self, connector: Connector, tools: Tools) -> Upstream:
        settings: BadgeSettings = connector.settings
        if len(settings.key) < 32:
            raise InvalidSettings("Enter a key of at least 32 characters.", field="key")
        if not is_domain(settings.domain):
            raise InvalidSettings("Enter the email domain, like example.com.", field="domain")
        return BadgeUpstream(connector.id, settings, tools)

    def setup_sheet(self, connector: Connector, tools: Tools) -> SetupSheet:
        formula = "HMAC-SHA256(key, name), first 16 hexadecimal digits"
        code = SetupStep("Code on each badge", formula, "The name in lower case: ann.archer.")
        return SetupSheet("What to print on badges", (code,))


TYPE: ConnectorType = BadgeType()
