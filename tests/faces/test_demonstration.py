"""`vestibule demo` as a program: a second start keeps everything, other ports or not, and nothing outlives it."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest
import requests

from tests.support import pages
from tests.support.administrator import STANDS_ON
from tests.support.demonstration import Demonstration
from tests.support.people import ALICE, Browser, Visited, choose_home_realm, pick
from tests.support.servers import listens

PETER = "90ad41c6"


def sign_in(application: str, email: str, person: str) -> Visited:
    with Browser() as browser:
        page = choose_home_realm(browser, browser.open(f"{application}/login"), email)
        return pick(browser, page, person)


def connect_third(demo: Demonstration) -> None:
    """The walk through the set-up page, without a browser window."""
    with requests.Session() as administrator:
        # Loopback counts as secure in browsers; this client is told so by hand.
        cookies: dict[str, str] = {}

        def send(ending: str, **options: object) -> str:
            shown = administrator.get(f"{demo.setup_url}{STANDS_ON[ending]}", cookies=cookies, timeout=20)
            cookies.update(shown.cookies.get_dict())
            form = pages.form_to(shown.text, ending, demo.setup_url)
            data = {**form.fields, **options.pop("data", {})}  # type: ignore[dict-item]
            answer = administrator.post(form.action, data=data, cookies=cookies, timeout=20, **options)  # type: ignore[arg-type]
            assert answer.status_code == 200, pages.text(answer.text)
            return answer.text

        send("/kind", data={"kind": "saml"})
        send("/metadata", files={"metadata": ("initech-metadata.xml", demo.third_metadata.read_bytes())})
        assert "Switched on" in send("/enable", data={"untested": "yes"})


def subject_of(page: Visited) -> str:
    text = pages.text(page.text)
    assert "Subject here" in text, page.says()
    return text.partition("Subject here ")[2].split()[0]


def test_a_second_start_keeps_people_addresses_and_what_was_set_up(tmp_path: Path) -> None:
    with Demonstration(tmp_path) as demo:
        connect_third(demo)
        first = subject_of(sign_in(demo.saml_app, "alice@acme.example", ALICE))
        peter = subject_of(sign_in(demo.oidc_app, "peter@initech.example", PETER))
        addresses = (demo.hub, demo.saml_app, demo.oidc_app, demo.setup_url)

    with Demonstration(tmp_path) as demo:
        assert (demo.hub, demo.saml_app, demo.oidc_app, demo.setup_url) == addresses
        assert "connected already" in demo.said()
        assert subject_of(sign_in(demo.saml_app, "alice@acme.example", ALICE)) == first
        assert subject_of(sign_in(demo.oidc_app, "peter@initech.example", PETER)) == peter


def test_a_second_start_on_other_ports_still_signs_everybody_in(tmp_path: Path) -> None:
    """All six ports were taken meanwhile: every address changes, the configuration follows, the third company's too."""
    with Demonstration(tmp_path) as demo:
        connect_third(demo)
        before = (demo.hub, demo.saml_app, demo.oidc_app)
    ports = json.loads((tmp_path / "state" / "ports.json").read_text())
    takers = [socket.create_server(("127.0.0.1", port)) for port in ports]
    try:
        with Demonstration(tmp_path) as demo:
            assert not {demo.hub, demo.saml_app, demo.oidc_app} & set(before)
            for application in (demo.saml_app, demo.oidc_app):
                assert "Hello, Alice Archer" in sign_in(application, "alice@acme.example", ALICE).text
                assert "Hello, Peter Gibson" in sign_in(application, "peter@initech.example", PETER).text
    finally:
        for taker in takers:
            taker.close()


def test_the_console_waits_for_its_first_owner(tmp_path: Path) -> None:
    with Demonstration(tmp_path) as demo:
        page = requests.get(demo.console_url, timeout=20)
        assert (page.status_code, "/console/welcome/" in demo.console_url) == (200, True)
        assert requests.get(f"{demo.hub}/console", timeout=20).url.startswith(f"{demo.hub}/console/sign-in")


ENDS = [
    ("SIGTERM from a supervisor", signal.SIGTERM, False),
    ("Ctrl+C in a terminal", signal.SIGINT, True),
    ("a closed terminal", signal.SIGHUP, True),
    ("a crash", signal.SIGKILL, False),
]


@pytest.mark.parametrize(("number", "everybody"), [end[1:] for end in ENDS], ids=[end[0] for end in ENDS])
def test_nothing_outlives_it(tmp_path: Path, number: signal.Signals, everybody: bool) -> None:
    with Demonstration(tmp_path) as demo:
        ports = json.loads((demo.state / "ports.json").read_text())
        demo.wait_for_children(3)  # the hub, its worker and the partners

        demo.stop(number, everybody=everybody)

        assert not [port for port in ports if listens(port)]


def test_it_refuses_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from broker.cli.commands import main

    monkeypatch.setenv("VESTIBULE_PRODUCTION", "1")
    monkeypatch.setenv("VESTIBULE_STATE_DIR", str(tmp_path / "state"))

    result = CliRunner().invoke(main, ["demo"])

    assert result.exit_code != 0
    assert not (tmp_path / "state").exists()
