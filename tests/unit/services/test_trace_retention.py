"""How long traces are kept: the hub's time, or a shorter one of the tenant's own (FEATURES M5)."""

from __future__ import annotations

import pytest

from broker.domain.errors import InvalidSettings, UnknownObject
from broker.services.operations.tenants import ChangeTenant
from tests.support import pages
from tests.support.hub import ME, Hub


def failed_sign_in(hub: Hub, tenant: str) -> str:
    """The reference code of somebody whose email address belongs to nobody."""
    side = hub.saml_idp(tenant)
    side.email = "ann@nowhere.example"
    app = hub.saml_app(f"app-{tenant}", tenant_ids=(hub.tenants[tenant],))
    browser = hub.browser()
    page = side.authenticate(browser, browser.open(app.login_url()))
    return pages.reference_code(page.data)


def is_kept(hub: Hub, code: str) -> bool:
    hub.built.upkeep.run()
    try:
        hub.built.traces.find(ME, code)
    except UnknownObject:
        return False
    return True


def set_days(hub: Hub, tenant: str, days: int) -> None:
    hub.built.operations.run(ME, "tenant.save", ChangeTenant(tenant, trace_days=days))


def test_given_a_tenant_with_a_shorter_time_then_only_its_traces_go_sooner(hub: Hub) -> None:
    for tenant in ("acme", "globex"):
        hub.tenant(tenant, f"{tenant}.example")
    set_days(hub, "acme", 2)
    theirs, others = failed_sign_in(hub, "acme"), failed_sign_in(hub, "globex")

    hub.clock.forward(days=1, hours=23)
    assert is_kept(hub, theirs)
    hub.clock.forward(hours=2)

    assert not is_kept(hub, theirs)
    assert is_kept(hub, others)
    hub.clock.forward(days=29)
    assert not is_kept(hub, others)


def test_given_a_time_that_is_changed_then_it_holds_for_what_is_there_already(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    code = failed_sign_in(hub, "acme")
    hub.clock.forward(days=3)
    assert is_kept(hub, code)

    set_days(hub, "acme", 2)

    assert not is_kept(hub, code)


def test_given_a_shorter_time_that_is_taken_back_then_traces_are_kept_as_everywhere(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    set_days(hub, "acme", 2)
    code = failed_sign_in(hub, "acme")

    set_days(hub, "acme", 0)
    hub.clock.forward(days=10)

    assert is_kept(hub, code)


@pytest.mark.parametrize("days", [-1, 31])
def test_given_a_time_that_cannot_be_then_it_is_refused(hub: Hub, days: int) -> None:
    hub.tenant("acme", "acme.example")
    with pytest.raises(InvalidSettings) as refused:
        set_days(hub, "acme", days)
    assert refused.value.field == "trace_days"
