"""What may be kept of a value: support recognises it, nobody can use it."""

from __future__ import annotations

import pytest

from broker.domain import redaction
from tests.support.hub import ME, Hub
from tests.support.partners import form_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [("ann@acme.example", "a…n@acme.example"), ("ab", "…"), ("Secret value", "S…e (12)"), ("", "…"), ("a@b.example", "…@b.example")],
)
def test_a_value_is_masked_and_its_domain_stays(value: str, shown: str) -> None:
    assert redaction.mask(value) == shown


@pytest.mark.parametrize("name", sorted(redaction.SECRET_PARAMETERS))
def test_secret_parameters_are_replaced_by_their_length(name: str) -> None:
    assert redaction.parameters([(name, "MARKER-12345")]) == f"{name}=[12 characters]"


def test_paths_lose_the_secrets_that_they_carry() -> None:
    assert redaction.path("/login/abc/return") == "/login/…/return"
    assert redaction.path("/setup/abc") == "/setup/…"
    assert redaction.path("/saml/sso") == "/saml/sso"


def test_the_handle_of_a_login_is_on_no_trace(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    hub.tenant("other", "other.example")
    idp, app, browser = hub.saml_idp("acme"), hub.saml_app(), hub.browser()
    hub.saml_idp("other")
    action, _ = form_of(browser.open(app.login_url()))
    app.learn(idp.authenticate(browser, browser.post(action, {"email": idp.email})))

    view = hub.built.traces.find(ME, idp.email)[0]

    assert action.rpartition("/")[2] not in str(view.events)
    assert any("/login/…" in event.detail for event in view.events)
