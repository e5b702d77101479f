"""Passkeys of staff (WebAuthn level 2): the person is verified by their device, so a passkey alone signs them in.

A challenge is made here, good for five minutes and once; the browser's answer names it, and the store knows whether it
was ours and for what.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import structs
from webauthn.helpers.exceptions import WebAuthnException

from broker.domain import random_ids
from broker.domain.access_errors import InvalidCredentials
from broker.domain.errors import Conflict, UnknownObject
from broker.domain.messages import translatable
from broker.services.context import Action, Workbench
from broker.services.staff.accounts import Accounts
from broker.services.staff.model import StaffMember
from broker.store.tables import staff_session_queries
from broker.store.transient.contract import TransientStore

CHALLENGE = timedelta(minutes=5)
MOST = 20
MAX_ANSWER = 65_536
_KIND = "staff challenge"
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What garbage in an answer makes the library raise."""


@dataclass(frozen=True, slots=True)
class Passkey:
    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a device has just made, verified."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


class Passkeys:
    """`place` says what a challenge is for: "sign-in", a session, a welcome link. An answer is good there only."""

    def __init__(self, bench: Workbench, transient: TransientStore, accounts: Accounts) -> None:
        self._bench = bench
        self._transient = transient
        self._accounts = accounts
        url = urlsplit(bench.settings.public_url)
        self._relying_party = url.hostname or ""
        # As browsers write an origin: without the port that the scheme implies (RFC 6454 6.2).
        usual = {"https": 443, "http": 80}.get(url.scheme)
        self._origin = f"{url.scheme}://{self._relying_party}" + (f":{url.port}" if url.port not in (None, usual) else "")

    def of(self, staff_id: str) -> list[Passkey]:
        with self._bench.database.reading() as connection:
            rows = staff_session_queries.passkeys_of(connection, staff_id)
        return [Passkey(row.id, row.name, row.created_at, row.last_used_at) for row in rows]

    # --- registration -------------------------------------------------------------------------------------------------

    def offer(self, place: str, member: StaffMember) -> str:
        """PublicKeyCredentialCreationOptions as JSON."""
        options = webauthn.generate_registration_options(
            rp_id=self._relying_party,
            rp_name="Vestibule",
            user_id=member.id.encode(),
            user_name=member.email,
            user_display_name=member.name,
            challenge=self._challenge(place),
            timeout=int(CHALLENGE.total_seconds() * 1000),
            attestation=structs.AttestationConveyancePreference.NONE,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=self._descriptors(member.id),
        )
        return webauthn.options_to_json(options)

    def prove(self, place: str, answer: str) -> NewPasskey:
        """Not inside a unit of work: a challenge is used up whatever the answer is worth. Raises InvalidCredentials."""
        received = _read(answer)
        challenge = self._take(place, received)
        try:
            verified = webauthn.verify_registration_response(
                credential=received,
                expected_challenge=challenge,
                expected_rp_id=self._relying_party,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _UNREADABLE as error:
            raise InvalidCredentials(cause=f"registration of a passkey: {error}") from error
        if len(verified.credential_id) > 1023:  # WebAuthn 7.1 step 25
            raise InvalidCredentials(cause="the credential id is longer than WebAuthn allows")
        key = verified.credential_public_key
        return NewPasskey(verified.credential_id, key, verified.sign_count, _transports(received))

    def add(self, member: StaffMember, made: NewPasskey, name: str) -> None:
        """Raises Conflict. Inside the caller's unit of work, if there is one."""
        with self._bench.database.unit_of_work() as connection:
            if len(self.of(member.id)) >= MOST:
                raise Conflict(translatable("You have 20 passkeys. Remove one that you do not use any more."), field="passkey")
            if staff_session_queries.passkey(connection, made.credential_id) is not None:
                raise Conflict(translatable("This passkey is registered already."), field="passkey")
            values = {
                "id": random_ids.object_id("psk"),
                "staff_id": member.id,
                "credential_id": made.credential_id,
                "public_key": made.public_key,
                "sign_count": made.sign_count,
                "name": name.strip()[:80] or "Passkey",
                "transports": made.transports,
                "created_at": self._bench.clock.now(),
                "last_used_at": None,
            }
            staff_session_queries.add_passkey(connection, values)
            fields = {"passkey": (None, values["name"])}
            self._accounts.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)

    def remove(self, member: StaffMember, passkey_id: str) -> None:
        """Raises UnknownObject; Conflict when nothing would be left to sign in with."""
        with self._bench.database.unit_of_work() as connection:
            found = [item for item in self.of(member.id) if item.id == passkey_id]
            if not found:
                raise UnknownObject("There is no such passkey.", field="passkey")
            if member.passkeys == 1 and not member.has_password:
                raise Conflict(
                    translatable("This is the only thing you can sign in with. Add another passkey or a password first."),
                    field="passkey",
                )
            staff_session_queries.remove_passkey(connection, member.id, passkey_id)
            fields = {"passkey": (found[0].name, None)}
            self._accounts.changed(member.actor, member.id, member.tenant_id, Action.UPDATED, fields)

    # --- sign-in ------------------------------------------------------------------------------------------------------

    def ask(self, place: str, member: StaffMember | None = None) -> str:
        """PublicKeyCredentialRequestOptions as JSON; without a member the device offers what it has (discoverable credentials)."""
        options = webauthn.generate_authentication_options(
            rp_id=self._relying_party,
            challenge=self._challenge(place),
            timeout=int(CHALLENGE.total_seconds() * 1000),
            allow_credentials=None if member is None else self._descriptors(member.id),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return webauthn.options_to_json(options)

    def check(self, place: str, answer: str) -> StaffMember:
        """Whose passkey answered. Raises InvalidCredentials."""
        received = _read(answer)
        challenge = self._take(place, received)
        try:
            credential_id = _decoded(received["rawId"])
            with self._bench.database.reading() as connection:
                row = staff_session_queries.passkey(connection, credential_id)
            if row is None:
                raise InvalidCredentials(cause="nobody has this passkey")
            verified = webauthn.verify_authentication_response(
                credential=received,
                expected_challenge=challenge,
                expected_rp_id=self._relying_party,
                expected_origin=self._origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
            handle = received["response"].get("userHandle")
            # WebAuthn 7.2 step 6: the user handle, if there is one, must be the owner of the credential.
            if handle is not None and _decoded(handle) != row.staff_id.encode():
                raise InvalidCredentials(cause="the passkey names another account than the one that it belongs to")
        except _UNREADABLE as error:
            raise InvalidCredentials(cause=f"sign-in with a passkey: {error}") from error
        with self._bench.database.unit_of_work() as connection:
            staff_session_queries.used_passkey(connection, row.id, verified.new_sign_count, self._bench.clock.now())
        member = self._accounts.get(row.staff_id)
        if not member.enabled:
            raise InvalidCredentials(cause=f"the account {member.email} is switched off")
        return member

    # --- challenges ---------------------------------------------------------------------------------------------------

    def _challenge(self, place: str) -> bytes:
        challenge = random_ids.secret().encode()
        self._transient.put(_KIND, challenge.decode(), place.encode(), self._bench.clock.now() + CHALLENGE)
        return challenge

    def _take(self, place: str, received: dict[str, Any]) -> bytes:
        """The challenge that the answer names, when we made it for this. It is gone afterwards, whatever the answer is worth."""
        try:
            challenge = _decoded(json.loads(_decoded(received["response"]["clientDataJSON"]))["challenge"])
            made_for = self._transient.take(_KIND, challenge.decode("ascii"))
        except _UNREADABLE as error:
            raise InvalidCredentials(cause=f"the passkey's answer cannot be read: {type(error).__name__}") from error
        if made_for != place.encode():
            raise InvalidCredentials(cause="the challenge is not ours, was used, has expired, or was for something else")
        return challenge

    def _descriptors(self, staff_id: str) -> list[structs.PublicKeyCredentialDescriptor]:
        with self._bench.database.reading() as connection:
            rows = staff_session_queries.passkeys_of(connection, staff_id)
        known = {item.value for item in structs.AuthenticatorTransport}
        return [
            structs.PublicKeyCredentialDescriptor(
                id=row.credential_id,
                transports=[structs.AuthenticatorTransport(name) for name in row.transports if name in known],
            )
            for row in rows
        ]


def _read(answer: str) -> dict[str, Any]:
    try:
        received = json.loads(answer) if len(answer) <= MAX_ANSWER else None
    except (ValueError, RecursionError) as error:
        raise InvalidCredentials(cause="the passkey's answer is no JSON") from error
    if not isinstance(received, dict):
        raise InvalidCredentials(cause="the passkey's answer is no JSON object, or too long")
    return received


def _decoded(text: str) -> bytes:
    """base64url without padding. Raises ValueError, TypeError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _transports(received: dict[str, Any]) -> list[str]:
    """How the browser reaches the authenticator: a hint for later, nothing to rely on."""
    found = received["response"].get("transports")
    known = {item.value for item in structs.AuthenticatorTransport}
    return sorted({name for name in found if isinstance(name, str) and name in known}) if isinstance(found, list) else []
