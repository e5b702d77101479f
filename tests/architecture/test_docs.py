"""Documentation in step with the code (habit 19): generated parts, names of checks and errors, commands, links, features."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import click
import pytest

from broker.cli import prepared
from broker.cli.caller import SERVER
from broker.cli.commands import main as vestibule
from broker.cli.layout import Shorthand
from broker.cli.remote import TOKEN, TOKEN_FILE
from broker.services import declarative
from broker.settings import Settings
from connectors import registry
from tests.architecture import generate_docs
from tests.support.hub import ME, Hub
from tests.support.pictures import png
from tests.support.saml_idp import SmallIdp

ROOT = generate_docs.ROOT
DOCS = generate_docs.DOCS
PAGES = sorted(DOCS.rglob("*.md"))
EVERYTHING = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


# --- generated parts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_given_a_page_when_its_parts_are_made_again_then_nothing_changes(path: Path) -> None:
    text = path.read_text("utf-8")
    assert generate_docs.regenerated(text) == text, "run: python -m tests.architecture.generate_docs"


def test_given_the_commands_then_what_was_written_down_of_them_for_help_is_in_step() -> None:
    assert prepared.FILE.read_text("utf-8") == prepared.written(vestibule), "run: python -m tests.architecture.generate_docs"


def test_given_every_generated_part_then_some_page_shows_it_once() -> None:
    shown = [part for path in PAGES for part in generate_docs.parts_of(path.read_text("utf-8"))]
    assert sorted(shown) == sorted(generate_docs.PARTS)


def test_given_every_process_setting_then_it_is_explained() -> None:
    table = generate_docs.settings_table()
    for item in fields(Settings):
        row = next(line for line in table.splitlines() if f"`VESTIBULE_{item.name.upper()}`" in line)
        assert len(row.split("|")[3].strip()) > 10, f"{item.name} needs a docstring in broker/settings.py"


def test_given_every_connector_type_then_its_settings_are_documented() -> None:
    documented = {part.removeprefix("connector ") for part in generate_docs.PARTS if part.startswith("connector ")} - {"types"}
    same_as = {registry.connector_type(name).Settings for name in documented}
    assert {registry.connector_type(name).Settings for name in registry.BUILT_IN} == same_as


# --- names ------------------------------------------------------------------------------------------------------------


def test_given_every_error_then_its_entry_says_what_to_do() -> None:
    text = page("errors.md")
    for kind in generate_docs.error_classes():
        entry = re.search(rf"### `{kind.code}`\n\n<!-- generated: error {kind.code} -->.*?<!-- end -->\n\n(.+)", text, re.DOTALL)
        assert entry is not None, f"{kind.code} has no entry in docs/errors.md"
        assert len(entry[1].split("\n")[0]) > 20, f"{kind.code} has no remedy"
    assert set(re.findall(r"^### `(\w+)`", text, re.MULTILINE)) == {kind.code for kind in generate_docs.error_classes()}


_CHECK = re.compile(r"[a-z]+\.[a-z_]+")
_RECORDERS = {"check", "_failed"}


def checks_in_the_code() -> set[str]:
    """Literal names: the first text of `check(…)` and `_failed(…)`, `check=…`, and the steps of the SAML validation."""
    found: set[str] = set()
    for folder in ("broker", "connectors", "metadata"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    found |= {name for name in _names_of(node) if _CHECK.fullmatch(name)}
                elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "check":
                    found |= _text(node.value)
    return found


def _names_of(call: ast.Call) -> Iterator[str]:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    yield from (name for keyword in call.keywords if keyword.arg == "check" for name in _text(keyword.value))
    if called in _RECORDERS:
        yield from (name for argument in call.args[:2] for name in _text(argument))
    if called == "step":
        yield from (f"saml.{name}" for name in _text(call.args[0]))


def _text(node: ast.expr) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _text(node.body) | _text(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def test_given_every_check_then_the_page_explains_it_and_no_other() -> None:
    rows = [line.split("|")[1] for line in page("checks.md").splitlines() if line.startswith("| `")]
    documented = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(documented) == len(set(documented)), "a check stands twice in docs/checks.md"
    assert set(documented) == checks_in_the_code()


def test_given_every_package_then_the_architecture_page_and_its_picture_name_it() -> None:
    text, picture = page("architecture.md"), (DOCS / "images" / "architecture.svg").read_text("utf-8")
    packages = [path.parent.relative_to(ROOT) for path in ROOT.glob("broker/*/__init__.py")] + [Path("connectors"), Path("metadata")]
    for package in packages:
        assert f"[`{package}`](../{package}/__init__.py)" in text, f"docs/architecture.md lacks {package}"
        assert f">{package}<" in picture, f"docs/images/architecture.svg lacks {package}"


def test_given_the_picture_then_its_layers_stand_in_the_order_of_the_import_contract() -> None:
    picture = (DOCS / "images" / "architecture.svg").read_text("utf-8")
    height = {name: float(y) for y, name in re.findall(r'y="([\d.]+)" class="m"[^>]*>([^<]+)<', picture)}
    contract = (ROOT / "setup.cfg").read_text("utf-8").partition("[importlinter:contract:layers]")[2].partition("[importlinter:")[0]
    layers = [line.replace(".", "/").split(" | ") for line in map(str.strip, contract.partition("layers =")[2].splitlines()) if line]
    drawn = [[height[name] for name in layer if name in height] for layer in layers]
    order = [ys for ys in drawn if ys]
    assert len(order) >= 12
    assert all(max(above) <= min(below) for above, below in pairwise(order))


def test_given_the_pipeline_then_its_picture_shows_its_stages_in_order() -> None:
    from broker.domain.transaction import Purpose
    from broker.login.pipeline import COURSES

    picture = (DOCS / "images" / "pipeline.svg").read_text("utf-8")
    assert re.findall(r'class="m"[^>]*>([^<]+)<', picture) == [product for product, _ in COURSES[Purpose.SIGN_IN].stages]


# --- commands, files, variables ---------------------------------------------------------------------------------------


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for path in EVERYTHING:
        for block in re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE):
            yield name_of(path), block


def commands() -> list[tuple[str, str]]:
    """Every call of `vestibule` in a shell block or in the text."""
    found = []
    for name, block in blocks("sh"):
        found += [(name, line) for line in block.splitlines() if re.match(r"(\.venv/bin/)?vestibule ", line)]
    for path in EVERYTHING:
        inline = re.findall(r"`((?:\.venv/bin/)?vestibule [a-z][^`]*)`", path.read_text("utf-8"))
        found += [(name_of(path), line) for line in inline]
    return found


@pytest.mark.parametrize(("name", "line"), commands(), ids=lambda value: str(value)[:60])
def test_given_a_command_in_the_documentation_then_it_exists_with_its_options(name: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    words = words[2:] if words[0] == "--server" else words
    command: click.Command = vestibule
    while isinstance(command, click.Group) and words:
        if isinstance(command, Shorthand) and words[0] not in command.commands:
            words.insert(0, command.default)
        assert words[0] in command.commands, f"{name}: there is no command {words[0]!r} ({line})"
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("-") and word not in known | {"--help", "…"}]
    assert not unknown, f"{name}: {line}"


def test_given_a_variable_in_the_documentation_then_it_is_a_setting() -> None:
    known = {f"VESTIBULE_{item.name.upper()}" for item in fields(Settings)}
    known |= {"VESTIBULE_CONFIG", "VESTIBULE_TEST_DATABASE_URL", "VESTIBULE_NO_SKIPS"}
    known |= {SERVER, TOKEN, TOKEN_FILE}
    for path in EVERYTHING:
        assert set(re.findall(r"VESTIBULE_[A-Z_]*[A-Z]", path.read_text("utf-8"))) <= known, name_of(path)


def test_given_a_verb_of_make_in_the_documentation_then_the_makefile_has_it() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name, block in blocks("sh"):
        assert set(re.findall(r"^make ([a-z-]+)", block, re.MULTILINE)) <= verbs, name


FILES = [(name, block) for name, block in blocks("yaml") if "example-badge" not in block]


@pytest.mark.parametrize(("name", "block"), FILES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(FILES)])
def test_given_a_declarative_file_in_the_documentation_then_it_can_be_applied(
    name: str, block: str, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, file in enumerate(re.findall(r"\{file: ([\w./-]+\.xml)\}", block)):
        (tmp_path / file).write_bytes(SmallIdp(f"https://idp{number}.example/saml").metadata())
    for file in re.findall(r"\{file: ([\w./-]+\.(?:png|ico))\}", block):
        (tmp_path / file).write_bytes(png(32, 32))
    for variable in re.findall(r"\{env: (\w+)\}", block):
        monkeypatch.setenv(variable, "v" * 40)
    source = declarative.parse(block.encode(), tmp_path)
    for tenant in source.federation.tenants:
        # Entra's discovery is out on the internet: that entry is checked as far as it can be read.
        tenant.connectors = [entry for entry in tenant.connectors if entry.type != "entra"]
    first = hub.built.configuration.apply(ME, source)
    again = hub.built.configuration.apply(ME, source)
    assert first or not source.federation.applications
    assert {change.action for change in again} <= {"unchanged"}


# --- links ------------------------------------------------------------------------------------------------------------


def links(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith(("http://", "https://"))]


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_given_a_link_then_what_it_leads_to_is_there(path: Path) -> None:
    for target in links(path):
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_given_a_page_then_the_index_leads_to_it() -> None:
    reached = {(DOCS / target.partition("#")[0]).resolve() for target in links(DOCS / "index.md")}
    pages = {path for path in PAGES if "examples" not in path.parts and path.name != "index.md"}
    assert {name_of(path) for path in pages} <= {name_of(path) for path in reached}


def test_given_a_test_that_is_named_then_it_is_there() -> None:
    for path in PAGES:
        for name in re.findall(r"tests/[\w/]+\.py", path.read_text("utf-8")):
            assert (ROOT / name).is_file(), f"{name_of(path)} names {name}"


# --- features ---------------------------------------------------------------------------------------------------------

ROWS = {
    "A": 22, "B": 32, "C": 6, "D": 27, "E": 15, "F": 9, "G": 13, "H": 13, "I": 9,
    "J": 10, "K": 10, "L": 8, "M": 11, "N": 7, "O": 7, "P": 14, "Q": 10,
}  # fmt: skip


def features() -> list[list[str]]:
    return [[cell.strip() for cell in line.split(" | ")] for line in page("features.md").splitlines() if re.match(r"\| [A-Q]\d", line)]


def test_given_every_row_of_the_capability_table_then_its_state_is_told_once() -> None:
    ids = [row[0].removeprefix("| ") for row in features()]
    assert ids == [f"{letter}{number}" for letter, count in ROWS.items() for number in range(1, count + 1)]


def test_given_a_row_that_works_then_a_page_and_a_test_show_it() -> None:
    for number, _capability, state, note, read, test in features():
        assert state in {"works", "partly", "not yet"}, number
        if state == "not yet":
            continue
        assert re.fullmatch(r"\[[\w-]+\]\([\w/.-]+\)", read), number
        assert re.match(r"`tests/[\w/]+\.py`", test), number
        assert state == "works" or note, f"{number}: what is missing?"


def test_given_the_sum_of_the_features_then_it_is_right() -> None:
    states = [row[2] for row in features()]
    counted = f"{states.count('works')} work, {states.count('partly')} work in part, {states.count('not yet')} are not there yet."
    assert counted in page("features.md")
