"""The clock takes metadata over while somebody decides about the same connector: neither undoes what the other did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from broker.domain.access_errors import StaleVersion
from broker.services.setup_links import unchanged
from tests.support.followed import NEW, OLD, Followed, acme
from tests.support.hub import ME
from tests.support.saml_idp import key_pair

__all__ = ["acme"]  # fixture


def at_once(followed: Followed, slow: Callable[[], Any], fast: Callable[[], Any]) -> Future[Any]:
    """How `fast` ended, which began when `slow` had written and not yet committed."""
    begun, finish = threading.Event(), threading.Event()

    def slowly() -> None:
        with followed.hub.built.database.unit_of_work():
            slow()
            begun.set()
            finish.wait(10)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slowly)
        assert begun.wait(10)
        second = pool.submit(fast)
        wait([second], timeout=0.5)
        finish.set()
        first.result(10)
    return second


def test_given_an_operator_switches_off_while_new_certificates_are_taken_over_then_it_stays_off(acme: Followed) -> None:
    connectors, tenant_id, before = acme.hub.built.connectors, acme.hub.tenants["acme"], acme.connector
    keys = [key_pair(name).certificate_pem for name in (OLD, NEW)]
    take_over = unchanged(before, {"signing_certificates": keys})

    ended = at_once(
        acme,
        lambda: connectors.set_enabled(ME, tenant_id, "idp", enabled=False),
        lambda: connectors.save(ME, replace(take_over, expected_version=before.version)),
    )

    assert isinstance(ended.exception(), StaleVersion)
    assert (acme.connector.enabled, acme.connector.held) == (False, True)


def test_given_new_certificates_are_taken_over_while_it_is_switched_off_then_they_stay(acme: Followed) -> None:
    connectors, tenant_id, before = acme.hub.built.connectors, acme.hub.tenants["acme"], acme.connector
    keys = [key_pair(name).certificate_pem for name in (OLD, NEW)]

    ended = at_once(
        acme,
        lambda: connectors.save(ME, unchanged(before, {"signing_certificates": keys})),
        lambda: connectors.set_enabled(ME, tenant_id, "idp", enabled=False),
    )

    assert ended.exception() is None
    assert not acme.connector.enabled
    assert acme.certificates == {OLD, NEW}
