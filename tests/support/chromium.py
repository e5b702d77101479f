"""A real browser: Chromium as the system installed it, driven by Playwright, and windows that watch themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright

EXECUTABLE = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 30_000
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip
# A page with an error status is said again by the console; the page itself is what tests look at.
_STATUS_LINE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@contextmanager
def launched() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Window:
    """One profile with one page. `complaints`: of the console, of scripts, of the content policy; and failed requests."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)
    policies: dict[str, str] = field(default_factory=dict)
    """Address without query → Content-Security-Policy of the page there."""

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._response)

    def _failed(self, request: Any) -> None:
        # Aborted: the page was left while a picture was still on its way.
        if "ERR_ABORTED" not in str(request.failure):
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _STATUS_LINE.match(message.text):
            self.complaints.append(f"{message.type}: {message.text} ({self.page.url})")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"status {response.status}: {response.url}")
        if response.request.resource_type == "document":
            place = response.url.partition("?")[0]
            self.visited.append(place)
            if response.ok and (policy := response.headers.get("content-security-policy")) is not None:
                self.policies[place] = policy

    # --- what people do -----------------------------------------------------------------------------------------------

    def press(self, name: str, *, role: Any = "button") -> None:
        self.page.get_by_role(role, name=name, exact=True).click()

    def reads(self, heading: str) -> None:
        """Waits for the page with this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    # Each of these waits: after a click the page may still be the one before, or one that sends itself onward.

    def says(self, text: str) -> None:
        """Waits for the page on which this stands."""
        expect(self.page.locator("body")).to_contain_text(text)

    def never_says(self, text: str) -> None:
        """Not on this page, which somebody has waited for by what does stand on it."""
        self.page.wait_for_load_state()
        expect(self.page.locator("body")).not_to_contain_text(text)

    def is_at(self, address: str) -> None:
        """Waits for a page at or below this address."""
        expect(self.page).to_have_url(re.compile(f"^{re.escape(address)}(?![^/?#])"))

    def fits(self) -> None:
        """Nothing of this page, which somebody has waited for by what stands on it, sticks out of the window sideways."""
        self.page.wait_for_load_state()
        width, inner = self.page.locator("html").evaluate("page => [page.scrollWidth, window.innerWidth]")
        assert width <= inner, f"{self.page.url} is {width} pixels wide in a window of {inner}"


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[Window]:
    """A fresh profile. At the end nothing may have complained."""
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
    context.set_default_timeout(WAIT_MS)
    try:
        made = Window(context.new_page())
        yield made
        assert not made.complaints, made.complaints
    finally:
        context.close()


@contextmanager
def device(window: Window, **knobs: Any) -> Iterator[None]:
    """A fingerprint reader in this window; `isUserVerified=False`: nobody's finger fits."""
    session = window.page.context.new_cdp_session(window.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, **knobs}})
    yield
    session.send("WebAuthn.disable")
