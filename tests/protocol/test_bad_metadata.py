"""Bad metadata brings a sentence, at the set-up page and on the command line, and leaves a working connector as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from broker import opening
from broker.cli.commands import main
from broker.domain import claims as c
from broker.domain.trust import Connector
from metadata import saml_words
from tests.support import pages
from tests.support.administrator import Administrator, link_for
from tests.support.hub import PUBLIC_URL, Hub
from tests.support.partners import SamlApp, SamlSide
from tests.unit.metadata.test_saml_read import ACS, GOOD, PROBLEMS, entities, entity, idp, key, sp

OWN_COMMON = f"{PUBLIC_URL}/saml/metadata"
MORE = [
    ("html_page", "<!doctype html>\n<title>Sign in</title><script>alert('mArKer7f3')</script>".encode("utf-16")),
    ("expired", entity(idp(key()), attributes='validUntil="2020-01-01T00:00:00Z"').encode()),
    ("several_identity_providers", entities(GOOD, GOOD.replace("idp.acme", "idp.other")).encode()),
    ("service_provider_only", entity(sp(ACS), "https://mArKer7f3.example").encode()),
]
# werkzeug's client leaves the temporary file of a large upload to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning")
TABLE = [*PROBLEMS, *MORE]
IDS = [f"{number}-{problem}" for number, (problem, _) in enumerate(TABLE)]


@dataclass
class Connected:
    """A company that has switched single sign-on on with a set-up link."""

    hub: Hub
    side: SamlSide
    app: SamlApp
    administrator: Administrator

    def connector(self) -> Connector:
        (found,) = self.hub.built.connectors.all(self.hub.tenants["acme"])
        return found

    def upload(self, document: bytes, name: str = "FederationMetadata.xml") -> TestResponse:
        return self.administrator.upload(document, name)

    def signs_in(self) -> bool:
        learned = self.app.sign_in(self.hub.browser(), self.side)
        return learned.claims[c.EMAIL] == [self.side.email]


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with Hub(tmp_path_factory.mktemp("bad-metadata")) as hub:
        hub.tenant("acme", "acme.example")
        side = SamlSide(hub, "https://idp.acme.example/saml", "idp")
        made = Connected(hub, side, hub.saml_app(), link_for(hub, "acme"))
        assert made.administrator.press("/kind", kind="saml").status_code == 302
        assert made.upload(side.idp.metadata()).status_code == 302
        assert made.administrator.switch_on().status_code == 302
        side.connector_id = made.connector().id
        yield made
        gc.collect()


@pytest.mark.parametrize(("problem", "document"), TABLE, ids=IDS)
def test_the_set_up_page_says_the_sentence_and_keeps_the_connector(connected: Connected, problem: str, document: bytes) -> None:
    before = connected.connector()

    answer = connected.upload(document)

    assert answer.status_code == 400
    # "Choose the file first" is what an empty upload looks like, whether no file or an empty one was chosen.
    sentence = "Choose the metadata file first." if document == b"" else saml_words.PROBLEMS[problem]
    said = pages.problem(answer.get_data())
    assert said == (TOO_LARGE if problem == "too_large" else sentence)
    assert "mArKer7f3" not in answer.get_data(as_text=True)
    assert connected.connector() == before
    assert connected.signs_in()


TOO_LARGE = "The file is larger than 1 MiB. Metadata of one identity provider is much smaller: check the file."


@pytest.mark.parametrize("own", ["/saml/metadata", "/t/acme/saml/metadata", "the connector's"])
def test_our_own_metadata_is_recognised(connected: Connected, own: str) -> None:
    path = own if own.startswith("/") else f"/upstream/{connected.side.connector_id}/metadata"
    document = connected.hub.browser().open(path).get_data()
    before = connected.connector()

    answer = connected.upload(document)

    assert answer.status_code == 400
    assert pages.problem(answer.get_data()) == saml_words.PROBLEMS["own_metadata"]
    assert connected.connector() == before
    assert connected.signs_in()


def test_a_file_of_any_name_and_type_is_read_by_its_content(connected: Connected) -> None:
    answer = connected.upload(connected.side.idp.metadata(), name="../../etc/passwd\x01.exe")

    assert answer.status_code == 302
    assert connected.signs_in()


@pytest.mark.parametrize(("problem", "document"), TABLE, ids=IDS)
def test_the_command_line_says_the_sentence_and_keeps_the_connector(
    connected: Connected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, document: bytes
) -> None:
    monkeypatch.setattr(opening, "open_hub", lambda: connected.hub.built)
    before = connected.connector()
    file = tmp_path / "metadata.xml"
    file.write_bytes(document)

    result = CliRunner().invoke(main, ["connector", "import-metadata", str(file), "--tenant", "acme", "--yes"])

    assert result.exit_code == 1
    assert saml_words.PROBLEMS[problem] in result.stderr
    assert "Traceback" not in result.output
    assert connected.connector() == before


def test_a_metadata_address_that_gives_no_metadata_is_a_sentence_too(connected: Connected) -> None:
    """Private addresses are not asked at all; what the hub's own test network answers is no metadata."""
    before = connected.connector()

    for url, said in (
        ("http://10.0.0.1/metadata", "We do not connect to that address from here. Upload the file instead."),
        ("http://169.254.169.254/latest/meta-data/", "We do not connect to that address from here. Upload the file instead."),
        ("http://[::1]:1/metadata", "We do not connect to that address from here. Upload the file instead."),
        ("ftp://idp.acme.example/metadata", None),
        ("idp.acme.example", None),
        ("http://127.0.0.1:9/metadata", None),
    ):
        answer = connected.administrator.press("/metadata-address", metadata_url=url)
        assert 400 <= answer.status_code < 600, url
        problem = pages.problem(answer.get_data())
        assert problem, url
        assert said is None or problem == said, url
        assert connected.connector() == before
