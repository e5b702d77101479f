"""Staff as people: they open a link, choose a password, scan a key, touch a passkey. Everything goes over HTTP."""

from __future__ import annotations

import base64
import hashlib
import html as entities
import json
import re
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from broker.services.actor import Role
from broker.services.staff import StaffMember
from broker.store.tables import audit
from tests.support import effort, pages
from tests.support.console import member
from tests.support.hub import ME, PUBLIC_URL, Browser, Hub

PASSWORD = "heron lamp quarry violin"
SAME = "This does not match. Check what you typed and try again."
"""Whatever the reason is."""
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Passkey:
    """A small authenticator after WebAuthn level 2, with knobs for what must be refused."""

    origin: str = PUBLIC_URL
    relying_party: str = "localhost"
    flags: int = USER_PRESENT | USER_VERIFIED
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        self.user_handle = unb64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cose
        data = self._data(self.flags | ATTESTED) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(statement), "transports": ["internal"]})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        data, client = self._data(self.flags), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._answer({**said, "userHandle": b64(self.user_handle)})

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int) -> bytes:
        self.count += 1
        return hashlib.sha256(self.relying_party.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {"id": b64(self.credential_id), "rawId": b64(self.credential_id), "type": "public-key", "response": response}


class Person:
    """Somebody of the staff with a browser of their own."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.browser: Browser = hub.browser()
        self.totp_key = ""

    def page(self, path: str) -> str:
        response = self.browser.open(path)
        assert response.status_code == 200, (path, response.status_code, response.headers.get("location"))
        return response.get_data(as_text=True)

    def submit(self, page: str, ending: str, **typed: str) -> TestResponse:
        form = pages.form_to(page, ending, PUBLIC_URL).with_fields(**typed)
        return self.browser.post(form.action, form.fields)

    def follow(self, response: TestResponse) -> str:
        assert response.status_code == 302, pages.text(response.data)[:400]
        return self.page(response.headers["location"])

    def code(self) -> str:
        return pyotp.TOTP(self.totp_key).generate_otp(int(self.hub.clock.now().timestamp()) // 30)

    def next_code(self) -> str:
        """One that nobody has used: half a minute later."""
        self.hub.clock.forward(seconds=30)
        return self.code()

    # --- setting up ---------------------------------------------------------------------------------------------------

    def choose_password(self, link: str, password: str = PASSWORD) -> str:
        """Up to the page with the key; its text."""
        page = self.follow(self.submit(self.page(link), "/password", password=password, again=password))
        self.totp_key = re.sub(r"\s", "", entities.unescape(re.search(r'id="authenticator-key">([^<]+)<', page).group(1)))  # type: ignore[union-attr]
        return page

    def set_up(self, link: str) -> TestResponse:
        return self.submit(self.choose_password(link), "/authenticator", code=self.code())

    def make_passkey(self, link: str, key: Passkey) -> TestResponse:
        page = self.page(link)
        options = self.options(page, "make")
        return self.submit(page, "/passkey", credential=json.dumps(key.make(options)))

    def options(self, page: str, kind: str) -> dict[str, Any]:
        """What the page's script asks for."""
        address = re.search(rf'data-passkey="{kind}" data-options="([^"]+)"', page).group(1)  # type: ignore[union-attr]
        token = re.search(r'name="csrf" value="([^"]+)"', page).group(1)  # type: ignore[union-attr]
        headers = {"X-CSRF-Token": token, "X-Effort": effort.solved(page)}
        response = self.browser.open(address, method="POST", data=b"{}", content_type="application/json", headers=headers)
        assert response.status_code == 200, pages.text(response.data)[:300]
        return dict(response.get_json())

    # --- signing in ---------------------------------------------------------------------------------------------------

    def password(self, email: str, password: str = PASSWORD, following: str = "") -> TestResponse:
        """From a page that asks for nothing yet."""
        return self.submit(self.page(f"/console/sign-in{following}"), "/sign-in", email=email, password=password)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        page = self.follow(self.password(email, password))
        return self.submit(page, "/sign-in/code", code=self.next_code())

    def touch(self, key: Passkey, following: str = "") -> TestResponse:
        """As a browser does it, the calculation that the page may ask for included."""
        page = self.page(f"/console/sign-in{following}")
        return self.submit(page, "/sign-in/passkey", credential=json.dumps(key.get(self.options(page, "ask"))))

    @property
    def inside(self) -> bool:
        return self.browser.open("/console").status_code == 200


def invited(hub: Hub, role: Role = Role.OWNER, tenant: str | None = None, name: str = "") -> tuple[StaffMember, str]:
    """An account and its link."""
    made = member(hub, role, tenant, name)
    return made, hub.built.services.staff.invitations.create(ME, made.id).url


def with_password(hub: Hub, role: Role = Role.OWNER, name: str = "") -> tuple[Person, StaffMember]:
    """Somebody who has set up a password and codes, and is signed in."""
    made, link = invited(hub, role, name=name)
    person = Person(hub)
    assert person.set_up(link).status_code == 302
    return person, made


def with_passkey(hub: Hub, role: Role = Role.OWNER, name: str = "") -> tuple[Person, StaffMember, Passkey]:
    made, link = invited(hub, role, name=name)
    person, key = Person(hub), Passkey()
    assert person.make_passkey(link, key).status_code == 302
    return person, made, key


def actions(hub: Hub) -> list[tuple[str, str]]:
    """What the audit log says was done by whom, newest first."""
    with hub.built.database.reading() as connection:
        return [(row.action, row.actor) for row in audit.latest(connection, None, 50)]
