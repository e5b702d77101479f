"""Every sentence that pages show: what the French catalogue must know."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from broker.demo import site, world
from broker.domain import errors
from broker.downstream.oidc.settings import OidcClientSettings
from broker.downstream.saml.settings import SamlApplicationSettings
from broker.portal import guidance
from broker.web import pages
from connectors import registry
from metadata import saml_words

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
SERVICES = tuple(ROOT / "broker" / "services" / name for name in ("connectors.py", "setup_links.py", "setup_renewal.py", "domain_proof.py", "intake.py", "test_login.py"))


def message_ids() -> set[str]:
    return {*of_templates(), *of_errors(), *of_pages(), *of_portal(), *of_settings(), *of_demonstration(), *marked()}


def marked() -> Iterator[str]:
    """What code marks with `translatable("…")`."""
    for path in (*ROOT.glob("broker/**/*.py"), *ROOT.glob("connectors/**/*.py"), *ROOT.glob("metadata/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) == "translatable":
                yield from _text(node.args[0])


def of_templates() -> Iterator[str]:
    """The literal arguments of `_()`. One that is not literal gets its text from the other sources."""
    environment = Environment(autoescape=True)
    for path in TEMPLATES.rglob("*.html"):
        for call in environment.parse(path.read_text("utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_" and isinstance(call.args[0], nodes.Const):
                yield call.args[0].value


def of_errors() -> Iterator[str]:
    """The sentences of the whole error tree."""
    waiting: list[type[errors.BrokerError]] = [errors.BrokerError]
    while waiting:
        kind = waiting.pop()
        yield kind.sentence
        waiting += [each for each in kind.__subclasses__() if each.__module__.startswith("broker.domain.")]


def of_pages() -> Iterator[str]:
    yield from pages.ADVICE.values()
    yield from pages.ADVICE_BY_CODE.values()
    yield from pages.TITLES
    yield "This page has expired. Load it again and repeat the last step."


def of_portal() -> Iterator[str]:
    for each in (guidance.SAML, guidance.OIDC, *guidance.BY_KIND.values()):
        yield from (each.where, each.find)
        for field in each.fields:
            yield from (text for text in dataclasses.astuple(field)[1:3] if text)


def of_settings() -> Iterator[str]:
    """What forms say of every setting of connectors and applications."""
    kinds = (registry.connector_type(name).Settings for name in registry.BUILT_IN)
    for settings in (*kinds, SamlApplicationSettings, OidcClientSettings):
        for item in dataclasses.fields(settings):
            yield from (text for text in (item.metadata["help"], item.metadata["risk"]) if text)


def filled_in_elsewhere() -> Iterator[str]:
    """Examples of what metadata readers, connectors and services say on the set-up page, every value replaced by 7."""
    yield from saml_words.PROBLEMS.values()
    for path in (*ROOT.glob("connectors/**/*.py"), *ROOT.glob("metadata/*.py"), *SERVICES):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _said_by(node)
            elif isinstance(node, ast.FunctionDef) and node.name.strip("_") in _SPEAKERS:
                yield from _sentences(node)
    for path in (ROOT / "broker" / "demo").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) == "PartnerError":
                yield from _text(node.args[0])


_SPEAKERS = {"understood", "warnings", "understood_provider", "understood_party", "certificates"}


def _said_by(call: ast.Call) -> Iterator[str]:
    shown = {"InvalidSettings": (0,), "InvalidMetadata": (0,), "Conflict": (0,), "SetupSheet": (0,), "SetupStep": (0, 2)}
    for position in shown.get(called(call), ()):
        if len(call.args) > position:
            yield from _text(call.args[position])


def _sentences(function: ast.FunctionDef) -> Iterator[str]:
    """Strings with a space in them: the sentences of a function that only speaks."""
    waiting: list[ast.AST] = list(function.body[1:] if ast.get_docstring(function) else function.body)
    while waiting:
        node = waiting.pop()
        found = [text for text in _text(node) if " " in text.strip()]
        yield from found
        if not isinstance(node, ast.JoinedStr):
            waiting += ast.iter_child_nodes(node)


def _text(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value + "7" if node.value.endswith(": ") else node.value
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def of_demonstration() -> Iterator[str]:
    yield site.ANSWERED
    yield from (person.remark for person in (*world.ACME_PEOPLE, *world.GLOBEX_PEOPLE) if person.remark)
