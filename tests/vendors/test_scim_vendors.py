"""What directories really send, vendor by vendor: each case is a file of requests and of what the answers must say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.directory import Directory
from tests.support.hub import Hub

CASES = sorted((Path(__file__).parent / "scim").glob("*/*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_given_what_a_vendor_sends_then_the_answers_are_what_it_expects(hub: Hub, case: Path) -> None:
    hub.tenant("acme", "acme.example")
    directory = Directory(hub, "acme", hub.saml_idp("acme").connector_id)
    saved: dict[str, str] = {}

    for number, read in enumerate(json.loads(case.read_text())["steps"], 1):
        step = _filled(read, saved)
        path = step["path"] + (f"?{step['query']}" if "query" in step else "")
        response = directory.call(step["method"], path, step.get("body"))

        where = f"step {number}: {step['method']} {path} → {response.status_code} {response.get_data(as_text=True)}"
        assert response.status_code == step["status"], where
        assert response.status_code == 204 or response.mimetype == "application/scim+json", where
        answer = response.get_json(silent=True) or {}
        assert _says(answer, step.get("answer", {})), f"{where}\nwanted {step.get('answer')}"
        assert not answer.keys() & set(step.get("absent", [])), where
        if "save" in step:
            saved[step["save"]] = answer["id"]


def _filled(value: Any, saved: dict[str, str]) -> Any:
    """`{ann}` stands for the id that the hub gave her."""
    if isinstance(value, str):
        for name, known in saved.items():
            value = value.replace(f"{{{name}}}", known)
        return value
    if isinstance(value, list):
        return [_filled(each, saved) for each in value]
    return {name: _filled(each, saved) for name, each in value.items()} if isinstance(value, dict) else value


def _says(answer: Any, wanted: Any) -> bool:
    """Everything that is wanted is there; lists have as many items."""
    if isinstance(wanted, dict):
        return isinstance(answer, dict) and all(name in answer and _says(answer[name], each) for name, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(answer, list) and len(answer) == len(wanted) and all(map(_says, answer, wanted))
    return bool(answer == wanted) and type(answer) is type(wanted)
