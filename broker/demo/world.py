"""Who takes part in the demonstration: addresses, people, and the refusal to exist in production."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


class ProductionRefusal(SystemExit):
    """The demonstration was asked to start in production."""


def refuse_in_production(environment: Mapping[str, str] | None = None) -> None:
    """Raises ProductionRefusal when VESTIBULE_PRODUCTION is set to anything but no."""
    value = (os.environ if environment is None else environment).get("VESTIBULE_PRODUCTION", "")
    if value.strip().lower() not in {"", "0", "false", "no"}:
        raise ProductionRefusal("The demonstration does not start in production: its people need no password.")


@dataclass(frozen=True, slots=True)
class Ports:
    """Free loopback ports, one per partner."""

    saml_idp: int = 8091
    oidc_idp: int = 8092
    saml_app: int = 8093
    oidc_app: int = 8094
    third_idp: int = 8095


@dataclass(frozen=True, slots=True)
class World:
    """Every address. The hub is `localhost` and its partners 127.0.0.1, so that browsers see different sites, as in life."""

    broker_url: str
    ports: Ports = Ports()

    @property
    def saml_idp(self) -> str:
        return f"http://127.0.0.1:{self.ports.saml_idp}"

    @property
    def oidc_idp(self) -> str:
        return f"http://127.0.0.1:{self.ports.oidc_idp}"

    @property
    def saml_app(self) -> str:
        return f"http://127.0.0.1:{self.ports.saml_app}"

    @property
    def oidc_app(self) -> str:
        return f"http://127.0.0.1:{self.ports.oidc_app}"

    @property
    def third_idp(self) -> str:
        return f"http://127.0.0.1:{self.ports.third_idp}"

    def is_broker_address(self, url: str, ending: str) -> bool:
        """Whether an address that a request names is one of the hub's upstream addresses."""
        return url.startswith(f"{self.broker_url}/upstream/") and url.endswith(ending)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be picked on a demonstration sign-in page. `remark`: an English message id."""

    id: str
    email: str
    given_name: str
    family_name: str
    groups: tuple[str, ...] = ()
    remark: str = ""

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


ACME_PEOPLE = (
    Person("7d1c0b52", "alice@acme.example", "Alice", "Archer", ("Finance", "Managers")),
    Person("c94e8a17", "bob@acme.example", "Bob", "Baker", ("Warehouse",)),
    Person("e03b6f2d", "grace@globex.example", "Mallory", "Moss", (), "Claims an address of Globex; Vestibule refuses"),
)
GLOBEX_PEOPLE = (
    Person("1f6a2e90", "grace@globex.example", "Grace", "Gomez", ("Research",)),
    Person("58b3d7c4", "heidi@globex.example", "Heidi", "Hartmann", ("Research", "Administrators")),
)
INITECH_PEOPLE = (
    Person("90ad41c6", "peter@initech.example", "Peter", "Gibson", ("Reports",)),
    Person("2be7f035", "milton@initech.example", "Milton", "Wade", ("Archive",)),
)


def person_of(people: tuple[Person, ...], person_id: str) -> Person | None:
    return next((person for person in people if person.id == person_id), None)
