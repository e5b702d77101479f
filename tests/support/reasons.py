"""The reasons of checks, refusals and choices: sentences that are kept on traces and read in another language later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.messages import ROOT, called

_PLACES = (
    *(f"broker/{name}" for name in ("catalog", "domain", "downstream", "login", "net", "rules", "services/explain", "upstream")),
    *(f"broker/protocols/{name}" for name in ("oidc", "saml", "wsfed", "scim", "*.py")),
    "broker/api/scim",
    *(f"broker/services/{name}.py" for name in ("setup_links", "test_login", "throttle", "upkeep")),
    "broker/portal",
    "broker/web",
    "connectors",
)
"""Where what happens in a login is put into words."""

_SAID_AT: dict[str, int] = {
    "check": 2,
    "decide": 1,
    "fail": 1,
    "XmlError": 1,
    "TokenRefused": 2,
    "_wrong_time": 0,
    "_require": 1,
    "_malformed": 0,
    "_failed": 2,
    "_name_id_objection": 0,
    "Unacceptable": 0,
    "InvalidToken": 0,
    "InvalidCredentials": 0,
    "InvalidAuthenticationRequest": 0,
    "Refused": 0,
    "invalid_value": 0,
    "invalid_syntax": 0,
    "invalid_path": 0,
    "invalid_filter": 0,
    "filled": 0,
    "Verdict": 1,
    "TraceEvent": 3,
}
"""Position of the sentence among the arguments of what speaks."""
_KEYWORDS = {"cause", "reason", "expected", "received"}
_NAMES = {"cause", "reason", "said", "why", "expected", "received"}
_ELSEWHERE = {"InvalidSettings", "InvalidMetadata", "MailNotSent"}
"""What these say of their cause is read in logs only, or has catalogues of its own."""


def reasons() -> Iterator[tuple[str, ast.expr]]:
    """Where each stands, and the expression that says it: text, a filled-in sentence, or something that cannot be translated."""
    for path in sorted({path for place in _PLACES for path in _modules(place)}):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for found in _said_by(node):
                yield f"{path.relative_to(ROOT)}:{found.lineno}", found


def message_ids() -> set[str]:
    return {text for _, node in reasons() if isinstance(node, ast.Constant) and isinstance(text := node.value, str) and text}


def _modules(place: str) -> Iterator[Path]:
    for path in ROOT.glob(place):
        yield from path.rglob("*.py") if path.is_dir() else [path]


def _said_by(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and (name := called(node)) not in _ELSEWHERE:
        position = _SAID_AT.get(name)
        if position is not None and len(node.args) > position:
            yield from _leaves(node.args[position])
        for keyword in node.keywords:
            if keyword.arg in _KEYWORDS:
                yield from _leaves(keyword.value)
    if isinstance(node, ast.Assign) and any(_target(each) in _NAMES for each in node.targets):
        yield from _leaves(node.value)


def _target(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    """Both sides of a condition, and what stands inside of `filled(…)` and `translatable(…)`."""
    if isinstance(node, ast.IfExp):
        yield from (*_leaves(node.body), *_leaves(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for each in node.values:
            yield from _leaves(each)
    else:
        yield node
