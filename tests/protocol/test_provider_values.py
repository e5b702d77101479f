"""What an identity provider may put into values: whatever it is, a login or a clean refusal, on every database."""

from __future__ import annotations

import pytest

from tests.support import pages
from tests.support.hub import Hub

STRANGE = ["a\x00b", "a\ud800b", "\udfff", "x" * 100_000, "\u202e\n\r", "\ufffe", "😀", "'; DROP TABLE tenants; --", "<b>", " ", "\t"]


@pytest.mark.parametrize("field", ["sub", "name", "email", "groups", "locale", "picture", "unknown"])
@pytest.mark.parametrize("value", STRANGE, ids=ascii)
def test_a_strange_value_never_breaks_the_hub(hub: Hub, field: str, value: str) -> None:
    hub.tenant("acme", "acme.example")
    side, app, browser = hub.oidc_op("acme"), hub.saml_app(), hub.browser()
    side.op.person[field] = [value] if field == "groups" else value

    answer = side.authenticate(browser, browser.open(app.login_url()))

    if answer.status_code == 200:
        assert app.learn(answer).status == "success"
        assert field != "email", "only a plain address of the tenant's own domain passes"
    else:
        assert answer.status_code == 403
        assert pages.reference_code(answer.get_data())
        assert hub.count("sessions") == 0


@pytest.mark.parametrize("value", ["", " ", "a\x00b", 5, None, ["a"], {}, True])
def test_a_subject_is_text_that_can_be_kept(hub: Hub, value: object) -> None:
    hub.tenant("acme", "acme.example")
    side, app, browser = hub.oidc_op("acme"), hub.saml_app(), hub.browser()
    side.op.person["sub"] = value

    answer = side.authenticate(browser, browser.open(app.login_url()))

    assert answer.status_code == 403
    assert hub.trace(answer).error_code == "invalid_upstream_response"
