"""A directory and the people it speaks of, in the same moment: whoever is switched off while they sign in is not signed in.

SQLite lets one writer in at a time, so these tell something on PostgreSQL above all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

import pytest

from broker.domain import claims as c
from broker.domain.directory import Matching, UnknownPeople
from broker.domain.errors import Conflict
from broker.services.context import Action
from broker.services.provisioning import SaveDirectory
from broker.store.tables import directory_logins, directory_people
from tests.journeys.test_provisioning import ANN, Acme
from tests.support.hub import ME, Hub

MOMENT = 0.5
"""Seconds for whoever should wait: they are where they wait by then. Too short, a test tells less and never fails."""


def meanwhile(work: Callable[[], object]) -> Future[object]:
    """What `work` returns, in another process as far as the database can tell."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    wait([future], MOMENT)
    return future


@contextmanager
def leaving(acme: Acme, person: str, how: str) -> Iterator[None]:
    """All is done and nothing is committed before the end."""
    people = acme.hub.built.services.directory_people
    caller = acme.directory.service.authenticate(acme.idp.connector_id, acme.directory.token, "")
    with acme.hub.built.database.unit_of_work():
        if how == "deleted":
            people.delete(caller, person)
        else:
            people.change(caller, person, lambda now: replace(now, active=False, attributes={**now.attributes, "active": False}))
        yield


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("how", ["switched off", "deleted"])
def test_whoever_is_switched_off_while_they_sign_in_is_not_signed_in(hub: Hub, how: str, signed_in: bool) -> None:
    acme = Acme(hub)
    ann = acme.directory.add(ANN)
    if signed_in:
        acme.signs_in()

    with leaving(acme, ann, how):
        answer = meanwhile(acme.answer)

    assert answer.result(60).status_code == 403  # type: ignore[attr-defined]
    assert hub.count("sessions") == 0


@pytest.mark.parametrize("how", ["switched off", "deleted"])
def test_nor_does_their_session_answer_another_application(hub: Hub, how: str) -> None:
    acme, browser = Acme(hub), hub.browser()
    ann = acme.directory.add(ANN)
    acme.wiki.learn(acme.answer(browser))

    with leaving(acme, ann, how):
        answer = meanwhile(lambda: browser.open(acme.wiki.login_url(tenant="acme")))

    assert "SAMLResponse" not in answer.result(60).get_data(as_text=True)  # type: ignore[attr-defined]
    assert hub.count("sessions") == 0


def test_the_first_sign_ins_of_one_person_in_two_browsers_at_once_both_end_well(hub: Hub) -> None:
    acme = Acme(hub)
    acme.signs_in()
    ann = acme.directory.add(ANN)
    tenant_id, (identity_id,) = hub.tenants["acme"], _identities(hub)

    with hub.built.database.unit_of_work() as connection:
        directory_logins.remember(connection, tenant_id, acme.idp.connector_id, identity_id, ann, hub.clock.now())
        answer = meanwhile(acme.answer)

    assert acme.wiki.learn(answer.result(60)).claims[c.EMAIL] == [ANN]  # type: ignore[arg-type]


def test_two_people_of_one_address_are_deleted_at_once(hub: Hub) -> None:
    acme = Acme(hub)
    one, two = (acme.directory.add(name, emails=[{"value": ANN}]) for name in ("one", "two"))

    with leaving(acme, one, "deleted"):
        deleted = meanwhile(lambda: acme.directory.call("DELETE", f"/Users/{two}").status_code)

    assert deleted.result(60) == 204
    with hub.built.database.reading() as connection:
        assert directory_people.find(connection, hub.tenants["acme"], acme.idp.connector_id, two) is None
    assert acme.refused_with() == "switched_off_in_directory"


def test_somebody_is_deleted_while_they_become_a_member(hub: Hub) -> None:
    acme = Acme(hub)
    ann, group = acme.directory.add(ANN), acme.directory.group("Writers")
    sent = {"Operations": [{"op": "add", "path": "members", "value": [{"value": ann}]}]}

    with leaving(acme, ann, "deleted"):
        answer = meanwhile(lambda: acme.directory.call("PATCH", f"/Groups/{group}", sent).get_json())

    assert answer.result(60)["scimType"] == "invalidValue"  # type: ignore[index]
    assert "members" not in acme.directory.get(f"/Groups/{group}")


def test_a_directory_is_switched_on_twice_at_once(hub: Hub) -> None:
    hub.tenant("acme", "acme.example")
    service, connector_id = hub.built.services.directories, hub.saml_idp("acme").connector_id
    connector = hub.built.connectors.by_id(hub.tenants["acme"], connector_id)
    assert connector is not None
    wanted = SaveDirectory(True, Matching.EMAIL, UnknownPeople.ADMIT)

    with hub.built.database.unit_of_work():
        service.save(ME, connector, wanted)
        second = meanwhile(lambda: service.save(ME, connector, wanted).action)

    assert second.result(60) is Action.UNCHANGED


def test_no_more_tokens_work_than_may_however_many_are_made_at_once(hub: Hub) -> None:
    directory = Acme(hub).directory

    with hub.built.database.unit_of_work():
        directory.service.make_token(ME, directory.connector)
        third = meanwhile(lambda: directory.service.make_token(ME, directory.connector))

    assert isinstance(third.exception(10), Conflict)


def _identities(hub: Hub) -> list[str]:
    with hub.built.database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT id FROM identities").scalars())
