"""What people of the demonstration do with a browser, in their words."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import expect

from tests.support.chromium import Window


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    provider: str


ALICE = Person("Alice Archer", "alice@acme.example", "Acme ID")
GRACE = Person("Grace Gomez", "grace@globex.example", "Globex Login")
PETER = Person("Peter Gibson", "peter@initech.example", "Initech Login")
MALLORY = Person("Mallory Moss", "alice@acme.example", "Acme ID")


def start_at(window: Window, application: str) -> None:
    """Opens an application and presses its one button."""
    window.page.goto(application)
    window.press("Sign in", role="link")


def give_email(window: Window, email: str) -> None:
    window.page.get_by_label("Work email").fill(email)
    window.press("Continue")


def pick(window: Window, person: Person) -> None:
    """At the company's own sign-in page."""
    window.reads("Who are you?")
    expect(window.page.locator("header .name")).to_have_text(person.provider)
    window.page.locator("button", has_text=person.name).click()


def sign_in(window: Window, application: str, person: Person) -> None:
    start_at(window, application)
    give_email(window, person.email)
    pick(window, person)
