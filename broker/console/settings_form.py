"""Forms made from settings dataclasses, as operations describe them: type, default, help, choices, secret, risk.

An option that weakens a check stands apart, named for its risk; changing it from its default takes a second tick.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from broker.console import forms
from broker.console.forms import Control, Form
from broker.console.labels import label_of
from broker.console.pages import Problem
from broker.domain.errors import InvalidSettings
from broker.domain.messages import translatable
from broker.services.operations.described import SettingView

ACCEPT_FIRST = translatable("This weakens a check. Tick the box below to accept the risk, or leave it as it was.")
NOT_A_CHOICE = translatable("Choose one of the values in the list.")
WHOLE_NUMBER = translatable("Enter a whole number.")

FIRST = frozenset(
    {
        "issuer", "tenant", "permitted_tenants", "hosted_domains", "client_id", "client_secret", "entity_id", "sso_redirect_url",
        "sso_post_url", "signing_certificates", "acs_urls", "redirect_uris", "token_endpoint_auth_method", "application_type",
    }
)  # fmt: skip
"""What somebody enters who has no metadata; the rest has good defaults and is folded away."""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """Three parts of one form: what one enters, what one may adjust, what weakens a check."""

    form: Form
    main: tuple[Control, ...]
    more: tuple[Control, ...]
    risky: tuple[Control, ...]

    @property
    def more_open(self) -> bool:
        """Something in the folded part needs to be seen."""
        return any(self.form.wrong(control.name) for control in self.more) or self.form.stale


def made(
    settings: Iterable[SettingView], values: Mapping[str, Any], secrets: Mapping[str, str], problem: Problem | None
) -> SettingsForm:
    """The form for these settings with these values. `secrets`: of each secret, "set" or "not set"."""
    known = tuple(settings)
    form = forms.filled(tuple(_control(each, values, secrets) for each in known), problem)
    shown = tuple(
        replace(control, accepted=control.accepted or (problem is None and _weakens(setting, values)))
        for setting, control in zip(known, form.controls, strict=True)
    )
    main = tuple(each for each in shown if each.name in FIRST and not each.risk)
    more = tuple(each for each in shown if each.name not in FIRST and not each.risk)
    return SettingsForm(form, main, more, tuple(each for each in shown if each.risk))


def read(settings: Iterable[SettingView], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as settings by name; an empty secret is left out, so that it stays. Raises InvalidSettings."""
    found: dict[str, Any] = {}
    for setting in settings:
        text = typed.get(setting.name)
        if setting.secret and not text:
            continue
        if text is None and setting.kind != "yes or no":
            continue
        found[setting.name] = _value(setting, text or "")
        if _weakens(setting, found) and f"risk-{setting.name}" not in typed:
            raise InvalidSettings(ACCEPT_FIRST, field=setting.name)
    return found


def _weakens(setting: SettingView, values: Mapping[str, Any]) -> bool:
    return bool(setting.risk) and setting.name in values and values[setting.name] != setting.default


def _control(setting: SettingView, values: Mapping[str, Any], secrets: Mapping[str, str]) -> Control:
    return Control(
        setting.name,
        label_of(setting.name),
        _kind(setting),
        _text(values.get(setting.name, setting.default)),
        help=setting.help,
        choices=tuple((choice, choice) for choice in setting.choices),
        risk=setting.risk,
        is_set=secrets.get(setting.name) == "set",
        technical=setting.name,
    )


def _kind(setting: SettingView) -> str:
    if setting.secret:
        return "secret"
    if setting.kind == "yes or no":
        return "check"
    if setting.choices:
        return "choice"
    if setting.kind == "number":
        return "number"
    if setting.kind.startswith("list") and not setting.multiline:
        return "lines"
    return "code" if setting.multiline else "text"


def _text(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, list | tuple):
        return "\n".join(str(each).strip() for each in value)
    return str(value)


def _value(setting: SettingView, text: str) -> Any:
    if setting.kind == "yes or no":
        return text == "yes"
    if setting.kind == "number":
        return None if not text.strip() and setting.default is None else _whole(text, setting.name)
    if setting.kind == "list" and setting.multiline:
        return _blocks(text)
    if setting.kind == "list":
        return list(forms.lines(text))
    if setting.kind == "list of numbers":
        return [_whole(line, setting.name) for line in forms.lines(text)]
    if setting.choices and text not in setting.choices:
        raise InvalidSettings(NOT_A_CHOICE, field=setting.name)
    return text.strip()


def _whole(text: str, name: str) -> int:
    try:
        return int(text.strip())
    except ValueError as error:
        raise InvalidSettings(WHOLE_NUMBER, field=name) from error


def _blocks(text: str) -> list[str]:
    """Certificates, one below the other: a block ends where its END line does. Bare base64 is one block."""
    blocks: list[str] = []
    lines: list[str] = []
    for line in forms.lines(text):
        lines.append(line)
        if line.startswith("-----END"):
            blocks.append("\n".join(lines) + "\n")
            lines = []
    return [*blocks, "\n".join(lines)] if lines else blocks
