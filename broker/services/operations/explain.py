"""Explaining a pasted message. It is a POST because of its size; it changes nothing and keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.domain.trust import Connector
from broker.services.actor import Verb
from broker.services.explain import Explanation
from broker.services.operations.model import Call, Operation, argument
from broker.services.operations.selecting import TENANT as ONE_TENANT
from broker.services.operations.selecting import tenant_id_of
from broker.services.operations.traces import TraceStep, Verdict, step_of, verdict_of


@dataclass(frozen=True, slots=True)
class ExplainMessage:
    """Nothing of it is stored or logged."""

    text: str = argument(
        "The message: XML, base64, an address, a form, a token, or metadata.", secret=True, multiline=True
    )
    tenant_slug: str = argument(ONE_TENANT, default="")
    connector: str = argument("Check it against this connector of the tenant.", default="")
    application: str = argument("Check it against this application instead.", default="")
    reveal: bool = argument("Show private parts too, instead of masking them.", default=False)


@dataclass(frozen=True, slots=True)
class Fact:
    label: str = argument("What it is.")
    value: str = argument("Its value.")


@dataclass(frozen=True, slots=True)
class ExplanationView:
    kind: str = argument("Which kind of message it is.")
    title: str = argument("The same in a sentence.")
    how: tuple[str, ...] = argument("How it was unwrapped.")
    facts: tuple[Fact, ...] = argument("What support compares.")
    notes: tuple[str, ...] = argument("What else there is to say.")
    verdict: Verdict | None = argument("The most important thing that is wrong; null when nothing is, or nothing was checked.")
    steps: tuple[TraceStep, ...] = argument("Every check that a login would make, and what rules make of the claims.")
    text: str = argument("The message, indented, private parts masked.")


def _connector(call: Call, asked: ExplainMessage) -> Connector | None:
    if not asked.connector:
        return None
    tenant_id = tenant_id_of(call, asked.tenant_slug)
    if tenant_id is None:
        raise InvalidSettings("Say which tenant the connector belongs to.", field="tenant_slug")
    found = (
        call.services.connectors.by_id(tenant_id, asked.connector)
        if asked.connector.startswith("con_")
        else call.services.connectors.find(tenant_id, asked.connector)
    )
    if found is None:
        raise UnknownObject(f"The tenant has no connector {asked.connector!r}.", field="connector")
    return found


def _explain(call: Call, asked: ExplainMessage) -> ExplanationView:
    connector = _connector(call, asked)
    if asked.application and call.actor.tenant_id is not None:
        raise UnknownObject(f"There is no application {asked.application!r}.", field="application")
    application = call.services.applications.get(asked.application) if asked.application else None
    return view(call.services.explain.explain(asked.text, connector=connector, application=application, reveal=asked.reveal))


def view(made: Explanation) -> ExplanationView:
    steps = tuple(step_of(each) for each in made.events)
    facts = tuple(Fact(label, value) for label, value in made.facts)
    verdict = None if made.diagnosis is None else verdict_of(made.diagnosis)
    return ExplanationView(made.kind, made.title, made.how, facts, tuple(made.notes), verdict, steps, made.text)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "message.explain",
        "Explain a message that somebody copied, and check it as a login would",
        Verb.READ_TRACES,
        "POST",
        "/explain",
        ExplainMessage,
        ExplanationView,
        _explain,
        narrowed=True,
        leaves_nothing=True,
    ),
)
