"""Pictures of the vendors' dialogs: which field gets which of our values. Drawn from this table, in the vendors' own words."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import SetupSheet

_LABELS = {
    "entity_id": "Entity ID (audience, identifier)",
    "acs": "Assertion consumer service (ACS, reply URL)",
    "metadata": "Metadata",
    "redirect_uri": "Redirect URI",
}
"""How the set-up sheet calls our values; their numbers on the page are their places there."""


@dataclass(frozen=True, slots=True)
class Box:
    """A field of the dialog: `ours` names one of our values, `text` is what stands there otherwise."""

    label: str
    ours: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """`path`: the menu that leads there."""

    title: str
    path: str
    boxes: tuple[Box, ...]
    button: str = ""


SKETCHES: dict[str, Sketch] = {
    "adfs": Sketch(
        "Add Relying Party Trust Wizard",
        "Select Data Source",
        (
            Box("Import data about the relying party published online", text="●"),
            Box("Federation metadata address (host name or URL)", "metadata"),
        ),
        "Next >",
    ),
    "entra-saml": Sketch(
        "Basic SAML Configuration",
        "Enterprise applications › Single sign-on › SAML",
        (
            Box("Identifier (Entity ID)", "entity_id"),
            Box("Reply URL (Assertion Consumer Service URL)", "acs"),
            Box("Sign on URL (Optional)"),
        ),
        "Save",
    ),
    "google-saml": Sketch(
        "Service provider details",
        "Apps › Web and mobile apps › Add custom SAML app",
        (
            Box("ACS URL", "acs"),
            Box("Entity ID", "entity_id"),
            Box("Signed response", text="☑"),
            Box("Name ID format", text="EMAIL"),
            Box("Name ID", text="Basic Information > Primary email"),
        ),
        "Continue",
    ),
    "okta": Sketch(
        "SAML Settings",
        "Applications › Create App Integration › SAML 2.0",
        (
            Box("Single sign-on URL", "acs"),
            Box("Audience URI (SP Entity ID)", "entity_id"),
            Box("Default RelayState"),
            Box("Name ID format", text="Persistent"),
            Box("Application username", text="Custom"),
        ),
        "Next",
    ),
    "onelogin": Sketch(
        "Configuration",
        "Applications › SAML Custom Connector (Advanced)",
        (
            Box("Audience (EntityID)", "entity_id"),
            Box("ACS (Consumer) URL Validator", text="^https://…$"),
            Box("ACS (Consumer) URL", "acs"),
            Box("SAML nameID format", text="Persistent"),
        ),
        "Save",
    ),
    "ping": Sketch(
        "SP Connection",
        "Applications › SP Connections › Import Metadata",
        (
            Box("Metadata: URL", "metadata"),
            Box("Partner’s Entity ID (Connection ID)", "entity_id"),
            Box("Assertion Consumer Service URL", "acs"),
        ),
        "Next",
    ),
    "entra-oidc": Sketch(
        "Register an application",
        "App registrations › New registration",
        (
            Box("Supported account types", text="This organizational directory only"),
            Box("Redirect URI (optional)", text="Web"),
            Box("", "redirect_uri"),
        ),
        "Register",
    ),
    "google-oidc": Sketch(
        "Create OAuth client ID",
        "APIs & Services › Credentials › Create credentials",
        (Box("Application type", text="Web application"), Box("Authorized redirect URIs", "redirect_uri")),
        "Create",
    ),
    "saml": Sketch(
        "SAML application",
        "",
        (
            Box("Entity ID / Audience / Identifier", "entity_id"),
            Box("ACS URL / Reply URL", "acs"),
            Box("NameID", text="persistent"),
        ),
    ),
    "oidc": Sketch(
        "OpenID Connect client",
        "",
        (
            Box("Redirect URI", "redirect_uri"),
            Box("Grant type", text="Authorization code"),
            Box("Scopes", text="openid profile email"),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field as it is drawn: at `y`, with the number of our value, 0 for none."""

    label: str
    text: str
    number: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    title: str
    path: str
    lines: tuple[Line, ...]
    button: str
    height: int

    @property
    def said(self) -> str:
        """For whoever cannot see it."""
        return "; ".join(f"{line.label}: {line.text or line.number or '—'}" for line in self.lines if line.label or line.number)


_TOP, _STEP = 64, 52


def sketch_for(kind: str, protocol: str, sheet: SetupSheet) -> Drawing:
    sketch = SKETCHES.get(kind) or SKETCHES["oidc" if protocol == "oidc" else "saml"]
    labels = [step.label for step in sheet.steps]
    return drawing(sketch, {ours: labels.index(label) + 1 for ours, label in _LABELS.items() if label in labels})


def drawing(sketch: Sketch, numbers: dict[str, int]) -> Drawing:
    """`numbers`: of our values, as the page counts them."""
    lines, y = [], _TOP
    for box in sketch.boxes:
        y -= 0 if box.label else 20
        lines.append(Line(box.label, box.text, numbers.get(box.ours, 0), y))
        y += _STEP
    return Drawing(sketch.title, sketch.path, tuple(lines), sketch.button, y + (44 if sketch.button else 8))
