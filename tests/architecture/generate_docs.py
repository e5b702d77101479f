"""`python -m tests.architecture.generate_docs`: writes the generated parts of docs/ again, from the code.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything around it is written by hand.
Also what `vestibule --help` is answered from (`broker.cli.prepared`).
`test_docs.py` fails when a part is out of step.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from broker.cli import prepared
from broker.cli.commands import main as vestibule
from broker.cli.layout import OTHERS, SECTIONS
from broker.console.staff_words import ROLE_WORDS
from broker.domain import style
from broker.domain.errors import BrokerError
from broker.downstream.oidc.settings import OidcClientSettings
from broker.downstream.saml.settings import SamlApplicationSettings
from broker.rules import aliases, templates
from broker.services.actor import ROLES, Role, Verb
from broker.services.brand_css import HEADING, PLACES, PROPERTIES
from broker.services.diagnosis import catalogue
from broker.services.operations.table import ALL
from broker.settings import Settings
from connectors import registry

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_PART = re.compile(r"(<!-- generated: ([^>]+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "| " + " | ".join("---" for _ in headings) + " |"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# --- process settings -------------------------------------------------------------------------------------------------


def settings_table() -> str:
    """Environment variable, default, and the docstring that stands below the field."""
    meanings = _docstrings_of_fields(ROOT / "broker" / "settings.py", "Settings")
    rows = [
        (code(f"VESTIBULE_{item.name.upper()}"), code(_shown(item.default)), meanings.get(item.name, ""))
        for item in dataclasses.fields(Settings)
    ]
    return table(("variable", "default", "meaning"), rows)


def _docstrings_of_fields(path: Path, name: str) -> dict[str, str]:
    tree = ast.parse(path.read_text("utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name).body
    found: dict[str, str] = {}
    for field, after in pairwise(body):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=field_name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[field_name] = text
    return found


# --- settings dataclasses ---------------------------------------------------------------------------------------------


def fields_table(kind: type, leave_out: frozenset[str] = frozenset()) -> str:
    rows = [_field_row(item) for item in dataclasses.fields(kind) if item.name not in leave_out]
    return table(("setting", "kind", "default", "meaning"), rows)


_KINDS = {
    "str": "text",
    "bool": "true or false",
    "int": "number",
    "int | None": "number",
    "tuple[str, ...]": "list",
    "tuple[int, ...]": "list",
}


def _field_row(item: Any) -> tuple[str, str, str, str]:
    kind = ", ".join(map(code, item.metadata["choices"])) or ("secret" if item.metadata["secret"] else _KINDS[str(item.type)])
    required = " **Required.**" if item.default is dataclasses.MISSING else ""
    risk = f" **Risk:** {item.metadata['risk']}" if item.metadata["risk"] else ""
    return code(item.name), kind, code(_shown(item.default)), item.metadata["help"].rstrip(".") + "." + required + risk


def _shown(default: Any) -> str:
    """A default as people write it; nothing for empty."""
    if default is dataclasses.MISSING:
        return ""
    if isinstance(default, bool):
        return "true" if default else "false"
    return ", ".join(map(str, default)) if isinstance(default, tuple) else str(default)


def connector_types() -> str:
    rows = [(code(name), registry.connector_type(name).label, registry.connector_type(name).protocol) for name in registry.BUILT_IN]
    return table(("type", "for", "protocol"), rows)


def connector_settings(name: str) -> Callable[[], str]:
    """Of a vendor's type only what it adds or presets beside the general type of its protocol."""

    def made() -> str:
        kind = registry.connector_type(name)
        general = registry.connector_type(kind.protocol).Settings
        if kind.Settings is general:
            return fields_table(general)
        same = {(item.name, item.default) for item in dataclasses.fields(general)}
        leave_out = frozenset(item.name for item in dataclasses.fields(kind.Settings) if (item.name, item.default) in same)
        return fields_table(kind.Settings, leave_out)

    return made


# --- errors -----------------------------------------------------------------------------------------------------------

_ACTS = {
    "user": "the person",
    "customer_it": "the customer's IT team",
    "application_owner": "whoever runs the application",
    "operator": "whoever runs the hub",
}


def error_classes() -> Iterator[type[BrokerError]]:
    """The tree, parents first; one class per code. The root never leaves the hub: unexpected exceptions are InternalError."""
    waiting: list[type[BrokerError]] = [BrokerError]
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop(0)
        waiting = [each for each in kind.__subclasses__() if each.__module__.startswith("broker.domain.")] + waiting
        if kind is not BrokerError and kind.code not in seen:
            seen.add(kind.code)
            yield kind


def error_entry(kind: type[BrokerError]) -> Callable[[], str]:
    def made() -> str:
        head = f"> {kind.sentence}\n\nWho can act: {_ACTS[kind.act]}. HTTP status of the page: {kind.status}.\n"
        rows = [(cause.cause, cause.fix, _ACTS[cause.act]) for cause in catalogue.causes_of(kind.code)]
        return head + "\n" + table(("probable cause", "remedy", "who"), rows)

    return made


# --- command line -----------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, click.Command]]:
    yield from _commands(vestibule, "vestibule")


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], f"{path} {name}")
    else:
        yield path, command


def command_pages() -> str:
    """Every command with its options; the words are the command's own."""
    parts = []
    for path, command in commands():
        # The names as `main` sets them: click remembers what it saw first.
        context = click.Context(
            command, info_name=path, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"]
        )
        parts.append(f"## {path.removeprefix('vestibule ')}\n\n```text\n{command.get_help(context).strip()}\n```\n")
    return "\n".join(parts)


def command_tables() -> str:
    """One table a section of `vestibule --help`, one line a command."""
    known = {name for _, names in SECTIONS for name in names}
    others = tuple(name for name in sorted(vestibule.commands) if name not in known)
    return "\n".join(f"### {title}\n\n{_command_table(names)}" for title, names in (*SECTIONS, (OTHERS, others)))


def _command_table(names: tuple[str, ...]) -> str:
    rows = []
    for path, command in commands():
        words = path.split()[1:]
        if words[0] in names:
            anchor = "-".join(words)
            arguments = " ".join(
                each.make_metavar(click.Context(command)) for each in command.params if isinstance(each, click.Argument)
            )
            said = f"[`{' '.join(words)}`](cli-reference.md#{anchor})" + (f" {code(arguments)}" if arguments else "")
            rows.append((words[0], said, command.get_short_help_str(limit=200).rstrip(".")))
    rows.sort(key=lambda row: names.index(row[0]))
    return table(("command", "what it does"), [row[1:] for row in rows])


# --- management API ---------------------------------------------------------------------------------------------------


def operations_table() -> str:
    rows = [(code(f"{one.method} {one.path}"), one.summary, code(one.verb.value), code(one.name)) for one in ALL]
    return table(("request, below `/api/v1`", "", "verb", "operation"), rows)


# --- rules ------------------------------------------------------------------------------------------------------------


def rule_templates() -> str:
    rows = []
    for name in sorted(templates._TEMPLATES):
        _build, required, optional = templates._TEMPLATES[name]
        place = "authorization" if name in templates.AUTHORIZATION_TEMPLATES else "acceptance, transform"
        rows.append((code(name), place, ", ".join(map(code, sorted(required))), ", ".join(map(code, sorted(optional)))))
    return table(("template", "where", "needs", "may have"), rows)


def short_names() -> str:
    received: dict[str, list[str]] = {}
    for alias, canonical in aliases.CANONICAL.items():
        received.setdefault(canonical, []).append(alias)
    rows = [
        (code(short), code(canonical), ", ".join(map(code, received.get(canonical, ()))) or "set by the hub")
        for short, canonical in aliases.SHORT_NAMES.items()
        if short != "family_name"
    ]
    return table(("short name", "claim type", "also received as"), rows)


# --- staff ------------------------------------------------------------------------------------------------------------


def style_names() -> str:
    return table(("name", "what it is"), [(code(name), what) for name, what in style.NAMES.items()])


def style_colours() -> str:
    rows = [(code(f"--{name}"), code(style.LIGHT[name]), code(style.DARK[name]), what) for name, what in style.COLOURS.items()]
    return table(("custom property", "light", "dark", "what it is"), rows)


def style_properties() -> str:
    where = {name: ", ".join(code(place) for place in sorted(places)) for name, places in PLACES.items()}
    rows = [(code(name), code(kind[1]), where.get(name, "")) for name, kind in PROPERTIES.items()]
    rows += [(code(name), code(kind[1]), code("h1")) for name, kind in HEADING.items()]
    return table(("property", "values", "only for"), rows)


def roles_table() -> str:
    """Every role, in words, and the verbs that it holds."""
    rows = [(code(role.value), f"{words.name}. {words.may}", ", ".join(code(verb.value) for verb in Verb if verb in ROLES[role])) for role, words in zip(Role, ROLE_WORDS, strict=True)]
    return table(("role", "what it is for", "verbs"), rows)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "style names": style_names,
    "style colours": style_colours,
    "style properties": style_properties,
    "connector types": connector_types,
    **{f"connector {name}": connector_settings(name) for name in ("saml", "oidc", "entra-oidc", "google-oidc")},
    "application oidc": lambda: fields_table(OidcClientSettings, frozenset({"client_secret_hashes"})),
    "application saml": lambda: fields_table(SamlApplicationSettings),
    **{f"error {kind.code}": error_entry(kind) for kind in error_classes()},
    "commands": command_pages,
    "command tables": command_tables,
    "operations": operations_table,
    "roles": roles_table,
    "rule templates": rule_templates,
    "claim names": short_names,
}


def regenerated(text: str) -> str:
    """The page with every generated part made again. Raises KeyError for a part that nobody makes."""
    return _PART.sub(lambda part: part[1] + PARTS[part[2]]() + part[4], text)


def parts_of(text: str) -> list[str]:
    return [part[1] for part in _PART.findall(text)]


def main() -> None:
    prepared.FILE.write_text(prepared.written(vestibule), "utf-8")
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text("utf-8")
        after = regenerated(before)
        if after != before:
            path.write_text(after, "utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
