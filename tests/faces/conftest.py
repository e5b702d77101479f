"""The command line, in this process and on the test’s hub; and a DNS that is not waited for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker import opening
from broker.cli.commands import main
from broker.net import txt
from tests.support.hub import Hub
from tests.support.reachable import Front, Reachable
from tests.support.servers import Served

Cli = Callable[..., Result]


@pytest.fixture
def cli(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """`cli("tenant", "list")`; the exit code must be `code` and nothing may look like a crash."""
    monkeypatch.setattr(opening, "open_hub", lambda *_: hub.built)
    return command_line


def command_line(*arguments: object, code: int = 0, answer: str | None = None) -> Result:
    result = CliRunner().invoke(main, [str(each) for each in arguments], input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, f"{result.exit_code}: {result.output}"
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def reachable(tmp_path: Path) -> Iterator[Reachable]:
    """A hub behind a port of its own, with a clock that is moved."""
    front = Front()
    with Served("localhost") as served, Hub(tmp_path, public_url=served.url) as hub:
        made = Reachable(hub, front)
        served.start(front)
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent DNS server is waited for a second only: silence is told from slowness by waiting, and by nothing else."""
    monkeypatch.setattr(txt, "LIFETIME_SECONDS", 1.0)
    monkeypatch.setattr(txt, "_TRY_SECONDS", 0.4)
