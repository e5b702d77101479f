"""One login is answered once, in the browser that began it, at an address that is registered when it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from broker.domain.authentication import OneTimeId
from broker.domain.errors import (
    CompletedTransaction,
    InvalidUpstreamResponse,
    ReplayedResponse,
    UnknownTransaction,
)
from broker.login import failure, transactions, upstream
from broker.login.context import Login
from tests.support.hub import ME, Hub
from tests.support.partners import OidcSide, form_of
from tests.support.waiting import BINDING, STEPS, World, authentication_of, step

# --- answered once ----------------------------------------------------------------------------------------------------


def late_steps(world: World) -> dict[str, Callable[[Login], object]]:
    pipeline = world.hub.built.pipeline
    return {
        "a failed answer": lambda login: failure.ended(login, InvalidUpstreamResponse(cause="wrong")),
        "a reload": pipeline._retry,
        "a good answer": upstream.burn,
        "a next step of the provider": lambda login: transactions.put(
            world.hub.built.hub.transient, login.transaction, waiting=login.resumed
        ),
    }


@pytest.mark.parametrize("step", ["a failed answer", "a reload", "a good answer", "a next step of the provider"])
def test_what_comes_late_does_not_wake_an_answered_login(hub: Hub, world: World, step: str) -> None:
    waiting = world.begin()
    late = world.resumed(waiting)
    honest = world.app.learn(world.idp.authenticate(world.browser, waiting))

    with pytest.raises(CompletedTransaction):
        late_steps(world)[step](late)

    assert honest.status == "success"
    assert world.waiting_rows() == 0
    assert hub.built.traces.find(ME, world.idp.email)[0].outcome == "succeeded", "the login's own trace still says so"


@pytest.mark.parametrize("step", ["a failed answer", "a reload", "a good answer", "a next step of the provider"])
def test_what_comes_late_does_not_wake_a_login_that_was_given_up(world: World, step: str) -> None:
    waiting = world.begin()
    late = world.resumed(waiting)
    world.browser.post(f"/login/{world.handle(waiting)}/return", {})

    with pytest.raises(UnknownTransaction):
        late_steps(world)[step](late)

    assert world.waiting_rows() == 0


def race(op: OidcSide, other_answer: Callable[[], object], then: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]) -> None:
    """While the hub exchanges the code of one answer, another answer arrives and is faster."""
    import json

    arrived: list[bool] = []

    def token_answer(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if not arrived:
            arrived.append(True)
            other_answer()
            return then(body)
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    op.op.deviation.token_answer = token_answer


@pytest.mark.parametrize("late", ["fails", "works"])
def test_of_two_answers_at_once_the_slower_gets_a_page_that_carries_on(hub: Hub, late: str) -> None:
    """A double click at the identity provider: both answers are checked, one is taken."""
    import json

    hub.tenant("acme", "acme.example")
    op, app, browser, twin = hub.oidc_op("acme"), hub.saml_app(), hub.browser(), hub.browser()
    waiting = browser.open(app.login_url())
    binding = browser.client.get_cookie(BINDING, "localhost")
    assert binding is not None
    twin.client.set_cookie(BINDING, binding.value, domain="localhost", secure=True)
    finished: list[TestResponse] = []
    refusal = (400, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')
    race(
        op,
        lambda: finished.append(op.authenticate(twin, waiting)),
        lambda body: refusal if late == "fails" else (200, {"Content-Type": "application/json"}, json.dumps(body).encode()),
    )

    slower = op.authenticate(browser, waiting)

    assert app.learn(finished[0]).status == "success"
    assert slower.status_code == 409
    assert hub.count("sessions") == 1
    session = twin.client.get_cookie("__Host-vestibule-session", "localhost")
    assert session is not None
    browser.client.set_cookie("__Host-vestibule-session", session.value, domain="localhost", secure=True)
    assert app.learn(browser.post(form_of(slower)[0], {})).status == "success"


def test_a_login_that_was_answered_from_the_session_is_over_too(world: World) -> None:
    """Two tabs: the first waits at the identity provider, the second signs in; then the first is reloaded at our page."""
    waiting = world.begin()
    world.idp.authenticate(world.browser, world.begin())
    answered = world.browser.open(f"/login/{world.handle(waiting)}")
    assert world.app.learn(answered).status == "success"

    late = world.idp.authenticate(world.browser, waiting)

    assert late.status_code == 409
    assert world.app.learn(world.browser.post(form_of(late)[0], {})).status == "success"


def test_a_login_can_be_tried_again_until_it_works(world: World) -> None:
    waiting = world.begin()
    for _ in range(3):
        assert world.idp.authenticate(world.browser, waiting, audience="https://somebody.else").status_code == 403
        waiting = world.browser.open(f"/login/{world.handle(waiting)}")

    assert world.app.learn(world.idp.authenticate(world.browser, waiting)).status == "success"
    assert world.waiting_rows() == 0


# --- replay memory ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0.5, 1.9, 2.9])
def test_an_assertion_is_remembered_for_as_long_as_it_could_be_used(hub: Hub, world: World, hours: float) -> None:
    long = {"confirmed_until": 3 * 3600, "not_on_or_after": 3 * 3600, "assertion_id": "_same", "session_until": None}
    world.app.learn(world.idp.authenticate(world.browser, world.begin(), **long))
    hub.clock.forward(hours=hours)

    again = world.begin(ForceAuthn="true")
    replayed = world.idp.authenticate(world.browser, again, **long)

    assert replayed.status_code == 403
    assert hub.trace(replayed).error_code == "replayed_response"


def test_an_id_of_another_provider_blocks_nobody(hub: Hub, world: World) -> None:
    hub.tenant("other", "other.example")
    other = hub.saml_idp("other")
    world.idp.authenticate(world.browser, world.browser.open(world.app.login_url(tenant="acme")), assertion_id="_same")
    browser = hub.browser()
    waiting = browser.open(world.app.login_url(tenant="other"))

    assert other.authenticate(browser, waiting, assertion_id="_same", attributes={"email": ["x@other.example"]}).status_code == 200


@pytest.mark.parametrize(("bearer", "burnt"), [(True, True), (False, False)])
def test_only_what_proves_by_being_carried_is_burnt(world: World, bearer: bool, burnt: bool) -> None:
    from dataclasses import replace

    from tests.support.clock import NOW

    first, second = world.begin(), world.begin()
    proof = OneTimeId("same", None, bearer=bearer)
    for number, waiting in enumerate((first, second)):
        login = world.resumed(waiting)
        login.leave(authentication=replace(authentication_of(world, NOW), one_time_id=proof))
        if number and burnt:
            with pytest.raises(ReplayedResponse):
                upstream.burn(login)
        else:
            upstream.burn(login)


def test_an_answer_of_unknown_life_is_remembered_while_a_login_can_wait(hub: Hub, world: World) -> None:
    from dataclasses import replace

    login = world.resumed(world.begin())
    login.leave(authentication=replace(authentication_of(world, hub.clock.now()), one_time_id=OneTimeId("code", None)))
    upstream.burn(login)
    key = f"{world.idp.connector_id} code"

    hub.clock.forward(seconds=hub.settings.transaction_seconds - 1)
    assert not hub.built.hub.transient.add_once(upstream.REPLAY_KIND, key, hub.clock.now())


# --- the browser that began it ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("cookie", [None, "", "other", "ü", "x" * 3000])
def test_no_step_is_taken_in_another_browser(hub: Hub, world: World, name: str, cookie: str | None) -> None:
    """The handle is known to the identity provider and stands in addresses: alone it opens nothing."""
    waiting, thief = world.begin(), hub.browser()
    if cookie is not None:
        thief.client.set_cookie(BINDING, cookie, domain="localhost", secure=True)

    refused = step(world, thief, waiting, name)

    assert refused.status_code == 400
    assert hub.trace(refused).error_code == "wrong_browser"
    assert hub.count("sessions") == 0
    assert world.app.learn(world.idp.authenticate(world.browser, waiting)).status == "success", "the honest one can go on"


@pytest.mark.parametrize("name", ["vestibule-browser", "__host-vestibule-browser", "__Secure-vestibule-browser"])
def test_a_binding_cookie_that_a_neighbour_could_have_set_is_not_read(hub: Hub, world: World, name: str) -> None:
    """Cookie tossing: only the `__Host-` prefix keeps other hosts of the domain out (RFC 6265bis 4.1.3.2)."""
    waiting, thief = world.begin(), hub.browser()
    honest = world.browser.client.get_cookie(BINDING, "localhost")
    assert honest is not None
    thief.client.set_cookie(name, honest.value, domain="localhost", secure=True)

    assert hub.trace(step(world, thief, waiting, "answer")).error_code == "wrong_browser"


@pytest.mark.parametrize("name", [*STEPS, "again"])
@pytest.mark.parametrize("handle", ["x", "x" * 27, "%00", "ü", "a" * 4000])
def test_a_handle_that_was_never_given_opens_nothing(hub: Hub, world: World, name: str, handle: str) -> None:
    world.begin()
    path = f"/login/{handle}"
    if name == "answer":
        answer = world.browser.post(world.idp.acs, {"SAMLResponse": "PGEvPg==", "RelayState": handle})
    elif name == "show":
        answer = world.browser.open(path)
    else:
        answer = world.browser.post(path if name.startswith("choose") else f"{path}/{name}", {"email": "ann@acme.example"})

    assert answer.status_code in {400, 404}
    assert "Reference" in answer.get_data(as_text=True)


def test_an_answer_without_a_handle_says_so(hub: Hub, world: World) -> None:
    xml, _ = world.idp.answer_to(world.begin())

    refused = world.idp.deliver(world.browser, xml, None)

    assert refused.status_code == 400
    assert hub.trace(refused).error_code == "unknown_transaction"


def test_an_answer_before_anybody_was_asked_is_refused(hub: Hub, world: World) -> None:
    """The person still sits at the home realm page; a provider answers."""
    hub.tenant("other", "other.example")
    hub.saml_idp("other")
    path, _ = form_of(world.browser.open(world.app.login_url()))
    answer, _ = world.idp.answer_for(_asked(world))

    refused = world.idp.deliver(world.browser, world.idp.idp.respond(answer), path.rpartition("/")[2])

    assert refused.status_code == 403
    assert hub.trace(refused).error_code == "invalid_upstream_response"


def _asked(world: World) -> TestResponse:
    return world.browser.open(world.app.login_url(tenant="acme"))


def test_the_binding_cookie_is_kept_between_logins(world: World) -> None:
    first = world.begin()
    second = world.begin()

    assert any(BINDING in header for header in first.headers.getlist("Set-Cookie"))
    assert not any(BINDING in header for header in second.headers.getlist("Set-Cookie"))
