"""Test logins of a connector: begun here, made in a browser by whoever has an account there, and what they found out."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.console import door, forms, pages
from broker.console.connectors import place
from broker.console.face import ConsoleFace
from broker.console.forms import Control
from broker.console.pages import Problem
from broker.domain.messages import translatable
from broker.services.actor import Verb
from broker.services.operations.connectors import OneConnector
from broker.services.operations.login_tests import ReadLoginTest, StartLoginTest
from broker.services.operations.tenants import OneTenant

APPLICATION = Control(
    "application",
    translatable("Rehearse for an application (its short name)"),
    help=translatable("Shows what this application would be told. Empty: only the sign-in itself is tested."),
)


def routes(views: Blueprint, face: ConsoleFace) -> None:
    @views.get("/tenants/<tenant>/connectors/<connector>/test")
    def new_test(tenant: str, connector: str) -> Response:
        return _new(face, tenant, connector)

    @views.post("/tenants/<tenant>/connectors/<connector>/test")
    def start_test(tenant: str, connector: str) -> Response:
        return pages.changed(
            lambda typed: _start(face, tenant, connector, typed), lambda problem: _new(face, tenant, connector, problem)
        )

    @views.get("/tenants/<tenant>/connectors/<connector>/tests/<test>")
    def test_result(tenant: str, connector: str, test: str) -> Response:
        result = face.run("connector.test_result", ReadLoginTest(tenant, connector, test))
        context = {**_both(face, tenant, connector), "result": result, "address": f"{face.public_url}/test/{test}"}
        return pages.show("console/connectors/test_result.html", **context)


def _both(face: ConsoleFace, tenant: str, connector: str) -> dict[str, object]:
    return {
        "tenant": face.run("tenant.show", OneTenant(tenant)),
        "connector": face.run("connector.show", OneConnector(tenant, connector)),
    }


def _new(face: ConsoleFace, tenant: str, connector: str, problem: Problem | None = None) -> Response:
    both = _both(face, tenant, connector)
    door.actor().require(Verb.SET_UP, face.run("tenant.show", OneTenant(tenant)).id)
    form = forms.filled((APPLICATION,), problem)
    return pages.show("console/connectors/test.html", status=problem.status if problem else 200, form=form, **both)


def _start(face: ConsoleFace, tenant: str, connector: str, typed: dict[str, str]) -> tuple[str, str]:
    made = face.run("connector.test", StartLoginTest(tenant, connector, typed.get(APPLICATION.name, "").strip()))
    return place(tenant, connector, "tests", made.test), translatable("The test is ready.")
