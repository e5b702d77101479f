"""Recognise, show, judge. In memory only: whatever is pasted leaves no trace."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from broker.catalog.prepare import PreparedConnector
from broker.domain.errors import BrokerError, ConfigurationError, InvalidSettings, MissingClaim
from broker.domain.http import Incoming
from broker.domain.messages import translatable
from broker.domain.trace import EventKind, Outcome, Trace, TraceEvent
from broker.domain.trust import Application, Connector
from broker.login.acceptance import Boundary, believe
from broker.services.context import Workbench
from broker.services.diagnosis import Diagnosis, diagnose
from broker.services.explain import shown
from broker.services.explain.recognise import MAX_CHARACTERS, Recognised, recognise
from connectors.contract import USERINFO_NOT_ASKED, ReadsMetadata, Surveys

TITLES: dict[str, str] = {
    "saml_response": translatable("An answer of a SAML identity provider (Response)"),
    "saml_request": translatable("A sign-in request of SAML (AuthnRequest)"),
    "authorization_request": translatable("A sign-in request of OpenID Connect (authorization request)"),
    "logout_request": translatable("A sign-out request of SAML (LogoutRequest)"),
    "logout_response": translatable("An answer to a sign-out request of SAML (LogoutResponse)"),
    "assertion": translatable("A statement about a person of SAML (Assertion), without the message around it"),
    "metadata": translatable("SAML metadata: the description of a partner"),
    "id_token": translatable("A signed token (JWT), such as an ID token of OpenID Connect"),
    "encrypted_token": translatable("An encrypted token (JWE): only its recipient can read it"),
    "discovery": translatable("The description of an OpenID provider (discovery document)"),
    "keys": translatable("A set of public keys (JWK set)"),
    "json": translatable("JSON that is no message of SAML or OpenID Connect"),
    "xml": translatable("XML that we cannot read as a message of SAML"),
    "unknown": translatable("This is no message that we know"),
}
HELP = translatable(
    "Paste a SAMLRequest or SAMLResponse, the whole address or form that carries it, an ID token, or metadata. "
    "Copied text is often cut short: compare its end."
)
TOO_LONG = translatable("This is longer than any message that we accept.")
DECRYPTED = translatable("It is encrypted. It was decrypted with this hub’s key to check it, and is not shown as text.")
LATE = translatable("Messages live for minutes. That the time has passed says nothing, when this one is older.")
NOT_ASKED = translatable(
    "There is no email address in the token. A login asks the identity provider for it (userinfo); here nobody is asked."
)
NO_CONNECTOR = translatable("Choose the connection or application that it belongs to, and it will be checked against it.")
_JUDGED_BY_CONNECTOR = frozenset({"saml_response", "logout_request", "logout_response", "saml_request"})


@runtime_checkable
class SurveysRequests(Protocol):
    """A downstream protocol that can judge a pasted request of an application. Records every check on the trace.

    `surveyed`: which kind of message its requests are. `address`: where the request was going, "" when nobody knows.
    """

    surveyed: str

    def survey(
        self, incoming: Incoming, address: str, application: Application, catalog: Any, places: Any, trace: Trace
    ) -> None: ...


@dataclass(slots=True)
class Explanation:
    """Sentences are message ids. `events`: checks and claims as on a trace, so that the same page parts show them."""

    kind: str
    title: str
    how: tuple[str, ...] = ()
    facts: list[tuple[str, str]] = field(default_factory=list)
    text: str = field(default="", repr=False)
    notes: list[str] = field(default_factory=list)
    events: list[TraceEvent] = field(default_factory=list, repr=False)
    diagnosis: Diagnosis | None = None


class Explain:
    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def explain(
        self, text: str, *, connector: Connector | None = None, application: Application | None = None, reveal: bool = False
    ) -> Explanation:
        """Raises InvalidSettings for a text that is too long, and for a connector that cannot be prepared."""
        if len(text) > MAX_CHARACTERS:
            raise InvalidSettings(TOO_LONG, field="text")
        found = recognise(text)
        made = Explanation(found.kind, TITLES[found.kind], found.how)
        if found.kind == "unknown":
            made.notes.append(HELP)
            return made
        self._show(found, made, reveal)
        trace = Trace("", self._bench.clock, self._bench.clock.now())
        if connector is not None:
            self._against_connector(found, connector, made, trace, reveal)
        elif application is not None:
            self._against_application(found, application, made, trace)
        elif found.kind in _JUDGED_BY_CONNECTOR | {"id_token", "metadata", "authorization_request"}:
            made.notes.append(NO_CONNECTOR)
        self._judge(made, trace, "" if connector is None else connector.type)
        return made

    def _show(self, found: Recognised, made: Explanation, reveal: bool) -> None:
        if found.kind == "id_token":
            header, claims = found.decoded
            made.facts = shown.token_facts(header, claims)
            made.text = f"{shown.json_text(header, reveal=True)}\n{shown.json_text(claims, reveal=reveal)}"
        elif found.kind == "authorization_request":
            made.facts = shown.request_facts(found.octets.decode(), found.decoded)
            made.text = shown.parameters_text(found.decoded, reveal=reveal)
        elif found.kind in {"discovery", "keys", "json"}:
            made.text = shown.json_text(found.decoded, reveal=reveal or found.kind != "json")
        elif found.decoded is not None:
            made.facts = shown.xml_facts(found.decoded)
            made.text = shown.xml_text(found.decoded, reveal=reveal)
        elif found.problem:
            made.facts = [(shown.STATUS, found.problem)]

    def _against_connector(
        self, found: Recognised, connector: Connector, made: Explanation, trace: Trace, reveal: bool
    ) -> None:
        prepared = self._bench.catalog.preparer.connector(connector)
        if found.kind == "metadata":
            self._metadata(found, prepared, made, trace)
            return
        saml, oidc = found.kind in _JUDGED_BY_CONNECTOR, found.kind == "id_token"
        fits = prepared.type.protocol == ("saml" if saml else "oidc") and (saml or oidc)
        if not fits or not isinstance(prepared.upstream, Surveys):
            made.notes.append(translatable("This kind of message does not belong to a connection of this kind."))
            return
        if any(label == shown.ENCRYPTED for label, _ in made.facts):
            made.notes.append(DECRYPTED)
        authentication = prepared.upstream.survey(found.octets, trace)
        if authentication is not None:
            try:
                believe(Boundary(self._bench.catalog, self._bench.keyring, trace), prepared, authentication)
            except MissingClaim as error:
                self._missing(made, trace, error)
            except BrokerError as error:
                trace.decide("accepted", error.cause)

    def _missing(self, made: Explanation, trace: Trace, error: MissingClaim) -> None:
        """A claim that a login would have fetched is not missing; it was not looked for."""
        if any(event.name == USERINFO_NOT_ASKED for event in trace.events):
            trace.events = [event for event in trace.events if not (event.name == error.check and event.passed is False)]
            made.notes.append(NOT_ASKED)
        else:
            trace.decide("accepted", error.cause)

    def _metadata(self, found: Recognised, prepared: PreparedConnector, made: Explanation, trace: Trace) -> None:
        """What an import would understand, and what it would change."""
        kind = prepared.type
        if not isinstance(kind, ReadsMetadata):
            made.notes.append(translatable("A connection of this kind takes no metadata."))
            return
        try:
            settings, understood, warnings = kind.settings_from_metadata(found.octets, prepared.tools, prepared.connector.settings)
        except ConfigurationError as error:
            made.notes.append(error.sentence)
            return
        made.notes += [*understood, *warnings]
        current = prepared.connector.settings
        for name in ("entity_id", "signing_certificates", "sso_redirect_url", "sso_post_url"):
            before, after = getattr(current, name, None), getattr(settings, name, None)
            said = "" if before == after else "an import would change it"
            compared = {} if before == after else {"expected": _short(before), "received": _short(after)}
            trace.check(f"metadata.{name}", before == after, said, **compared)

    def _against_application(self, found: Recognised, application: Application, made: Explanation, trace: Trace) -> None:
        protocol = self._bench.catalog.preparer.downstream[application.protocol]
        if not isinstance(protocol, SurveysRequests) or found.kind != protocol.surveyed:
            made.notes.append(translatable("Only sign-in requests in the application’s own protocol are checked against it."))
            return
        address = ""
        if found.kind == "authorization_request":
            address = found.octets.decode()
            incoming = Incoming("GET", "", raw_query=found.raw_query, query=tuple(found.decoded))
        elif found.raw_query:
            incoming = Incoming("GET", "", raw_query=found.raw_query)
        else:
            incoming = Incoming("POST", "", form=(("SAMLRequest", base64.b64encode(found.octets).decode()),))
        try:
            protocol.survey(incoming, address, application, self._bench.catalog, self._bench.places, trace)
        except BrokerError as error:
            trace.fail(error.code, error.cause, error.act, error.fix, error.check)

    def _judge(self, made: Explanation, trace: Trace, connector_type: str) -> None:
        made.events = [event for event in trace.events if event.kind is not EventKind.MESSAGE]
        failed = [event for event in made.events if event.passed is False]
        if not failed or made.kind == "metadata":
            return
        # The worst first: what was signed by nobody matters more than that it is old.
        first = min(failed, key=lambda event: (_is_time(event), made.events.index(event)))
        made.diagnosis = diagnose(Outcome.FAILED, "invalid_upstream_response", [first], connector_type)
        if all(_is_time(event) for event in failed):
            made.notes.append(LATE)


def _is_time(event: TraceEvent) -> bool:
    return "has passed" in event.detail or event.name == "oidc.expiry" or (event.name == "oidc.issued_at")


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} × " + ", ".join(str(each)[27:67].replace("\n", "") for each in value)
    return str(value)
