"""Paste a message and read what it is. The text goes to the operation and back onto the page, and nowhere else."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, pages, sign_in_story, sign_in_words
from broker.console.face import ConsoleFace
from broker.domain.errors import ConfigurationError, InvalidSettings
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.explain import ExplainMessage, ExplanationView

_NOTHING = translatable("Paste a message first.")
_FIELDS = ("tenant", "connector", "application")


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/explain")
    def explain() -> Response:
        door.only(Verb.READ_TRACES)
        return _show({name: pages.asked(name) for name in _FIELDS})

    @views.post("/explain")
    def explain_message() -> Response:
        door.only(Verb.READ_TRACES)
        typed = pages.fields()
        try:
            return _show(typed, _explained(face, typed))
        except ConfigurationError as error:
            return _show(typed, problem=pages.problem_of(error, typed))


def _explained(face: ConsoleFace, typed: dict[str, str]) -> ExplanationView:
    if not typed.get("text", "").strip():
        raise InvalidSettings(_NOTHING, field="text")
    asked = ExplainMessage(
        text=typed["text"],
        tenant_slug=typed.get("tenant", "").strip(),
        connector=typed.get("connector", "").strip(),
        application=typed.get("application", "").strip(),
        reveal=typed.get("reveal") == "yes",
    )
    found = face.run("message.explain", asked)
    assert isinstance(found, ExplanationView)
    return found


def _show(typed: dict[str, str], found: ExplanationView | None = None, problem: pages.Problem | None = None) -> Response:
    steps = () if found is None else found.steps
    return pages.show(
        "console/explain/page.html",
        status=problem.status if problem else 200,
        typed={name: typed.get(name, "") for name in (*_FIELDS, "text", "reveal")},
        problem=problem,
        found=found,
        verdict=None if found is None else found.verdict,
        who="" if found is None or found.verdict is None else sign_in_words.ACTS.get(found.verdict.act, ""),
        failed=[step for step in steps if step.passed is False],
        passed=[step for step in steps if step.passed],
        rules=sign_in_story.rule_steps(steps),
        question=sign_in_words.question,
    )
