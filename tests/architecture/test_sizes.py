"""Sizes that keep files readable, and the paragraph with which every package opens."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("broker", "connectors", "metadata", "templates")
MAX_FILE, MAX_FUNCTION, MIN_PARAGRAPH = 400, 60, 60


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts)


def is_migration(path: Path) -> bool:
    """What a migration did is history: it is never rearranged."""
    return path.parent.name == "versions"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_given_any_python_file_then_it_has_at_most_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in python_files(*OURS, "tests", "docs")}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE} == {}


def test_given_any_function_then_it_has_at_most_60_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({length})"
        for path in python_files(*OURS, "tests", "docs")
        if not is_migration(path)
        for node in functions(path)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    ]
    assert long == []


def test_given_any_function_of_the_product_then_it_is_annotated() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files(*OURS)
        for node in functions(path)
        if node.returns is None and node.name != "__init__" and not is_migration(path) and path.name != "env.py"
    ]
    assert bare == []


@pytest.mark.parametrize("path", [path for path in python_files(*OURS) if path.name == "__init__.py"], ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_package_then_it_opens_with_a_paragraph(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert text is not None, "what it owns, what it does not, who calls it"
    assert len(text) >= MIN_PARAGRAPH, "what it owns, what it does not, who calls it"


def test_given_any_module_then_it_opens_with_a_docstring() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files(*OURS)
        if not ast.get_docstring(ast.parse(path.read_text("utf-8"))) and path.stat().st_size
    ]
    assert silent == []
