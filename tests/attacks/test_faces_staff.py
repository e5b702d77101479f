"""Accounts that are switched off: no credential of theirs opens anything, not even a session that would wake up later."""

from __future__ import annotations

import pytest

from broker.domain.errors import Conflict
from broker.services.actor import Role
from broker.services.staff.accounts import ChangeStaff
from tests.support.at_once import at_once
from tests.support.hub import ME, Hub
from tests.support.staff import Person, with_passkey, with_password


def switch(hub: Hub, staff_id: str, *, enabled: bool) -> None:
    accounts = hub.built.services.staff.accounts
    now = accounts.get(staff_id)
    accounts.save(ME, ChangeStaff(now.id, now.name, now.role, now.tenant_id, enabled))


@pytest.mark.parametrize("how", ["passkey", "password", "code"])
def test_an_account_that_was_switched_off_opens_no_session_that_works_once_it_is_on_again(hub: Hub, how: str) -> None:
    """The last owner stays an owner: the account in question is an operator's."""
    visitor = Person(hub)
    if how == "passkey":
        _, made, key = with_passkey(hub, Role.OPERATOR)
        switch(hub, made.id, enabled=False)
        answer = visitor.touch(key)
    else:
        owner, made = with_password(hub, Role.OPERATOR)
        visitor.totp_key = owner.totp_key
        if how == "password":
            switch(hub, made.id, enabled=False)
            answer = visitor.password(made.email)
        else:
            page = visitor.follow(visitor.password(made.email))
            switch(hub, made.id, enabled=False)
            answer = visitor.submit(page, "/sign-in/code", code=visitor.next_code())

    assert answer.status_code == 401
    assert hub.count("staff_sessions") == 0
    switch(hub, made.id, enabled=True)
    assert not visitor.inside


@pytest.mark.parametrize("how", ["passkey", "password"])
def test_an_account_that_is_on_opens_one(hub: Hub, how: str) -> None:
    """The honest neighbour."""
    visitor = Person(hub)
    if how == "passkey":
        _, _, key = with_passkey(hub, Role.OPERATOR)
        visitor.touch(key)
    else:
        owner, made = with_password(hub, Role.OPERATOR)
        visitor.totp_key = owner.totp_key
        visitor.sign_in(made.email)

    assert visitor.inside


def test_whoever_was_signed_in_before_a_link_was_used_is_out(hub: Hub) -> None:
    """The reason for the link may be that somebody else has a session."""
    thief, made = with_password(hub, Role.OPERATOR)
    colleague, _ = with_password(hub, Role.SUPPORT, name="colleague")
    assert thief.inside
    link = hub.built.services.staff.invitations.create(ME, made.id).url

    person = Person(hub)
    assert person.set_up(link).status_code == 302

    assert (person.inside, thief.inside, colleague.inside) == (True, False, True)


@pytest.mark.parametrize("how", ["switch off", "demote", "delete"])
def test_two_owners_who_are_made_to_go_at_once_do_not_both_go(hub: Hub, how: str) -> None:
    accounts = hub.built.services.staff.accounts
    first, second = (with_passkey(hub, Role.OWNER, name=name)[1] for name in ("first", "second"))

    def go(staff_id: str) -> None:
        now = accounts.get(staff_id)
        if how == "delete":
            accounts.delete(ME, staff_id)
        else:
            role = Role.OPERATOR if how == "demote" else Role.OWNER
            accounts.save(ME, ChangeStaff(now.id, now.name, role, None, enabled=how == "demote"))

    fast = at_once(hub, lambda: go(first.id), lambda: go(second.id))

    with pytest.raises(Conflict):
        fast.result()
    assert accounts.get(second.id).enabled
