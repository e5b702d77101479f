"""Every sentence that pages show: what the French catalogue must know."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

from broker.demo import site, world
from broker.domain import errors
from broker.portal import guidance, views
from broker.web import pages

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def message_ids() -> set[str]:
    return {*of_templates(), *of_errors(), *of_pages(), *of_portal(), *of_demonstration()}


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
        waiting += [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]


def of_pages() -> Iterator[str]:
    yield from pages.ADVICE.values()
    yield from pages.ADVICE_BY_CODE.values()
    yield from pages.TITLES
    yield "This page has expired. Load it again and repeat the last step."


def of_portal() -> Iterator[str]:
    yield from (views.TOO_LARGE, views.NO_FILE, views.NO_ADDRESS)
    for each in (guidance.SAML, guidance.OIDC, *guidance.BY_KIND.values()):
        yield from (each.where, each.find)
        for field in each.fields:
            yield from (text for text in dataclasses.astuple(field)[1:3] if text)


def of_demonstration() -> Iterator[str]:
    yield site.ANSWERED
    yield from (person.remark for person in (*world.ACME_PEOPLE, *world.GLOBEX_PEOPLE) if person.remark)
