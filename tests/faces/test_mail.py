"""Links by mail: the customer's administrator and new colleagues get theirs from the hub, if it has a mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import opening
from broker.domain.errors import InvalidSettings
from broker.services.actor import Role
from broker.services.doctor import Health
from tests.faces.conftest import command_line
from tests.support import pages
from tests.support.administrator import link_for
from tests.support.api import api
from tests.support.console import desk, member
from tests.support.hub import ME, Hub
from tests.support.mail import REFUSED, MailBox, mail_box

TO = "ann@acme.example"


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mail_box() as made:
        yield made


@pytest.fixture
def posting(tmp_path: Path, box: MailBox) -> Iterator[Hub]:
    """A hub with a mail server."""
    with Hub(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}", mail_from="hub@sso.example") as made:
        made.tenant("acme")
        yield made


def audited(hub: Hub) -> list[str]:
    with hub.built.database.reading() as connection:
        return [str(row[0]) for row in connection.exec_driver_sql("SELECT action FROM audit ORDER BY id")]


def test_given_a_mail_server_then_a_set_up_link_goes_to_the_customer_in_their_language(posting: Hub, box: MailBox) -> None:
    shown = desk(posting).submit(
        "/console/tenants/acme/new/setup-link", "/new/setup-link", days="7", mail_to=f" {TO} ", language="fr"
    ).get_data(as_text=True)

    ((recipient, message),) = box.received
    text = message.get_content()
    link = re.search(r"http://localhost:8080/setup/\S+", text)
    assert recipient == TO
    assert message["Subject"] == "Votre lien de configuration pour l’authentification unique"
    assert text.startswith("Bonjour,")
    assert link is not None
    assert posting.browser().open(link[0]).status_code == 200
    assert link[0] in shown, "the operator has it as well"
    assert f"It is on its way to {TO}." in shown
    assert "setup_link.mailed" in audited(posting)


def test_given_a_script_then_it_mails_by_the_api_and_hears_how_it_ended(posting: Hub, box: MailBox) -> None:
    script = api(posting)
    sent = script.post("/tenants/acme/setup-links", {"mail_to": TO}, 201)
    failed = script.post("/tenants/acme/setup-links", {"mail_to": REFUSED}, 201)

    assert (sent["mailed_to"], sent["mail_problem"]) == (TO, "")
    assert sent["url"] in box.received[0][1].get_content()
    assert (failed["mailed_to"], failed["mail_problem"][:29]) == ("", "The mail could not be sent. S")
    assert posting.browser().open(failed["url"]).status_code == 200, "the link works all the same"
    assert [message for recipient, message in box.received if recipient == REFUSED] == []
    assert "setup_link.mail_failed" in audited(posting)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"mail_to": "ann@acme.example, eve@evil.example"}, "mail_to"),
        ({"mail_to": "ann@acme.example\r\nBcc: eve@evil.example"}, "mail_to"),
        ({"mail_to": TO, "language": "de"}, "language"),
        ({"return_url": "javascript:alert(1)"}, "return_url"),
        ({"return_url": "//evil.example"}, "return_url"),
        ({"return_url": "https://user:secret@app.example/"}, "return_url"),
        ({"return_url": "https://app.example/" + "a" * 500}, "return_url"),
        ({"return_url": "https://[broken"}, "return_url"),
    ],
)
def test_given_a_mistake_then_no_link_is_made_and_nothing_is_mailed(
    posting: Hub, box: MailBox, given: dict[str, str], field: str
) -> None:
    refused = api(posting).post("/tenants/acme/setup-links", given, 400)

    assert refused["field"] == field
    assert posting.count("setup_links") == 0
    assert box.received == []


def test_given_no_mail_server_then_forms_do_not_offer_it_and_a_script_is_told(hub: Hub) -> None:
    hub.tenant("acme")
    mine = desk(hub)

    assert "mail_to" not in mine.page("/console/tenants/acme/new/setup-link")
    assert 'name="mail"' not in mine.page("/console/new/staff")
    refused = api(hub).post("/tenants/acme/setup-links", {"mail_to": TO}, 400)
    assert "VESTIBULE_SMTP_URL" in refused["detail"]
    assert hub.count("setup_links") == 0


def test_given_a_flood_then_one_address_is_spared(posting: Hub, box: MailBox) -> None:
    script = api(posting)
    for _ in range(5):
        script.post("/tenants/acme/setup-links", {"mail_to": TO}, 201)

    script.post("/tenants/acme/setup-links", {"mail_to": TO.upper()}, 429)

    assert len(box.received) == 5
    assert posting.count("setup_links") == 5
    script.post("/tenants/acme/setup-links", {"mail_to": "bob@acme.example"}, 201)


def test_given_a_new_colleague_then_their_link_is_mailed_and_a_new_one_too(posting: Hub, box: MailBox) -> None:
    mine = desk(posting)
    shown = mine.submit("/console/new/staff", "/new/staff", name="Eva", email="eva@hub.example", role="support", mail="yes").get_data(
        as_text=True
    )
    account = api(posting).get("/staff?search=eva")["items"][0]["id"]
    mine.submit(f"/console/staff/{account}", "/link", mail="yes")
    mine.submit(f"/console/staff/{account}", "/reset", mail="")

    assert "It is on its way to eva@hub.example." in shown
    assert [recipient for recipient, _ in box.received] == ["eva@hub.example"] * 2, "the last one was not to be mailed"
    first, second = (message.get_content() for _, message in box.received)
    assert "http://localhost:8080/console/welcome/" in first
    assert first != second
    assert "localhost:8080" in box.received[0][1]["Subject"]


def test_given_the_command_line_then_it_mails_as_well(posting: Hub, box: MailBox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_hub", lambda *_: posting.built)

    made = command_line("setup-link", "acme", "--mail-to", TO, "--language", "fr")
    invited = command_line("staff", "invite", "eva@hub.example", "--mail")

    assert f"Mailed to {TO}." in made.stderr
    assert "Mailed to eva@hub.example." in invited.stderr
    assert [recipient for recipient, _ in box.received] == [TO, "eva@hub.example"]


def test_given_a_mail_server_then_the_doctor_signs_in_to_it(posting: Hub, box: MailBox) -> None:
    def mail() -> list[Health]:
        return [found.health for found in posting.built.services.doctor.examine(ME) if found.topic == "mail"]

    assert mail() == [Health.GOOD]
    assert box.received == []


def test_given_a_mail_server_that_is_gone_then_the_doctor_says_so(tmp_path: Path) -> None:
    with mail_box() as gone:
        pass
    with Hub(tmp_path, smtp_url=f"smtp://127.0.0.1:{gone.port}", mail_from="hub@sso.example") as hub:
        (found,) = [found for found in hub.built.services.doctor.examine(ME) if found.topic == "mail"]

    assert found.health is Health.BAD
    assert "VESTIBULE_SMTP_URL" in found.remedy


# --- the way back -----------------------------------------------------------------------------------------------------


def test_given_a_product_from_which_the_customer_came_then_every_step_leads_back_to_it(hub: Hub) -> None:
    hub.tenant("acme")
    made = api(hub).post("/tenants/acme/setup-links", {"return_url": "https://app.example/settings?tab=sso&x=1"}, 201)

    for path in ("", "/system", "/domains"):
        page = hub.browser().open(made["url"] + path).get_data(as_text=True)
        assert '<a class="way-back" href="https://app.example/settings?tab=sso&amp;x=1" rel="noreferrer">' in page
        assert "Back to app.example" in pages.text(page.encode())
    assert "way-back" not in hub.browser().open(link_for(hub, "acme").link).get_data(as_text=True)


def test_given_a_production_hub_then_the_way_back_is_https(tmp_path: Path) -> None:
    with Hub(tmp_path, production=True, public_url="https://sso.example") as hub:
        hub.tenant("acme")
        who = member(hub, Role.OWNER).actor
        with pytest.raises(InvalidSettings, match="return_url"):
            hub.built.services.setup_links.create(who, hub.tenants["acme"], return_url="http://app.example/")
