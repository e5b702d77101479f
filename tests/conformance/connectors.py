"""The conformance suite of connector types: what every type does, whoever wrote it (habit 16).

A type brings a `Partner`: what was agreed with the other side, and how a person signs in there. `test_connectors.py` runs
every function of `DECLARATION` on the type alone and every function of `BEHAVIOUR` on a `Stage`, a real hub with one
tenant that has one connector of this type.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from broker.catalog.prepare import PreparedConnector
from broker.domain.authentication import UpstreamAuthentication
from broker.domain.errors import BrokerError, InvalidSettings, RepeatedParameter
from broker.domain.http import Incoming, PostForm, Prompt, Redirect
from broker.domain.trace import EventKind, Trace
from broker.domain.transaction import LoginTransaction
from broker.domain.trust import Connector
from broker.login import transactions
from broker.store import mapping
from connectors.contract import Addresses, ConnectorType, Continue, Tools, Upstream, UpstreamRequest
from tests.support.clock import FixedClock
from tests.support.hub import Browser, Hub
from tests.support.partners import SamlApp

ADDRESSES = Addresses(
    entity_id="https://hub.example/upstream/con_1/metadata",
    acs="https://hub.example/upstream/con_1/acs",
    redirect_uri="https://hub.example/upstream/con_1/callback",
    metadata="https://hub.example/upstream/con_1/metadata",
)


@dataclass(frozen=True)
class Answer:
    """What the person's browser brings back from the other side."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...]

    def with_fields(self, *fields: tuple[str, str]) -> Answer:
        return replace(self, fields=fields)

    def incoming(self) -> Incoming:
        form, query = (self.fields, ()) if self.method == "POST" else ((), self.fields)
        return Incoming(self.method, self.url, urlencode(query).encode(), query, form)


class Partner(Protocol):
    """The other side of one connector type. `email` belongs to the domain acme.example."""

    type_name: str
    email: str

    def connect(self, hub: Hub) -> str:
        """Saves an enabled connector of this type for the tenant "acme"; returns its id."""
        ...

    def answer(self, response: TestResponse) -> Answer:
        """The person signs in. `response` is what the browser got from the hub: a redirect, or a page with a form."""
        ...


@dataclass
class Stage:
    """A hub with one tenant, one application, and a connector toward this partner."""

    hub: Hub
    partner: Partner
    connector_id: str
    app: SamlApp

    @classmethod
    def of(cls, hub: Hub, partner: Partner) -> Stage:
        hub.tenant("acme", "acme.example")
        return cls(hub, partner, partner.connect(hub), hub.saml_app())

    @property
    def prepared(self) -> PreparedConnector:
        found = self.hub.built.catalog.connector(self.connector_id)
        assert found is not None
        return found

    @property
    def upstream(self) -> Upstream:
        return self.prepared.upstream

    def started(self, browser: Browser) -> tuple[Answer, LoginTransaction]:
        """A login that waits for the answer, and the answer."""
        answer = self.partner.answer(browser.open(self.app.login_url()))
        handle = self.upstream.reply_handle(answer.incoming())
        assert handle is not None, "reply_handle finds no handle in the type's own answer"
        return answer, transactions.get(self.hub.built.hub.transient, handle)

    def trace(self) -> Trace:
        return Trace("TEST-TEST-TE", self.hub.clock, self.hub.clock.now())


def deliver(browser: Browser, answer: Answer) -> TestResponse:
    if answer.method == "POST":
        return browser.post(answer.url, answer.fields)
    return browser.open(f"{answer.url}?{urlencode(answer.fields)}")


# --- what the type says of itself -------------------------------------------------------------------------------------


def unreachable_tools() -> Tools:
    """Tools whose fetcher fails the test: preparing must not touch the network."""

    class Nobody:
        def __getattr__(self, name: str) -> NoReturn:
            raise AssertionError("preparing a connector must not touch the network")

    return Tools(clock=FixedClock(), fetcher=Nobody(), addresses=ADDRESSES)  # type: ignore[arg-type]


def draft(kind: ConnectorType) -> Connector:
    return Connector("con_1", "ten_1", "draft", "Draft", kind.name, mapping.settings_from(kind.Settings, {}))


def it_has_a_name_a_label_and_a_protocol(kind: ConnectorType) -> None:
    assert kind.name
    assert set(kind.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert kind.label.strip()
    assert kind.protocol == kind.protocol.strip().lower() != ""


def every_setting_explains_itself(kind: ConnectorType) -> None:
    assert dataclasses.is_dataclass(kind.Settings)
    for item in dataclasses.fields(kind.Settings):
        assert item.metadata.get("help"), f"{item.name} has no help"
        choices = item.metadata["choices"]
        assert not choices or item.default in choices, f"the default of {item.name} is none of its choices"


def every_risk_is_off_by_default(kind: ConnectorType) -> None:
    for item in dataclasses.fields(kind.Settings):
        if item.metadata["risk"]:
            # "Without it …": the safe choice is on, and the risk lies in switching it off.
            safe = True if item.metadata["risk"].startswith("Without it") else item.default
            assert item.default is not dataclasses.MISSING, item.name
            assert item.default == safe, f"{item.name} is a risk and on by default"
            assert item.default in (True, False, "", ()), item.name
            assert bool(item.default) is item.metadata["risk"].startswith("Without it"), item.name


def secrets_are_in_no_repr(kind: ConnectorType) -> None:
    secret = [item.name for item in dataclasses.fields(kind.Settings) if item.metadata["secret"]]
    shown = kind.Settings(**dict.fromkeys(secret, "MARKER-of-a-secret"))
    connector = replace(draft(kind), settings=shown)
    assert "MARKER" not in repr(shown) + repr(connector)


def empty_settings_are_refused_at_their_field(kind: ConnectorType) -> None:
    with pytest.raises(InvalidSettings) as refused:
        kind.prepare(draft(kind), unreachable_tools())
    assert refused.value.field in {item.name for item in dataclasses.fields(kind.Settings)}


def a_draft_has_a_set_up_sheet(kind: ConnectorType) -> None:
    sheet = kind.setup_sheet(draft(kind), unreachable_tools())
    assert sheet.title
    assert sheet.steps
    assert all(step.label and (step.value or step.help) for step in sheet.steps)
    if kind.protocol in {"saml", "oidc"}:
        wanted = ADDRESSES.acs if kind.protocol == "saml" else ADDRESSES.redirect_uri
        assert wanted in [step.value for step in sheet.steps]


DECLARATION: tuple[Callable[[ConnectorType], None], ...] = (
    it_has_a_name_a_label_and_a_protocol,
    every_setting_explains_itself,
    every_risk_is_off_by_default,
    secrets_are_in_no_repr,
    empty_settings_are_refused_at_their_field,
    a_draft_has_a_set_up_sheet,
)

# --- the two verbs ----------------------------------------------------------------------------------------------------

WISHES: dict[str, Any] = {
    "login_hint": "ann@acme.example",
    "force_authentication": True,
    "passive": True,
    "select_account": True,
    "max_age_seconds": 60,
    "requested_contexts": ("urn:example:context",),
    "locale": "fr",
}


def begin_names_itself_and_says_where_to_go(stage: Stage) -> None:
    tools = stage.prepared.tools
    for wishes in ({}, *({name: value} for name, value in WISHES.items()), WISHES):
        outgoing, expectation = stage.upstream.begin(UpstreamRequest(handle="handle-of-a-login", **wishes), stage.trace())
        assert expectation.connector_id == stage.connector_id
        assert expectation.recipient in {tools.addresses.acs, tools.addresses.redirect_uri}
        assert expectation.sent_at == stage.hub.clock.now()
        assert expectation.request_id
        match outgoing:
            case Redirect():
                assert "handle-of-a-login" in outgoing.url
            case PostForm():
                assert "handle-of-a-login" in dict(outgoing.fields).values()
            case Prompt():
                assert outgoing.title
                assert outgoing.fields, "a prompt without fields"
            case _:
                raise AssertionError(f"begin gave a {type(outgoing).__name__}")


def two_logins_expect_different_answers(stage: Stage) -> None:
    first, second = (stage.upstream.begin(UpstreamRequest(handle=name), stage.trace())[1] for name in ("one", "two"))
    assert first.request_id != second.request_id
    assert first.nonce is None or first.nonce != second.nonce


def no_secret_leaves_with_the_browser_or_stays_on_the_trace(stage: Stage) -> None:
    settings, trace = stage.prepared.connector.settings, stage.trace()
    secrets = [value for item in dataclasses.fields(settings) if item.metadata["secret"] and (value := getattr(settings, item.name))]
    sent = repr(stage.upstream.begin(UpstreamRequest(handle="one"), trace))
    kept = repr(trace.events)
    assert not [secret for secret in secrets if secret in sent + kept + repr(stage.prepared)]


def the_prepared_connector_cannot_be_changed(stage: Stage) -> None:
    with pytest.raises((AttributeError, TypeError)):
        stage.upstream.connector_id = "con_another"  # type: ignore[attr-defined]


def reply_handle_finds_the_handle_and_nothing_else(stage: Stage) -> None:
    answer, transaction = stage.started(stage.hub.browser())
    handle, incoming = stage.upstream.reply_handle, answer.incoming()
    assert handle(incoming) == transaction.handle
    assert handle(answer.with_fields().incoming()) is None
    with contextlib.suppress(RepeatedParameter):  # as good: the request is refused
        assert handle(answer.with_fields(*answer.fields, *answer.fields).incoming()) is None


def a_person_signs_in(stage: Stage) -> None:
    browser = stage.hub.browser()
    answer, transaction = stage.started(browser)
    learned = stage.app.learn(deliver(browser, answer))
    assert learned.status == "success"
    assert learned.subject != stage.partner.email
    assert stage.partner.email in [value for values in learned.claims.values() for value in values]
    view = stage.hub.trace(transaction.trace_code)
    own = [event for event in view.events if event.kind is EventKind.CHECK and not event.name.startswith(_HOST_CHECKS)]
    assert own, "the connector wrote none of its checks on the trace"
    assert all(event.passed for event in own)


_HOST_CHECKS = ("transaction.", "upstream.", "tenant.", "application.", "identity.", "saml.application", "saml.acs", "saml.request")


def the_subject_is_stable_and_the_connectors_own(stage: Stage) -> None:
    found = [_completed(stage).subject for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].connector_id == stage.connector_id
    assert found[0].issuer
    assert found[0].value.strip()


def its_own_answer_is_refused_the_second_time(stage: Stage) -> None:
    browser = stage.hub.browser()
    answer, _ = stage.started(browser)
    stage.app.learn(deliver(browser, answer))
    again = deliver(browser, answer)
    assert again.status_code == 409
    assert stage.hub.trace(again).error_code == "completed_transaction"
    assert stage.hub.count("identities") == 1


def its_own_answer_is_refused_in_another_login(stage: Stage) -> None:
    """Unless the type says that its answer is no bearer: a password may be typed again."""
    browser = stage.hub.browser()
    answer, transaction = stage.started(browser)
    bearer = _completed(stage).one_time_id.bearer
    stage.app.learn(deliver(browser, answer))
    other, waiting = stage.started(stage.hub.browser())
    assert other.url == answer.url
    moved = tuple((name, waiting.handle if value == transaction.handle else value) for name, value in answer.fields)
    if bearer:
        with pytest.raises(BrokerError):
            stage.upstream.complete(answer.with_fields(*moved).incoming(), _expected(waiting), stage.trace())


def its_answer_is_refused_in_another_browser(stage: Stage) -> None:
    answer, _ = stage.started(stage.hub.browser())
    stranger = stage.hub.browser()
    stage.started(stranger)
    refused = deliver(stranger, answer)
    assert refused.status_code == 400
    assert stage.hub.trace(refused).error_code == "wrong_browser"


def garbage_raises_broker_errors_only(stage: Stage) -> None:
    answer, transaction = stage.started(stage.hub.browser())
    expected = _expected(transaction)
    for incoming in _garbage(answer, transaction.handle):
        with contextlib.suppress(BrokerError):
            result = stage.upstream.complete(incoming, expected, stage.trace())
            assert isinstance(result, Continue), f"garbage was accepted: {incoming}"


def after_garbage_the_honest_person_still_finishes(stage: Stage) -> None:
    browser = stage.hub.browser()
    answer, transaction = stage.started(browser)
    handle = next(pair for pair in answer.fields if pair[1] == transaction.handle)
    refused = deliver(browser, answer.with_fields(handle, *((name, "garbage") for name, _ in answer.fields if name != handle[0])))
    assert refused.status_code < 500
    assert stage.app.learn(deliver(browser, answer)).status == "success"


BEHAVIOUR: tuple[Callable[[Stage], None], ...] = (
    begin_names_itself_and_says_where_to_go,
    two_logins_expect_different_answers,
    no_secret_leaves_with_the_browser_or_stays_on_the_trace,
    the_prepared_connector_cannot_be_changed,
    reply_handle_finds_the_handle_and_nothing_else,
    a_person_signs_in,
    the_subject_is_stable_and_the_connectors_own,
    its_own_answer_is_refused_the_second_time,
    its_own_answer_is_refused_in_another_login,
    its_answer_is_refused_in_another_browser,
    garbage_raises_broker_errors_only,
    after_garbage_the_honest_person_still_finishes,
)


def _expected(transaction: LoginTransaction) -> Any:
    assert transaction.expectation is not None
    return transaction.expectation


def _completed(stage: Stage) -> UpstreamAuthentication:
    answer, transaction = stage.started(stage.hub.browser())
    result = stage.upstream.complete(answer.incoming(), _expected(transaction), stage.trace())
    assert isinstance(result, UpstreamAuthentication)
    return result


_VALUES = ("", " ", "garbage", "<x/>", "PHgvPg==", "\u0000", "é\u2028\U0001f600", "x" * 100_000, "%ff", "{}", "null")


def _garbage(answer: Answer, handle: str) -> Iterator[Incoming]:
    """The own answer with one thing wrong at a time; the handle stays, because the host reads it."""
    other_method = "GET" if answer.method == "POST" else "POST"
    yield answer.with_fields().incoming()
    yield replace(answer, method=other_method).with_fields().incoming()
    yield replace(answer.incoming(), method=other_method)
    for position, (name, value) in enumerate(answer.fields):
        if value == handle:
            continue
        before, after = answer.fields[:position], answer.fields[position + 1 :]
        yield answer.with_fields(*before, *after).incoming()
        yield answer.with_fields(*answer.fields, (name, value)).incoming()
        for bad in (*_VALUES, value[:-9], value[::-1]):
            yield answer.with_fields(*before, (name, bad), *after).incoming()
