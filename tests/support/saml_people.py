"""People with names at a SAML identity provider of the tests."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.test import TestResponse

from tests.support.hub import Browser
from tests.support.partners import SamlSide


@dataclass(frozen=True)
class SamlPerson:
    """`app.sign_in(browser, SamlPerson(idp, …))`: this one person signs in there."""

    side: SamlSide
    email: str
    given_name: str
    surname: str

    def authenticate(self, browser: Browser, response: TestResponse) -> TestResponse:
        said = {"email": [self.email], "given_name": [self.given_name], "surname": [self.surname]}
        return self.side.authenticate(browser, response, name_id=f"id-of-{self.email}", attributes=said)
