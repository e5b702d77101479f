"""A command for every operation: made from its dataclasses, the same words as the API, safe for terminals and process lists."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from broker.cli import progress
from broker.cli.commands import main
from broker.cli.generated import COVERED, command_for, is_paged
from broker.cli.inputs import InputField, input_fields, input_of
from broker.services.actor import Verb
from broker.services.operations import table
from broker.services.operations.model import Operation, argument
from tests.faces.conftest import Cli
from tests.support.hub import Hub
from tests.support.servers import wait_until


def command_of(name: str) -> click.Command | None:
    command: click.Command | None = main
    for part in name.replace("_", "-").split("."):
        command = command.commands.get(part) if isinstance(command, click.Group) else None
    return command


# --- every operation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", table.ALL, ids=lambda operation: operation.name)
def test_every_operation_has_exactly_one_command(operation: Operation) -> None:
    made = command_of(operation.name)
    covered = COVERED.get(operation.name, "")
    if covered:
        words = [word for word in covered.split() if not word.startswith("-")]
        assert command_of(".".join(words)) is not None, f"{covered} is not there"
    else:
        assert made is not None
        assert {each.name for each in made.params} >= {item.name for item in fields(operation.input)}


@pytest.mark.parametrize(
    "operation", [each for each in table.ALL if each.name not in COVERED], ids=lambda operation: operation.name
)
def test_no_two_options_of_a_command_are_called_the_same(operation: Operation) -> None:
    words = [word for each in command_for(operation, "x").params for word in (*each.opts, *each.secondary_opts)]
    assert len(words) == len(set(words))
    assert "--help" not in words


def test_what_is_covered_is_an_operation() -> None:
    assert set(COVERED) <= set(table.BY_NAME)


# --- what a command prints for its input, it reads back ---------------------------------------------------------------


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    size: int = 0
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """Every kind of field that an input may have."""

    tenant: str = argument("Tenant.")
    until: datetime = argument("Until when.")
    count: int = argument("How many.", default=3)
    share: float | UnsetType = argument("How much.", default=UNSET)
    enabled: bool | UnsetType = argument("On or off.", default=UNSET)
    plain: bool = argument("On or off.", default=False)
    colour: Colour = argument("Which.", default=Colour.RED)
    colours: tuple[Colour, ...] = argument("Which ones.", default=())
    mode: str = argument("Which.", default="a", choices=("a", "b"))
    names: tuple[str, ...] | UnsetType | None = argument("Names.", default=UNSET)
    note: str | UnsetType = argument("Note.", default=UNSET, multiline=True)
    rules: tuple[dict[str, Any], ...] | UnsetType | None = argument("Rules.", default=UNSET)
    settings: dict[str, Any] | UnsetType = argument("Settings.", default=UNSET)
    inner: Inner | UnsetType = argument("Parts.", default=UNSET)
    expected_version: int | None = argument("Version.", default=None)


def _nothing(_call: Any, asked: Any) -> Any:
    return asked


EVERYTHING = Operation("thing.save", "Save it", Verb.CONFIGURE, "PUT", "/things/{tenant}", Everything, Everything, _nothing)


def words_of(operation: Operation, asked: Any) -> list[str]:
    """The command line that means this input."""
    arguments, options = [], []
    for field in input_fields(operation):
        value = getattr(asked, field.name)
        plain = msgspec.to_builtins(value) if value is not UNSET else UNSET
        if field.is_argument:
            arguments.append(str(plain))
        elif value is not UNSET and not (value is None and not field.nullable):
            options += _option(field, plain)
    return [*options, "--", *arguments]


def _option(field: InputField, plain: Any) -> list[str]:
    if plain is None:
        return ["--null", field.option]
    if field.secret:
        return [f"--{field.option}=env:THE_SECRET"]
    if field.kind is bool:
        return [f"--{field.option}" if plain else f"--no-{field.option}"]
    if field.many:
        return [f"--{field.option}={one}" for one in plain] or ([] if field.default == () else ["--empty", field.option])
    return [f"--{field.option}={json.dumps(plain) if field.structured else plain}"]


def read_back(operation: Operation, words: list[str]) -> Any:
    context = command_for(operation, "x").make_context("x", words)
    return input_of(operation, context.params)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12)
JSON = st.dictionaries(TEXT, st.one_of(st.integers(-9, 9), st.booleans(), st.none(), TEXT, st.lists(TEXT, max_size=2)), max_size=3)
MAYBE = st.just(UNSET)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.builds(
        Everything,
        tenant=TEXT,
        until=st.integers(946684800, 4102444800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
        count=st.integers(-5, 5),
        share=st.one_of(MAYBE, st.floats(0, 1)),
        enabled=st.one_of(MAYBE, st.booleans()),
        plain=st.booleans(),
        colour=st.sampled_from(Colour),
        colours=st.lists(st.sampled_from(Colour), max_size=2).map(tuple),
        mode=st.sampled_from(["a", "b"]),
        names=st.one_of(MAYBE, st.none(), st.lists(TEXT, max_size=3).map(tuple)),
        note=st.one_of(MAYBE, TEXT.filter(lambda text: text[0] not in "@-")),
        rules=st.one_of(MAYBE, st.none(), st.lists(JSON, max_size=2).map(tuple)),
        settings=st.one_of(MAYBE, JSON),
        inner=st.one_of(MAYBE, st.builds(Inner, st.integers(0, 9), st.lists(TEXT, max_size=2).map(tuple))),
        expected_version=st.one_of(st.none(), st.integers(0, 9)),
    )
)
def test_a_command_reads_back_any_input(asked: Everything) -> None:
    assert read_back(EVERYTHING, words_of(EVERYTHING, asked)) == asked


@pytest.mark.parametrize("operation", table.ALL, ids=lambda operation: operation.name)
def test_every_operation_can_be_told_every_field(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_SECRET", "some text")
    for pick in (0, -1):
        values = {field.name: _sample(field, pick) for field in input_fields(operation)}
        asked = msgspec.convert(values, operation.input)

        assert read_back(operation, words_of(operation, asked)) == asked


def _sample(field: InputField, pick: int) -> Any:
    if field.choices:
        return [field.choices[pick]] if field.many else field.choices[pick]
    if field.kind is bool:
        return pick == 0
    if field.kind is str or field.many:
        words = ["one", "two words", "x/y"][: 2 + pick]
        return words if field.many else "some text"
    if field.kind in {int, float, datetime}:
        return {int: 3, float: 0.5, datetime: "2030-01-01T00:00:00Z"}[field.kind]
    return [{"template": "x"}] if field.item is not None else {} if is_dataclass(field.kind) else {"en": "x"}


def test_what_has_to_be_named_is_an_argument_in_the_order_of_the_path() -> None:
    command = command_for(EVERYTHING, "save")
    assert [each.human_readable_name for each in command.params if isinstance(each, click.Argument)] == ["TENANT"]
    assert "--if-version" in {word for each in command.params for word in each.opts}


@pytest.mark.parametrize(
    "words",
    [
        ["t"],
        ["t", "--until", "tomorrow"],
        ["t", "--until", "2030-01-01T00:00:00Z", "--rules", "{"],
        ["--until", "2030-01-01T00:00:00Z"],
    ],
)
def test_what_cannot_be_an_input_is_wrong_usage(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        read_back(EVERYTHING, words)


# --- secrets ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WithSecret:
    name: str = argument("Name.")
    password: str = argument("The password.", secret=True)


SECRET = Operation("thing.open", "Open it", Verb.CONFIGURE, "POST", "/things/{name}", WithSecret, WithSecret, _nothing)


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    monkeypatch.setenv("THE_SECRET", "from-the-environment")

    assert read_back(SECRET, ["x", "--password", f"@{tmp_path / 'secret'}"]).password == "from-a-file"
    assert read_back(SECRET, ["x", "--password", "env:THE_SECRET"]).password == "from-the-environment"


def test_a_secret_is_asked_for_at_a_terminal_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    command = click.Command(
        "x", params=command_for(SECRET, "x").params[:2], callback=lambda **typed: click.echo(input_of(SECRET, typed).password[:4])
    )

    result = CliRunner().invoke(command, ["x"], input="typed-secret\n")

    assert "typed-secret" not in result.output
    assert result.output.endswith("type\n"), result.output


@pytest.mark.parametrize("typed", ["in-the-open", ""])
def test_a_secret_on_the_command_line_is_refused(typed: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        read_back(SECRET, ["x", "--password", typed])
    assert not typed or typed not in str(refused.value)


def test_a_secret_setting_on_the_command_line_is_refused_unless_it_is_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SECRET", "from-the-environment")
    always = ["t", "--until", "2030-01-01T00:00:00Z"]
    (tmp_path / "settings.json").write_text('{"client_secret": "in-a-file", "issuer": "https://idp.example"}')

    with pytest.raises(click.BadParameter):
        read_back(EVERYTHING, [*always, "--settings", '{"client_secret": "in-the-open"}'])
    referred = read_back(EVERYTHING, [*always, "--settings", '{"client_secret": {"env": "THE_SECRET"}}'])
    read = read_back(EVERYTHING, [*always, "--settings", f"@{tmp_path / 'settings.json'}"])

    assert referred.settings == {"client_secret": "from-the-environment"}
    assert read.settings["client_secret"] == "in-a-file"


# --- through the hub --------------------------------------------------------------------------------------------------


def test_a_tenant_lives_by_generated_commands(cli: Cli, hub: Hub) -> None:
    saved = json.loads(cli("tenant", "save", "acme", "--name", "Acme", "--session-idle-seconds", 900, "--json").output)
    cli("tenant", "save", "acme", "--no-enabled", "--acceptance-rules", '[{"template": "pass_through_known"}]')
    shown = cli("tenant", "show", "acme").output
    as_json = json.loads(cli("tenant", "show", "acme", "--json").output)

    assert saved["name"] == "Acme"
    assert as_json["session_idle_seconds"] == 900, "what is not given stays"
    assert as_json["enabled"] is False
    assert as_json["version"] == 2
    assert "template: pass_through_known" in shown
    assert cli("tenant", "delete", "acme", "--yes").output == "Deleted tenant acme.\n"
    assert "Refused (tenant)" in cli("tenant", "show", "acme", code=1).stderr


def test_a_deletion_asks_first(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")

    assert "(acme)?" in cli("tenant", "delete", "acme", answer="n\n", code=1).output
    cli("tenant", "delete", "acme", answer="", code=1)
    assert [tenant.slug for tenant in hub.built.tenants.all()] == ["acme"]


def test_a_change_for_another_version_is_refused(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")

    refused = cli("tenant", "save", "acme", "--name", "A", "--if-version", 7, code=1)

    assert "Somebody else changed this" in refused.stderr
    assert hub.built.tenants.get("acme").name == "Acme"


def test_every_page_is_walked_when_asked(cli: Cli, hub: Hub) -> None:
    for number in range(5):
        hub.tenant(f"tenant-{number}")
    listing = table.BY_NAME["tenant.list"]
    assert is_paged(listing)

    first = cli("tenant", "list", "--limit", 2)
    assert "tenant-1" in first.stdout
    assert "tenant-2" not in first.stdout
    assert "--after tenant-1" in first.stderr
    rest = json.loads(cli("tenant", "list", "--limit", 2, "--after", "tenant-1", "--all", "--json").stdout)
    assert [item["slug"] for item in rest["items"]] == ["tenant-2", "tenant-3", "tenant-4"]


def test_a_long_list_is_told_in_short_and_whole_as_json(cli: Cli, hub: Hub) -> None:
    domains = [f"d{number}.example" for number in range(6)]
    hub.tenant("acme", *domains)

    assert "d0.example, d1.example, d2.example and 3 more" in cli("tenant", "list").output
    assert json.loads(cli("tenant", "list", "--json").output)["items"][0]["domains"] == domains


def test_what_came_from_outside_cannot_drive_the_terminal(cli: Cli, hub: Hub) -> None:
    hub.tenant("acme")
    cli("tenant", "save", "acme", "--name", "Ac\x1b]0;owned\x07me\x9b31m\u202e")

    for arguments in (("tenant", "list"), ("tenant", "show", "acme")):
        said = cli(*arguments).output
        assert "Ac\ufffd]0;owned\ufffdme" in said
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(said)


# --- progress ---------------------------------------------------------------------------------------------------------


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "told"), [(_Terminal(), True), (io.StringIO(), False)], ids=["a terminal", "a file"])
def test_progress_is_told_at_a_terminal_only(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, told: bool) -> None:
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    monkeypatch.setattr(progress, "_EVERY", 0.01)
    monkeypatch.setattr("sys.stderr", stream)

    with progress.working("Applying 3 objects"):
        if told:
            wait_until(lambda: "Applying 3 objects … 0 s" in stream.getvalue(), "it is told")
    progress.note("3 …", ends=False)

    assert ("3 …" in stream.getvalue()) == told


# --- completion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(cli: Cli, shell: str) -> None:
    assert "_VESTIBULE_COMPLETE" in cli("completion", shell).stdout


def completed(words: str, typed: str) -> list[str]:
    from click.shell_completion import ShellComplete

    return [
        item.value for item in ShellComplete(main, {}, "vestibule", "_VESTIBULE_COMPLETE").get_completions(words.split(), typed)
    ]


def test_names_of_tenants_are_completed(cli: Cli, hub: Hub) -> None:
    for name in ("acme", "acorn", "globex"):
        hub.tenant(name)

    assert completed("tenant show", "ac") == ["acme", "acorn"]
    assert completed("tenant", "del") == ["delete"]


def test_completion_is_silent_before_the_hub_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VESTIBULE_STATE_DIR", str(tmp_path / "nothing"))
    monkeypatch.setenv("VESTIBULE_LOG_LEVEL", "ERROR")

    assert completed("tenant show", "a") == []
